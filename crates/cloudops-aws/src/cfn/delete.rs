//! Takes a graph of stacks away, last stack first.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Instant,
};

use futures::{StreamExt, stream::FuturesUnordered};

use super::{
    api::Api,
    error::CfnError,
    history::{History, Operation},
    observe::Observed,
    poll::Poller,
    protection::{self, Protected},
    schedule::{self, Schedule},
    status::StackStatus,
    watch::{self, Ended},
};
use crate::{
    ctx::Ctx,
    events::{EventKind, GraphStack, Outcome},
    ids::StackName,
    state::{journal::Journal, lock::Locked},
};

/// What a deletion needs.
#[derive(Clone, Copy)]
struct Work<'a> {
    ctx: &'a Ctx,
    api: &'a Api,
    poller: &'a Poller,
    history: &'a History,
    locked: &'a Locked,
    journal: Option<&'a Journal>,
    protected: Protected,
    attempt: usize,
}

/// Deletes stacks, each after all stacks that depend on it are gone. The caller has decided to
/// lose them; what is protected is as well only with [`Protected::TakeOff`], else nothing is
/// deleted (`DescribeStacks` of all comes first). What it takes is noted in the history. Stacks
/// that do not exist are fine. Gives back the names of those that were deleted.
///
/// # Errors
/// [`CfnError::Protected`] before anything is deleted; else the first [`CfnError`], after all stacks
/// that could still be deleted are gone.
pub async fn delete(
    ctx: &Ctx,
    locked: &Locked,
    journal: Option<&Journal>,
    stacks: &BTreeMap<StackName, BTreeSet<StackName>>,
    history: &History,
    protected: Protected,
) -> Result<Vec<StackName>, CfnError> {
    delete_again(ctx, locked, journal, stacks, history, protected, 0).await
}

/// The same, after `attempt` deletions of this run that failed: CloudFormation takes a request with
/// a token that it knows for one that it has done.
///
/// # Errors
/// Those of [`delete`].
pub async fn delete_again(
    ctx: &Ctx,
    locked: &Locked,
    journal: Option<&Journal>,
    stacks: &BTreeMap<StackName, BTreeSet<StackName>>,
    history: &History,
    protected: Protected,
    attempt: usize,
) -> Result<Vec<StackName>, CfnError> {
    if protected == Protected::Refuse {
        protection::refuse(ctx, stacks).await?;
    }
    let api = Api::new(&ctx.aws);
    let poller = Poller::new(&api);
    let work =
        Work { ctx, api: &api, poller: &poller, history, locked, journal, protected, attempt };
    let order = schedule::reversed(stacks);
    ctx.events.send(EventKind::Graph { stacks: order.iter().map(described).collect() });
    let mut schedule = Schedule::new(order, ctx.concurrency.get());
    let mut running = FuturesUnordered::new();
    let mut first_error = None;
    let mut deleted = Vec::new();
    loop {
        if ctx.cancel.is_cancelled() {
            first_error = first_error.or(Some(CfnError::Interrupted));
        } else {
            running.extend(schedule.start().into_iter().map(|name| one(work, name)));
        }
        let Some((name, result)) = running.next().await else {
            break;
        };
        match result {
            Ok(existed) => {
                schedule.end(&name, schedule::Ended::Well);
                deleted.extend(existed.then_some(name));
            }
            Err(error) => {
                schedule.end(&name, schedule::Ended::Badly);
                first_error = first_error.or(Some(error));
            }
        }
    }
    drop(running);
    first_error.map_or(Ok(deleted), Err)
}

fn described((name, needs): (&StackName, &BTreeSet<StackName>)) -> GraphStack {
    GraphStack {
        name: name.to_string(),
        title: format!("delete {name}"),
        step: step(name),
        needs: needs.iter().map(StackName::to_string).collect(),
    }
}

fn step(name: &StackName) -> String {
    format!("delete/{name}")
}

async fn one(work: Work<'_>, name: StackName) -> (StackName, Result<bool, CfnError>) {
    let key = step(&name);
    work.ctx.events.step(&key, format!("delete {name}"));
    let begin = Instant::now();
    let result = remove(work, &name, &key).await;
    let seconds = begin.elapsed().as_secs_f64();
    let (outcome, detail) = match &result {
        Ok(true) => (Outcome::Done, format!("gone in {seconds:.1} s")),
        Ok(false) => (Outcome::Unchanged, "does not exist".to_owned()),
        Err(error) => (Outcome::Failed, error.to_string()),
    };
    work.ctx.events.step_done(&key, outcome, detail);
    (name, result)
}

async fn remove(work: Work<'_>, name: &StackName, key: &str) -> Result<bool, CfnError> {
    work.locked.check()?;
    let found = work.api.describe(name, None).await?.map(Observed::read).transpose()?;
    let Some(mut found) = found.filter(|found| found.status != StackStatus::DeleteComplete) else {
        return Ok(false);
    };
    found.must_not_be_nested()?;
    if found.status.is_busy() && found.status != StackStatus::DeleteInProgress {
        found = work.watch(&found, None).await?.stack;
    }
    // One that was put on meanwhile is refused by CloudFormation itself.
    if found.termination_protection && work.protected == Protected::TakeOff {
        work.api.protect(name, false).await?;
    }
    let token = match work.attempt {
        0 => work.ctx.token(key),
        attempt => work.ctx.token(&format!("{key} {attempt}")),
    };
    if let Some(journal) = work.journal {
        journal.intent(key, &token).await?;
    }
    let ended = if found.status == StackStatus::DeleteInProgress {
        work.watch(&found, None).await?
    } else {
        work.api.delete(name, &token).await?;
        work.watch(&found, Some(&token)).await?
    };
    if ended.stack.status != StackStatus::DeleteComplete {
        let error = ended.failure(None);
        if let Some(journal) = work.journal {
            journal.failed(key, &error.to_string()).await?;
        }
        return Err(error);
    }
    if let Some(took) = ended.trail.took() {
        work.history.note(Operation::Delete, name.as_str(), took);
    }
    if let Some(journal) = work.journal {
        journal.done(key, "gone").await?;
    }
    Ok(true)
}

impl Work<'_> {
    /// Watches what was asked for with this token, else what somebody else began.
    async fn watch(&self, found: &Observed, token: Option<&str>) -> Result<Ended, CfnError> {
        let operation = watch::Operation {
            stack: &found.name,
            id: &found.id,
            token,
            before: token.map(|_| found),
            expected: self.history.expected(Operation::Delete, found.name.as_str()),
            black_box: None,
        };
        watch::until_settled(self.ctx, self.api, self.poller, operation).await
    }
}
