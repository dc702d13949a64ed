//! What can go wrong with the build server.

use crate::{
    diagnose::{Class, Diagnose},
    jenkins::{BuildResult, DefinitionError, ItemPath, QueueItem, RUN_PARAMETER},
    redact::SafeUrl,
    wait::WaitError,
};

/// Why a request to Jenkins, or the work it started, did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum JenkinsError {
    /// No connection, or no answer in time.
    #[error("cannot reach Jenkins at {url}: {reason}")]
    Unreachable {
        /// The server.
        url: SafeUrl,
        /// What the connection said.
        reason: String,
    },
    /// Jenkins, or the load balancer before it, asks to come back later.
    #[error("Jenkins at {url} is not available: {reason}")]
    NotReady {
        /// The server.
        url: SafeUrl,
        /// What it said.
        reason: String,
    },
    /// Something else answers at the address.
    #[error("{url} is not Jenkins: {reason}")]
    NotJenkins {
        /// The address.
        url: SafeUrl,
        /// What was seen.
        reason: String,
    },
    /// Jenkins does not accept the user and the secret.
    #[error("Jenkins at {url} does not accept user `{user}`")]
    Unauthorized {
        /// The server.
        url: SafeUrl,
        /// The user.
        user: String,
    },
    /// The user may not do this.
    #[error("Jenkins forbids user `{user}` to {action}: {reason}")]
    Forbidden {
        /// The user.
        user: String,
        /// What was tried.
        action: String,
        /// What Jenkins said.
        reason: String,
    },
    /// There is no such job, folder, build or queue item.
    #[error("Jenkins has nothing to {action}")]
    NotFound {
        /// What was tried.
        action: String,
    },
    /// Jenkins refuses the request.
    #[error("Jenkins refuses to {action}: {reason} (HTTP {status})")]
    Refused {
        /// What was tried.
        action: String,
        /// HTTP status.
        status: u16,
        /// What Jenkins said.
        reason: String,
    },
    /// An answer that is not of the documented form.
    #[error("cannot read Jenkins' answer to {action}: {reason}")]
    Answer {
        /// What was tried.
        action: String,
        /// What is wrong with the answer.
        reason: String,
    },
    /// The connection was described wrongly.
    #[error("cannot connect to Jenkins: {reason}")]
    Connection {
        /// What is wrong.
        reason: String,
    },
    /// A job definition that cannot be written.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// An item is not ours, and this needs one of ours.
    #[error("Jenkins item {path} is not ours: {reason}")]
    NotOurs {
        /// The item.
        path: ItemPath,
        /// Why not.
        reason: String,
    },
    /// Somebody took the build out of the queue.
    #[error("queue item {} of {} was cancelled before it started", .0.id, .0.job)]
    QueueCancelled(QueueItem),
    /// Neither the queue item nor its build is there, which happens when Jenkins crashes.
    #[error("Jenkins lost queue item {} of {}; no build has {RUN_PARAMETER}={}", .0.id, .0.job, .0.run)]
    QueueLost(QueueItem),
    /// The build ended, and not well.
    #[error("{job} #{} ended with {}", .result.number, .result.outcome)]
    BuildFailed {
        /// The job.
        job: ItemPath,
        /// How it ended.
        result: BuildResult,
    },
    /// The wait ended without its condition.
    #[error("waiting for {what}: {reason}")]
    Wait {
        /// What was awaited.
        what: String,
        /// Why it ended.
        reason: WaitError,
    },
}

impl From<WaitError> for JenkinsError {
    fn from(reason: WaitError) -> Self {
        Self::Wait { what: "Jenkins".to_owned(), reason }
    }
}

impl JenkinsError {
    /// Names what was awaited.
    pub(super) fn while_waiting_for(self, awaited: impl Into<String>) -> Self {
        match self {
            Self::Wait { reason, .. } => Self::Wait { what: awaited.into(), reason },
            other => other,
        }
    }

    /// Whether the same request may succeed in a moment: no answer, or "come back later".
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::NotReady { .. })
    }

    /// Whether Jenkins says that the thing does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

impl Diagnose for JenkinsError {
    fn class(&self) -> Class {
        match self {
            Self::Unreachable { .. } | Self::NotReady { .. } | Self::Answer { .. } => {
                Class::Unavailable
            }
            Self::Unauthorized { .. } | Self::Forbidden { .. } => Class::Credentials,
            Self::NotJenkins { .. } | Self::Connection { .. } | Self::Definition(_) => {
                Class::Configuration
            }
            Self::NotFound { .. } => Class::NotReady,
            Self::NotOurs { .. } => Class::Denied,
            Self::Refused { .. }
            | Self::QueueCancelled(_)
            | Self::QueueLost(_)
            | Self::BuildFailed { .. } => Class::NeedsOperator,
            Self::Wait { reason: WaitError::Deadline(_), .. } => Class::TimedOut,
            Self::Wait { reason: WaitError::Cancelled, .. } => Class::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Unreachable { url, .. } => format!(
                "Check that the build server runs and that this machine may reach it: \
                 `curl -I {url}`."
            ),
            Self::NotReady { .. } => "Jenkins needs a minute or two to start; run the same \
                 command again."
                .to_owned(),
            Self::NotJenkins { .. } => {
                "Check the address of the build server in the configuration.".to_owned()
            }
            Self::Unauthorized { user, .. } => format!(
                "Check the password or API token of `{user}`; a new token is made under \
                 \"Security\" of the user in Jenkins."
            ),
            Self::Forbidden { user, .. } => {
                format!("Give `{user}` this right in Jenkins, or use another user.")
            }
            Self::NotFound { .. } => "Run the command that creates the jobs first.".to_owned(),
            Self::NotOurs { path, .. } => format!(
                "Rename or delete {path} in Jenkins, or choose another name; it is left as it is."
            ),
            Self::QueueCancelled(item) | Self::QueueLost(item) => {
                format!("Start {} again.", item.job)
            }
            Self::BuildFailed { result, .. } => {
                format!("Read the log at {}console, correct the cause, start it again.", result.url)
            }
            Self::Wait { reason: WaitError::Deadline(_), .. } => {
                "The work goes on in Jenkins; the same command attaches to it.".to_owned()
            }
            Self::Refused { .. }
            | Self::Answer { .. }
            | Self::Connection { .. }
            | Self::Definition(_)
            | Self::Wait { .. } => return Vec::new(),
        };
        vec![hint]
    }
}

/// The texts of an error and of its sources; the URL of the request is left out.
pub(super) fn chain(error: &reqwest::Error) -> String {
    let mut texts = Vec::new();
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        texts.push(source.to_string());
        next = source.source();
    }
    if error.is_timeout() {
        texts.push("no answer in time".to_owned());
    }
    texts.dedup();
    if texts.is_empty() { "the request failed".to_owned() } else { texts.join(": ") }
}
