//! How long things took before: what estimates and the pace of looking come from.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

/// How many of the last durations are kept of each operation.
const KEPT: usize = 5;

/// Durations of operations on stacks, by operation and stack name. Cheap to clone; every clone
/// is the same history.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<Durations>>);

/// The document of a history: seconds of the last operations, the newest last, by
/// `create/<stack>`, `update/<stack>` or `delete/<stack>`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Durations {
    /// Seconds, by operation and stack.
    pub stacks: BTreeMap<String, Vec<f64>>,
}

/// What is done to a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Operation {
    /// It is created.
    Create,
    /// It is updated.
    Update,
    /// It is deleted.
    Delete,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

fn key(operation: Operation, stack: &str) -> String {
    format!("{}/{stack}", operation.name())
}

impl History {
    /// A history that was kept.
    #[must_use]
    pub fn new(durations: Durations) -> Self {
        Self(Arc::new(Mutex::new(durations)))
    }

    /// What is known now, to be kept.
    #[must_use]
    pub fn durations(&self) -> Durations {
        self.lock().clone()
    }

    /// How long the operation will take: the median of the last times.
    #[must_use]
    pub fn expected(&self, operation: Operation, stack: &str) -> Option<Duration> {
        let known = self.lock();
        let mut seconds = known.stacks.get(&key(operation, stack))?.clone();
        seconds.sort_by(f64::total_cmp);
        let median = *seconds.get(seconds.len() / 2)?;
        Duration::try_from_secs_f64(median).ok()
    }

    /// Notes how long an operation took.
    pub fn note(&self, operation: Operation, stack: &str, took: Duration) {
        let mut known = self.lock();
        let seconds = known.stacks.entry(key(operation, stack)).or_default();
        seconds.push((took.as_secs_f64() * 1000.0).round() / 1000.0);
        let old = seconds.len().saturating_sub(KEPT);
        seconds.drain(..old);
    }

    fn lock(&self) -> MutexGuard<'_, Durations> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_the_last_five_is_expected() {
        let history = History::default();
        assert_eq!(history.expected(Operation::Create, "net"), None);
        for seconds in [500, 10, 40, 20, 30, 900] {
            history.note(Operation::Create, "net", Duration::from_secs(seconds));
        }
        assert_eq!(history.expected(Operation::Create, "net"), Some(Duration::from_secs(30)));
        assert_eq!(history.expected(Operation::Update, "net"), None);
        let again = History::new(history.durations());
        assert_eq!(again.expected(Operation::Create, "net"), Some(Duration::from_secs(30)));
    }
}
