//! Real git servers: what stands before a bare repository when programs meet one.
//!
//! | file | holds |
//! |---|---|
//! | [`http`] | `git http-backend` behind HTTP with users: one may push, one may read |
//! | [`ssh`] | OpenSSH's server on loopback, with keys of its own |

pub mod http;
pub mod ssh;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A bare repository, and a home in which git finds no settings of this machine.
#[derive(Debug)]
pub struct Repository {
    folder: tempfile::TempDir,
}

impl Repository {
    /// An empty one, whose branch will be `main`.
    ///
    /// # Panics
    /// When there is no git, or no folder to be had.
    #[must_use]
    #[expect(clippy::expect_used, clippy::new_without_default, reason = "a test needs it")]
    pub fn new() -> Self {
        let repository = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        let bare = repository.path();
        fs_err::create_dir_all(repository.home()).expect("a home");
        let made = ["init", "--quiet", "--bare", "--initial-branch", "main"];
        let status = repository.command(repository.root()).args(made).arg(&bare).status();
        assert!(status.expect("git").success());
        repository
    }

    /// Folder that holds everything.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.folder.path()
    }

    /// The bare repository.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.root().join("commerce.git")
    }

    /// Its address as `file://`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("file://{}", self.path().display())
    }

    fn home(&self) -> PathBuf {
        self.root().join("home")
    }

    /// The environment in which git sees nothing of this machine's settings.
    #[must_use]
    pub fn environment(&self) -> Vec<(String, String)> {
        let home = self.home().display().to_string();
        [
            ("HOME", home.as_str()),
            ("XDG_CONFIG_HOME", &home),
            ("GIT_CONFIG_NOSYSTEM", "1"),
            ("GIT_AUTHOR_NAME", "Ann"),
            ("GIT_AUTHOR_EMAIL", "ann@example.com"),
            ("GIT_COMMITTER_NAME", "Ann"),
            ("GIT_COMMITTER_EMAIL", "ann@example.com"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }

    fn command(&self, folder: &Path) -> Command {
        let mut command = Command::new("git");
        command.current_dir(folder).envs(self.environment()).stdin(Stdio::null());
        command
    }

    /// Runs git in a folder and gives back what it printed.
    ///
    /// # Panics
    /// When git fails.
    #[expect(clippy::expect_used, reason = "a test cannot go on without it")]
    pub fn git_in(&self, folder: &Path, args: &[&str]) -> String {
        let output = self.command(folder).args(args).output().expect("git");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {args:?}: {stderr}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Runs git in the bare repository.
    pub fn git(&self, args: &[&str]) -> String {
        self.git_in(&self.path(), args)
    }

    /// A working copy of a branch, as a person has one.
    pub fn work(&self, name: &str, branch: &str) -> PathBuf {
        let folder = self.root().join(name);
        let to = folder.display().to_string();
        self.git_in(self.root(), &["clone", "--quiet", "--branch", branch, &self.url(), &to]);
        folder
    }

    /// Commits all that is in a working copy, and pushes it.
    pub fn publish(&self, work: &Path, message: &str) {
        self.git_in(work, &["add", "--all"]);
        self.git_in(work, &["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git_in(work, &["push", "--quiet", "origin", "HEAD"]);
    }

    /// All branches with their commits.
    #[must_use]
    pub fn branches(&self) -> String {
        self.git(&["for-each-ref", "--format=%(refname:short) %(objectname)", "refs/heads"])
    }

    /// Content of a file on a branch.
    #[must_use]
    pub fn show(&self, branch: &str, file: &str) -> String {
        self.git(&["show", &format!("{branch}:{file}")])
    }
}
