//! What differs from the templates because somebody changed it by hand.

use std::{collections::BTreeMap, time::Duration};

use aws_sdk_cloudformation::types::{
    ChangeSetType, DeploymentMode, StackDriftDetectionStatus, StackResourceDrift,
    StackResourceDriftStatus,
};
use futures::{StreamExt, TryStreamExt, stream};
use serde::Serialize;

use super::{
    api::{Api, failed},
    change_set,
    changes::{ResourceDelta, unplanned},
    error::CfnError,
    gate::{self, Approvals},
    nested,
    observe::{self, Observed, Scope},
    poll::Poller,
    status::NextAction,
    stop::Stop,
    watch::{self, Operation},
};
use crate::{
    ctx::Ctx,
    events::Outcome,
    ids::StackName,
    state::lock::Locked,
    wait::{self, Pace, WaitError},
};

/// Stacks that are compared at once. CloudFormation allows some tens of detections.
const AT_ONCE: usize = 8;

/// A detection reads every resource of a stack by its service.
const PACE: Pace = Pace {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(5),
    deadline: Duration::from_secs(30 * 60),
};

/// One property that is not as the template says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Path, such as `/DelaySeconds`.
    pub path: String,
    /// What the template says.
    pub expected: String,
    /// What it is.
    pub actual: String,
}

/// A resource that is not as the template says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ResourceDrift {
    /// Logical id.
    pub logical_id: String,
    /// Physical id.
    pub physical_id: String,
    /// Type.
    pub resource_type: String,
    /// Whether it is gone.
    pub deleted: bool,
    /// What differs; empty when it is gone.
    pub differences: Vec<Difference>,
}

/// The drift of one stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StackDrift {
    /// Stack.
    pub stack: StackName,
    /// Resources that differ.
    pub resources: Vec<ResourceDrift>,
    /// How many resources CloudFormation cannot compare.
    pub not_checked: usize,
    /// Why the comparison is not complete, where it is not.
    pub incomplete: Option<String>,
}

impl StackDrift {
    /// What differs in nested stacks. A change set that goes back to the template of the stack
    /// above does not reach it.
    pub fn out_of_reach(&self) -> impl Iterator<Item = &ResourceDrift> {
        self.resources.iter().filter(|resource| resource.is_nested())
    }

    /// Whether anything differs that going back to the template reaches.
    #[must_use]
    pub fn can_be_reverted(&self) -> bool {
        self.resources.iter().any(|resource| !resource.is_nested())
    }
}

impl ResourceDrift {
    /// Whether it is in a nested stack: its name is the way to it then.
    fn is_nested(&self) -> bool {
        self.logical_id.contains('/')
    }
}

/// Compares all usable stacks of a scope, side by side.
///
/// # Errors
/// [`CfnError`].
pub async fn detect(ctx: &Ctx, scope: &Scope) -> Result<Vec<StackDrift>, CfnError> {
    let stacks = Observed::without_nested_ones(observe::in_scope(ctx, scope).await?);
    let usable =
        stacks.into_iter().filter(|stack| stack.status.next_action() == NextAction::Update);
    let looks = usable.map(|found| async move {
        let key = format!("drift/{}", found.name);
        ctx.events.step(&key, format!("compare {}", found.name));
        let drift = stack(ctx, &found.name).await;
        match &drift {
            Ok(drift) => ctx.events.step_done(&key, Outcome::Unchanged, words(drift)),
            Err(error) => ctx.events.step_done(&key, Outcome::Failed, error.to_string()),
        }
        drift
    });
    stream::iter(looks).buffered(AT_ONCE).try_collect().await
}

fn words(drift: &StackDrift) -> String {
    match drift.resources.len() {
        0 => "as its template says".to_owned(),
        1 => "1 resource differs".to_owned(),
        count => format!("{count} resources differ"),
    }
}

/// Compares one stack, and all stacks nested in it, with their templates (`DetectStackDrift`,
/// `DescribeStackDriftDetectionStatus`, `DescribeStackResourceDrifts`, `ListStackResources`).
/// Resources of nested stacks are named by the way to them: `Child/Topic`. CloudFormation itself
/// does not look into nested stacks.
///
/// # Errors
/// [`CfnError`].
pub async fn stack(ctx: &Ctx, name: &StackName) -> Result<StackDrift, CfnError> {
    let api = Api::new(&ctx.aws);
    let mut whole = one_stack(ctx, &api, name, name.as_str()).await?;
    for member in nested::members(&api, name).await? {
        if member.child.is_none_or(|status| status.next_action() != NextAction::Update) {
            continue;
        }
        let inner = one_stack(ctx, &api, name, &member.state.physical_id).await?;
        let within = |resource: ResourceDrift| ResourceDrift {
            logical_id: format!("{}/{}", member.path, resource.logical_id),
            ..resource
        };
        whole.resources.extend(inner.resources.into_iter().map(within));
        whole.not_checked += inner.not_checked;
        whole.incomplete = whole.incomplete.or(inner.incomplete);
    }
    Ok(whole)
}

