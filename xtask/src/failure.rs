//! Why a task stopped: a sentence, what to do about it, and the exit code.

use std::fmt;
use std::process::ExitCode;

/// The result of a step of a task.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// Why a task stopped. The codes are those of the programs' public table.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hints: Vec<String>,
    code: u8,
}

impl Failure {
    /// A check or a test failed.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hints: Vec::new(), code: 1 }
    }

    /// A variable names something that is not usable.
    pub(crate) fn configuration(message: impl Into<String>) -> Self {
        Self { code: 3, ..Self::new(message) }
    }

    /// Something has to be installed first.
    pub(crate) fn not_ready(message: impl Into<String>) -> Self {
        Self { code: 5, ..Self::new(message) }
    }

    /// A download failed: later it may work.
    pub(crate) fn unavailable(message: impl Into<String>) -> Self {
        Self { code: 12, ..Self::new(message) }
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    pub(crate) fn hints(&self) -> &[String] {
        &self.hints
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.code)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new(error.to_string())
    }
}
