//! What failed resources leave behind, kept before it is gone.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;

use super::cause::Failure;
use crate::{ctx::Ctx, events::EventKind, ids::StackName};

/// A resource that failed. CloudFormation is about to undo what it left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wreck {
    /// Stack.
    pub stack: StackName,
    /// Logical id; in a nested stack the way to it, such as `Child/Service`.
    pub logical_id: String,
    /// Physical id: for most types the name or the ARN.
    pub physical_id: String,
    /// Type.
    pub resource_type: String,
    /// CloudFormation's reason.
    pub reason: String,
}

/// Reads what a failed resource left: lines of text, which are reported as log lines of it.
type Read = dyn Fn(Wreck) -> BoxFuture<'static, Vec<String>> + Send + Sync;

/// Asked for each resource that failed, the moment its stack begins to go back.
#[derive(Clone)]
pub struct BlackBox(Arc<Read>);

impl BlackBox {
    /// A black box that keeps nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::new(|_| Box::pin(async { Vec::new() }))
    }

    /// A black box that reads with this function, which must not fail: what it cannot read is
    /// one line that says so.
    #[must_use]
    pub fn new(
        read: impl Fn(Wreck) -> BoxFuture<'static, Vec<String>> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(read))
    }

    /// Reads what the failed resources left, and reports it.
    pub(super) async fn keep(&self, ctx: &Ctx, stack: &StackName, failures: &[Failure<'_>]) {
        for wreck in failures.iter().map(|failure| wreck(stack, failure)) {
            let source = format!("{stack}/{}", wreck.logical_id);
            for line in self.0(wreck).await {
                ctx.events.send(EventKind::LogLine { source: source.clone(), line });
            }
        }
    }
}

fn wreck(stack: &StackName, failure: &Failure<'_>) -> Wreck {
    let Failure { path, event } = failure;
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Wreck {
        stack: stack.clone(),
        logical_id: format!("{path}{}", event.logical_resource_id().unwrap_or_default()),
        physical_id: text(event.physical_resource_id()),
        resource_type: text(event.resource_type()),
        reason: text(event.resource_status_reason()),
    }
}

impl fmt::Debug for BlackBox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BlackBox")
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

    use super::*;

    #[tokio::test]
    async fn a_wreck_is_what_the_event_says_and_its_lines_come_back() {
        let event = StackEvent::builder()
            .logical_resource_id("Service")
            .physical_resource_id("arn:service/c/s")
            .resource_type("AWS::ECS::Service")
            .resource_status(ResourceStatus::CreateFailed)
            .resource_status_reason("circuit breaker")
            .stack_id("arn:stack")
            .build();
        let failure = Failure { path: "Child/", event: &event };
        let found = wreck(&"acme-a".parse().unwrap(), &failure);
        assert_eq!(found.logical_id, "Child/Service");
        assert_eq!(found.physical_id, "arn:service/c/s");
        let keeper = BlackBox::new(|wreck| Box::pin(async move { vec![wreck.reason] }));
        assert_eq!((keeper.0)(found).await, ["circuit breaker"]);
        let other = wreck(&"acme-a".parse().unwrap(), &failure);
        assert!((BlackBox::none().0)(other).await.is_empty());
    }
}
