//! Programs that the tasks need and that no checkout holds: kept outside of it, one folder per
//! name and version, made once and shared by all checkouts of a person.

pub(crate) mod fakecloud;
pub(crate) mod jars;
pub(crate) mod nextest;
pub(crate) mod peers;
pub(crate) mod python;
pub(crate) mod tomcat;

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use fs_err as fs;

use crate::command;
use crate::failure::{Failure, Outcome};
use crate::progress::Progress;

/// `CLOUDOPS_TOOLS`, else a folder in the person's cache.
#[derive(Clone)]
pub(crate) struct Tools {
    root: PathBuf,
}

impl Tools {
    pub(crate) fn open() -> Outcome<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let root = root(
            variable("CLOUDOPS_TOOLS").map(PathBuf::from),
            variable("XDG_CACHE_HOME").map(PathBuf::from),
            variable("HOME").map(PathBuf::from),
        )?;
        fs::create_dir_all(root.join("logs"))?;
        Ok(Self { root: fs::canonicalize(root)? })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Where the output of making `name` goes.
    fn log(&self, name: &str) -> PathBuf {
        self.root.join("logs").join(format!("{name}.log"))
    }

    /// Makes the folder `name` by `make` unless it is complete. `make` gets a folder to fill. Only
    /// one process at a time makes one name; what a killed one left is made again.
    fn make(
        &self,
        name: &str,
        progress: &Progress,
        make: impl FnOnce(&Path) -> Outcome,
    ) -> Outcome<PathBuf> {
        let folder = self.root.join(name);
        let complete = folder.join(".complete");
        if complete.is_file() {
            return Ok(folder);
        }
        let _lock = self.lock(name, progress)?;
        if !complete.is_file() {
            make(&folder)?;
            fs::write(&complete, "")?;
        }
        Ok(folder)
    }

    /// Held until the file is dropped or the process ends, however it ends.
    fn lock(&self, name: &str, progress: &Progress) -> Outcome<File> {
        let file = File::create(self.root.join(format!(".{name}.lock")))?;
        if matches!(file.try_lock(), Err(TryLockError::WouldBlock)) {
            progress.now("waiting: another run is getting it");
            file.lock()?;
        }
        Ok(file)
    }

    /// Builds a program of crates.io into a folder of its own.
    fn install(&self, program: &Crate, progress: &Progress) -> Outcome<PathBuf> {
        let name = format!("{}-{}", program.name, program.version);
        let folder = self.make(&name, progress, |folder| {
            let build = self.root.join(format!(".{name}.build"));
            let mut cargo = command::cargo(&self.root);
            cargo.args(["install", program.name, "--version", program.version, "--locked"]);
            cargo.args(["--force", "--profile", program.profile, "--root"]).arg(folder);
            cargo.env("CARGO_TARGET_DIR", &build).env("CARGO_PROFILE_DEV_DEBUG", "0");
            progress.run(&mut cargo, &self.log(&name)).map_err(|failure| {
                failure.hint("it is built from crates.io; run the same command again to go on")
            })?;
            strip(&folder.join("bin").join(program.name));
            Ok(fs::remove_dir_all(build)?)
        })?;
        Ok(folder.join("bin").join(program.name))
    }
}

/// A program of crates.io, pinned.
struct Crate {
    name: &'static str,
    version: &'static str,
    profile: &'static str,
}

/// Smaller if `strip` is there; as good if not.
fn strip(program: &Path) {
    let _ = command::program("strip").arg(program).status();
}

/// Whether `program --version` names `version`.
fn has_version(program: impl AsRef<std::ffi::OsStr>, version: &str) -> bool {
    let line = command::first_line(command::program(program).arg("--version"));
    line.is_some_and(|line| line.split_whitespace().any(|word| word == version))
}

fn root(own: Option<PathBuf>, cache: Option<PathBuf>, home: Option<PathBuf>) -> Outcome<PathBuf> {
    own.or_else(|| cache.map(|cache| cache.join("cloudops-tools")))
        .or_else(|| home.map(|home| home.join(".cache/cloudops-tools")))
        .ok_or_else(|| {
            Failure::configuration("there is no folder for tools: HOME is not set")
                .hint("name one in CLOUDOPS_TOOLS")
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Board;

    #[test]
    fn the_own_variable_wins_then_the_cache_then_the_home() {
        let path = |text: &str| Some(PathBuf::from(text));
        assert_eq!(root(path("/t"), path("/c"), path("/h")).unwrap(), Path::new("/t"));
        assert_eq!(root(None, path("/c"), path("/h")).unwrap(), Path::new("/c/cloudops-tools"));
        assert_eq!(root(None, None, path("/h")).unwrap(), Path::new("/h/.cache/cloudops-tools"));
        assert_eq!(root(None, None, None).unwrap_err().hints(), ["name one in CLOUDOPS_TOOLS"]);
    }

    #[test]
    fn a_tool_is_made_once_and_again_after_a_failure() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("logs")).unwrap();
        let tools = Tools { root: folder.path().to_owned() };
        let made = Board::new().spawn("example", move |progress| {
            let failed = tools.make("tool", progress, |_| Err(Failure::new("no")));
            assert!(failed.is_err());
            let fill = |folder: &Path| Ok(fs::create_dir_all(folder)?);
            tools.make("tool", progress, fill)?;
            tools.make("tool", progress, |_| Err(Failure::new("made twice")))
        });
        assert!(made.join().unwrap().join(".complete").is_file());
    }
}
