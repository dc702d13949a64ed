//! A build command: what it says is streamed, and nothing of it outlives it.

use std::{
    collections::{BTreeMap, VecDeque},
    process::Stdio,
    time::Duration,
};

use camino::Utf8Path;
use cloudops_aws::{
    events::{EventKind, EventSink},
    redact::Secret,
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncRead, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    sync::mpsc,
};
use tokio_util::sync::CancellationToken;

use super::BuildError;

/// How many of the last lines an error shows.
const LAST: usize = 20;
/// A line longer than this is cut: no log holds such a line for people.
const LONGEST: usize = 8 << 10;

/// A command to run.
#[derive(Debug)]
pub struct Build<'a> {
    /// Shell command.
    pub command: &'a str,
    /// Folder to run it in.
    pub folder: &'a Utf8Path,
    /// Variables in addition to those of this process.
    pub variables: &'a BTreeMap<String, String>,
    /// Longest time.
    pub timeout: Duration,
    /// File that takes all it says.
    pub log: &'a Utf8Path,
    /// What must not be seen in what it says.
    pub secrets: &'a [Secret],
}

/// Runs a command to its end. On a time-out, and when the run is cancelled, it and all that it
/// started are stopped.
///
/// # Errors
/// [`BuildError::Failed`] with the last lines, [`BuildError::TooLong`],
/// [`BuildError::Interrupted`].
pub async fn run(
    build: &Build<'_>,
    events: &EventSink,
    cancel: &CancellationToken,
) -> Result<(), BuildError> {
    let mut child = start(build)?;
    let group = child.id();
    let mut said = Said::begin(build, events).await?;
    let mut lines = lines_of(&mut child);
    let work = async {
        let mut ended = None;
        loop {
            tokio::select! {
                line = lines.recv() => match line {
                    Some(line) => said.line(line).await?,
                    None => break,
                },
                status = child.wait(), if ended.is_none() => {
                    ended = Some(status?);
                    // What it left in the background would keep the outputs open.
                    stop(group);
                }
            }
        }
        match ended {
            Some(status) => Ok(status),
            None => child.wait().await,
        }
    };
    let ended = tokio::select! {
        status = work => Ok(status?),
        () = cancel.cancelled() => Err(BuildError::Interrupted),
        () = over(build.timeout) => Err(BuildError::TooLong {
            minutes: build.timeout.as_secs() / 60,
            lines: Vec::new(),
        }),
    };
    stop(group);
    said.log.flush().await?;
    let lines = Vec::from(said.last);
    match ended {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(BuildError::Failed {
            command: build.command.to_owned(),
            ended: ended_with(status),
            lines,
        }),
        Err(BuildError::TooLong { minutes, .. }) => Err(BuildError::TooLong { minutes, lines }),
        Err(error) => Err(error),
    }
}

/// What a command has said: all of it in the log, the end of it at hand.
struct Said<'a> {
    log: tokio::fs::File,
    last: VecDeque<String>,
    events: &'a EventSink,
    secrets: &'a [Secret],
}

impl<'a> Said<'a> {
    async fn begin(build: &Build<'a>, events: &'a EventSink) -> std::io::Result<Self> {
        let log = tokio::fs::File::create(build.log).await?;
        Ok(Self { log, last: VecDeque::new(), events, secrets: build.secrets })
    }

    async fn line(&mut self, mut line: String) -> std::io::Result<()> {
        for secret in self.secrets.iter().filter(|secret| !secret.expose().is_empty()) {
            line = line.replace(secret.expose(), "****");
        }
        self.log.write_all(format!("{line}\n").as_bytes()).await?;
        if self.last.len() == LAST {
            self.last.pop_front();
        }
        self.last.push_back(line.clone());
        self.events.send(EventKind::LogLine { source: "build".to_owned(), line });
        Ok(())
    }
}

async fn over(timeout: Duration) {
    // A token of its own: the cancellation of the run is looked at beside this.
    let _ = cloudops_aws::wait::sleep(timeout, &CancellationToken::new()).await;
}

fn start(build: &Build<'_>) -> Result<Child, BuildError> {
    let mut command = Command::new("sh");
    command
        .args(["-c", build.command])
        .current_dir(build.folder)
        .envs(build.variables)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    command
        .spawn()
        .map_err(|error| BuildError::Start { program: "sh".to_owned(), reason: error.to_string() })
}

