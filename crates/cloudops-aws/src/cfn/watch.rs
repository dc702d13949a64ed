//! Watches a running stack operation to its end, and reports each resource on the way.

use std::time::Duration;

use tokio::time::Instant;

use super::{
    api::Api,
    cause,
    error::{CfnError, RootCause, WhyDetached},
    family::Family,
    observe::Observed,
    pace,
    poll::{Poller, Waiter},
    status::StackStatus,
    template::Template,
    trail::Trail,
    wreck::BlackBox,
};
use crate::{
    ctx::Ctx,
    error::{AwsError, AwsErrorKind},
    ids::StackName,
    wait::WaitError,
};

/// A stack operation takes at most this long: Aurora and NAT take minutes, certificates hours.
const DEADLINE: Duration = Duration::from_secs(3 * 60 * 60);
/// How long CloudFormation may be out of reach, or not accept the credentials, before the watch
/// is given up. The operation goes on without us.
const PATIENCE: Duration = Duration::from_secs(120);
/// Credentials come back when somebody signs in again, or not: that shows soon.
const PATIENCE_WITH_CREDENTIALS: Duration = Duration::from_secs(10);
/// The first pause after a look that failed; it doubles.
const FIRST_RETRY: Duration = Duration::from_secs(1);

/// The operation that is watched.
#[derive(Debug)]
pub(super) struct Operation<'a> {
    pub(super) stack: &'a StackName,
    pub(super) id: &'a str,
    /// The token that it was asked for with; none when somebody else asked.
    pub(super) token: Option<&'a str>,
    /// The stack before it was asked for: until it differs, the operation has not begun.
    pub(super) before: Option<&'a Observed>,
    /// How long it will take, as far as history says.
    pub(super) expected: Option<Duration>,
    /// Keeps what failed resources leave.
    pub(super) black_box: Option<&'a BlackBox>,
}

/// An operation that ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) stack: Observed,
    pub(super) trail: Trail,
    /// The cause of a failure, where it lies in a nested stack.
    nested_cause: Option<RootCause>,
}

impl Ended {
    /// The error of an operation that did not do what was asked.
    pub(super) fn failure(self, template: Option<&Template>) -> CfnError {
        let own = || cause::root_cause(self.trail.events(), template);
        let cause = self.nested_cause.or_else(own).map(Box::new);
        CfnError::Failed { stack: self.stack.name, status: self.stack.status, cause }
    }
}

/// Watches a stack until no operation runs on it. The events of an operation that went well are
/// read as far as there was time for it; those of one that failed are read to the end.
pub(super) async fn until_settled(
    ctx: &Ctx,
    api: &Api,
    poller: &Poller,
    operation: Operation<'_>,
) -> Result<Ended, CfnError> {
    let Operation { stack, id, token, before, expected, mut black_box } = operation;
    let mut watch = Watch {
        ctx,
        api,
        stack,
        waiter: poller.wait_for(stack, id),
        trail: Trail::new(stack, id, token),
        family: Family::default(),
        begun: Instant::now(),
        trouble: None,
    };
    loop {
        let pause = pace::pause(expected, watch.begun.elapsed());
        let found = watch.look(pause).await?;
        if let Some(keeper) = black_box.filter(|_| found.as_ref().is_some_and(is_going_back)) {
            // Once: what is undone from here on is no new wreck.
            black_box = None;
            watch.keep_wrecks(keeper).await;
        }
        let settled = match &found {
            Some(found) => is_settled(found, before) || watch.is_back(found, token).await?,
            None => false,
        };
        if let Some(found) = found.filter(|_| settled) {
            let mut nested_cause = None;
            if !found.status.is_success() {
                watch.read_to_the_end().await?;
                watch.read_nested(false).await;
                nested_cause = watch.family.nested_cause(api, stack, &watch.trail).await;
            }
            return Ok(Ended { stack: found, trail: watch.trail, nested_cause });
        }
        watch.read_events_if_there_is_time().await;
        if watch.begun.elapsed() > DEADLINE {
            return Err(watch.detached(WhyDetached::Wait(WaitError::Deadline(DEADLINE))));
        }
    }
}

/// CloudFormation answers for a moment with what was before.
fn is_settled(found: &Observed, before: Option<&Observed>) -> bool {
    let begun = before
        .is_none_or(|before| before.version != found.version || before.status != found.status);
    begun && !found.status.is_busy() && found.status != StackStatus::ReviewInProgress
}

/// Whether CloudFormation undoes, or has undone, what was asked.
fn is_going_back(found: &Observed) -> bool {
    use StackStatus as S;
    matches!(
        found.status,
        S::RollbackInProgress
            | S::RollbackComplete
            | S::RollbackFailed
            | S::UpdateRollbackInProgress
            | S::UpdateRollbackCompleteCleanupInProgress
            | S::UpdateRollbackComplete
            | S::UpdateRollbackFailed
            | S::CreateFailed
            | S::UpdateFailed
    )
}

