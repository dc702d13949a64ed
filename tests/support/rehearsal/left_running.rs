//! What a rehearsal with `--keep` leaves running, so that `--clean` can end it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs_err as fs;
use serde::{Deserialize, Serialize};
use tokio::process::Command;

use super::RehearsalError;
use super::process::send_signal;
use crate::emulator::CONTAINERS_DIR;

const STOP_LIMIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(50);

/// The processes of a stage, in the order in which they are ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftRunning {
    /// The container program.
    pub containers_program: PathBuf,
    /// Folder of its containers.
    pub containers_dir: PathBuf,
    /// Name of the program and process id.
    pub processes: Vec<(String, u32)>,
}

/// Where it is written.
#[must_use]
pub fn file(work: &Path) -> PathBuf {
    work.join("running.json")
}

impl LeftRunning {
    pub(super) fn write(&self, work: &Path) -> Result<(), RehearsalError> {
        let text = serde_json::to_string_pretty(self)
            .map_err(|source| RehearsalError::Json { what: "the list of processes", source })?;
        Ok(fs::write(file(work), text)?)
    }

    /// How a person ends all of it.
    #[must_use]
    pub fn stop_command(&self) -> String {
        let ids: Vec<String> = self.processes.iter().map(|(_, id)| id.to_string()).collect();
        format!("kill {}", ids.join(" "))
    }
}

/// Ends what the rehearsal in `work` left running.
///
/// # Errors
/// When its list cannot be read, or its containers cannot be removed.
pub async fn clean(work: &Path) -> Result<(), RehearsalError> {
    let file = file(work);
    if !file.is_file() {
        return Ok(());
    }
    let text = fs::read_to_string(&file)?;
    let left: LeftRunning = serde_json::from_str(&text)
        .map_err(|source| RehearsalError::Json { what: "the list of processes", source })?;
    for (name, id) in &left.processes {
        end(name, *id).await;
    }
    if left.containers_program.is_file() {
        remove_containers(&left.containers_program, &left.containers_dir).await?;
    }
    Ok(fs::remove_file(file)?)
}

/// Ends a process, unless its number belongs to another program by now.
async fn end(name: &str, id: u32) {
    let start = Instant::now();
    let mut signal = "TERM";
    while is(name, id) {
        // It may end in this moment.
        let _ = send_signal(signal, id).await;
        if start.elapsed() > STOP_LIMIT {
            signal = "KILL";
        }
        tokio::time::sleep(POLL).await;
    }
}

fn is(name: &str, id: u32) -> bool {
    let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    let program = arguments.split(|byte| *byte == 0).next().unwrap_or_default();
    Path::new(&String::from_utf8_lossy(program).into_owned())
        .file_name()
        .is_some_and(|found| found == name)
}

/// Ends and removes every container of a folder.
pub(super) async fn remove_containers(program: &Path, folder: &Path) -> Result<(), RehearsalError> {
    let output = Command::new(program)
        .args(["cleanup", "--all"])
        .env(CONTAINERS_DIR, folder)
        .output()
        .await?;
    if output.status.success() {
        return Ok(());
    }
    Err(RehearsalError::failed("cloudops-containers cleanup", &output))
}
