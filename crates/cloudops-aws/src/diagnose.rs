//! What an error means to the person or program that ran a verb: its class (the exit code) and
//! what to do next.

use serde::{Deserialize, Serialize};

/// Class of an outcome. The number is the exit code of the programs: a public table
/// (`docs/reference/exit-codes.md`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Done, or nothing to do.
    Done,
    /// A fault of the program itself.
    Bug,
    /// Wrong command line.
    Usage,
    /// Wrong configuration or input file.
    Configuration,
    /// No credentials, or credentials that AWS or a registry does not accept.
    Credentials,
    /// Something that must run first has not run.
    NotReady,
    /// Somebody else holds the lock.
    Locked,
    /// The world changed since the plan was made.
    StalePlan,
    /// Refused by a rule or by a missing approval.
    Denied,
    /// Failed, and everything is as it was before.
    RolledBack,
    /// Failed in a way that needs a person.
    NeedsOperator,
    /// The time is over; the work still runs.
    TimedOut,
    /// A service cannot be reached or asks to come back later.
    Unavailable,
    /// `plan --detailed-exit-code`: there are changes.
    ChangesPending,
    /// Stopped by Ctrl-C or SIGTERM.
    Interrupted,
}

impl Class {
    /// All classes, in the order of their codes.
    pub const ALL: [Self; 15] = [
        Self::Done,
        Self::Bug,
        Self::Usage,
        Self::Configuration,
        Self::Credentials,
        Self::NotReady,
        Self::Locked,
        Self::StalePlan,
        Self::Denied,
        Self::RolledBack,
        Self::NeedsOperator,
        Self::TimedOut,
        Self::Unavailable,
        Self::ChangesPending,
        Self::Interrupted,
    ];

    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Bug => 1,
            Self::Usage => 2,
            Self::Configuration => 3,
            Self::Credentials => 4,
            Self::NotReady => 5,
            Self::Locked => 6,
            Self::StalePlan => 7,
            Self::Denied => 8,
            Self::RolledBack => 9,
            Self::NeedsOperator => 10,
            Self::TimedOut => 11,
            Self::Unavailable => 12,
            Self::ChangesPending => 20,
            Self::Interrupted => 130,
        }
    }

    /// What the code means, for the table.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Done => "done, or nothing to do",
            Self::Bug => "a fault of the program",
            Self::Usage => "wrong command line",
            Self::Configuration => {
                "wrong configuration or input; the message names file, line and key"
            }
            Self::Credentials => "no credentials, or AWS or a registry does not accept them",
            Self::NotReady => "something must run first; the message names the command",
            Self::Locked => "another run holds the lock; the message says who and since when",
            Self::StalePlan => "the world changed since the plan was made; plan again",
            Self::Denied => "refused by a rule or for lack of an approval",
            Self::RolledBack => "failed, and rolled back to the state before",
            Self::NeedsOperator => "failed, and a person must decide",
            Self::TimedOut => "the time is over, the work still runs",
            Self::Unavailable => "a service is unavailable; try again later",
            Self::ChangesPending => "there are changes (plan --detailed-exit-code)",
            Self::Interrupted => "interrupted; the same command goes on",
        }
    }
}

/// An error that knows its class and what to do next.
pub trait Diagnose: std::error::Error + Send + Sync + 'static {
    /// The class, which is the exit code.
    fn class(&self) -> Class;

    /// What to do next, one sentence each, with the command where there is one.
    fn hints(&self) -> Vec<String> {
        Vec::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_distinct_and_sorted() {
        let codes: Vec<u8> = Class::ALL.iter().map(|class| class.code()).collect();
        assert!(codes.windows(2).all(|pair| pair[0] < pair[1]), "{codes:?}");
    }
}