/// Compares the stack with this name or id, without those nested in it.
async fn one_stack(
    ctx: &Ctx,
    api: &Api,
    name: &StackName,
    stack: &str,
) -> Result<StackDrift, CfnError> {
    let request = api.client.detect_stack_drift().stack_name(stack);
    let answer = request.send().await.map_err(failed!(name, "DetectStackDrift"))?;
    let id = answer.stack_drift_detection_id().unwrap_or_default();
    let incomplete = match wait::until(PACE, &ctx.cancel, || detected(api, name, id)).await {
        Ok(incomplete) => incomplete,
        Err(Stop::Failed(error)) => return Err(error),
        Err(Stop::Wait(WaitError::Cancelled)) => return Err(CfnError::Interrupted),
        Err(Stop::Wait(why)) => Some(why.to_string()),
    };
    let mut drift =
        StackDrift { stack: name.clone(), resources: Vec::new(), not_checked: 0, incomplete };
    let mut pages =
        api.client.describe_stack_resource_drifts().stack_name(stack).into_paginator().send();
    while let Some(page) = pages.next().await {
        let page = page.map_err(failed!(name, "DescribeStackResourceDrifts"))?;
        for found in page.stack_resource_drifts.unwrap_or_default() {
            match found.stack_resource_drift_status() {
                Some(StackResourceDriftStatus::InSync) => {}
                Some(StackResourceDriftStatus::Modified | StackResourceDriftStatus::Deleted) => {
                    drift.resources.push(read(&found));
                }
                _ => drift.not_checked += 1,
            }
        }
    }
    Ok(drift)
}

/// Whether a detection is over; if so, why it is not complete.
async fn detected(api: &Api, name: &StackName, id: &str) -> Result<Option<Option<String>>, Stop> {
    let request = api.client.describe_stack_drift_detection_status().stack_drift_detection_id(id);
    let answer =
        request.send().await.map_err(failed!(name, "DescribeStackDriftDetectionStatus"))?;
    let why = || answer.detection_status_reason().unwrap_or("no reason was given").to_owned();
    Ok(match answer.detection_status() {
        Some(StackDriftDetectionStatus::DetectionInProgress) => None,
        Some(StackDriftDetectionStatus::DetectionComplete) => Some(None),
        _ => Some(Some(why())),
    })
}

fn read(found: &StackResourceDrift) -> ResourceDrift {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let differences = found.property_differences().iter().map(|difference| Difference {
        path: text(difference.property_path()),
        expected: text(difference.expected_value()),
        actual: text(difference.actual_value()),
    });
    ResourceDrift {
        logical_id: text(found.logical_resource_id()),
        physical_id: text(found.physical_resource_id()),
        resource_type: text(found.resource_type()),
        deleted: found.stack_resource_drift_status() == Some(&StackResourceDriftStatus::Deleted),
        differences: differences.collect(),
    }
}

/// What going back to the template would do, by stack.
pub type Reverts = BTreeMap<StackName, Vec<ResourceDelta>>;

/// What going back to the templates would do: a drift-aware change set per stack
/// (`CreateChangeSet` with `DeploymentMode=REVERT_DRIFT` and the template that is there), read and
/// deleted again. It does not reach into nested stacks ([`StackDrift::out_of_reach`]): a stack in
/// which nothing else differs is left out.
///
/// # Errors
/// [`CfnError`]; [`CfnError::Nested`] for a stack that is nested itself.
pub async fn plan_revert(
    ctx: &Ctx,
    _locked: &Locked,
    drifts: &[StackDrift],
) -> Result<Reverts, CfnError> {
    let api = Api::new(&ctx.aws);
    let mut all = Reverts::new();
    for drift in drifts.iter().filter(|drift| drift.can_be_reverted()) {
        if let Some(set) = make(ctx, &api, &drift.stack).await? {
            change_set::delete(&api, &drift.stack, &set.id).await?;
            all.insert(drift.stack.clone(), set.changes);
        }
    }
    Ok(all)
}

