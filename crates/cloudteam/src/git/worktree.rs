//! Working copies: of a revision to build, and what there is in one.

use camino::Utf8Path;
use tokio_util::sync::CancellationToken;

use super::{
    GitError, Options,
    address::{self, Quoted},
    command::Git,
};

/// Checks a branch, tag or commit of a repository out into a new folder, with what git does for
/// people (line endings, filters), and gives back its commit.
///
/// # Errors
/// [`GitError::NoReference`] when there is no such revision; what stands between us and the
/// repository.
pub async fn checkout(
    repository: &str,
    revision: &str,
    folder: &Utf8Path,
    cancel: &CancellationToken,
) -> Result<String, GitError> {
    address::check(repository)?;
    fs_err::create_dir_all(folder)?;
    let git = Git::new(folder, &Options::default(), &address::shown(repository), cancel).await?;
    git.run(&["init", "--quiet", "--template="]).await?;
    let config = folder.join(".git/config");
    let text = fs_err::read_to_string(&config)?;
    let fetched = "+refs/heads/*:refs/remotes/origin/*";
    let url = Quoted(repository);
    let remote = format!("[remote \"origin\"]\n\turl = {url}\n\tfetch = {fetched}\n");
    fs_err::write(&config, format!("{text}{remote}"))?;
    git.run(&["fetch", "--quiet", "--tags", "origin"]).await?;
    let commit = resolve(&git, revision).await?;
    git.run(&["checkout", "--quiet", "--detach", &commit]).await?;
    Ok(commit)
}

/// A branch wins over a tag of the same name, as on the build server.
async fn resolve(git: &Git, revision: &str) -> Result<String, GitError> {
    let names = [
        format!("refs/remotes/origin/{revision}^{{commit}}"),
        format!("refs/tags/{revision}^{{commit}}"),
        format!("{revision}^{{commit}}"),
    ];
    for name in names {
        let said =
            git.raw(&["rev-parse", "--verify", "--quiet", "--end-of-options", &name]).await?;
        if said.code == Some(0) {
            return Ok(String::from_utf8_lossy(&said.stdout).trim().to_owned());
        }
    }
    Err(GitError::NoReference {
        repository: git.repository.clone(),
        reference: revision.to_owned(),
    })
}

/// What git says about the committed files that match some patterns, one per line with its content
/// (`git ls-files --stage` with glob patterns).
///
/// # Errors
/// [`GitError`].
pub async fn listed(folder: &Utf8Path, patterns: &[String]) -> Result<String, GitError> {
    let patterns: Vec<String> = patterns.iter().map(|text| format!(":(glob){text}")).collect();
    let mut args = vec!["ls-files", "--stage", "-z", "--"];
    args.extend(patterns.iter().map(String::as_str));
    Ok(here(folder).await?.run(&args).await?.replace('\0', "\n"))
}

/// Files that differ from the commit that a working copy is at; new ones that are not ignored
/// count too.
///
/// # Errors
/// [`GitError`].
pub async fn changed(folder: &Utf8Path) -> Result<Vec<String>, GitError> {
    let args = ["status", "--porcelain=v1", "-z", "--no-renames"];
    let text = here(folder).await?.run(&args).await?;
    let name = |line: &str| line.get(3..).map(str::to_owned);
    Ok(text.split_terminator('\0').filter_map(name).collect())
}

async fn here(folder: &Utf8Path) -> Result<Git, GitError> {
    let never = CancellationToken::new();
    Git::new(folder, &Options::default(), folder.as_str(), &never).await
}
