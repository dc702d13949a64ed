//! What is kept of a run: its events and how it ended, beside its journal.
//!
//! A run is written when its lock is held, every few seconds while it goes on, and at its end.
//! That is memory, not truth: failing to write it is a warning and never fails the run.

mod list;
mod recorder;
mod verdict;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::{
    lock::{self, LockError, Locked, Owner},
    store::{Document, Store},
};
use crate::{
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    events::{Event, EventKind, Outcome},
    ids::{AccountId, Region},
};

pub use list::{Found, NoSuchRun, RunError, Which, lines, list, read};
pub use verdict::Verdict;

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    /// When.
    pub time: Timestamp,
    /// What kind of outcome it was.
    pub class: Class,
    /// The exit code of that class.
    pub exit_code: u8,
    /// The error, if there was one.
    pub error: Option<String>,
    /// What to do next.
    pub hints: Vec<String>,
}

/// The report of a run: `v1/runs/<scope>/<run>/report.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunReport {
    /// Run id.
    pub run: String,
    /// Scope of its lock.
    pub scope: String,
    /// The command, such as `cloudcore init`.
    pub command: String,
    /// Version of the program.
    pub version: String,
    /// Who ran it, and where.
    pub owner: Owner,
    /// ARN of the user or role that acted.
    pub caller: String,
    /// Account.
    pub account: AccountId,
    /// Region.
    pub region: Region,
    /// When it began.
    pub began: Timestamp,
    /// How it ended; nothing while it runs, or when it was killed.
    pub ended: Option<Ending>,
}

impl Document for RunReport {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "the report of a run";
}

impl RunReport {
    /// How long it took, once it has ended.
    #[must_use]
    pub fn took(&self) -> Option<SignedDuration> {
        self.ended.as_ref().map(|ended| ended.time.duration_since(self.began))
    }
}

/// A recorded run: all that `show` needs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDocument {
    /// Its report.
    pub report: RunReport,
    /// Its events, as far as this version knows their kind.
    pub events: Vec<Event>,
    /// Whether it holds its lock at this moment.
    pub running: bool,
}

/// Runs some work while holding a lock, like [`lock::with_lock`], and records the run: what the
/// context has reported so far, what the work reports, and how it ends (`PutObject`).
///
/// # Errors
/// Those of [`lock::with_lock`]; never one of the recording, which is a warning.
pub async fn recorded<T, E, F, Fut>(
    ctx: &Ctx,
    store: &Store,
    request: lock::Request,
    work: F,
) -> Result<T, E>
where
    F: FnOnce(Locked) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    E: From<LockError> + Diagnose,
{
    let report = begin(ctx, &request);
    lock::with_lock(ctx, store, request, async |locked| {
        let (run, command) = (report.run.clone(), report.command.clone());
        ctx.events.send(EventKind::RunStarted { run: run.clone(), command });
        let recorder = recorder::start(ctx, store, report);
        let result = work(locked).await;
        let ending = ending(&result);
        let outcome = if result.is_ok() { Outcome::Done } else { Outcome::Failed };
        ctx.events.send(EventKind::RunFinished { run, outcome });
        recorder.finish(ctx, ending).await;
        result
    })
    .await
}

fn begin(ctx: &Ctx, request: &lock::Request) -> RunReport {
    // Work that began before there was a lock belongs to the run; a question to a person does not.
    let is_work = |event: &&Event| {
        matches!(event.kind, EventKind::Graph { .. } | EventKind::StepStarted { .. })
    };
    let first = ctx.recording.events().iter().find(is_work).map(|event| event.time);
    RunReport {
        run: ctx.run.to_string(),
        scope: request.scope.clone(),
        command: request.command.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        owner: request.owner.clone(),
        caller: ctx.aws.caller().to_owned(),
        account: ctx.aws.account().clone(),
        region: ctx.aws.region().clone(),
        began: first.unwrap_or_else(Timestamp::now),
        ended: None,
    }
}

fn ending<T, E: Diagnose>(result: &Result<T, E>) -> Ending {
    let error = result.as_ref().err();
    let class = error.map_or(Class::Done, Diagnose::class);
    Ending {
        time: Timestamp::now(),
        class,
        exit_code: class.code(),
        error: error.map(ToString::to_string),
        hints: error.map(Diagnose::hints).unwrap_or_default(),
    }
}

/// For the options of [`crate::cfn::apply::apply`]: reports the outputs of each stack that is
/// done, so that they are kept with the run.
#[cfg(feature = "stacks")]
#[must_use]
pub fn keep_outputs(ctx: &Ctx) -> crate::cfn::apply::OnDone {
    let events = ctx.events.clone();
    std::sync::Arc::new(move |name, outputs| {
        if !outputs.is_empty() {
            let (stack, outputs) = (name.to_string(), outputs.clone());
            events.send(EventKind::Outputs { stack, outputs });
        }
    })
}

const PREFIX: &str = "v1/runs/";

fn folder(report: &RunReport) -> String {
    format!("{PREFIX}{}/{}/", report.scope, report.run)
}

#[cfg(test)]
mod tests;
