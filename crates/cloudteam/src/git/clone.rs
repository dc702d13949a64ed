//! A bare clone to work in: the branches that matter, and nothing else.

use std::collections::BTreeMap;

use camino::{Utf8Path, Utf8PathBuf};
use tokio_util::sync::CancellationToken;

use super::{
    Cause, GitError, Options,
    address::{self, Quoted},
    command::{Git, Said},
};

/// The oldest git that merges without a working copy.
const OLDEST: (u32, u32) = (2, 38);

/// A bare clone. Its branches have the names that they have in the repository.
#[derive(Debug, Clone)]
pub struct Clone {
    pub(super) git: Git,
    /// Commits of all branches of the repository, by name.
    branches: BTreeMap<String, String>,
}

impl Clone {
    /// Makes a bare clone in a new folder and lists the branches; nothing is fetched yet. The
    /// repository may be empty.
    ///
    /// # Errors
    /// [`GitError`] says what stands between us and the repository.
    pub async fn of(
        repository: &str,
        folder: &Utf8Path,
        options: &Options,
        cancel: &CancellationToken,
    ) -> Result<Self, GitError> {
        let repository = absolute(repository)?;
        fs_err::create_dir_all(folder)?;
        let shown = address::shown(&repository);
        let git = Git::new(folder, options, &shown, cancel).await?;
        check_version(&git.run(&["version"]).await?)?;
        git.run(&["init", "--quiet", "--bare", "--template="]).await?;
        // In a file, so that it is not in the list of processes and never taken for an option.
        let config = folder.join("config");
        let text = fs_err::read_to_string(&config)?;
        let remote = format!("[remote \"origin\"]\n\turl = {}\n", Quoted(&repository));
        fs_err::write(&config, format!("{text}{remote}"))?;
        let listed = git.run(&["ls-remote", "origin", "refs/heads/*"]).await?;
        let branch = |line: &str| {
            let (commit, name) = line.split_once('\t')?;
            Some((name.strip_prefix("refs/heads/")?.to_owned(), commit.to_owned()))
        };
        Ok(Self { git, branches: listed.lines().filter_map(branch).collect() })
    }

    /// All branches of the repository, with their commits.
    #[must_use]
    pub fn branches(&self) -> &BTreeMap<String, String> {
        &self.branches
    }

    /// Commit of a branch of the repository, if there is such a branch.
    #[must_use]
    pub fn branch(&self, name: &str) -> Option<&str> {
        self.branches.get(name).map(String::as_str)
    }

    /// The repository as it shows.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.git.repository
    }

    /// Folder of the clone.
    #[must_use]
    pub fn folder(&self) -> &Utf8Path {
        &self.git.folder
    }

    /// Fetches branches, with their history. Those that have vanished meanwhile are an error.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn fetch(&self, branches: &[&str]) -> Result<(), GitError> {
        if branches.is_empty() {
            return Ok(());
        }
        let specs: Vec<String> =
            branches.iter().map(|name| format!("+refs/heads/{name}:refs/heads/{name}")).collect();
        let mut args = vec!["fetch", "--quiet", "--no-tags", "origin"];
        args.extend(specs.iter().map(String::as_str));
        self.git.run(&args).await.map(|_| ())
    }

    /// Runs git in the clone and gives back what it printed.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn git(&self, args: &[&str]) -> Result<String, GitError> {
        self.git.run(args).await
    }

    /// Whether one commit is in the history of another one.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn contains(&self, commit: &str, ancestor: &str) -> Result<bool, GitError> {
        self.yes_or_no(&["merge-base", "--is-ancestor", ancestor, commit]).await
    }

    /// Whether two commits have any history in common.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn related(&self, one: &str, other: &str) -> Result<bool, GitError> {
        self.yes_or_no(&["merge-base", one, other]).await
    }

    /// Whether a commit has a file.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn has_file(&self, commit: &str, file: &str) -> Result<bool, GitError> {
        Ok(!self.git.run(&["ls-tree", "--name-only", commit, file]).await?.trim().is_empty())
    }

    async fn yes_or_no(&self, args: &[&str]) -> Result<bool, GitError> {
        let said = self.git.raw(args).await?;
        match said.code {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(self.git.failed(args, &said)),
        }
    }

    /// Points a local branch at a commit, so that it can be merged by its name.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn point(&self, branch: &str, commit: &str) -> Result<(), GitError> {
        self.git.run(&["update-ref", &format!("refs/heads/{branch}"), commit]).await.map(|_| ())
    }

    /// Pushes commits to branches: all or none, where the server can, else one after the other in
    /// the order given. Never rewrites a branch.
    ///
    /// # Errors
    /// [`GitError::Remote`] with [`Cause::Moved`] when somebody else pushed meanwhile.
    pub async fn push(&self, targets: &[(&str, &str)]) -> Result<(), GitError> {
        let specs: Vec<String> = targets
            .iter()
            .map(|(commit, branch)| format!("{commit}:refs/heads/{branch}"))
            .collect();
        let mut args = vec!["push", "--porcelain", "--no-verify", "--atomic", "origin"];
        args.extend(specs.iter().map(String::as_str));
        match self.push_with(&args).await {
            Err(GitError::Remote { cause: Cause::NoAtomic, .. }) => {
                for spec in &specs {
                    self.push_with(&["push", "--porcelain", "--no-verify", "origin", spec]).await?;
                }
                Ok(())
            }
            result => result,
        }
    }

    async fn push_with(&self, args: &[&str]) -> Result<(), GitError> {
        let said: Said = self.git.raw(args).await?;
        if said.code == Some(0) {
            return Ok(());
        }
        Err(self.git.failed(args, &said))
    }
}

/// Git would look for a relative path from the folder of the clone.
fn absolute(repository: &str) -> Result<String, GitError> {
    address::check(repository)?;
    let path = Utf8Path::new(repository);
    if path.is_absolute() || !path.is_dir() {
        return Ok(repository.to_owned());
    }
    let path: Utf8PathBuf = path.canonicalize_utf8()?;
    Ok(path.into_string())
}

fn check_version(said: &str) -> Result<(), GitError> {
    let found = said.trim().trim_start_matches("git version ").to_owned();
    let mut numbers = found.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
    let version = (numbers.next().unwrap_or_default(), numbers.next().unwrap_or_default());
    if version < OLDEST { Err(GitError::TooOld { found }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_git_that_cannot_merge_is_too_old() {
        assert!(check_version("git version 2.39.5\n").is_ok());
        assert!(check_version("git version 2.38.0.windows.1").is_ok());
        assert!(check_version("git version 3.0").is_ok());
        let error = check_version("git version 2.34.1\n").unwrap_err().to_string();
        assert_eq!(error, "git 2.34.1 is too old: 2.38 or newer is needed");
    }
}
