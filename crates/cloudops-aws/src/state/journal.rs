//! The intent log of a run: what it meant to do before each step, and what came of it.
//!
//! One object per run, rewritten with each entry under `If-Match`: S3 cannot append, and a run
//! has some tens of steps. Reading is one pure fold.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::store::{Document, ETag, StateError, Store};
use crate::ctx::Ctx;

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub time: Timestamp,
    /// Key of the step, such as `stack/acme-core-network`.
    pub step: String,
    /// What is recorded.
    #[serde(flatten)]
    pub mark: Mark,
}

/// What an entry records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "kebab-case")]
pub enum Mark {
    /// The step is about to act, with this request token.
    Intent {
        /// Token that AWS will know the request by.
        token: String,
    },
    /// The step is done.
    Done {
        /// What came of it.
        detail: String,
    },
    /// The step failed.
    Failed {
        /// Why.
        reason: String,
    },
}

/// How far a step is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepState {
    /// It may have acted: look, then go on.
    Open {
        /// Its request token.
        token: String,
    },
    /// It is done.
    Done,
    /// It failed.
    Failed,
}

/// The journal document of one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// Run id.
    pub run: String,
    /// The command.
    pub command: String,
    /// Fencing number of the lock that the run held.
    pub fence: u64,
    /// Entries in order.
    pub entries: Vec<Entry>,
}

impl Document for Log {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "a journal";
}

impl Log {
    /// How far each step is: the last mark of a step decides.
    #[must_use]
    pub fn steps(&self) -> BTreeMap<&str, StepState> {
        let mut steps = BTreeMap::new();
        for entry in &self.entries {
            let state = match &entry.mark {
                Mark::Intent { token } => StepState::Open { token: token.clone() },
                Mark::Done { .. } => StepState::Done,
                Mark::Failed { .. } => StepState::Failed,
            };
            steps.insert(entry.step.as_str(), state);
        }
        steps
    }

    /// The steps that may have acted without anybody seeing what came of it.
    #[must_use]
    pub fn open_steps(&self) -> Vec<&str> {
        let open = |(step, state)| matches!(state, StepState::Open { .. }).then_some(step);
        self.steps().into_iter().filter_map(open).collect()
    }
}

/// Writes the journal of a run.
#[derive(Debug)]
pub struct Journal {
    store: Store,
    key: String,
    inner: Mutex<(Log, Option<ETag>)>,
}

impl Journal {
    /// Begins the journal of a run in a scope, with nothing in it yet.
    #[must_use]
    pub fn begin(ctx: &Ctx, store: &Store, locked: &super::lock::Locked, command: &str) -> Self {
        let log = Log {
            run: ctx.run.to_string(),
            command: command.to_owned(),
            fence: locked.fence(),
            entries: Vec::new(),
        };
        let key = format!("{}{}/journal.json", prefix(locked.scope()), ctx.run);
        Self { store: store.clone(), key, inner: Mutex::new((log, None)) }
    }

    /// Records that a step is about to act.
    ///
    /// # Errors
    /// [`StateError`]: the step must not act then.
    pub async fn intent(&self, step: &str, token: &str) -> Result<(), StateError> {
        self.append(step, Mark::Intent { token: token.to_owned() }).await
    }

    /// Records that a step is done.
    ///
    /// # Errors
    /// [`StateError`].
    pub async fn done(&self, step: &str, detail: &str) -> Result<(), StateError> {
        self.append(step, Mark::Done { detail: detail.to_owned() }).await
    }

    /// Records that a step failed.
    ///
    /// # Errors
    /// [`StateError`].
    pub async fn failed(&self, step: &str, reason: &str) -> Result<(), StateError> {
        self.append(step, Mark::Failed { reason: reason.to_owned() }).await
    }

    async fn append(&self, step: &str, mark: Mark) -> Result<(), StateError> {
        let mut inner = self.inner.lock().await;
        let (log, etag) = &mut *inner;
        log.entries.push(Entry { time: Timestamp::now(), step: step.to_owned(), mark });
        *etag = Some(self.store.put(&self.key, log, etag.as_ref()).await?);
        Ok(())
    }
}

/// The last run of a scope before this one, if it left steps open: what a crash interrupted.
///
/// # Errors
/// [`StateError`].
pub async fn interrupted(store: &Store, scope: &str) -> Result<Option<Log>, StateError> {
    // Run ids sort by time, so the last key is the last run.
    let keys = store.keys(&prefix(scope)).await?;
    let Some(key) = keys.iter().rfind(|key| key.ends_with("/journal.json")) else {
        return Ok(None);
    };
    let log = store.get::<Log>(key).await?.map(|found| found.value);
    Ok(log.filter(|log| !log.open_steps().is_empty()))
}

fn prefix(scope: &str) -> String {
    format!("v1/runs/{scope}/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(marks: &[(&str, Mark)]) -> Log {
        let entry = |(step, mark): &(&str, Mark)| Entry {
            time: Timestamp::UNIX_EPOCH,
            step: (*step).to_owned(),
            mark: mark.clone(),
        };
        Log {
            run: "r".to_owned(),
            command: "cloudcore init".to_owned(),
            fence: 1,
            entries: marks.iter().map(entry).collect(),
        }
    }

    #[test]
    fn the_last_mark_of_a_step_decides() {
        let intent = Mark::Intent { token: "t".to_owned() };
        let done = Mark::Done { detail: String::new() };
        let failed = Mark::Failed { reason: String::new() };
        let log = log(&[("a", intent.clone()), ("b", intent.clone()), ("a", done), ("c", failed)]);
        assert_eq!(log.open_steps(), ["b"]);
        assert_eq!(log.steps()["a"], StepState::Done);
        let text = serde_json::to_string(&log).unwrap();
        assert_eq!(serde_json::from_str::<Log>(&text).unwrap(), log);
    }
}
