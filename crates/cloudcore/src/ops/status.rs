//! `status`: what exists of the foundation, asked of AWS.

use std::collections::BTreeMap;

use cloudops_aws::{
    certs,
    cfn::{
        error::CfnError,
        observe::{self, Observed},
        status::NextAction,
        template::Template,
    },
    config_file::CloudOpsConfig,
    containers, cost,
    cost::{Estimate, Usd},
    ctx::Ctx,
    dns,
    error::AwsError,
    ids::{Region, StackName},
    network,
    state::init::{self, Component, ComponentState},
};
use futures::{StreamExt, TryStreamExt, future, stream};

use super::{VERSION, check_place, store};
use crate::{error::CoreError, layout};

/// Templates that are read at once.
const AT_ONCE: usize = 8;

/// What exists.
#[derive(Debug, Clone)]
pub struct Status {
    /// Stacks of the instance, of all tools.
    pub stacks: Vec<StackState>,
    /// What runs on the stacks, and whether it does.
    pub parts: Vec<Part>,
    /// What is initialized.
    pub components: BTreeMap<Component, ComponentState>,
    /// Name servers of the public zone.
    pub name_servers: Vec<String>,
    /// ACM's status of the certificate.
    pub certificate: Option<String>,
}

/// A stack of the instance.
#[derive(Debug, Clone)]
pub struct StackState {
    /// As CloudFormation knows it.
    pub stack: Observed,
    /// Whether it can be worked with.
    pub health: Health,
    /// Whether this version of the tool has another template for it. None for stacks of other
    /// tools.
    pub outdated: Option<bool>,
    /// What it costs a month. None when its template cannot be read by this version.
    pub cost: Option<Estimate>,
}

/// How something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As it should be.
    Good,
    /// On its way: somebody works on it, or it is starting.
    Busy,
    /// Not as it should be.
    Bad,
}

/// Something that runs.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Part {
    /// What it is.
    pub name: &'static str,
    /// How it is.
    pub health: Health,
    /// In words.
    pub says: String,
}

impl Status {
    /// What all stacks cost a month, as far as it is known.
    #[must_use]
    pub fn monthly(&self) -> Usd {
        self.stacks.iter().filter_map(|stack| Some(stack.cost.as_ref()?.total())).sum()
    }

    /// Whether everything is as it should be.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let stacks = self.stacks.iter().map(|stack| stack.health);
        stacks.chain(self.parts.iter().map(|part| part.health)).all(|health| health == Health::Good)
    }

    /// Stacks for which this version of the tool has another template.
    #[must_use]
    pub fn outdated(&self) -> Vec<&StackName> {
        let outdated = self.stacks.iter().filter(|stack| stack.outdated == Some(true));
        outdated.map(|stack| &stack.stack.name).collect()
    }

    /// Tools that were initialized by another version than this one.
    #[must_use]
    pub fn other_versions(&self) -> Vec<(Component, &str)> {
        let versions = self.components.iter();
        let versions = versions.map(|(component, state)| (*component, state.tool_version.as_str()));
        versions.filter(|(_, version)| *version != VERSION).collect()
    }
}

