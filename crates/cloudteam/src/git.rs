//! Git, through the git command line with the user's own configuration and credentials.

use std::process::Stdio;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    diagnose::{Class, Diagnose},
    redact::SafeUrl,
};
use tokio::process::Command;

/// Why git did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// Git is not installed, or cannot be started.
    #[error("git cannot be started: {0}")]
    Start(std::io::Error),
    /// Git refused.
    #[error("git {verb} failed: {message}")]
    Failed {
        /// The git command.
        verb: String,
        /// The last lines that git wrote.
        message: String,
    },
    /// The vendor branch holds another distribution of the same version.
    #[error("branch {branch} of {repository} holds another distribution of this version ({found})")]
    OtherContent {
        /// The branch.
        branch: String,
        /// The repository.
        repository: String,
        /// Digest of what it holds.
        found: String,
    },
    /// The new distribution and the customer's changes touch the same lines.
    #[error("distribution {version} conflicts with changes on {branch} in: {}", .files.join(", "))]
    Conflict {
        /// Version of the distribution.
        version: String,
        /// Working branch.
        branch: String,
        /// Files with conflicts.
        files: Vec<String>,
    },
    /// A file could not be read or written.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Diagnose for GitError {
    fn class(&self) -> Class {
        match self {
            Self::Start(_) | Self::OtherContent { .. } => Class::Configuration,
            Self::Failed { .. } => Class::Unavailable,
            Self::Conflict { .. } | Self::Io(_) => Class::NeedsOperator,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Start(_) => {
                vec!["Install git, for example with `apt-get install git`.".to_owned()]
            }
            Self::Failed { .. } => {
                vec![
                    "Check the address of the repository and that `git clone` works with it."
                        .to_owned(),
                ]
            }
            Self::OtherContent { .. } => {
                vec![
                    "Give the changed distribution another version in its VERSION file.".to_owned(),
                ]
            }
            Self::Conflict { version, branch, .. } => vec![format!(
                "Nothing was changed on {branch}: merge branch upstream/{version} into it by hand, \
                 push, and run the same command again."
            )],
            Self::Io(_) => Vec::new(),
        }
    }
}

/// A clone to work in.
#[derive(Debug, Clone)]
pub struct Clone {
    path: Utf8PathBuf,
}

impl Clone {
    /// Clones a repository, which may be empty.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn of(repository: &str, path: &Utf8Path) -> Result<Self, GitError> {
        let parent = path.parent().unwrap_or(path);
        run(parent, &["clone", "--quiet", "--no-checkout", repository, path.as_str()]).await?;
        Ok(Self { path: path.to_owned() })
    }

    /// Folder of the clone.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Runs git in the clone and gives back what it printed.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn git(&self, args: &[&str]) -> Result<String, GitError> {
        run(&self.path, args).await
    }

    /// Commit that a branch of the remote points at, if there is such a branch.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn remote_branch(&self, branch: &str) -> Result<Option<String>, GitError> {
        let reference = format!("refs/remotes/origin/{branch}");
        let found = self.git(&["for-each-ref", "--format=%(objectname)", &reference]).await?;
        Ok(Some(found.trim().to_owned()).filter(|commit| !commit.is_empty()))
    }
}

/// Shows a repository's address without what is secret in it.
#[must_use]
pub fn shown(repository: &str) -> String {
    repository.parse().map_or_else(|_| repository.to_owned(), |url| SafeUrl::new(url).to_string())
}

async fn run(folder: &Utf8Path, args: &[&str]) -> Result<String, GitError> {
    let output = Command::new("git")
        // The customer's files stay as they are, whatever the machine is set to.
        .args(["-c", "core.autocrlf=false", "-c", "core.safecrlf=false"])
        .args(["-c", "user.name=CloudTeam", "-c", "user.email=cloudteam@cloudops.invalid"])
        .args(["-c", "commit.gpgsign=false", "-c", "advice.detachedHead=false"])
        .args(args)
        .current_dir(folder)
        // Never wait for a password that nobody types.
        .env("GIT_TERMINAL_PROMPT", "0")
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(GitError::Start)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let message = lines[lines.len().saturating_sub(3)..].join("; ");
    Err(GitError::Failed { verb: args.first().copied().unwrap_or_default().to_owned(), message })
}

/// Commit that a working copy is at; none when the folder is not one.
///
/// # Errors
/// [`GitError::Start`].
pub async fn head(folder: &Utf8Path) -> Result<Option<String>, GitError> {
    match run(folder, &["rev-parse", "HEAD"]).await {
        Ok(commit) => Ok(Some(commit.trim().to_owned())),
        Err(GitError::Failed { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
