//! Where a container is in its life, read from the files beside its record, and signals to it.

use super::Error;
use super::state::{Backend, Record, State, write_whole};
use super::{command, podman};
use fs_err as fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A container's condition in docker's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Created,
    Running,
    Exited(i32),
}

impl Status {
    /// docker's word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Running => "running",
            Self::Exited(_) => "exited",
        }
    }
}

/// Reads where a container is. A watcher that is gone without a word counts as killed.
pub(super) fn status(state: &State, id: &str) -> Status {
    let folder = state.folder(id);
    if let Some(code) = read_number(&folder.join("exit_code")) {
        return Status::Exited(i32::try_from(code).unwrap_or(-1));
    }
    match fs::read_to_string(folder.join("supervisor")) {
        Ok(text) if alive(&text) => Status::Running,
        // The watcher may have ended between the two looks.
        Ok(_) => Status::Exited(
            read_number(&folder.join("exit_code")).map_or(137, |c| i32::try_from(c).unwrap_or(-1)),
        ),
        Err(_) => Status::Created,
    }
}

/// Waits until a container is over and gives its exit code.
pub(super) fn wait(state: &State, id: &str, limit: Option<Duration>) -> Option<i32> {
    let start = Instant::now();
    loop {
        if let Status::Exited(code) = status(state, id) {
            return Some(code);
        }
        if limit.is_some_and(|limit| start.elapsed() >= limit) {
            return None;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Asks a container to end, and makes it end when it does not.
pub(super) fn stop(state: &State, record: &Record, seconds: u64) -> Result<(), Error> {
    if status(state, &record.id) != Status::Running {
        return Ok(());
    }
    if record.backend == Backend::Podman {
        podman::stop(state, &record.id, seconds)?;
    } else {
        signal(state, record, "TERM")?;
    }
    if wait(state, &record.id, Some(Duration::from_secs(seconds))).is_none() {
        kill(state, record)?;
    }
    Ok(())
}

/// Ends a container at once.
pub(super) fn kill(state: &State, record: &Record) -> Result<(), Error> {
    if record.backend == Backend::Podman {
        podman::stop(state, &record.id, 0)?;
    } else {
        signal(state, record, "KILL")?;
    }
    if wait(state, &record.id, Some(Duration::from_secs(10))).is_none() {
        let folder = state.folder(&record.id);
        let watcher = fs::read_to_string(folder.join("supervisor")).unwrap_or_default();
        if alive(&watcher) {
            send(watcher.split(' ').next().unwrap_or_default(), "KILL")?;
        }
        write_whole(&folder.join("exit_code"), b"137")?;
    }
    Ok(())
}

/// Ends a container and forgets it. A process whose watcher is gone is ended too.
pub(super) fn remove(state: &State, record: &Record) -> Result<(), Error> {
    if status(state, &record.id) == Status::Running {
        kill(state, record)?;
    }
    if record.backend == Backend::Podman {
        podman::remove(state, &record.id)?;
    } else {
        signal(state, record, "KILL")?;
    }
    fs::remove_dir_all(state.folder(&record.id))?;
    Ok(())
}

/// Signals the container's first process. The launcher in between ignores what is meant for it.
fn signal(state: &State, record: &Record, name: &str) -> Result<(), Error> {
    let Ok(text) = fs::read_to_string(state.folder(&record.id).join("child")) else {
        return Ok(());
    };
    if !alive(&text) {
        return Ok(());
    }
    let pid = text.split(' ').next().unwrap_or_default().to_owned();
    let inner = if record.backend == Backend::Process { first_child(&pid) } else { None };
    send(inner.as_deref().unwrap_or(&pid), name)
}

fn first_child(pid: &str) -> Option<String> {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
    children.split_whitespace().next().map(str::to_owned)
}

/// Sends a signal by the shell's own `kill`: the standard library knows only its own children.
fn send(pid: &str, name: &str) -> Result<(), Error> {
    let shell = command::find("sh")?;
    let script = "kill -\"$1\" \"$2\" 2>/dev/null";
    std::process::Command::new(shell).args(["-c", script, "sh", name, pid]).status()?;
    Ok(())
}

/// `pid start-time` of a process: the pair stays unique when the number is used again.
pub(super) fn identity(pid: u32) -> String {
    format!("{pid} {}", start_time(&pid.to_string()).unwrap_or_default())
}

/// Whether the process of an [`identity`] still runs.
pub(super) fn alive(identity: &str) -> bool {
    let mut parts = identity.trim().split(' ');
    let (Some(pid), Some(started)) = (parts.next(), parts.next()) else {
        return false;
    };
    start_time(pid).is_some_and(|now| now == started)
}

/// The start time of a live process; a zombie waiting for its parent is not alive.
fn start_time(pid: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in brackets and may hold anything.
    let after = text.rsplit_once(')')?.1;
    let fields: Vec<&str> = after.split_whitespace().collect();
    if matches!(fields.first(), Some(&("Z" | "X"))) {
        return None;
    }
    fields.get(19).map(|field| (*field).to_owned())
}

fn read_number(path: &Path) -> Option<i64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_number_and_start() {
        let own = identity(std::process::id());
        assert!(alive(&own));
        assert!(!alive(&format!("{} 1", std::process::id())));
        assert!(!alive(""));
    }

    #[test]
    fn status_follows_the_files() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::at(folder.path()).unwrap();
        fs::create_dir_all(state.folder("a")).unwrap();
        assert_eq!(status(&state, "a"), Status::Created);
        fs::write(state.folder("a").join("supervisor"), identity(std::process::id())).unwrap();
        assert_eq!(status(&state, "a"), Status::Running);
        fs::write(state.folder("a").join("supervisor"), "1 1").unwrap();
        assert_eq!(status(&state, "a"), Status::Exited(137));
        fs::write(state.folder("a").join("exit_code"), "3").unwrap();
        assert_eq!(status(&state, "a"), Status::Exited(3));
    }
}
