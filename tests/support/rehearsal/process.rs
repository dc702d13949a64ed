//! A process of the stage that outlives single steps: its log in a file, stopped by its id.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use tokio::process::{Child, Command};

use super::RehearsalError;

/// How long a process may take to say that it is ready, or to end.
const LIMIT: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(25);

/// A process in the background; killed when dropped.
#[derive(Debug)]
pub(super) struct Background {
    name: &'static str,
    child: Child,
    id: u32,
    log: PathBuf,
}

impl Background {
    /// Starts it with both of its outputs in a file, so that it never waits for a reader, also
    /// when it is left running after us.
    pub(super) fn start(
        name: &'static str,
        mut command: Command,
        log: &Path,
    ) -> Result<Self, RehearsalError> {
        let output = std::fs::File::create(log)?;
        let errors = output.try_clone()?;
        let program = command.as_std().get_program().into();
        let child = command
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| RehearsalError::Start { program, source })?;
        let id = child.id().unwrap_or_default();
        Ok(Self { name, child, id, log: log.to_owned() })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    /// The value of `field` in the JSON line by which it says that it is ready.
    pub(super) async fn ready(&mut self, field: &str) -> Result<String, RehearsalError> {
        let start = Instant::now();
        while start.elapsed() < LIMIT {
            let text = fs_err::read_to_string(&self.log)?;
            let mut said = text.lines().filter_map(|line| {
                let line: serde_json::Value = serde_json::from_str(line).ok()?;
                line[field].as_str().map(str::to_owned)
            });
            if let Some(value) = said.next() {
                return Ok(value);
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(self.failed(format!("it ended with {status}: {text}")));
            }
            tokio::time::sleep(POLL).await;
        }
        Err(self.failed("it did not become ready".to_owned()))
    }

    fn failed(&self, reason: String) -> RehearsalError {
        RehearsalError::Failed { name: self.name.to_owned(), reason }
    }

    /// Asks it to end, waits, and kills it when it does not.
    pub(super) async fn stop(mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // It may have ended in this moment.
            let _ = send_signal("TERM", self.id).await;
        }
        if tokio::time::timeout(LIMIT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }

    /// Leaves it running after us.
    pub(super) fn leave(self) {
        std::mem::forget(self.child);
    }
}

/// Sends a signal to one process. The standard library can only kill, so `kill` does it.
pub(super) async fn send_signal(signal: &str, id: u32) -> Result<(), RehearsalError> {
    let signal = format!("-{signal}");
    // The shell has the command built in: a small machine may lack it as a program.
    let output = Command::new("sh")
        .args(["-c", "kill \"$0\" \"$1\"", &signal, &id.to_string()])
        .stdin(Stdio::null())
        .output()
        .await?;
    if output.status.success() {
        return Ok(());
    }
    Err(RehearsalError::failed("kill", &output))
}