/// Asks AWS what exists of the instance and how it is: `DescribeStacks`, `GetTemplate` of each
/// stack, the initialization state, `GetHostedZone`, `DescribeCertificate`, `DescribeServices`,
/// `DescribeInstances`.
///
/// # Errors
/// [`CoreError`]; [`init::InitError::NotInitialized`] when there is no state bucket.
pub async fn status(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Status, CoreError> {
    check_place(&ctx.aws, config)?;
    let store = store(&ctx.aws, config);
    if !store.exists().await? {
        return Err(init::InitError::NotInitialized {
            component: Component::Core,
            account: config.account.clone(),
            region: config.region.clone(),
        }
        .into());
    }
    let prefix = format!("{}-", config.instance);
    let (found, state) = tokio::join!(observe::stacks(ctx, &prefix), init::read(&store));
    let components = state?.map(|found| found.value.components).unwrap_or_default();
    let mut found = found?;
    found.retain(|stack| is_ours(stack, config));
    let outputs = components.get(&Component::Core).map(|core| core.outputs.clone());
    let outputs = outputs.unwrap_or_default();
    let (stacks, parts) = tokio::join!(stacks(ctx, config, found), parts(ctx, &outputs));
    let name_servers = match outputs.get("PublicZoneId") {
        Some(zone) => existing(dns::name_servers(&ctx.aws, zone).await)?.unwrap_or_default(),
        None => Vec::new(),
    };
    let certificate = match outputs.get("CertificateArn") {
        Some(arn) => existing(certs::status(&ctx.aws, arn).await)?,
        None => None,
    };
    let mut parts = parts?;
    parts.extend(certificate.as_deref().map(of_certificate));
    Ok(Status { stacks: stacks?, parts, components, name_servers, certificate })
}

/// The instance `acme-eu` is not part of `acme`.
fn is_ours(stack: &Observed, config: &CloudOpsConfig) -> bool {
    let tag = stack.tags.get("cloudops:instance").map(String::as_str);
    tag.is_none_or(|tag| tag == config.instance.as_str())
}

async fn stacks(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    found: Vec<Observed>,
) -> Result<Vec<StackState>, CoreError> {
    let mut wanted: BTreeMap<StackName, String> = BTreeMap::new();
    for graph in [layout::state_graph(config)?, layout::graph(config)?] {
        wanted.extend(graph.stacks().map(|spec| (spec.name.clone(), spec.template.digest())));
    }
    let wanted = &wanted;
    let states = found.into_iter().map(async |stack| {
        let text = observe::template(ctx, &stack.name).await?;
        Ok::<_, CfnError>(judge(stack, text.as_deref(), wanted, &config.region))
    });
    Ok(stream::iter(states).buffered(AT_ONCE).try_collect().await?)
}

/// What is to be said of a stack with this template.
fn judge(
    stack: Observed,
    text: Option<&str>,
    wanted: &BTreeMap<StackName, String>,
    region: &Region,
) -> StackState {
    let health = match stack.status.next_action() {
        NextAction::Update => Health::Good,
        NextAction::Attach => Health::Busy,
        _ => Health::Bad,
    };
    let template = text.and_then(|text| Template::parse(stack.name.as_str(), text).ok());
    let cost = template.as_ref().map(|one| cost::estimate(one, &stack.parameters, region, None));
    let outdated = wanted.get(&stack.name).zip(template.as_ref());
    let outdated = outdated.map(|(digest, template)| *digest != template.digest());
    StackState { health, outdated, cost, stack }
}

/// The servers that run on the stacks, as far as there are such.
async fn parts(ctx: &Ctx, outputs: &BTreeMap<String, String>) -> Result<Vec<Part>, CoreError> {
    let mut parts = Vec::new();
    let service = outputs.get("BuildClusterName").zip(outputs.get("BuildServiceName"));
    if let Some((cluster, name)) = service {
        let found = existing(containers::service(&ctx.aws, cluster, name).await)?.flatten();
        let counts = found.map(|service| (service.running, service.desired));
        parts.push(of_build_server(counts));
    }
    if let Some(group) = outputs.get("BastionGroupName") {
        parts.push(of_bastion(network::running_in_group(&ctx.aws, group).await?.len()));
    }
    if let Some(groups) = outputs.get("ConsulGroupNames") {
        let looks = groups.split(',').map(|group| network::running_in_group(&ctx.aws, group));
        let found = future::try_join_all(looks).await?;
        parts.push(of_consul(found.iter().filter(|hosts| !hosts.is_empty()).count(), found.len()));
    }
    Ok(parts)
}

fn of_build_server(counts: Option<(i32, i32)>) -> Part {
    let (health, says) = match counts {
        Some((_, 0)) => (Health::Bad, "it is set to run no task".to_owned()),
        Some((running, desired)) if running >= desired => (Health::Good, "it runs".to_owned()),
        Some((running, desired)) => (Health::Busy, format!("{running} of {desired} tasks run")),
        None => (Health::Bad, "its service does not exist".to_owned()),
    };
    Part { name: "build server", health, says }
}

fn of_bastion(running: usize) -> Part {
    let (health, says) = match running {
        0 => (Health::Busy, "no instance runs; its group starts one".to_owned()),
        1 => (Health::Good, "it runs".to_owned()),
        more => (Health::Busy, format!("{more} instances run; one takes over from the other")),
    };
    Part { name: "bastion", health, says }
}

/// More than half of the servers must run, or the cluster answers nothing.
fn of_consul(running: usize, wanted: usize) -> Part {
    let says = format!("{running} of {wanted} servers run");
    let health = match running {
        _ if running == wanted => Health::Good,
        _ if running * 2 > wanted => Health::Busy,
        _ => Health::Bad,
    };
    Part { name: "Consul", health, says }
}

fn of_certificate(status: &str) -> Part {
    let (health, says) = match status {
        "ISSUED" => (Health::Good, "it is issued".to_owned()),
        "PENDING_VALIDATION" => {
            (Health::Busy, "it waits for the delegation of the domain".to_owned())
        }
        other => (Health::Bad, format!("ACM says {other}")),
    };
    Part { name: "certificate", health, says }
}

/// An answer about a thing that may be gone.
fn existing<T>(answer: Result<T, AwsError>) -> Result<Option<T>, AwsError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_good_only_when_they_run() {
        let health = |part: Part| (part.health, part.says);
        assert_eq!(health(of_build_server(Some((1, 1)))).0, Health::Good);
        assert_eq!(health(of_build_server(Some((0, 1)))).1, "0 of 1 tasks run");
        assert_eq!(health(of_build_server(Some((0, 0)))).0, Health::Bad);
        assert_eq!(health(of_build_server(None)).0, Health::Bad);
        assert_eq!(health(of_bastion(0)).0, Health::Busy);
        assert_eq!(health(of_bastion(1)).0, Health::Good);
        assert_eq!(health(of_consul(3, 3)).0, Health::Good);
        assert_eq!(health(of_consul(2, 3)), (Health::Busy, "2 of 3 servers run".to_owned()));
        assert_eq!(health(of_consul(1, 3)).0, Health::Bad);
        assert_eq!(health(of_certificate("FAILED")).1, "ACM says FAILED");
    }
}
