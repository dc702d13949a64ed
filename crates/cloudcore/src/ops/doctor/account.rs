//! What the account allows and the region offers.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    containers, database, edge,
    error::AwsError,
    network, quotas,
    rights::{self, Principal},
};
use futures::future::{join_all, try_join_all};

use super::Looks;
use crate::doctor::{
    Check, Finding, offers,
    quotas::{self as limits, Quota, Wanted},
    rights as judge,
};

impl Looks<'_> {
    pub(super) async fn rights(&self) -> Vec<Finding> {
        let aws = &self.ctx.aws;
        let principal = Principal::of(aws.caller());
        if principal == Principal::Root {
            return vec![judge::root()];
        }
        let Some(source) = principal.policy_source(aws).await else {
            return vec![judge::cannot_simulate(aws.caller()), self.dry_calls().await];
        };
        let needed = judge::needed(self.needs);
        let looks = needed.iter().map(async |(scope, actions)| {
            let actions: Vec<&str> = actions.iter().copied().collect();
            rights::simulate(aws, &source, &actions, &judge::resource(self.config, *scope)).await
        });
        match try_join_all(looks).await {
            Ok(decisions) => judge::simulated(&source, &decisions.into_iter().flatten().collect()),
            Err(error) => {
                let about = format!("what {source} may do");
                vec![Finding::failed(Check::Rights, &about, &error), self.dry_calls().await]
            }
        }
    }

    async fn dry_calls(&self) -> Finding {
        match network::dry_calls(&self.ctx.aws).await {
            Ok(calls) => judge::dry(&calls),
            Err(error) => Finding::failed(Check::Rights, "whether networks may be made", &error),
        }
    }

    pub(super) async fn quotas(&self) -> Vec<Finding> {
        let aws = &self.ctx.aws;
        let mut findings = Vec::new();
        let types = limits::host_types(self.needs);
        let vcpus = network::vcpus(aws, &types).await.unwrap_or_else(|error| {
            findings.push(Finding::failed(Check::Quotas, "how many vCPUs hosts have", &error));
            BTreeMap::new()
        });
        let zones = match network::availability_zones(aws).await {
            Ok(zones) => offers::zones(self.config, &zones),
            Err(_) => Vec::new(),
        };
        let wanted = limits::wanted(self.needs, &vcpus);
        let wanted = wanted.into_iter().filter(|(_, wanted)| *wanted != Wanted::default());
        let looks = wanted.map(async |(quota, wanted)| {
            let (service, code) = quota.codes();
            let look = tokio::join!(quotas::limit(aws, service, code), self.used(quota, &zones));
            let judged = match look {
                (Ok(limit), Ok(used)) => Ok(limits::judge(self.config, quota, limit, used, wanted)),
                (Err(error), _) | (_, Err(error)) => Err(error),
            };
            (quota, judged)
        });
        findings.extend(together(join_all(looks).await));
        findings
    }

    async fn used(&self, quota: Quota, zones: &[String]) -> Result<u64, AwsError> {
        let aws = &self.ctx.aws;
        let count = match quota {
            Quota::Vpcs => network::vpcs(aws).await?.len(),
            Quota::InternetGateways => network::internet_gateways(aws).await?,
            Quota::Addresses => network::addresses(aws).await?,
            Quota::NatGateways => {
                let found = network::nat_gateways(aws).await?;
                zones.iter().filter_map(|zone| found.get(zone)).copied().max().unwrap_or_default()
            }
            Quota::StandardVcpus => return network::running_vcpus(aws).await,
            Quota::FargateVcpus => {
                let clusters = containers::clusters(aws).await?;
                let units = containers::fargate_cpu_units(aws, &clusters).await?;
                return Ok(units.div_ceil(1024));
            }
            Quota::EcsClusters => containers::clusters(aws).await?.len(),
            Quota::Balancers => edge::application_balancers(aws).await?,
            Quota::DatabaseClusters => database::counts(aws).await?.0,
            Quota::DatabaseInstances => database::counts(aws).await?.1,
        };
        Ok(u64::try_from(count).unwrap_or(u64::MAX))
    }

    pub(super) async fn offers(&self) -> Vec<Finding> {
        let aws = &self.ctx.aws;
        let available = match network::availability_zones(aws).await {
            Ok(zones) => zones,
            Err(error) => {
                return vec![Finding::failed(Check::Offers, "which zones there are", &error)];
            }
        };
        let zones = offers::zones(self.config, &available);
        let (hosts, database) = tokio::join!(self.hosts(&zones), self.database(&zones));
        let mut findings = vec![offers::enough_zones(self.config, &available)];
        findings.extend(hosts);
        findings.extend(database);
        findings
    }

    async fn hosts(&self, zones: &[String]) -> Vec<Finding> {
        let types = limits::host_types(self.needs);
        match network::offered(&self.ctx.aws, &types).await {
            Ok(found) => offers::host_types(self.config, &types, zones, &found),
            Err(error) => {
                let about = format!("where {} are offered", types.join(" and "));
                vec![Finding::failed(Check::Offers, &about, &error)]
            }
        }
    }

    async fn database(&self, zones: &[String]) -> Option<Finding> {
        let aws = &self.ctx.aws;
        let wanted = offers::engine(self.needs)?;
        let (engine, version) = (wanted.engine.as_str(), wanted.version.as_str());
        let looks = tokio::join!(
            database::offers_version(aws, engine, version),
            database::orderable(aws, engine, version, &wanted.class),
        );
        Some(match looks {
            (Ok(version), Ok(orderable)) => {
                offers::database(self.config, &wanted, version, zones, &orderable)
            }
            (Err(error), _) | (_, Err(error)) => {
                Finding::failed(Check::Offers, &format!("where {engine} is offered"), &error)
            }
        })
    }
}

/// One finding for all quotas that the same right is missing for.
fn together(looks: Vec<(Quota, Result<Finding, AwsError>)>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut failed: BTreeMap<&str, (BTreeSet<&str>, AwsError)> = BTreeMap::new();
    for (quota, look) in looks {
        match look {
            Ok(finding) => findings.push(finding),
            Err(error) => {
                let entry = failed.entry(error.operation).or_insert((BTreeSet::new(), error));
                entry.0.insert(quota.title());
            }
        }
    }
    for (titles, error) in failed.into_values() {
        let titles: Vec<&str> = titles.into_iter().collect();
        let about = format!("whether there is room for {}", titles.join(", "));
        findings.push(Finding::failed(Check::Quotas, &about, &error));
    }
    findings
}

#[cfg(test)]
mod tests {
    use cloudops_aws::error::AwsErrorKind;

    use super::*;

    #[test]
    fn one_right_that_is_missing_is_one_finding() {
        let denied = |operation: &'static str| AwsError {
            service: "Service Quotas",
            operation,
            code: "AccessDeniedException".to_owned(),
            message: "no".to_owned(),
            request_id: None,
            kind: AwsErrorKind::AccessDenied,
        };
        let found = together(vec![
            (Quota::Vpcs, Err(denied("GetServiceQuota"))),
            (Quota::Addresses, Err(denied("GetServiceQuota"))),
            (Quota::Balancers, Ok(Finding::ok(Check::Quotas, "room"))),
        ]);
        assert_eq!(found.len(), 2);
        let what = "whether there is room for Elastic IP addresses, VPCs is not known: Service \
                    Quotas GetServiceQuota: no (AccessDeniedException)";
        assert_eq!(found[1].what, what);
    }
}
