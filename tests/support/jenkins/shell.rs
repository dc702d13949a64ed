//! One `sh` step: a process group of its own, which ends with the step.

use std::{
    fs::OpenOptions,
    io,
    path::Path,
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

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
        let mut child = self.spawn()?;
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
        Ok(ended)
    }

    fn spawn(&self) -> io::Result<Child> {
        fs_err::write(self.file, self.script)?;
        let (program, argument) = interpreter(self.script);
        let mut command = Command::new(program);
        if let Some(argument) = argument {
            command.arg(argument);
        }
        let log = OpenOptions::new().create(true).append(true).open(self.log)?;
        command
            .arg(self.file)
            .current_dir(self.workspace)
            .env_clear()
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
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
