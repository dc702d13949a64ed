//! The local AWS of the journey: a program of its own, never linked.

use std::path::PathBuf;

use super::{Crate, Tools, has_version};
use crate::failure::{Failure, Outcome};
use crate::print;
use crate::progress::Progress;

/// A development build: a release build takes four times as long and is no faster for our use.
const FAKECLOUD: Crate = Crate { name: "fakecloud", version: "0.51.0", profile: "dev" };

impl Tools {
    /// `FAKECLOUD_BIN`, else the one in the tools folder, else one on the `PATH` of the right
    /// version, else a new build.
    pub(crate) fn fakecloud(&self, progress: &Progress) -> Outcome<PathBuf> {
        if let Some(named) = named_by_variable()? {
            return Ok(named);
        }
        let folder = format!("{}-{}", FAKECLOUD.name, FAKECLOUD.version);
        let built = self.root().join(folder).join("bin/fakecloud");
        if has_version(&built, FAKECLOUD.version) {
            return Ok(built);
        }
        if let Some(found) = on_path() {
            return Ok(found);
        }
        print::note(format!(
            "fakecloud {}, the local AWS, is built for the first time: about 10 minutes",
            FAKECLOUD.version
        ));
        self.install(&FAKECLOUD, progress)
    }
}

/// The one that `FAKECLOUD_BIN` names, which must be the right one.
pub(crate) fn named_by_variable() -> Outcome<Option<PathBuf>> {
    let named = std::env::var_os("FAKECLOUD_BIN").filter(|value| !value.is_empty());
    let Some(program) = named.map(PathBuf::from) else {
        return Ok(None);
    };
    if has_version(&program, FAKECLOUD.version) {
        return Ok(Some(program));
    }
    Err(Failure::configuration(format!(
        "FAKECLOUD_BIN names {}, which is not fakecloud {}",
        program.display(),
        FAKECLOUD.version
    ))
    .hint("unset FAKECLOUD_BIN to have the right one built"))
}

fn on_path() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let mut candidates = std::env::split_paths(&path).map(|folder| folder.join(FAKECLOUD.name));
    candidates.find(|program| program.is_file() && has_version(program, FAKECLOUD.version))
}