/// Goes back to the templates, as it was planned. The data gate holds here too: a stack with nested
/// ones needs an approval for each of them, because CloudFormation also reads their templates anew
/// and does not say what that changes.
///
/// # Errors
/// [`CfnError::Denied`] when data would be lost that was not approved by name,
/// [`CfnError::StalePlan`] when a change set is another one than was planned.
pub async fn revert(
    ctx: &Ctx,
    locked: &Locked,
    planned: &Reverts,
    approvals: &Approvals,
) -> Result<(), CfnError> {
    let api = Api::new(&ctx.aws);
    let poller = Poller::new(&api);
    for (name, changes) in planned {
        locked.check()?;
        let Some(before) = api.describe(name, None).await?.map(Observed::read).transpose()? else {
            return Err(CfnError::StalePlan { what: format!("stack {name} is gone") });
        };
        let key = format!("revert/{name}");
        ctx.events.step(&key, format!("take {name} back to its template"));
        let set = make(ctx, &api, name).await?;
        let Some(set) = set.filter(|set| unplanned(changes, &set.changes).is_none()) else {
            let what = format!("the changes of stack {name} are other ones");
            return Err(CfnError::StalePlan { what });
        };
        if let Err(denied) = gate::check(name, &set.changes, approvals) {
            change_set::delete(&api, name, &set.id).await?;
            return Err(denied.into());
        }
        let token = ctx.token(&key);
        change_set::execute(&api, name, &set.id, &token).await?;
        let operation = Operation {
            stack: name,
            id: &set.stack_id,
            token: Some(&token),
            before: Some(&before),
            expected: None,
            black_box: None,
        };
        let ended = watch::until_settled(ctx, &api, &poller, operation).await?;
        if !ended.stack.status.is_success() {
            let error = ended.failure(None);
            ctx.events.step_done(&key, Outcome::Failed, error.to_string());
            return Err(error);
        }
        ctx.events.step_done(&key, Outcome::Done, "as its template says");
    }
    Ok(())
}

async fn make(
    ctx: &Ctx,
    api: &Api,
    name: &StackName,
) -> Result<Option<change_set::ChangeSet>, CfnError> {
    let Some(found) = api.describe(name, None).await?.map(Observed::read).transpose()? else {
        return Ok(None);
    };
    found.must_not_be_nested()?;
    let previous = found.parameters.keys().map(|key| {
        aws_sdk_cloudformation::types::Parameter::builder()
            .parameter_key(key)
            .use_previous_value(true)
            .build()
    });
    let request = api
        .client
        .create_change_set()
        .stack_name(name.as_str())
        .change_set_name(format!("cloudops-revert-{}", ctx.run))
        .change_set_type(ChangeSetType::Update)
        .use_previous_template(true)
        .deployment_mode(DeploymentMode::RevertDrift)
        .set_parameters(Some(previous.collect()))
        .set_tags(Some(super::api::tags(&found.tags)))
        .capabilities(aws_sdk_cloudformation::types::Capability::CapabilityNamedIam);
    let answer = request.send().await.map_err(failed!(name, "CreateChangeSet"))?;
    change_set::made(ctx, api, name, answer.id, answer.stack_id).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drift_is_read_with_both_values() {
        use aws_sdk_cloudformation::types::{DifferenceType, PropertyDifference};
        let difference = PropertyDifference::builder()
            .property_path("/DelaySeconds")
            .expected_value("0")
            .actual_value("5")
            .difference_type(DifferenceType::NotEqual)
            .build();
        let found = StackResourceDrift::builder()
            .logical_resource_id("Queue")
            .physical_resource_id("q-1")
            .resource_type("AWS::SQS::Queue")
            .stack_resource_drift_status(StackResourceDriftStatus::Modified)
            .property_differences(difference)
            .build();
        let drift = read(&found);
        assert!(!drift.deleted);
        assert_eq!(
            drift.differences,
            [Difference {
                path: "/DelaySeconds".to_owned(),
                expected: "0".to_owned(),
                actual: "5".to_owned()
            }]
        );
    }

    #[test]
    fn what_differs_in_a_nested_stack_is_out_of_reach() {
        let drift = |names: &[&str]| StackDrift {
            stack: "acme-a".parse().unwrap(),
            resources: names
                .iter()
                .map(|name| ResourceDrift {
                    logical_id: (*name).to_owned(),
                    physical_id: String::new(),
                    resource_type: "AWS::SQS::Queue".to_owned(),
                    deleted: false,
                    differences: Vec::new(),
                })
                .collect(),
            not_checked: 0,
            incomplete: None,
        };
        let both = drift(&["Queue", "Child/Queue"]);
        let far: Vec<&str> = both.out_of_reach().map(|one| one.logical_id.as_str()).collect();
        assert_eq!((both.can_be_reverted(), far), (true, vec!["Child/Queue"]));
        assert!(!drift(&["Child/Queue"]).can_be_reverted());
        assert!(!drift(&[]).can_be_reverted());
    }
}