/// The lines of both outputs, as they come.
fn lines_of(child: &mut Child) -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel(64);
    if let Some(output) = child.stdout.take() {
        tokio::spawn(pass_on(output, sender.clone()));
    }
    if let Some(output) = child.stderr.take() {
        tokio::spawn(pass_on(output, sender));
    }
    receiver
}

async fn pass_on(output: impl AsyncRead + Unpin, sender: mpsc::Sender<String>) {
    let mut reader = BufReader::new(output);
    let mut bytes = Vec::new();
    // An output that cannot be read any more has ended.
    while let Ok(count) = reader.read_until(b'\n', &mut bytes).await {
        if count == 0 {
            return;
        }
        let line = String::from_utf8_lossy(&bytes);
        let line: String = line.trim_end_matches(['\n', '\r']).chars().take(LONGEST).collect();
        if sender.send(line).await.is_err() {
            return;
        }
        bytes.clear();
    }
}

/// Kills the process group; one that is gone is no error.
#[cfg(unix)]
fn stop(group: Option<u32>) {
    use rustix::process::{Pid, Signal, kill_process_group};
    let group = group.and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    if let Some(group) = group {
        let _ = kill_process_group(group, Signal::KILL);
    }
}

#[cfg(not(unix))]
fn stop(_group: Option<u32>) {}

fn ended_with(status: std::process::ExitStatus) -> String {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return format!("signal {signal}");
    }
    status.code().map_or_else(|| "no exit code".to_owned(), |code| format!("exit code {code}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Ran {
        result: Result<(), BuildError>,
        lines: Vec<String>,
        log: String,
    }

    async fn ran(command: &str, timeout: Duration, cancel: &CancellationToken) -> Ran {
        let dir = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(dir.path()).unwrap();
        let log = folder.join("build.log");
        let variables = BTreeMap::from([("WORD".to_owned(), "it's".to_owned())]);
        let secrets = [Secret::new("hunter2"), Secret::new("")];
        let build =
            Build { command, folder, variables: &variables, timeout, log: &log, secrets: &secrets };
        let (events, recording) = EventSink::recording();
        let result = run(&build, &events, cancel).await;
        let line = |event: cloudops_aws::events::Event| match event.kind {
            EventKind::LogLine { line, .. } => Some(line),
            _ => None,
        };
        let lines = recording.events().into_iter().filter_map(line).collect();
        Ran { result, lines, log: std::fs::read_to_string(&log).unwrap_or_default() }
    }

    const MINUTE: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn what_a_build_says_is_streamed_and_kept() {
        let command = "echo \"$WORD\"; echo grün >&2; echo pass=hunter2.";
        let ran = ran(command, MINUTE, &CancellationToken::new()).await;
        ran.result.unwrap();
        let mut lines = ran.lines;
        lines.sort();
        assert_eq!(lines, ["grün", "it's", "pass=****."]);
        assert!(!ran.log.contains("hunter2"), "{}", ran.log);
        assert!(ran.log.contains("it's\n"), "{}", ran.log);
    }

    #[tokio::test]
    async fn what_is_left_in_the_background_keeps_nobody_waiting() {
        let ran = ran("sleep 600 & echo done", MINUTE, &CancellationToken::new()).await;
        ran.result.unwrap();
        assert_eq!(ran.lines, ["done"]);
    }

    #[tokio::test]
    async fn a_build_that_fails_shows_its_end() {
        let ran = ran("seq 100; exit 3", MINUTE, &CancellationToken::new()).await;
        let error = ran.result.unwrap_err().to_string();
        assert!(error.contains("ended with exit code 3"), "{error}");
        assert!(error.ends_with("  | 100"), "{error}");
        assert!(error.contains("  | 81\n") && !error.contains("  | 80\n"), "{error}");
        assert_eq!(ran.log.lines().count(), 100);
    }

    #[tokio::test]
    async fn a_build_that_hangs_is_stopped_with_all_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let pid = dir.path().join("pid");
        let command = format!("sleep 600 & echo $! > {}; echo begun; wait", pid.display());
        let late = ran(&command, Duration::from_millis(500), &CancellationToken::new()).await;
        assert!(matches!(late.result, Err(BuildError::TooLong { .. })), "{:?}", late.result);
        let id: i32 = std::fs::read_to_string(&pid).unwrap().trim().parse().unwrap();
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        while !gone() {
            tokio::task::yield_now().await;
        }
        let cancel = CancellationToken::new();
        cancel.cancel();
        let stopped = ran("sleep 600", MINUTE, &cancel).await;
        assert!(matches!(stopped.result, Err(BuildError::Interrupted)), "{:?}", stopped.result);
    }
}
