//! Starting the watcher of a container and waiting until there is something to watch.

use super::Error;
use super::lifecycle::{Status, status};
use super::state::{Record, State};
use fs_err as fs;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Long enough for a slow machine; the caller's own limit is a minute or more.
const LIMIT: Duration = Duration::from_secs(45);

/// Starts a created (or ended) container: `supervise` in a process group of its own, so that it
/// lives on when the caller's group is ended, and without the caller's pipes.
pub(super) fn start(state: &State, record: &Record) -> Result<(), Error> {
    if status(state, &record.id) == Status::Running {
        return Ok(());
    }
    let folder = state.folder(&record.id);
    for name in ["exit_code", "child", "supervisor", "health"] {
        if folder.join(name).exists() {
            fs::remove_file(folder.join(name))?;
        }
    }
    Command::new(std::env::current_exe()?)
        .args(["supervise", &record.id])
        .env("CLOUDOPS_CONTAINERS_DIR", &state.root)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()?;
    let start = Instant::now();
    while start.elapsed() < LIMIT {
        if folder.join("child").exists() || folder.join("exit_code").exists() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Err(Error::Backend(format!("the watcher of {} did not start", record.name)))
}