struct Watch<'a> {
    ctx: &'a Ctx,
    api: &'a Api,
    stack: &'a StackName,
    waiter: Waiter<'a>,
    trail: Trail,
    family: Family,
    begun: Instant,
    /// Since when looks fail, and how often they did.
    trouble: Option<(Instant, u32)>,
}

impl Watch<'_> {
    /// A look after a pause. What hinders us for a while does not end the watch.
    async fn look(&mut self, pause: Duration) -> Result<Option<Observed>, CfnError> {
        let retry = self.trouble.map_or(Duration::ZERO, |(_, tries)| backoff(tries));
        match self.waiter.next(pause.max(retry), &self.ctx.cancel).await {
            Ok(found) => {
                self.trouble = None;
                Ok(found)
            }
            Err(CfnError::Interrupted) => {
                Err(self.detached(WhyDetached::Wait(WaitError::Cancelled)))
            }
            Err(CfnError::Aws { source, .. }) => self.bear(source).map(|()| None),
            Err(other) => Err(other),
        }
    }

    /// Whether this failure of a look can be borne.
    fn bear(&mut self, error: AwsError) -> Result<(), CfnError> {
        let patience = match error.kind {
            AwsErrorKind::Throttled => DEADLINE,
            AwsErrorKind::Unreachable | AwsErrorKind::Broken => PATIENCE,
            AwsErrorKind::Credentials => PATIENCE_WITH_CREDENTIALS,
            _ => return Err(CfnError::Aws { stack: self.stack.clone(), source: error }),
        };
        let (since, tries) = self.trouble.unwrap_or((Instant::now(), 0));
        if tries == 0 && error.kind != AwsErrorKind::Throttled {
            self.ctx.events.warn(format!("{error}; {} goes on, trying again", self.stack));
        }
        if since.elapsed() > patience {
            return Err(self.detached(WhyDetached::Lost(Box::new(error))));
        }
        self.trouble = Some((since, tries + 1));
        Ok(())
    }

    /// Whether the operation has ended where the stack was before: then only its events show that
    /// there was one.
    async fn is_back(&mut self, found: &Observed, token: Option<&str>) -> Result<bool, CfnError> {
        if token.is_none() || found.status.is_busy() {
            return Ok(false);
        }
        self.waiter.turn(&self.ctx.cancel).await?;
        self.trail.read(self.ctx, self.api).await?;
        Ok(self.trail.has_ended())
    }

    async fn keep_wrecks(&mut self, keeper: &BlackBox) {
        // Without the events there is nothing to ask for.
        if self.trail.read(self.ctx, self.api).await.is_ok() {
            self.read_nested(false).await;
            keeper.keep(self.ctx, self.stack, &self.family.failures(&self.trail)).await;
        }
    }

    async fn read_events_if_there_is_time(&mut self) {
        if self.trouble.is_none() && self.waiter.has_time_for_events() {
            // Another time, then: events are only shown.
            let _ = self.trail.read(self.ctx, self.api).await;
            self.read_nested(true).await;
        }
    }

    /// Reads the events of nested stacks that are not known to have ended: each is a look of its
    /// own, for which there may be no time now. What cannot be read is not known.
    async fn read_nested(&mut self, only_if_there_is_time: bool) {
        self.family.discover(&self.trail);
        let mut next = 0;
        while next < self.family.len() {
            if self.family.is_open(next) {
                let may = if only_if_there_is_time {
                    self.waiter.has_time_for_events()
                } else {
                    self.waiter.turn(&self.ctx.cancel).await.is_ok()
                };
                if !may || self.family.read(next, self.ctx, self.api).await.is_err() {
                    return;
                }
                self.family.discover(&self.trail);
            }
            next += 1;
        }
    }

    /// The events of a failure say why: they are worth another try.
    async fn read_to_the_end(&mut self) -> Result<(), CfnError> {
        if self.trail.read(self.ctx, self.api).await.is_ok() {
            return Ok(());
        }
        self.trail.read(self.ctx, self.api).await
    }

    fn detached(&self, why: WhyDetached) -> CfnError {
        CfnError::Detached { stack: self.stack.clone(), why }
    }
}

fn backoff(tries: u32) -> Duration {
    FIRST_RETRY * 2_u32.saturating_pow(tries.saturating_sub(1).min(5))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(status: StackStatus, version: &str) -> Observed {
        Observed { status, version: version.to_owned(), ..Observed::for_tests("acme-net") }
    }

    #[test]
    fn an_operation_has_begun_once_the_stack_differs() {
        let before = stack(StackStatus::UpdateComplete, "1");
        let settled = |status, version| is_settled(&stack(status, version), Some(&before));
        assert!(!settled(StackStatus::UpdateComplete, "1"), "the answer is an old one");
        assert!(!settled(StackStatus::UpdateInProgress, "2"));
        assert!(settled(StackStatus::UpdateComplete, "2"));
        assert!(settled(StackStatus::UpdateRollbackComplete, "1"));
        let shell = stack(StackStatus::ReviewInProgress, "1");
        assert!(!is_settled(&shell, Some(&before)));
        assert!(is_settled(&stack(StackStatus::CreateComplete, "1"), None));
    }
}
