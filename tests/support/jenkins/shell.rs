//! One `sh` step: a process group of its own, which ends with the step.

use std::{
    fs::OpenOptions,
    io::{self, Write as _},
    os::fd::OwnedFd,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::unix::pipe,
    process::{Child, Command},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;

use super::credentials::mask;

/// How long the processes of a stopped step have to end.
const GRACE: Duration = Duration::from_secs(5);

/// A step.
pub(super) struct Shell<'a> {
    pub(super) script: &'a str,
    /// Where the script is written.
    pub(super) file: &'a Path,
    pub(super) workspace: &'a Path,
    /// The whole environment.
    pub(super) env: &'a [(String, String)],
    pub(super) log: &'a Path,
    /// What the log shows as `****`.
    pub(super) secrets: &'a [String],
}

/// How a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    Code(i32),
    Stopped,
}

impl Shell<'_> {
    /// Runs the step; on cancellation its processes get SIGTERM, and SIGKILL 5 seconds later.
    pub(super) async fn run(&self, cancel: &CancellationToken) -> io::Result<Ended> {
        let (out, masking) = self.output()?;
        let mut child = self.spawn(out)?;
        let group = child.id();
        let ended = tokio::select! {
            status = child.wait() => Ended::Code(code(status?)),
            () = cancel.cancelled() => {
                signal(group, "TERM").await;
                let _ = tokio::time::timeout(GRACE, child.wait()).await;
                Ended::Stopped
            }
        };
        // What the step left in the background.
        signal(group, "KILL").await;
        if ended == Ended::Stopped {
            child.wait().await?;
        }
        // With the last process, the pipe ends.
        let _ = tokio::time::timeout(GRACE, masking).await;
        Ok(ended)
    }

    /// Where the step writes, and what ends when all of it is in the log: the log itself, or a
    /// pipe to it that masks secrets.
    fn output(&self) -> io::Result<(OwnedFd, JoinHandle<()>)> {
        let log = OpenOptions::new().create(true).append(true).open(self.log)?;
        if self.secrets.is_empty() {
            return Ok((log.into(), tokio::spawn(async {})));
        }
        let (sender, receiver) = pipe::pipe()?;
        let secrets = self.secrets.to_vec();
        let masking = tokio::spawn(async move {
            let mut lines = BufReader::new(receiver).split(b'\n');
            let mut log = log;
            while let Ok(Some(line)) = lines.next_segment().await {
                let line = mask(&String::from_utf8_lossy(&line), &secrets);
                let _ = writeln!(log, "{line}");
            }
        });
        Ok((sender.into_blocking_fd()?, masking))
    }

    fn spawn(&self, out: OwnedFd) -> io::Result<Child> {
        fs_err::write(self.file, self.script)?;
        let (program, argument) = interpreter(self.script);
        let mut command = Command::new(program);
        if let Some(argument) = argument {
            command.arg(argument);
        }
        command
            .arg(self.file)
            .current_dir(self.workspace)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }
}

/// `sh -xe`, unless the script begins with `#!`.
fn interpreter(script: &str) -> (&str, Option<&str>) {
    let line = script.lines().next().and_then(|line| line.strip_prefix("#!")).map(str::trim);
    match line.filter(|line| !line.is_empty()) {
        None => ("/bin/sh", Some("-xe")),
        Some(line) => match line.split_once(' ') {
            Some((program, argument)) => (program, Some(argument.trim())),
            None => (line, None),
        },
    }
}

fn code(status: ExitStatus) -> i32 {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().unwrap_or_else(|| 128 + status.signal().unwrap_or_default())
}

/// Sends a signal to a process group; one that is gone is no error.
async fn signal(group: Option<u32>, name: &str) {
    let Some(group) = group else { return };
    let mut command = Command::new("/bin/sh");
    command.arg("-c").arg(format!("kill -{name} -{group}"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // Without a shell there is no step to stop either.
    let _ = command.status().await;
}

#[cfg(test)]
mod tests {
    use super::interpreter;

    #[test]
    fn a_script_may_name_its_interpreter() {
        assert_eq!(interpreter("echo hi"), ("/bin/sh", Some("-xe")));
        assert_eq!(interpreter("#!/bin/bash\necho"), ("/bin/bash", None));
        assert_eq!(interpreter("#!/usr/bin/env -S x y\n"), ("/usr/bin/env", Some("-S x y")));
    }
}
