//! What stands in the way of a deletion: taken away before, or waited for.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use cloudops_aws::{
    cfn::{delete, error::CfnError, history::History, protection::Protected},
    config_file::CloudOpsConfig,
    connect::{Assume, Aws},
    containers,
    ctx::Ctx,
    dns::{delegation, record, records},
    error::AwsError,
    events::Outcome,
    ids::{InstanceName, StackName},
    network::{self, Interface},
    state::{journal::Journal, lock::Locked, store::Store},
    wait::{self, Pace, WaitError},
};

use super::survey::Survey;
use crate::error::CoreError;

/// AWS needs up to about 40 minutes to release the interfaces of functions and tasks
/// (operations.md, part 1).
const PATIENCE: Duration = Duration::from_secs(45 * 60);

/// Longest pause between two looks.
const PAUSE: Duration = Duration::from_secs(15);

/// The network that the stacks are in, and with it the interfaces that may stand in their way.
#[derive(Debug, Clone)]
pub(super) struct Ground {
    pub(super) vpc: String,
    /// The instance that is a guest in a network of others: only interfaces with its security
    /// groups are its own.
    pub(super) guest: Option<InstanceName>,
}

impl Ground {
    /// The interfaces that the deletion waits for. Those that may be deleted when they are free are
    /// in the first list: one that has a group of others too is not ours.
    async fn interfaces(&self, aws: &Aws) -> Result<Interfaces, AwsError> {
        let found = network::interfaces(aws, &self.vpc).await?;
        let Some(instance) = &self.guest else {
            return Ok(Interfaces { ours: found, shared: Vec::new() });
        };
        let groups = network::groups(aws, &self.vpc, instance).await?;
        Ok(of_guest(found, &groups))
    }
}

/// Interfaces that stand in the way.
#[derive(Debug, PartialEq, Eq)]
struct Interfaces {
    ours: Vec<Interface>,
    shared: Vec<Interface>,
}

impl Interfaces {
    fn all(&self) -> impl Iterator<Item = &Interface> {
        self.ours.iter().chain(&self.shared)
    }
}

fn of_guest(found: Vec<Interface>, groups: &BTreeSet<String>) -> Interfaces {
    let near = found.into_iter().filter(|one| one.groups.iter().any(|id| groups.contains(id)));
    let (ours, shared) = near.partition(|one| one.groups.iter().all(|id| groups.contains(id)));
    Interfaces { ours, shared }
}

/// Takes away what the stacks do not own and what would keep them: the record in the parent zone,
/// records in our zones, tasks without a service.
pub(super) async fn clear(
    ctx: &Ctx,
    locked: &Locked,
    config: &CloudOpsConfig,
    store: &Store,
    survey: &Survey,
) -> Result<(), CoreError> {
    undelegate(ctx, locked, config, store).await?;
    for (zone, all) in &survey.facts.zones {
        let foreign = survey.records.get(zone).map(Vec::as_slice).unwrap_or_default();
        let gone: Vec<_> =
            all.iter().filter(|one| one.validates() || foreign.contains(one)).collect();
        if !gone.is_empty() {
            ctx.events.note(format!("{} records are removed from zone {zone}", gone.len()));
            records::remove(&ctx.aws, locked, zone, &gone).await?;
        }
    }
    for cluster in &survey.facts.clusters {
        locked.check()?;
        let why = "cloudcore destroy";
        let count = containers::stop_loose_tasks(ctx, locked, cluster, why).await?;
        if count > 0 {
            ctx.events.note(format!("{count} tasks of {cluster} are stopped"));
        }
    }
    Ok(())
}

/// A parent that still names servers of a zone which is gone lets a stranger take the domain.
async fn undelegate(
    ctx: &Ctx,
    locked: &Locked,
    config: &CloudOpsConfig,
    store: &Store,
) -> Result<(), CoreError> {
    let (found, _) = record::read(store).await?;
    let Some(ours) = found.delegation else {
        return Ok(());
    };
    // The id belongs to the role that cloudops.yaml names now.
    let is_named = config.dns.parent_role == ours.role;
    let external_id = config.dns.parent_external_id.clone().filter(|_| is_named);
    let role = ours.role.clone().map(|arn| Assume { arn, external_id });
    let step = format!("delegation/{}", config.domain);
    ctx.events.step(&step, format!("remove the delegation of {}", config.domain));
    let gone = delegation::remove(ctx, locked, role.as_ref(), &ours, &config.domain).await;
    match &gone {
        Ok(true) => ctx.events.step_done(&step, Outcome::Done, "removed"),
        Ok(false) => ctx.events.step_done(&step, Outcome::Unchanged, "it is not ours any more"),
        Err(error) => ctx.events.step_done(&step, Outcome::Failed, error.to_string()),
    }
    gone?;
    record::update(store, locked, |record| record.delegation = None).await?;
    Ok(())
}

