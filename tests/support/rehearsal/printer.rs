//! The only place of the rehearsal that writes to the terminal.

use std::io::{IsTerminal, Write};

/// Where the tour is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// Standard output: a person reads it.
    Output,
    /// Standard error: standard output is for a program.
    Errors,
}

/// Writes the tour. A reader that has gone is no reason to stop, so a failed write is let go.
#[derive(Debug, Clone, Copy)]
pub struct Printer {
    target: Target,
    color: bool,
}

impl Printer {
    /// A printer that colours its words when a person looks.
    #[must_use]
    pub fn new(target: Target) -> Self {
        let terminal = match target {
            Target::Output => std::io::stdout().is_terminal(),
            Target::Errors => std::io::stderr().is_terminal(),
        };
        let plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { target, color: terminal && !plain }
    }

    /// A part of the tour begins.
    pub fn chapter(&self, title: &str) {
        self.line("");
        self.line(&self.bold(&format!("== {title}")));
    }

    /// A command, as a person would type it.
    pub fn command(&self, text: &str) {
        self.line("");
        self.line(&self.bold(&format!("$ {text}")));
    }

    /// What a program says.
    pub fn program(&self, line: &str) {
        self.line(&format!("  {line}"));
    }

    /// What we say about a step.
    pub fn note(&self, text: &str) {
        for line in text.lines() {
            self.line(&self.dim(&format!("  # {line}")));
        }
    }

    /// Why the rehearsal stopped.
    pub fn failure(&self, text: &str) {
        self.line("");
        self.line(&self.red(text));
    }

    /// A line as it is.
    pub fn line(&self, text: &str) {
        let _ = match self.target {
            Target::Output => writeln!(std::io::stdout(), "{text}"),
            Target::Errors => writeln!(std::io::stderr(), "{text}"),
        };
    }

    /// The result for a program, always on standard output.
    pub fn document(text: &str) {
        let _ = writeln!(std::io::stdout(), "{text}");
    }

    fn bold(&self, text: &str) -> String {
        self.painted("1", text)
    }

    fn dim(&self, text: &str) -> String {
        self.painted("2", text)
    }

    fn red(&self, text: &str) -> String {
        self.painted("31", text)
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}
