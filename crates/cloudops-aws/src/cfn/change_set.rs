//! Change sets: made, read, and deleted when they are empty or only asked for.

use std::time::Duration;

use aws_sdk_cloudformation::types::{ChangeSetStatus, ChangeSetType, EventFilter, OperationEvent};

use super::{
    api::{self, Api, failed},
    changes::{self, ResourceDelta},
    error::CfnError,
    graph::{StackGraph, StackSpec, Values},
    inside, quirks,
    stop::Stop,
};
use crate::{
    ctx::Ctx,
    ids::StackName,
    wait::{self, Pace, WaitError},
};

/// CloudFormation makes a change set within seconds, large ones within minutes.
const PACE: Pace = Pace {
    first: Duration::from_millis(30),
    longest: Duration::from_secs(3),
    deadline: Duration::from_secs(15 * 60),
};

/// A change set that is ready to be executed.
#[derive(Debug)]
pub(super) struct ChangeSet {
    pub(super) id: String,
    pub(super) stack_id: String,
    pub(super) changes: Vec<ResourceDelta>,
}

/// What a change set is made for. The name and the token tell: a plan's change set can never be
/// taken for the one that is executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To be read and deleted again.
    Plan,
    /// To be executed.
    Apply,
}

impl Purpose {
    const fn name(self) -> &'static str {
        match self {
            Self::Plan => "plan",
            Self::Apply => "apply",
        }
    }
}

/// What a change set came to.
enum Made {
    Ready(Vec<ResourceDelta>),
    Empty,
    Refused(String),
}

/// Makes a change set; none when there is nothing to change.
pub(super) async fn make(
    ctx: &Ctx,
    api: &Api,
    graph: &StackGraph,
    spec: &StackSpec,
    values: &Values,
    (kind, purpose): (ChangeSetType, Purpose),
) -> Result<Option<ChangeSet>, CfnError> {
    let (stack, purpose) = (&spec.name, purpose.name());
    let token = ctx.token(&format!("change-set/{purpose}/{stack}"));
    let answer = api
        .client
        .create_change_set()
        .stack_name(stack.as_str())
        .change_set_name(format!("cloudops-{purpose}-{}", ctx.run))
        .change_set_type(kind)
        .template_body(spec.template.text())
        .set_include_nested_stacks(inside::has_nested(&spec.template).then_some(true))
        .set_parameters(Some(api::parameters(&values.known)))
        .set_tags(Some(api::tags(&spec.tags)))
        .set_capabilities(Some(api::capabilities(graph.capabilities())))
        .client_token(token)
        .send()
        .await
        .map_err(failed!(stack, "CreateChangeSet"))?;
    made(ctx, api, stack, answer.id, answer.stack_id).await
}

/// Waits for a change set that was asked for; none when there is nothing to change.
pub(super) async fn made(
    ctx: &Ctx,
    api: &Api,
    stack: &StackName,
    id: Option<String>,
    stack_id: Option<String>,
) -> Result<Option<ChangeSet>, CfnError> {
    let (id, stack_id) = (id.unwrap_or_default(), stack_id.unwrap_or_default());
    match until_made(ctx, api, stack, &id).await? {
        Made::Ready(changes) => Ok(Some(ChangeSet { id, stack_id, changes })),
        Made::Empty => {
            delete(api, stack, &id).await?;
            Ok(None)
        }
        Made::Refused(reason) => {
            let reason = if quirks::is_early_validation(&reason) {
                early_failures(api, stack, &id).await.unwrap_or(reason)
            } else {
                reason
            };
            delete(api, stack, &id).await?;
            Err(CfnError::ChangeSet { stack: stack.clone(), reason })
        }
    }
}

/// What was found wrong before anything was made (`DescribeEvents` with the filter for failures).
async fn early_failures(api: &Api, stack: &StackName, id: &str) -> Option<String> {
    let answer = api
        .client
        .describe_events()
        .stack_name(stack.as_str())
        .change_set_name(id)
        .filters(EventFilter::builder().failed_events(true).build())
        .send()
        .await
        .ok()?;
    let sentences: Vec<String> =
        answer.operation_events().iter().filter_map(early_failure).collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

fn early_failure(event: &OperationEvent) -> Option<String> {
    let reason = event.validation_status_reason().or(event.resource_status_reason())?;
    let name = event.logical_resource_id().unwrap_or_default();
    let kind = event.resource_type().unwrap_or_default();
    let check = event.validation_name().map_or(String::new(), |name| format!(" [{name}]"));
    Some(if name.is_empty() {
        format!("{reason}{check}")
    } else {
        format!("{name} ({kind}): {reason}{check}")
    })
}

async fn until_made(ctx: &Ctx, api: &Api, stack: &StackName, id: &str) -> Result<Made, CfnError> {
    match wait::until(PACE, &ctx.cancel, || look(api, stack, id)).await {
        Ok(made) => Ok(made),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Wait(WaitError::Cancelled)) => Err(CfnError::Interrupted),
        Err(Stop::Wait(why)) => Err(CfnError::Detached { stack: stack.clone(), why: why.into() }),
    }
}

async fn look(api: &Api, stack: &StackName, id: &str) -> Result<Option<Made>, Stop> {
    let mut found = Vec::new();
    let mut touched = Vec::new();
    let mut next = None;
    loop {
        let answer = api.change_set(stack, id, next).await?;
        match answer.status() {
            Some(ChangeSetStatus::CreateComplete) => {}
            Some(ChangeSetStatus::Failed) => {
                let reason = answer.status_reason().unwrap_or("no reason was given");
                return Ok(Some(if quirks::is_empty_change_set(reason) {
                    Made::Empty
                } else {
                    Made::Refused(reason.to_owned())
                }));
            }
            _ => return Ok(None),
        }
        found.extend(changes::read(answer.changes()));
        touched.extend(inside::touched("", answer.changes()));
        next = answer.next_token;
        if next.is_none() {
            found.extend(inside::read(api, stack, touched).await?);
            return Ok(Some(Made::Ready(found)));
        }
    }
}

/// Deletes the change sets that an earlier run left on the shell of a stack: there is a cap on how
/// many are kept (`ListChangeSets`, `DeleteChangeSet`).
pub(super) async fn delete_left_over(api: &Api, stack: &StackName) -> Result<(), CfnError> {
    let request = api.client.list_change_sets().stack_name(stack.as_str());
    let answer = request.send().await.map_err(failed!(stack, "ListChangeSets"))?;
    for set in answer.summaries.unwrap_or_default() {
        let made = set.status() != Some(&ChangeSetStatus::CreateInProgress);
        if let Some(id) = set.change_set_id().filter(|_| made) {
            delete(api, stack, id).await?;
        }
    }
    Ok(())
}

/// Deletes a change set (`DeleteChangeSet`).
pub(super) async fn delete(api: &Api, stack: &StackName, id: &str) -> Result<(), CfnError> {
    let request = api.client.delete_change_set().change_set_name(id);
    request.send().await.map_err(failed!(stack, "DeleteChangeSet"))?;
    Ok(())
}

/// Begins to execute a change set (`ExecuteChangeSet`).
pub(super) async fn execute(
    api: &Api,
    stack: &StackName,
    id: &str,
    token: &str,
) -> Result<(), CfnError> {
    api.client
        .execute_change_set()
        .change_set_name(id)
        .client_request_token(token)
        .send()
        .await
        .map_err(failed!(stack, "ExecuteChangeSet"))?;
    Ok(())
}
