//! What can go wrong with the build server.

use std::time::Duration;

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
        /// When it wants to be asked again (`Retry-After`).
        retry_after: Option<Duration>,
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
    /// An answer that is larger than what is read into memory.
    #[error("Jenkins' answer to {action} is larger than {} MiB", .limit / 1024 / 1024)]
    TooLarge {
        /// What was tried.
        action: String,
        /// Most that is read, in bytes.
        limit: u64,
    },
    /// The plugins are not those that its image was made with.
    #[error("Jenkins at {url} has not the plugins of the lock file: {}", .faults.join("; "))]
    Plugins {
        /// The server.
        url: SafeUrl,
        /// What is missing, has another version or is not active.
        faults: Vec<String>,
    },
    /// A folder still holds something.
    #[error("Jenkins folder {path} is not empty: it holds {}", .names.join(", "))]
    NotEmpty {
        /// The folder.
        path: ItemPath,
        /// What is in it.
        names: Vec<String>,
    },
    /// A file of this machine cannot be written.
    #[error("cannot write {file}: {source}")]
    File {
        /// The file.
        file: camino::Utf8PathBuf,
        /// What the system says.
        source: std::io::Error,
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

    /// How long the server asks to be left alone, where it does.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::NotReady { retry_after, .. } => *retry_after,
            _ => None,
        }
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
            Self::NotFound { .. } | Self::Plugins { .. } => Class::NotReady,
            Self::NotOurs { .. } | Self::NotEmpty { .. } => Class::Denied,
            Self::TooLarge { .. }
            | Self::File { .. }
            | Self::Refused { .. }
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
            Self::Plugins { .. } => {
                "`cloudcore build-server status` shows what differs, and `cloudcore build-server \
                 upgrade` brings the plugins of the lock file."
                    .to_owned()
            }
            Self::NotEmpty { path, .. } => {
                format!("Delete or move in Jenkins what {path} holds, or leave the folder.")
            }
            Self::TooLarge { .. } => "Keep fewer builds in the job, or look at it in the browser: \
                 nothing of this size is read into memory."
                .to_owned(),
            Self::File { .. } => "Choose another file, or make room for it.".to_owned(),
            Self::Refused { status: 500.., .. } => {
                "Read the log of Jenkins (\"System Log\"), which has the cause.".to_owned()
            }
            Self::Refused { .. } => {
                "Look at the item in Jenkins: its state or its name keeps this from being done."
                    .to_owned()
            }
            Self::Answer { .. } => {
                "Run the same command again; when it stays, compare the version of Jenkins with \
                 that of the build server's image (`cloudcore build-server status`)."
                    .to_owned()
            }
            Self::Connection { .. } => {
                "Correct the address of the build server in the configuration.".to_owned()
            }
            Self::Definition(_) => "Correct the definition; nothing was written.".to_owned(),
            Self::Wait { .. } => return Vec::new(),
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
