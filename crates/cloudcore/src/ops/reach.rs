//! The way into the network of an instance: its bastion, and what is to be reached through it.

use std::collections::BTreeMap;

use cloudops_aws::{
    cfn::observe::{self, Observed, Scope},
    config_file::{CloudOpsConfig, ConsulConfig},
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    network::{self, Host},
};

use url::Url;

use super::{check_place, config::CONSUL_URL};
use crate::{error::CoreError, layout};

/// What a tunnel leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The database of an environment: its name and side, where there is more than one.
    Database {
        /// Environment.
        environment: Option<String>,
        /// `author` or `live`.
        side: Option<String>,
    },
    /// The Consul cluster that keeps the configuration.
    Configuration,
    /// Anything that the bastion may reach.
    Address(Address),
}

/// A host and a port, as the bastion knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
}

/// Why there is no way.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ReachError {
    /// The instance has no bastion.
    #[error("the instance has no bastion yet")]
    NoBastion,
    /// The bastion is being replaced.
    #[error("no bastion runs just now; its group starts one")]
    Starting,
    /// The Consul cluster of the instance is not made yet.
    #[error("the instance has no Consul cluster yet")]
    NoCluster,
    /// No environment has such a database.
    #[error("there is no such database; there are: {}", some(.0))]
    NoDatabase(Vec<String>),
    /// More than one database is meant.
    #[error("more than one database is meant: {}", .0.join(", "))]
    Ambiguous(Vec<String>),
    /// Parameter Store is a service of AWS.
    #[error("the configuration is in Parameter Store, which needs no tunnel")]
    NoTunnel,
}

fn some(names: &[String]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

impl Diagnose for ReachError {
    fn class(&self) -> Class {
        match self {
            Self::NoBastion | Self::NoCluster | Self::NoDatabase(_) => Class::NotReady,
            Self::Starting => Class::Unavailable,
            Self::Ambiguous(_) | Self::NoTunnel => Class::Usage,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NoBastion | Self::NoCluster => "Run `cloudcore init` first.",
            Self::Starting => "Try again in some minutes; `cloudcore status` tells when it runs.",
            Self::NoDatabase(_) => {
                "Name an environment with --env, and `author` or `live` with --side."
            }
            Self::Ambiguous(_) => "Name one with --env and --side.",
            Self::NoTunnel => "Use `cloudcore config get`.",
        };
        vec![hint.to_owned()]
    }
}

/// The bastion that runs (`DescribeStacks`, `DescribeInstances`).
///
/// # Errors
/// [`CoreError::Reach`] when there is none.
pub async fn bastion(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Host, CoreError> {
    check_place(&ctx.aws, config)?;
    let group = output(ctx, config, "bastion", "BastionGroupName").await?;
    let group = group.ok_or(ReachError::NoBastion)?;
    let hosts = network::running_in_group(&ctx.aws, &group).await?;
    Ok(hosts.into_iter().next().ok_or(ReachError::Starting)?)
}

/// Where a target is (`DescribeStacks` for a database, and for our own Consul cluster).
///
/// # Errors
/// [`CoreError::Reach`] when there is no such thing, or more than one.
pub async fn address(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    target: &Target,
) -> Result<Address, CoreError> {
    match target {
        Target::Address(address) => Ok(address.clone()),
        Target::Configuration => configuration(ctx, config).await,
        Target::Database { environment, side } => {
            // By tag too: the stacks of an instance `acme-eu` begin with `acme-` as well.
            let tags = [("cloudops:instance".to_owned(), config.instance.to_string())].into();
            let prefix = format!("{}-", config.instance);
            let scope = Scope { prefix, tags, without: Vec::new() };
            let stacks = observe::in_scope(ctx, &scope).await?;
            let all = databases(config.instance.as_str(), &stacks);
            Ok(choose(&all, environment.as_deref(), side.as_deref())?)
        }
    }
}

async fn configuration(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Address, CoreError> {
    match config.configuration.consul.as_ref().ok_or(ReachError::NoTunnel)? {
        ConsulConfig::Existing { endpoint, .. } => Ok(of_url(endpoint)),
        ConsulConfig::Ours => {
            let url = output(ctx, config, "consul", CONSUL_URL).await?;
            let url = url.and_then(|url| url.parse().ok()).ok_or(ReachError::NoCluster)?;
            Ok(of_url(&url))
        }
    }
}

fn of_url(url: &Url) -> Address {
    let host = url.host_str().unwrap_or_default().to_owned();
    Address { host, port: url.port_or_known_default().unwrap_or(443) }
}

/// An output of a stack of the foundation (`DescribeStacks`).
async fn output(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    title: &str,
    output: &str,
) -> Result<Option<String>, CoreError> {
    let name = layout::stack_name(config, title)?;
    let stacks = observe::stacks(ctx, name.as_str()).await?;
    let stack = stacks.into_iter().find(|stack| stack.name == name);
    Ok(stack.and_then(|stack| stack.outputs.get(output).cloned()))
}

/// The databases of an instance: by environment and side.
fn databases(instance: &str, stacks: &[Observed]) -> BTreeMap<(String, String), Address> {
    let one = |stack: &Observed| {
        let rest = stack.name.as_str().strip_prefix(instance)?.strip_prefix('-')?;
        let (environment, side) = rest.rsplit_once("-data-")?;
        let host = stack.outputs.get("DatabaseEndpoint")?.clone();
        let port = stack.outputs.get("DatabasePort")?.parse().ok()?;
        Some(((environment.to_owned(), side.to_owned()), Address { host, port }))
    };
    stacks.iter().filter_map(one).collect()
}

fn choose(
    all: &BTreeMap<(String, String), Address>,
    environment: Option<&str>,
    side: Option<&str>,
) -> Result<Address, ReachError> {
    let is_meant = |(its_environment, its_side): &(String, String)| {
        environment.is_none_or(|wanted| wanted == its_environment)
            && side.is_none_or(|wanted| wanted == its_side)
    };
    let name = |(environment, side): &(String, String)| format!("{environment} {side}");
    let meant: Vec<_> = all.iter().filter(|(key, _)| is_meant(key)).collect();
    match meant.as_slice() {
        [(_, address)] => Ok((*address).clone()),
        [] => Err(ReachError::NoDatabase(all.keys().map(name).collect())),
        more => Err(ReachError::Ambiguous(more.iter().map(|(key, _)| name(key)).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(names: &[(&str, &str)]) -> BTreeMap<(String, String), Address> {
        let one = |(environment, side): &(&str, &str)| {
            let host = format!("{environment}-{side}.rds");
            let key = ((*environment).to_owned(), (*side).to_owned());
            (key, Address { host, port: 3306 })
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn a_database_is_found_when_only_one_is_meant() {
        let two = all(&[("shop", "author"), ("shop", "live")]);
        assert_eq!(choose(&two, None, Some("live")).unwrap().host, "shop-live.rds");
        assert_eq!(choose(&all(&[("qa", "single")]), None, None).unwrap().host, "qa-single.rds");
        let names = vec!["shop author".to_owned(), "shop live".to_owned()];
        assert_eq!(choose(&two, Some("shop"), None), Err(ReachError::Ambiguous(names.clone())));
        assert_eq!(choose(&two, Some("qa"), None), Err(ReachError::NoDatabase(names)));
    }
}
