//! What earlier runs learnt: how long things took, from which estimates and the pace of looking
//! come, and which template each stack had, so that it need not be read again.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::observe::Observed;

/// How many of the last durations are kept of each operation.
const KEPT: usize = 5;

/// What is known of stacks from before. Cheap to clone; every clone is the same history.
#[derive(Debug, Clone, Default)]
pub struct History(Arc<Mutex<Learnt>>);

/// The document of a history.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Learnt {
    /// Seconds of the last operations, the newest last, by `create/<stack>`, `update/<stack>` or
    /// `delete/<stack>`.
    pub stacks: BTreeMap<String, Vec<f64>>,
    /// The template that a stack had, by stack name.
    #[serde(default)]
    pub templates: BTreeMap<String, KnownTemplate>,
}

/// The template that one form of a stack had. CloudFormation changes a template only together
/// with the time of the stack's last update, so it holds as long as id and version do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownTemplate {
    /// Stack id: a stack that was deleted and made again is another one.
    pub id: String,
    /// When the stack was last changed ([`Observed::version`]).
    pub version: String,
    /// Digest of the template's text.
    pub digest: String,
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
    pub fn new(learnt: Learnt) -> Self {
        Self(Arc::new(Mutex::new(learnt)))
    }

    /// What is known now, to be kept.
    #[must_use]
    pub fn learnt(&self) -> Learnt {
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

    /// The digest of the template that a stack has, if this form of it was seen before.
    pub(super) fn template(&self, stack: &Observed) -> Option<String> {
        let known = self.lock();
        let template = known.templates.get(stack.name.as_str())?;
        let same = template.id == stack.id && template.version == stack.version;
        same.then(|| template.digest.clone())
    }

    /// Notes which template a stack has, which rests.
    pub(super) fn note_template(&self, stack: &Observed, digest: &str) {
        let template = KnownTemplate {
            id: stack.id.clone(),
            version: stack.version.clone(),
            digest: digest.to_owned(),
        };
        self.lock().templates.insert(stack.name.to_string(), template);
    }

    fn lock(&self) -> MutexGuard<'_, Learnt> {
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
        let again = History::new(history.learnt());
        assert_eq!(again.expected(Operation::Create, "net"), Some(Duration::from_secs(30)));
    }

    #[test]
    fn a_template_is_known_of_one_form_of_a_stack_only() {
        let history = History::default();
        let stack = Observed { version: "1".to_owned(), ..Observed::for_tests("net") };
        assert_eq!(history.template(&stack), None);
        history.note_template(&stack, "abc");
        assert_eq!(history.template(&stack), Some("abc".to_owned()));
        let updated = Observed { version: "2".to_owned(), ..stack.clone() };
        assert_eq!(history.template(&updated), None);
        let made_again = Observed { id: "arn:other".to_owned(), ..stack };
        assert_eq!(history.template(&made_again), None);
    }
}
