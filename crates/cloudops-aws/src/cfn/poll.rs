//! One look for all: whoever waits for a stack shares what anybody sees.
//!
//! `DescribeStacks` without a name gives all stacks of the region in a page, so one call serves
//! every stack that is waited for. Each waiter says when it wants to know; the first of them
//! looks, and all see what it saw.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    api::Api,
    error::CfnError,
    limit::{LOOKS_PER_SECOND, Limit},
    observe::Observed,
};
use crate::{ids::StackName, wait};

/// A look at events takes a turn away: not when a look at stacks is due within this time.
const QUIET: Duration = Duration::from_millis(1200);

/// What somebody saw: stacks by id, and when it was asked for.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    asked: Instant,
    stacks: Arc<BTreeMap<String, Observed>>,
}

/// Looks at stacks on behalf of all that wait for one.
#[derive(Debug)]
pub(super) struct Poller {
    api: Api,
    looks: Limit,
    waiting: Mutex<BTreeMap<String, StackName>>,
    turn: tokio::sync::Mutex<()>,
    seen: watch::Sender<Seen>,
    due: Mutex<BTreeMap<String, Instant>>,
}

impl Poller {
    pub(super) fn new(api: &Api) -> Self {
        let nothing = Seen { asked: Instant::now(), stacks: Arc::default() };
        Self {
            api: api.clone(),
            looks: Limit::per_second(LOOKS_PER_SECOND),
            waiting: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            seen: watch::Sender::new(nothing),
            due: Mutex::default(),
        }
    }

    /// Begins to wait for a stack.
    pub(super) fn wait_for(&self, stack: &StackName, id: &str) -> Waiter<'_> {
        self.waiting().insert(id.to_owned(), stack.clone());
        Waiter { poller: self, id: id.to_owned(), seen: self.seen.subscribe() }
    }

    fn waiting(&self) -> MutexGuard<'_, BTreeMap<String, StackName>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn due(&self) -> MutexGuard<'_, BTreeMap<String, Instant>> {
        self.due.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sees to it that somebody has looked since `asked`.
    async fn look(&self, asked: Instant, cancel: &CancellationToken) -> Result<(), CfnError> {
        let _turn = self.turn.lock().await;
        if self.seen.borrow().asked >= asked {
            return Ok(());
        }
        if self.looks.turn(cancel).await.is_err() {
            return Err(CfnError::Interrupted);
        }
        let begun = Instant::now();
        let wanted = self.waiting().clone();
        let stacks = self.describe(&wanted, cancel).await?;
        self.seen.send_replace(Seen { asked: begun, stacks: Arc::new(stacks) });
        Ok(())
    }

    /// One stack is asked for by its id. Of several the list of all is read; those that it does not
    /// have (deleted ones) are asked for by their ids.
    async fn describe(
        &self,
        wanted: &BTreeMap<String, StackName>,
        cancel: &CancellationToken,
    ) -> Result<BTreeMap<String, Observed>, CfnError> {
        let mut found = BTreeMap::new();
        if wanted.len() > 1 {
            found = self.listed(wanted).await?;
        }
        for (id, name) in wanted {
            if found.contains_key(id) {
                continue;
            }
            if wanted.len() > 1 && self.looks.turn(cancel).await.is_err() {
                return Err(CfnError::Interrupted);
            }
            if let Some(stack) = self.api.describe(name, Some(id)).await? {
                let stack = Observed::read(stack)?;
                found.insert(id.clone(), stack);
            }
        }
        Ok(found)
    }

    async fn listed(
        &self,
        wanted: &BTreeMap<String, StackName>,
    ) -> Result<BTreeMap<String, Observed>, CfnError> {
        let any = wanted.values().next().cloned().unwrap_or_else(StackName::unnamed);
        let all = self.api.describe_all().await;
        let all = all.map_err(|source| CfnError::Aws { stack: any, source })?;
        let ours = all
            .into_iter()
            .filter(|stack| stack.stack_id().is_some_and(|id| wanted.contains_key(id)));
        let read = |stack| Observed::read(stack).map(|stack| (stack.id.clone(), stack));
        ours.map(read).collect()
    }
}

/// Somebody who waits for a stack.
#[derive(Debug)]
pub(super) struct Waiter<'a> {
    poller: &'a Poller,
    id: String,
    seen: watch::Receiver<Seen>,
}

impl Waiter<'_> {
    /// The stack as it is after this pause, or as somebody else saw it before.
    pub(super) async fn next(
        &mut self,
        pause: Duration,
        cancel: &CancellationToken,
    ) -> Result<Option<Observed>, CfnError> {
        self.poller.due().insert(self.id.clone(), Instant::now() + pause);
        tokio::select! {
            changed = self.seen.changed() => {
                // The sender lives as long as the poller that we borrow.
                changed.map_err(|_| CfnError::Interrupted)?;
            }
            slept = wait::sleep(pause, cancel) => {
                slept.map_err(|_| CfnError::Interrupted)?;
                self.poller.look(Instant::now(), cancel).await?;
            }
        }
        Ok(self.seen.borrow_and_update().stacks.get(&self.id).cloned())
    }

    /// Waits for a turn: a look at events that cannot wait counts like any other look.
    pub(super) async fn turn(&self, cancel: &CancellationToken) -> Result<(), CfnError> {
        self.poller.looks.turn(cancel).await.map_err(|_| CfnError::Interrupted)
    }

    /// Whether a look at events would delay nobody: nobody's look is due within a second.
    pub(super) fn has_time_for_events(&self) -> bool {
        let soon = Instant::now() + QUIET;
        let quiet = self.poller.due().values().all(|due| *due > soon);
        quiet && self.poller.looks.free_turn()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.poller.waiting().remove(&self.id);
        self.poller.due().remove(&self.id);
    }
}
