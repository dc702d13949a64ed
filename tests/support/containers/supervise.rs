//! The watcher: one detached process per container. It starts the container, keeps its output,
//! runs its health command, and writes down how it ended.

use super::Error;
use super::state::{Backend, Record, State, write_whole};
use super::{health, lifecycle, podman, process};
use fs_err as fs;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Command, Stdio};

/// Watches the container until it ends.
pub(super) fn run(state: &State, id: &str) -> Result<(), Error> {
    let record = state.find(id)?;
    let folder = state.folder(id);
    write_whole(&folder.join("supervisor"), lifecycle::identity(std::process::id()).as_bytes())?;
    let log = fs::OpenOptions::new().create(true).append(true).open(folder.join("output.log"))?;
    let code = match spawn(state, &record, log.into_parts().0) {
        Ok(mut child) => {
            write_whole(&folder.join("child"), lifecycle::identity(child.id()).as_bytes())?;
            health::watch(state, &record);
            let status = child.wait()?;
            status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or(0))
        }
        Err(error) => {
            note(state, &record, &error.to_string());
            125
        }
    };
    write_whole(&folder.join("exit_code"), code.to_string().as_bytes())
}

fn spawn(state: &State, record: &Record, log: std::fs::File) -> Result<std::process::Child, Error> {
    let mut command = match record.backend {
        Backend::Podman => {
            let mut podman = podman::command(state)?;
            podman.args(["start", "--attach", &podman::name(&record.id)]);
            podman
        }
        Backend::Process => process::enter(state, record, &record.argv)?,
        Backend::Pretend => {
            let mut own = Command::new(std::env::current_exe()?);
            own.args(["pretend", &record.id]);
            own
        }
    };
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(0);
    Ok(command.spawn()?)
}

/// A line of ours in the container's log.
fn note(state: &State, record: &Record, text: &str) {
    use std::io::Write;
    let path = state.folder(&record.id).join("output.log");
    if let Ok(mut file) = fs::OpenOptions::new().append(true).open(path) {
        // The exit code tells it too.
        let _ = writeln!(file, "cloudops-containers: {text}");
    }
}
