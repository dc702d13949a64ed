//! One program as a process: its lines as they come, its end, and how it is stopped early.

use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

use super::RehearsalError;
use super::process::send_signal;

/// What a program did.
#[derive(Debug, Clone)]
pub struct Finished {
    /// The command, as a person would type it.
    pub command: String,
    /// Exit code; 128 and the signal's number when a signal ended it.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// How long it ran.
    pub elapsed: Duration,
}

impl Finished {
    /// All that it wrote.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}{}", self.stderr, self.stdout)
    }

    /// Standard output as JSON.
    ///
    /// # Errors
    /// [`RehearsalError::Json`].
    pub fn json(&self) -> Result<serde_json::Value, RehearsalError> {
        serde_json::from_str(&self.stdout)
            .map_err(|source| RehearsalError::Json { what: "a program's output", source })
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stream {
    Output,
    Errors,
}

/// A program that runs; it is killed when this value is dropped.
#[derive(Debug)]
pub struct Running {
    command: String,
    child: Child,
    lines: mpsc::UnboundedReceiver<(Stream, String)>,
    finished: Finished,
    started: Instant,
}

impl Running {
    /// Starts a command; `shown` is what a person would type.
    ///
    /// # Errors
    /// [`RehearsalError::Start`].
    pub fn start(mut command: Command, shown: &str) -> Result<Self, RehearsalError> {
        let program = command.as_std().get_program().into();
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .map_err(|source| RehearsalError::Start { program, source })?;
        let (sender, lines) = mpsc::unbounded_channel();
        if let Some(output) = child.stdout.take() {
            read(output, Stream::Output, sender.clone());
        }
        if let Some(errors) = child.stderr.take() {
            read(errors, Stream::Errors, sender);
        }
        let finished = Finished {
            command: shown.to_owned(),
            code: -1,
            stdout: String::new(),
            stderr: String::new(),
            elapsed: Duration::ZERO,
        };
        Ok(Self { command: shown.to_owned(), child, lines, finished, started: Instant::now() })
    }

    /// Its process id; none when it has ended.
    #[must_use]
    pub fn id(&self) -> Option<u32> {
        self.child.id()
    }

    /// Waits for its end without taking its lines: to notice that it ended too early.
    pub async fn ended(&mut self) -> Option<i32> {
        self.child.wait().await.ok().map(code)
    }

    /// Presses Ctrl-C, for this process alone.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub async fn interrupt(&self) -> Result<(), RehearsalError> {
        match self.id() {
            Some(id) => send_signal("INT", id).await,
            None => Ok(()),
        }
    }

    /// Ends it as a power cut would: `kill -9`.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub async fn kill(mut self) -> Result<Finished, RehearsalError> {
        self.child.kill().await?;
        self.finish(Duration::from_secs(10), |_| {}).await
    }

    /// Waits for its end and hands each line to `each`. It is killed when the limit is reached.
    ///
    /// # Errors
    /// [`RehearsalError::Unexpected`] when it does not end within the limit.
    pub async fn finish(
        mut self,
        limit: Duration,
        mut each: impl FnMut(&str),
    ) -> Result<Finished, RehearsalError> {
        let end = tokio::time::timeout(limit, self.read_to_the_end(&mut each)).await;
        match end {
            Ok(status) => {
                self.finished.code = code(status?);
                self.finished.elapsed = self.started.elapsed();
                Ok(self.finished)
            }
            Err(_) => {
                self.child.start_kill()?;
                let limit = limit.as_secs();
                let text = format!("`{}` did not end within {limit} seconds", self.command);
                Err(RehearsalError::Unexpected(text))
            }
        }
    }

    async fn read_to_the_end(
        &mut self,
        each: &mut impl FnMut(&str),
    ) -> std::io::Result<ExitStatus> {
        while let Some((stream, line)) = self.lines.recv().await {
            each(&line);
            let text = match stream {
                Stream::Output => &mut self.finished.stdout,
                Stream::Errors => &mut self.finished.stderr,
            };
            text.push_str(&line);
            text.push('\n');
        }
        self.child.wait().await
    }
}

fn read(
    from: impl AsyncRead + Unpin + Send + 'static,
    stream: Stream,
    to: mpsc::UnboundedSender<(Stream, String)>,
) {
    tokio::spawn(async move {
        let mut reader = BufReader::new(from);
        let mut bytes = Vec::new();
        while let Ok(count) = reader.read_until(b'\n', &mut bytes).await {
            if count == 0 {
                break;
            }
            let line = String::from_utf8_lossy(&bytes);
            // The receiver goes when the program is killed: then nobody reads.
            let _ = to.send((stream, line.trim_end_matches(['\n', '\r']).to_owned()));
            bytes.clear();
        }
    });
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(-1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(20);

    fn shell(script: &str) -> Running {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Running::start(command, "example").unwrap()
    }

    #[tokio::test]
    async fn lines_and_exit_code_come_back() {
        let mut lines = Vec::new();
        let running = shell("echo out; echo err >&2; printf last; exit 7");
        let finished = running.finish(LIMIT, |line| lines.push(line.to_owned())).await.unwrap();
        assert_eq!(finished.code, 7);
        assert_eq!(finished.stdout, "out\nlast\n");
        assert_eq!(finished.stderr, "err\n");
        assert_eq!(lines.len(), 3);
    }

    #[tokio::test]
    async fn a_signal_shows_in_the_exit_code() {
        let running = shell("exec sleep 600");
        assert_eq!(running.kill().await.unwrap().code, 137);
        let mut running = shell("trap 'exit 130' INT; echo ready; while :; do sleep 0.05; done");
        assert!(running.lines.recv().await.is_some(), "it says that it listens");
        running.interrupt().await.unwrap();
        assert_eq!(running.finish(LIMIT, |_| {}).await.unwrap().code, 130);
    }

    #[tokio::test]
    async fn what_does_not_end_is_ended() {
        let error = shell("exec sleep 600").finish(Duration::from_millis(50), |_| {}).await;
        let text = error.unwrap_err().to_string();
        assert_eq!(text, "`example` did not end within 0 seconds");
    }
}
