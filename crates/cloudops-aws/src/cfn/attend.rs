//! Looking on at what others do, and asking CloudFormation to stop.

use futures::{StreamExt, stream};
use serde::Serialize;

use super::{
    api::Api,
    error::CfnError,
    observe::{self, Observed, Scope},
    poll::Poller,
    quirks,
    status::StackStatus,
    watch::{self, Operation},
};
use crate::{ctx::Ctx, events::Outcome, ids::StackName};

/// How an operation that was attended ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attended {
    /// Stack.
    pub stack: StackName,
    /// Its status now.
    pub status: &'static str,
    /// Whether the operation did what was asked.
    pub good: bool,
}

/// Watches every operation that runs on the stacks of a scope, whoever began it,
/// and streams what happens (`DescribeStacks`, `DescribeStackEvents`). Changes nothing, and needs
/// no lock.
///
/// # Errors
/// The first [`CfnError`] of a watch.
pub async fn attach(ctx: &Ctx, scope: &Scope) -> Result<Vec<Attended>, CfnError> {
    let api = Api::new(&ctx.aws);
    let poller = Poller::new(&api);
    // What happens in nested stacks is told with the stack above.
    let stacks = Observed::without_nested_ones(observe::in_scope(ctx, scope).await?);
    let busy: Vec<Observed> = stacks.into_iter().filter(|stack| stack.status.is_busy()).collect();
    let count = busy.len().max(1);
    let watches = busy.into_iter().map(|stack| one(ctx, &api, &poller, stack));
    let all: Vec<_> = stream::iter(watches).buffer_unordered(count).collect().await;
    all.into_iter().collect()
}

async fn one(ctx: &Ctx, api: &Api, poller: &Poller, stack: Observed) -> Result<Attended, CfnError> {
    let key = format!("stack/{}", stack.name);
    ctx.events.step(&key, format!("{} ({})", stack.name, stack.status));
    let operation = Operation {
        stack: &stack.name,
        id: &stack.id,
        token: None,
        before: None,
        expected: None,
        black_box: None,
    };
    let ended = watch::until_settled(ctx, api, poller, operation).await?;
    let status = ended.stack.status;
    let good = status.is_success() || status == StackStatus::DeleteComplete;
    if good {
        ctx.events.step_done(&key, Outcome::Done, status.name());
    } else {
        ctx.events.step_done(&key, Outcome::Failed, ended.failure(None).to_string());
    }
    Ok(Attended { stack: stack.name, status: status.name(), good })
}

/// What came of asking to stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cancelled {
    /// CloudFormation undoes the update now.
    Undoing,
    /// CloudFormation cannot stop this; what happens next, as a sentence.
    Goes(&'static str),
}

/// Asks CloudFormation to stop what runs on the stacks of a scope, where it can:
/// only an update can be cancelled (`CancelUpdateStack`). Meant for an operation whose run holds
/// the lock or is gone, so it needs no lock itself; it never begins anything but an undoing.
/// Nested stacks are stopped with the one above.
///
/// # Errors
/// [`CfnError::Nested`] before anything is stopped when a nested stack is worked on and the one
/// above is not in the scope; else [`CfnError`].
pub async fn cancel(ctx: &Ctx, scope: &Scope) -> Result<Vec<(StackName, Cancelled)>, CfnError> {
    let api = Api::new(&ctx.aws);
    let stacks = observe::in_scope(ctx, scope).await?;
    let mut all = Vec::new();
    for stack in busy_ones(stacks)? {
        let what = match next(stack.status) {
            Some(sentence) => Cancelled::Goes(sentence),
            None => stop(ctx, &api, &stack.name).await?,
        };
        all.push((stack.name, what));
    }
    Ok(all)
}

/// The stacks that are worked on and can be asked to stop.
fn busy_ones(stacks: Vec<Observed>) -> Result<Vec<Observed>, CfnError> {
    let mut stacks = Observed::without_nested_ones(stacks);
    stacks.retain(|stack| stack.status.is_busy());
    stacks.iter().try_for_each(Observed::must_not_be_nested)?;
    Ok(stacks)
}

async fn stop(ctx: &Ctx, api: &Api, name: &StackName) -> Result<Cancelled, CfnError> {
    match api.cancel_update(name, &ctx.token(&format!("cancel/{name}"))).await {
        Ok(()) => Ok(Cancelled::Undoing),
        Err(CfnError::Aws { source, .. }) if quirks::cannot_be_cancelled(&source) => {
            Ok(Cancelled::Goes("the update has just come to its end"))
        }
        Err(error) => Err(error),
    }
}

/// What happens next with an operation that cannot be cancelled; none for one that can.
fn next(status: StackStatus) -> Option<&'static str> {
    use StackStatus as S;
    match status {
        S::UpdateInProgress => None,
        S::CreateInProgress => Some(
            "a creation cannot be cancelled: it ends, or fails and is undone; deleting the stack stops it",
        ),
        S::DeleteInProgress => Some("a deletion cannot be cancelled; it goes on"),
        S::UpdateCompleteCleanupInProgress => {
            Some("the update is done; what it replaced is being removed")
        }
        S::ImportInProgress => Some("an import cannot be cancelled; it ends within minutes"),
        _ => Some("it is being undone already; that cannot be stopped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_update_can_be_cancelled() {
        let cancellable: Vec<StackStatus> = StackStatus::all()
            .filter(|status| status.is_busy() && next(*status).is_none())
            .collect();
        assert_eq!(cancellable, [StackStatus::UpdateInProgress]);
    }

    #[test]
    fn a_nested_stack_is_stopped_with_the_one_above_only() {
        let busy = |name: &str| Observed {
            status: StackStatus::UpdateInProgress,
            ..Observed::for_tests(name)
        };
        let child = busy("acme-Child-1").nested_in("acme");
        let both = busy_ones(vec![busy("acme"), child.clone()]).unwrap();
        assert_eq!(both.len(), 1);
        assert_eq!(both[0].name.as_str(), "acme");
        let refused = busy_ones(vec![busy("other"), child.clone()]).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "stack acme-Child-1 is nested in acme; it is only changed with that one"
        );
        let quiet = Observed { status: StackStatus::UpdateComplete, ..child };
        assert_eq!(busy_ones(vec![quiet]).unwrap(), []);
    }
}
