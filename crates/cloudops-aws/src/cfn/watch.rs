//! Watches a running stack operation to its end, and reports each resource on the way.

use std::time::Duration;

use aws_sdk_cloudformation::types::StackEvent;

use super::{
    api::Api, cause, error::CfnError, observe::Observed, status::StackStatus, template::Template,
};
use crate::{
    ctx::Ctx,
    events::EventKind,
    ids::StackName,
    wait::{self, Pace, WaitError},
};

/// A stack operation takes at most this long: Aurora and NAT take minutes, certificates hours.
const PACE: Pace = Pace {
    first: Duration::from_millis(40),
    longest: Duration::from_secs(5),
    deadline: Duration::from_secs(3 * 60 * 60),
};

/// An operation that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) stack: Observed,
    pub(super) events: Vec<StackEvent>,
}

impl Ended {
    /// The stack, when the operation did what was asked.
    pub(super) fn success(self, template: Option<&Template>) -> Result<Observed, CfnError> {
        if self.stack.status.is_success() {
            return Ok(self.stack);
        }
        Err(self.failure(template))
    }

    /// The error of an operation that did not.
    pub(super) fn failure(self, template: Option<&Template>) -> CfnError {
        let cause = cause::root_cause(&self.events, template).map(Box::new);
        CfnError::Failed { stack: self.stack.name, status: self.stack.status, cause }
    }
}

enum Stop {
    Wait(WaitError),
    Failed(CfnError),
}

impl From<WaitError> for Stop {
    fn from(error: WaitError) -> Self {
        Self::Wait(error)
    }
}

impl From<CfnError> for Stop {
    fn from(error: CfnError) -> Self {
        Self::Failed(error)
    }
}

/// Watches a stack until no operation runs on it. Events after `last` belong to the operation.
pub(super) async fn until_settled(
    ctx: &Ctx,
    api: &Api,
    stack: &StackName,
    id: &str,
    last: Option<String>,
) -> Result<Ended, CfnError> {
    let seen = tokio::sync::Mutex::new((last, Vec::new()));
    let looked = wait::until(PACE, &ctx.cancel, async || {
        let found = api.describe(stack, Some(id)).await?;
        let found = found.map(Observed::read).transpose()?;
        let mut seen = seen.lock().await;
        let (last, events) = &mut *seen;
        let fresh = api.events_since(stack, id, last.as_deref()).await?;
        fresh.iter().for_each(|event| report(ctx, stack, event));
        if let Some(event) = fresh.last() {
            *last = event.event_id().map(str::to_owned);
        }
        events.extend(fresh);
        Ok::<_, Stop>(found.filter(|found| is_settled(found.status)))
    });
    match looked.await {
        Ok(observed) => Ok(Ended { stack: observed, events: seen.into_inner().1 }),
        Err(Stop::Failed(error)) => Err(error),
        Err(Stop::Wait(why)) => Err(CfnError::Detached { stack: stack.clone(), why }),
    }
}

fn is_settled(status: StackStatus) -> bool {
    !status.is_busy()
}

fn report(ctx: &Ctx, stack: &StackName, event: &StackEvent) {
    ctx.events.send(EventKind::Resource {
        stack: stack.to_string(),
        logical_id: event.logical_resource_id().unwrap_or_default().to_owned(),
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        status: event.resource_status().map_or("", |status| status.as_str()).to_owned(),
        reason: event.resource_status_reason().map(str::to_owned),
    });
}
