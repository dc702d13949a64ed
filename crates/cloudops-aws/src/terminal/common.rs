//! Reports that more than one program shows.

use std::fmt::{self, Write};

use super::report::{Report, Style};

/// What `unlock` did.
#[derive(Debug)]
pub struct UnlockReport {
    /// Scope of the lock.
    pub scope: String,
    /// Whether there was a lock of that run.
    pub removed: bool,
}

impl Report for UnlockReport {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        match self.removed {
            true => writeln!(out, "the lock `{}` is removed", self.scope),
            false => writeln!(out, "that run holds no lock `{}`", self.scope),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "scope": self.scope, "removed": self.removed })
    }
}
