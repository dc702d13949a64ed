//! How a run ended, in words.

use super::RunReport;
use crate::diagnose::Class;

/// How a run ended, or that it has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It did what was asked.
    Done,
    /// It holds its lock at this moment.
    Running,
    /// It ended without saying how: killed, or cut off from the state bucket.
    CutOff,
    /// Somebody stopped it.
    Stopped,
    /// It failed.
    Failed(Class),
}

impl RunReport {
    /// How the run ended, given whether it holds its lock.
    #[must_use]
    pub fn verdict(&self, running: bool) -> Verdict {
        match self.ended.as_ref().map(|ended| ended.class) {
            None if running => Verdict::Running,
            None => Verdict::CutOff,
            Some(Class::Done) => Verdict::Done,
            Some(Class::Interrupted) => Verdict::Stopped,
            Some(class) => Verdict::Failed(class),
        }
    }
}

impl Verdict {
    /// One or two words.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Running => "running",
            Self::CutOff => "cut off",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
        }
    }

    /// What that means, as a part of a sentence.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        match self {
            Self::Done => "it did what was asked",
            Self::Running => "it holds its lock and goes on",
            Self::CutOff => "it ended without saying how; the same command goes on",
            Self::Stopped => Class::Interrupted.meaning(),
            Self::Failed(class) => class.meaning(),
        }
    }
}
