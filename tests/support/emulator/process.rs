//! One process of the local AWS: started with its log in a file, stopped by its id.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::EmulatorError;

/// How long a process may take to end by itself.
const STOP_LIMIT: Duration = Duration::from_secs(15);
const POLL: Duration = Duration::from_millis(25);

/// A running process; killed when dropped.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    log: PathBuf,
    id: u32,
    child: Child,
    output: Option<BufReader<ChildStdout>>,
}

impl Process {
    pub(super) fn spawn(
        name: &'static str,
        mut command: Command,
        log: &Path,
    ) -> Result<Self, EmulatorError> {
        let errors = std::fs::OpenOptions::new().create(true).append(true).open(log)?;
        let path = PathBuf::from(command.as_std().get_program());
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(errors)
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| EmulatorError::Spawn { name, path, source })?;
        let output = child.stdout.take().map(BufReader::new);
        let id = child.id().unwrap_or_default();
        Ok(Self { name, log: log.to_owned(), id, child, output })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn not_ready(&self, reason: String) -> EmulatorError {
        EmulatorError::NotReady { name: self.name, reason, log: self.log.clone() }
    }

    /// Waits until `url` answers with success.
    pub(super) async fn wait_for(
        &mut self,
        url: &str,
        limit: Duration,
    ) -> Result<(), EmulatorError> {
        self.drain();
        let client = reqwest::Client::builder().no_proxy().build().unwrap_or_default();
        let answers = async {
            loop {
                let answer = client.get(url).send().await;
                // Another process may have taken the port: then ours has ended.
                if let Ok(Some(status)) = self.child.try_wait() {
                    return Err(format!("it ended with {status}"));
                }
                if answer.is_ok_and(|answer| answer.status().is_success()) {
                    return Ok(());
                }
                tokio::time::sleep(POLL).await;
            }
        };
        let result = tokio::time::timeout(limit, answers).await;
        result
            .unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
            .map_err(|reason| self.not_ready(reason))
    }

    /// The first line of its standard output.
    pub(super) async fn first_line(&mut self, limit: Duration) -> Result<String, EmulatorError> {
        let Some(mut output) = self.output.take() else {
            return Err(self.not_ready("its output was read already".to_owned()));
        };
        let mut line = String::new();
        let read = tokio::time::timeout(limit, output.read_line(&mut line)).await;
        self.output = Some(output);
        self.drain();
        match read {
            Ok(Ok(length)) if length > 0 => Ok(line),
            Ok(_) => Err(self.not_ready("it ended without a word".to_owned())),
            Err(_) => Err(self.not_ready(format!("no word within {limit:?}"))),
        }
    }

    /// Copies what it writes to its log, so that it never waits for a reader.
    fn drain(&mut self) {
        let Some(mut output) = self.output.take() else {
            return;
        };
        let log = self.log.clone();
        tokio::spawn(async move {
            let file = tokio::fs::OpenOptions::new().append(true).open(log).await;
            if let Ok(mut file) = file {
                let _ = tokio::io::copy_buf(&mut output, &mut file).await;
            }
        });
    }

    /// Asks it to end, waits, and kills it when it does not.
    pub(super) async fn stop(mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let kill = ["-c", "kill -TERM \"$0\"", &self.id.to_string()].map(str::to_owned);
            // The signal is sent by the shell: the standard library can only kill.
            let _ = Command::new("sh").args(kill).status().await;
        }
        if tokio::time::timeout(STOP_LIMIT, self.child.wait()).await.is_err() {
            let _ = self.child.kill().await;
        }
    }
}
