//! `list`: the instances that an account has, in many regions.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{
        observe::{self, Observed},
        status::NextAction,
    },
    connect::Aws,
    ctx::Ctx,
    ids::{AccountId, InstanceName, Region},
    network,
    state::{
        self, environments,
        init::{self, Component},
        store::Store,
    },
};
use futures::{StreamExt, stream};

use crate::error::CoreError;

/// Regions that are asked at once.
const AT_ONCE: usize = 8;

/// An instance that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its name.
    pub instance: InstanceName,
    /// The account it lives in.
    pub account: AccountId,
    /// The region it lives in.
    pub region: Region,
    /// Its domain, as far as the initialization state says.
    pub domain: Option<String>,
    /// The version of each tool that was initialized.
    pub versions: BTreeMap<Component, String>,
    /// Names of its environments.
    pub environments: Vec<String>,
    /// How many stacks it has.
    pub stacks: usize,
    /// Stacks that are worked on now.
    pub busy: Vec<String>,
    /// Stacks that are stuck, or are remains of a creation that failed.
    pub broken: Vec<String>,
}

/// Lists the instances of the account of `ctx` in some regions, or in all that are enabled for it
/// (`DescribeRegions`). An instance is there when stacks with its tag are (`DescribeStacks`); what
/// else is told of it stands in its state bucket. Sorted by name and region.
///
/// # Errors
/// [`CoreError`].
pub async fn list(ctx: &Ctx, regions: &[Region]) -> Result<Vec<Listed>, CoreError> {
    let all;
    let regions = if regions.is_empty() {
        all = network::regions(&ctx.aws).await?;
        &all
    } else {
        regions
    };
    let looks = regions.iter().map(async |region| (region, in_region(ctx, region).await));
    let looks: Vec<_> = stream::iter(looks).buffer_unordered(AT_ONCE).collect().await;
    let mut found = readable(ctx, looks)?;
    found.sort_by(|a, b| (&a.instance, &a.region).cmp(&(&b.instance, &b.region)));
    Ok(found)
}

/// What the regions have that answered. An organization may deny some of them, which is a warning;
/// when none answers, that is the error.
fn readable(
    ctx: &Ctx,
    looks: Vec<(&Region, Result<Vec<Listed>, CoreError>)>,
) -> Result<Vec<Listed>, CoreError> {
    let answered = looks.iter().any(|(_, look)| look.is_ok());
    let mut found = Vec::new();
    for (region, look) in looks {
        match look {
            Ok(listed) => found.extend(listed),
            Err(error) if answered => ctx.events.warn(format!("{region} is left out: {error}")),
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}

async fn in_region(ctx: &Ctx, region: &Region) -> Result<Vec<Listed>, CoreError> {
    let ctx = Ctx { aws: ctx.aws.in_region(region), ..ctx.clone() };
    let stacks = observe::stacks(&ctx, "").await?;
    let mut found = group(&stacks, ctx.aws.account(), region);
    for listed in &mut found {
        read_state(&ctx.aws, listed).await?;
    }
    Ok(found)
}

/// What the state bucket adds. An instance whose creation has just begun has none.
async fn read_state(aws: &Aws, listed: &mut Listed) -> Result<(), CoreError> {
    let bucket = state::bucket_name(&listed.instance, &listed.account, &listed.region);
    let store = Store::new(aws, bucket);
    if !store.exists().await? {
        return Ok(());
    }
    if let Some(found) = init::read(&store).await? {
        let components = found.value.components.into_iter();
        listed.domain = Some(found.value.domain);
        listed.versions =
            components.map(|(component, state)| (component, state.tool_version)).collect();
    }
    listed.environments = environments::names(&store).await?;
    Ok(())
}

/// The instances that stacks belong to, by their tag. A stack that claims to belong to an instance
/// of an impossible name is nobody's.
fn group(stacks: &[Observed], account: &AccountId, region: &Region) -> Vec<Listed> {
    let tag = |stack: &Observed| stack.tags.get("cloudops:instance").cloned();
    let names: BTreeSet<String> = stacks.iter().filter_map(tag).collect();
    let listed = names.into_iter().filter_map(|name| {
        let ours: Vec<&Observed> =
            stacks.iter().filter(|stack| tag(stack).as_ref() == Some(&name)).collect();
        let with = |wanted: &[NextAction]| {
            let such = ours.iter().filter(|stack| wanted.contains(&stack.status.next_action()));
            such.map(|stack| stack.name.to_string()).collect::<Vec<String>>()
        };
        Some(Listed {
            instance: name.parse().ok()?,
            account: account.clone(),
            region: region.clone(),
            domain: None,
            versions: BTreeMap::new(),
            environments: Vec::new(),
            stacks: ours.len(),
            busy: with(&[NextAction::Attach]),
            broken: with(&[NextAction::Refuse, NextAction::Recreate]),
        })
    });
    listed.collect()
}

#[cfg(test)]
mod tests {
    use cloudops_aws::cfn::status::StackStatus;

    use super::*;

    fn stack(name: &str, instance: &str, status: StackStatus) -> Observed {
        let tags = match instance {
            "" => BTreeMap::new(),
            name => BTreeMap::from([("cloudops:instance".to_owned(), name.to_owned())]),
        };
        Observed {
            name: name.parse().unwrap(),
            id: format!("arn:{name}"),
            status,
            reason: None,
            parameters: BTreeMap::new(),
            tags,
            outputs: BTreeMap::new(),
            termination_protection: false,
            version: String::new(),
            root: None,
        }
    }

    #[test]
    fn stacks_belong_to_the_instance_of_their_tag_and_not_of_their_name() {
        let stacks = [
            stack("acme-core-network", "acme", StackStatus::CreateComplete),
            stack("acme-core-dns", "acme", StackStatus::UpdateInProgress),
            stack("acme-eu-core-dns", "acme-eu", StackStatus::RollbackComplete),
            stack("acme-website", "", StackStatus::CreateComplete),
            stack("other", "Not A Name", StackStatus::CreateComplete),
        ];
        let account = "123456789012".parse().unwrap();
        let region = "eu-west-1".parse().unwrap();
        let found = group(&stacks, &account, &region);
        let short: Vec<_> = found
            .iter()
            .map(|one| (one.instance.as_str(), one.stacks, one.busy.len(), one.broken.len()))
            .collect();
        assert_eq!(short, [("acme", 2, 1, 0), ("acme-eu", 1, 0, 1)]);
    }
}
