//! What the git plugin does with the git command: branches of a repository, and a checkout.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio_util::sync::CancellationToken;

use super::credentials::{Credentials, secret_file};

/// A checkout of a build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct CheckedOut {
    pub(super) url: String,
    /// What the job asks for, with the parameters of the build.
    pub(super) branches: Vec<String>,
    pub(super) credentials: Option<String>,
    /// Such as `refs/remotes/origin/main`.
    pub(super) branch: String,
    pub(super) commit: String,
}

/// How git reaches a repository.
pub(super) struct Git {
    dir: PathBuf,
    env: Vec<(String, String)>,
}

impl Git {
    /// Git in a folder, with credentials; secrets are written into `secrets`.
    pub(super) fn new(
        dir: &Path,
        credentials: Option<&Credentials>,
        secrets: &Path,
    ) -> std::io::Result<Self> {
        let mut env = vec![("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned())];
        match credentials {
            Some(Credentials::UsernamePassword { username, password, .. }) => {
                let script = "#!/bin/sh\ncase \"$1\" in Username*) echo \"$GIT_USER\";; \
                              *) echo \"$GIT_SECRET\";; esac\n";
                let file = secret_file(secrets, "askpass", script)?;
                env.push(("GIT_ASKPASS".to_owned(), file));
                env.push(("GIT_USER".to_owned(), username.clone()));
                env.push(("GIT_SECRET".to_owned(), password.clone()));
            }
            Some(Credentials::SshUserPrivateKey { private_key, .. }) => {
                let key = secret_file(secrets, "key", private_key)?;
                let ssh = format!("ssh -i '{key}' -o IdentitiesOnly=yes -o BatchMode=yes");
                env.push(("GIT_SSH_COMMAND".to_owned(), ssh));
            }
            _ => {}
        }
        Ok(Self { dir: dir.to_owned(), env })
    }

    /// Runs git, and gives what it prints.
    ///
    /// # Errors
    /// What it says when it fails.
    pub(super) async fn run(
        &self,
        args: &[&str],
        cancel: &CancellationToken,
    ) -> Result<String, String> {
        let mut command = Command::new("git");
        command.args(args).current_dir(&self.dir).stdin(Stdio::null()).kill_on_drop(true);
        command.envs(self.env.iter().map(|(name, value)| (name, value)));
        let output = tokio::select! {
            output = command.output() => output.map_err(|error| error.to_string())?,
            () = cancel.cancelled() => return Err("interrupted".to_owned()),
        };
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("git {} returned {}: {}", args[0], output.status, said.trim_end()))
    }

    /// The branches of a repository and their commits (`git ls-remote --heads`).
    pub(super) async fn heads(&self, url: &str) -> Result<Vec<(String, String)>, String> {
        let never = CancellationToken::new();
        let text = self.run(&["ls-remote", "--heads", "--", url], &never).await?;
        let heads = text.lines().filter_map(|line| {
            let (commit, name) = line.split_once('\t')?;
            Some((name.strip_prefix("refs/heads/")?.to_owned(), commit.to_owned()))
        });
        Ok(heads.collect())
    }

    /// Fetches all branches and tags into an own repository.
    pub(super) async fn fetch(&self, url: &str, cancel: &CancellationToken) -> Result<(), String> {
        self.run(&["init", "--quiet"], cancel).await?;
        let refs = "+refs/heads/*:refs/remotes/origin/*";
        self.run(&["fetch", "--quiet", "--tags", "--force", "--", url, refs], cancel).await?;
        Ok(())
    }

    /// What a branch specification of the git plugin means: names and commits, branches first.
    pub(super) async fn candidates(&self, spec: &str) -> Vec<(String, String)> {
        let never = CancellationToken::new();
        let format = "--format=%(refname) %(objectname)";
        let args = ["for-each-ref", "--sort=committerdate", format, "refs/remotes/origin"];
        let text = self.run(&args, &never).await.unwrap_or_default();
        let branches = text.lines().filter_map(|line| line.split_once(' '));
        let found: Vec<(String, String)> = branches
            .filter(|(name, _)| matches(spec, name.trim_start_matches("refs/remotes/origin/")))
            .map(|(name, commit)| (name.to_owned(), commit.to_owned()))
            .collect();
        if !found.is_empty() || spec.starts_with("refs/heads/") {
            return found;
        }
        // A tag, or a commit.
        for name in [format!("refs/tags/{spec}"), spec.to_owned()] {
            let commit = format!("{name}^{{commit}}");
            let args = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
            if let Ok(commit) = self.run(&args, &never).await {
                // `--end-of-options` is repeated in the answer.
                let commit = commit.lines().last().unwrap_or_default().to_owned();
                return vec![(name, commit)];
            }
        }
        Vec::new()
    }
}

/// Whether a specification names a branch: `**`, `*/main`, `origin/main`, `refs/heads/main`,
/// `main`, or with `*` for a part of a name.
pub(super) fn matches(spec: &str, branch: &str) -> bool {
    let name = ["refs/heads/", "remotes/origin/", "origin/", "*/"]
        .iter()
        .find_map(|prefix| spec.strip_prefix(prefix))
        .unwrap_or(spec);
    name == "**" || super::archive::matches(name, branch)
}
