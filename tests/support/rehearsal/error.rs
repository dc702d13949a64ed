//! Why a rehearsal stopped.

use std::path::PathBuf;

use crate::emulator::{EmulatorError, ProxyClientError};

/// Why a rehearsal stopped.
#[derive(Debug, thiserror::Error)]
pub enum RehearsalError {
    /// A file or folder.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// The local AWS.
    #[error(transparent)]
    Emulator(#[from] EmulatorError),
    /// The proxy's own API.
    #[error(transparent)]
    Proxy(#[from] ProxyClientError),
    /// An answer that is no JSON, or of another form.
    #[error("{what}: {source}")]
    Json {
        /// What was read.
        what: &'static str,
        /// Why it could not be.
        source: serde_json::Error,
    },
    /// A program cannot be started.
    #[error("cannot start {program}: {source}")]
    Start {
        /// Its path.
        program: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A program of the stage did not do its work.
    #[error("{name} failed: {reason}")]
    Failed {
        /// What it is.
        name: String,
        /// Its own words.
        reason: String,
    },
    /// A step did not do what it should.
    #[error("{0}")]
    Unexpected(String),
    /// Ctrl-C, or the order to end.
    #[error("interrupted")]
    Interrupted,
}

impl RehearsalError {
    /// A step did not do what it should.
    #[must_use]
    pub fn unexpected(text: impl Into<String>) -> Self {
        Self::Unexpected(text.into())
    }

    /// A helper program ended badly.
    pub(super) fn failed(name: impl Into<String>, output: &std::process::Output) -> Self {
        let text = String::from_utf8_lossy(&output.stderr);
        let lines: Vec<&str> = text.lines().collect();
        let reason = lines[lines.len().saturating_sub(20)..].join("\n");
        Self::Failed { name: name.into(), reason: format!("{}\n{reason}", output.status) }
    }
}
