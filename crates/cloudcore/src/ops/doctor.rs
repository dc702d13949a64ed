//! `doctor`: looks, before anything is made, at what would stand in the way. Changes nothing; all
//! looks go on at once, and one that AWS denies is a finding of its own.

mod account;
mod place;

use cloudops_aws::{
    cfn::observe::{self, Observed},
    clock,
    config_file::CloudOpsConfig,
    ctx::Ctx,
    diagnose::Diagnose as _,
    network::{self, adopted},
    state::store::StateError,
};

use crate::{
    doctor::{self, Check, Diagnosis, Finding, Verdict, needs::Needs},
    error::CoreError,
};

/// What the looks share.
struct Looks<'a> {
    ctx: &'a Ctx,
    config: &'a CloudOpsConfig,
    needs: &'a Needs,
    /// Stacks of the foundation that are there.
    there: &'a [Observed],
}

/// Looks at everything that `init` needs. Wrong credentials end it early: what others own says
/// nothing. Calls, all of them reading or dry: STS `GetCallerIdentity`; CloudFormation
/// `DescribeStacks`; IAM `GetRole`, `SimulatePrincipalPolicy`, else EC2 `CreateVpc`,
/// `CreateInternetGateway` and `AllocateAddress` as dry runs; Service Quotas `GetServiceQuota`,
/// `GetAWSDefaultServiceQuota`; EC2, ECS, ELB, RDS, Logs, Route 53, Secrets Manager `Describe...`
/// and `List...`; ACM `DescribeCertificate`; S3 `HeadBucket`, `GetObject`, `ListObjectsV2`; and DNS.
///
/// # Errors
/// [`CoreError::Name`] when a composed name is too long, [`CoreError::Graph`].
pub async fn doctor(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Diagnosis, CoreError> {
    let aws = &ctx.aws;
    let place = doctor::identity(config, aws.account(), aws.region(), aws.caller());
    if place.verdict == Verdict::Problem {
        return Ok(Diagnosis::new(vec![place, clock(ctx).await]));
    }
    let prefix = format!("{}-core-", config.instance);
    let stacks = observe::stacks(ctx, &prefix).await;
    let known = stacks.is_ok();
    let mut findings = vec![place];
    let there = stacks.unwrap_or_else(|error| {
        let about = "which stacks there are (and with it quotas, names, domain and leftovers)";
        findings.push(Finding::failed(Check::Leftovers, about, &error));
        Vec::new()
    });
    let needs = Needs::new(config, &there)?;
    let looks = Looks { ctx, config, needs: &needs, there: &there };
    let always = async {
        let (clock, rights, offers, ranges) =
            tokio::join!(clock(ctx), looks.rights(), looks.offers(), looks.ranges());
        [vec![clock], rights, offers, ranges].concat()
    };
    // What is there already is neither needed nor in the way, so these must know it.
    let by_stacks = async {
        if !known {
            return Vec::new();
        }
        let (quotas, names, domain, leftovers) =
            tokio::join!(looks.quotas(), looks.names(), looks.domain(), looks.leftovers());
        [quotas, names, domain, leftovers].concat()
    };
    let (always, by_stacks) = tokio::join!(always, by_stacks);
    findings.extend(always);
    findings.extend(by_stacks);
    Ok(Diagnosis::new(findings))
}

async fn clock(ctx: &Ctx) -> Finding {
    match clock::ahead(&ctx.aws).await {
        Ok(ahead) => doctor::clock(ahead),
        Err(error) => Finding::failed(Check::Clock, "whether the clock is right", &error),
    }
}

/// A failed look at the state bucket.
fn state_failed(check: Check, about: &str, error: &StateError) -> Finding {
    if let StateError::Aws { source, .. } = error {
        return Finding::failed(check, about, source);
    }
    let hints = error.hints().join(" ");
    let fix = if hints.is_empty() { "Run `cloudcore doctor` again.".to_owned() } else { hints };
    Finding::unknown(check, format!("{about} is not known: {error}"), fix)
}

impl Looks<'_> {
    /// The network that is adopted, where one is.
    async fn adopted(&self) -> Vec<Finding> {
        let Some(adopt) = &self.config.network.adopt else {
            return Vec::new();
        };
        match adopted::look(&self.ctx.aws, adopt).await {
            Ok(found) => doctor::ranges::adopted(&adopt.vpc, adopted::fitness(adopt, &found)),
            Err(error) => {
                let about = format!("whether the network {} can be adopted", adopt.vpc);
                vec![Finding::failed(Check::Network, &about, &error)]
            }
        }
    }

    async fn ranges(&self) -> Vec<Finding> {
        let aws = &self.ctx.aws;
        let (vpcs, peers) = tokio::join!(network::vpcs(aws), network::peers(aws));
        let vpcs = match vpcs {
            Ok(vpcs) => vpcs,
            Err(error) => {
                let about = "which networks there are";
                return vec![Finding::failed(Check::Network, about, &error)];
            }
        };
        let own: Vec<&str> = self
            .there
            .iter()
            .filter_map(|stack| stack.outputs.get("VpcId"))
            .map(String::as_str)
            .collect();
        let mut findings = Vec::new();
        let peers = peers.unwrap_or_else(|error| {
            let about = "which networks are connected with those of the account";
            findings.push(Finding::failed(Check::Network, about, &error));
            Vec::new()
        });
        findings.extend(doctor::ranges::clashes(self.config, &own, &vpcs, &peers));
        findings.extend(self.adopted().await);
        findings
    }
}
