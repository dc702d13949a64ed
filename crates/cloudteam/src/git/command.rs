//! Runs git so that it never asks, never hangs, and speaks English.

use std::process::Stdio;

use camino::{Utf8Path, Utf8PathBuf};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::{GitError, address, failure};

/// What git is given beside what the user has set up.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Variables of its environment, such as `GIT_SSH_COMMAND`.
    pub environment: Vec<(String, String)>,
}

/// The customer's files stay as they are, nobody's hooks run, and nothing waits for ever: a
/// transfer that does not move a byte for ten minutes has ended.
const SETTINGS: [&str; 19] = [
    "core.autocrlf=false",
    "core.safecrlf=false",
    "core.attributesFile=/dev/null",
    "core.hooksPath=/dev/null",
    "core.quotePath=false",
    "core.bigFileThreshold=16m",
    "merge.renormalize=false",
    "merge.conflictStyle=merge",
    "merge.directoryRenames=conflict",
    "http.lowSpeedLimit=1",
    "http.lowSpeedTime=600",
    "push.followTags=false",
    "push.gpgSign=false",
    "push.recurseSubmodules=no",
    "fetch.recurseSubmodules=no",
    "fetch.writeCommitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.ext.allow=never",
];

/// Of a shell that git itself started, such as an alias or a hook, they name another repository.
const FOREIGN: [&str; 8] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
];

/// For a user who has not set `core.sshCommand`; `GIT_SSH_COMMAND` wins over it.
const SSH: &str = "core.sshCommand=ssh -oBatchMode=yes -oConnectTimeout=30 \
                   -oServerAliveInterval=15 -oServerAliveCountMax=8";

/// Runs git in one folder.
#[derive(Debug, Clone)]
pub(super) struct Git {
    pub(super) folder: Utf8PathBuf,
    environment: Vec<(String, String)>,
    cancel: CancellationToken,
    ssh: bool,
    /// The repository that it talks to, as it shows in errors.
    pub(super) repository: String,
}

/// What git said.
pub(super) struct Said {
    pub(super) code: Option<i32>,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: String,
}

impl Git {
    /// Git in a folder, with ssh set so that it does not ask.
    pub(super) async fn new(
        folder: &Utf8Path,
        options: &Options,
        repository: &str,
        cancel: &CancellationToken,
    ) -> Result<Self, GitError> {
        let mut git = Self {
            folder: folder.to_owned(),
            environment: options.environment.clone(),
            cancel: cancel.clone(),
            ssh: false,
            repository: repository.to_owned(),
        };
        let said = git.raw(&["config", "--get", "core.sshCommand"]).await?;
        git.ssh = said.code != Some(0);
        Ok(git)
    }

    /// A command with nothing but its arguments missing.
    pub(super) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        if self.ssh {
            command.args(["-c", SSH]);
        }
        for name in FOREIGN {
            command.env_remove(name);
        }
        command
            .args(args)
            .current_dir(&self.folder)
            .env("LC_ALL", "C")
            .env("LANGUAGE", "C")
            // Never wait for a password that nobody types.
            .env("GIT_TERMINAL_PROMPT", "0")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    /// Runs git and gives back all that it said.
    pub(super) async fn raw(&self, args: &[&str]) -> Result<Said, GitError> {
        let output = self.or_stop(self.command(args).output()).await?.map_err(GitError::Start)?;
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        Ok(Said { code: output.status.code(), stdout: output.stdout, stderr })
    }

    /// Runs git and gives back what it printed.
    pub(super) async fn run(&self, args: &[&str]) -> Result<String, GitError> {
        let said = self.raw(args).await?;
        match said.code {
            Some(0) => Ok(String::from_utf8_lossy(&said.stdout).into_owned()),
            _ => Err(self.failed(args, &said)),
        }
    }

    /// The error that a failed command stands for.
    pub(super) fn failed(&self, args: &[&str], said: &Said) -> GitError {
        let text = address::mask(&said.stderr);
        let message = last_lines(&text);
        let verb = args.first().copied().unwrap_or_default().to_owned();
        // What push says of each branch is on standard output.
        let all = format!("{text}\n{}", String::from_utf8_lossy(&said.stdout));
        let remote = ["ls-remote", "fetch", "push"].contains(&verb.as_str());
        match failure::cause(&all).filter(|_| remote) {
            Some(cause) => GitError::Remote { cause, repository: self.repository.clone(), message },
            None => GitError::Failed { verb, message },
        }
    }

    /// Work that ends when the run is told to stop.
    pub(super) async fn or_stop<T>(&self, work: impl Future<Output = T>) -> Result<T, GitError> {
        tokio::select! {
            () = self.cancel.cancelled() => Err(GitError::Interrupted),
            done = work => Ok(done),
        }
    }
}

fn last_lines(text: &str) -> String {
    let is_said = |line: &&str| {
        !line.is_empty() && !line.starts_with("hint:") && !line.chars().all(|c| c == '@')
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(is_said).collect();
    lines[lines.len().saturating_sub(4)..].join("; ")
}

/// Commit that a working copy is at; none when the folder is not one.
///
/// # Errors
/// [`GitError::Start`].
pub async fn head(folder: &Utf8Path) -> Result<Option<String>, GitError> {
    let none = CancellationToken::new();
    let git = Git::new(folder, &Options::default(), folder.as_str(), &none).await?;
    match git.run(&["rev-parse", "HEAD"]).await {
        Ok(commit) => Ok(Some(commit.trim().to_owned())),
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
