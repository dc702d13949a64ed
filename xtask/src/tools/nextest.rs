//! The test runner.

use std::path::PathBuf;

use super::{Crate, Tools};
use crate::command;
use crate::failure::Outcome;
use crate::print;
use crate::progress::Progress;

const NEXTEST: Crate = Crate { name: "cargo-nextest", version: "0.9.143", profile: "dev" };

impl Tools {
    /// The installed one, whatever its version, else a build of the pinned one.
    pub(crate) fn nextest(&self, progress: &Progress) -> Outcome<PathBuf> {
        let mut installed = command::program(NEXTEST.name);
        if command::first_line(installed.args(["nextest", "--version"])).is_some() {
            return Ok(NEXTEST.name.into());
        }
        let folder = format!("{}-{}", NEXTEST.name, NEXTEST.version);
        if !self.root().join(folder).join(".complete").is_file() {
            print::note("cargo-nextest is built for the first time: a few minutes");
        }
        self.install(&NEXTEST, progress)
    }
}