/// Deletes stacks; where network interfaces stand in the way, waits until AWS has released one and
/// tries again.
pub(super) async fn stacks(
    ctx: &Ctx,
    locked: &Locked,
    journal: Option<&Journal>,
    stacks: &BTreeMap<StackName, BTreeSet<StackName>>,
    history: &History,
    ground: Option<&Ground>,
) -> Result<(), CoreError> {
    let mut attempt = 0;
    loop {
        let refuse = Protected::Refuse;
        let deleted =
            delete::delete_again(ctx, locked, journal, stacks, history, refuse, attempt).await;
        let (error, ground) = match (deleted, ground) {
            (Err(error), Some(ground)) if is_in_use(&error) => (error, ground),
            (deleted, _) => {
                deleted?;
                return Ok(());
            }
        };
        // Each attempt has one interface less, so this comes to an end.
        if !released(ctx, locked, ground).await? {
            return Err(error.into());
        }
        attempt += 1;
    }
}

/// Whether something cannot be deleted because something else uses it.
fn is_in_use(error: &CfnError) -> bool {
    let CfnError::Failed { cause: Some(cause), .. } = error else {
        return false;
    };
    ["DependencyViolation", "has a dependent object", "has dependencies", "currently in use"]
        .iter()
        .any(|words| cause.reason.contains(words))
}

/// Waits until a network interface of the network is gone, and deletes those that are free. Says
/// whether there was one: else something different stands in the way.
async fn released(ctx: &Ctx, locked: &Locked, ground: &Ground) -> Result<bool, CoreError> {
    let found = said(&ground.interfaces(&ctx.aws).await?);
    if found.is_empty() {
        return Ok(false);
    }
    let vpc = &ground.vpc;
    let step = format!("interfaces/{vpc}");
    ctx.events.step(&step, format!("wait for {} in {vpc}", found.join(", ")));
    let (pace, before) = (Pace { longest: PAUSE, ..Pace::within(PATIENCE) }, found.len());
    let waited = wait::until(pace, &ctx.cancel, async || {
        let left = release(ctx, locked, ground).await?;
        Ok((left < before).then_some(left))
    });
    match waited.await {
        Ok(left) => {
            ctx.events.step_done(&step, Outcome::Done, format!("{} are gone", before - left));
            Ok(true)
        }
        Err(Waited::Wait(WaitError::Deadline(_))) => {
            let interfaces = said(&ground.interfaces(&ctx.aws).await?);
            ctx.events.step_done(&step, Outcome::Failed, interfaces.join(", "));
            Err(CoreError::Lingering { interfaces, minutes: PATIENCE.as_secs() / 60 })
        }
        Err(Waited::Wait(WaitError::Cancelled)) => Err(CfnError::Interrupted.into()),
        Err(Waited::Aws(error)) => Err(error.into()),
    }
}

#[derive(Debug, thiserror::Error)]
enum Waited {
    #[error(transparent)]
    Aws(#[from] AwsError),
    #[error(transparent)]
    Wait(#[from] WaitError),
}

/// Deletes our interfaces that nothing is attached to any more, and counts the others.
async fn release(ctx: &Ctx, locked: &Locked, ground: &Ground) -> Result<usize, Waited> {
    let Interfaces { ours, shared } = ground.interfaces(&ctx.aws).await?;
    let (free, used): (Vec<_>, Vec<_>) = ours.into_iter().partition(|one| one.is_free);
    for free in free {
        network::delete_interface(&ctx.aws, locked, &free.id).await?;
    }
    Ok(used.len() + shared.len())
}

fn said(interfaces: &Interfaces) -> Vec<String> {
    let one = |interface: &Interface| match interface.description.as_str() {
        "" => interface.id.clone(),
        description => format!("{} ({description})", interface.id),
    };
    interfaces.all().map(one).collect()
}

#[cfg(test)]
mod tests {
    use cloudops_aws::cfn::{error::RootCause, status::StackStatus};

    use super::*;

    #[test]
    fn a_guest_has_only_what_is_in_its_groups() {
        let interface = |id: &str, groups: &[&str]| Interface {
            id: id.to_owned(),
            description: String::new(),
            is_free: true,
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        };
        let all = [
            interface("eni-1", &["sg-ours"]),
            interface("eni-2", &["sg-ours", "sg-theirs"]),
            interface("eni-3", &["sg-theirs"]),
            interface("eni-4", &[]),
        ];
        let found = of_guest(all.to_vec(), &BTreeSet::from(["sg-ours".to_owned()]));
        let [ours, shared, ..] = all;
        assert_eq!(found, Interfaces { ours: vec![ours], shared: vec![shared] });
    }

    #[test]
    fn only_what_is_used_is_waited_for() {
        let failed = |reason: &str| CfnError::Failed {
            stack: "acme-core-network".parse().unwrap(),
            status: StackStatus::DeleteFailed,
            cause: Some(Box::new(RootCause {
                logical_id: "Group".to_owned(),
                resource_type: "AWS::EC2::SecurityGroup".to_owned(),
                reason: reason.to_owned(),
                place: None,
            })),
        };
        assert!(is_in_use(&failed("resource sg-1 has a dependent object (Service: Ec2, 400)")));
        assert!(is_in_use(&failed(
            "The subnet 'subnet-1' has dependencies and cannot be deleted."
        )));
        assert!(!is_in_use(&failed("You are not authorized to perform this operation")));
        assert!(!is_in_use(&CfnError::Interrupted));
    }
}
