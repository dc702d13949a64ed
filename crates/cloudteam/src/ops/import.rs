//! `import`: takes a source distribution into the repository, on a vendor branch of its own, and
//! merges it into the working branch. Nothing of the customer's is ever rewritten.

use camino::Utf8Path;
use cloudops_aws::{ctx::Ctx, events::Outcome};

use crate::{
    error::TeamError,
    git::{Clone, GitError, shown},
    source::Distribution,
};

/// Trailer of a vendor commit that names the distribution by its content.
const TRAILER: &str = "Distribution-Digest";

/// What to import, and where to.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The distribution.
    pub distribution: Distribution,
    /// Address of the repository.
    pub repository: String,
    /// Working branch.
    pub branch: String,
}

/// What the import did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportReport {
    /// Version of the distribution.
    pub version: String,
    /// Vendor branch, such as `upstream/8.5.0`.
    pub vendor_branch: String,
    /// Commit of the working branch afterwards.
    pub commit: String,
    /// Whether anything was pushed.
    pub changed: bool,
}

/// Imports a distribution. Repeating it does nothing.
///
/// # Errors
/// [`GitError::OtherContent`] when the vendor branch holds something else, [`GitError::Conflict`]
/// when the merge needs a person; the working branch is unchanged then.
pub async fn import(ctx: &Ctx, request: &ImportRequest) -> Result<ImportReport, TeamError> {
    let version = &request.distribution.version;
    let repository = shown(&request.repository);
    ctx.events.step("import", format!("import {version} into {repository}"));
    let result = run(request).await;
    match &result {
        Ok(report) if report.changed => ctx.events.step_done(
            "import",
            Outcome::Done,
            format!("{} is at {}", request.branch, short(&report.commit)),
        ),
        Ok(_) => ctx.events.step_done("import", Outcome::Unchanged, "the repository has it"),
        Err(error) => ctx.events.step_done("import", Outcome::Failed, error.to_string()),
    }
    result
}

async fn run(request: &ImportRequest) -> Result<ImportReport, TeamError> {
    let folder = tempfile::tempdir().map_err(GitError::Io)?;
    let folder = Utf8Path::from_path(folder.path()).map(Utf8Path::to_owned).ok_or_else(|| {
        GitError::Io(std::io::Error::other("the temporary folder has a name that is not UTF-8"))
    })?;
    let clone = Clone::of(&request.repository, &folder.join("clone")).await?;
    let vendor_branch = format!("upstream/{}", request.distribution.version);
    let (vendor, vendor_new) = vendor_commit(&clone, request, &vendor_branch).await?;
    let (commit, merged) = working_commit(&clone, request, &vendor).await?;
    if vendor_new || merged {
        let vendor_ref = format!("{vendor}:refs/heads/{vendor_branch}");
        let branch_ref = format!("{commit}:refs/heads/{}", request.branch);
        clone.git(&["push", "--quiet", "--atomic", "origin", &vendor_ref, &branch_ref]).await?;
    }
    Ok(ImportReport {
        version: request.distribution.version.clone(),
        vendor_branch,
        commit,
        changed: vendor_new || merged,
    })
}

/// The commit that holds exactly the distribution, made unless the vendor branch has it.
async fn vendor_commit(
    clone: &Clone,
    request: &ImportRequest,
    branch: &str,
) -> Result<(String, bool), TeamError> {
    let digest = &request.distribution.digest;
    if let Some(commit) = clone.remote_branch(branch).await? {
        let format = format!("--format=%(trailers:key={TRAILER},valueonly)");
        let found = clone.git(&["log", "-1", &format, &commit]).await?.trim().to_owned();
        if found == digest.as_str() {
            return Ok((commit, false));
        }
        return Err(GitError::OtherContent {
            branch: branch.to_owned(),
            repository: shown(&request.repository),
            found,
        }
        .into());
    }
    let parent = newest_vendor(clone).await?;
    match &parent {
        Some(parent) => clone.git(&["checkout", "--quiet", "--detach", parent]).await?,
        None => clone.git(&["checkout", "--quiet", "--orphan", "cloudops-import"]).await?,
    };
    replace_tree(clone, &request.distribution).await?;
    let (name, version) = (&request.distribution.name, &request.distribution.version);
    let message =
        format!("Add {name} {version}\n\n{TRAILER}: {digest}\nDistribution-Version: {version}\n");
    clone.git(&["commit", "--quiet", "--allow-empty", "--no-verify", "-m", &message]).await?;
    Ok((clone.git(&["rev-parse", "HEAD"]).await?.trim().to_owned(), true))
}

/// The vendor commit that the new one follows, if there is one.
async fn newest_vendor(clone: &Clone) -> Result<Option<String>, TeamError> {
    let found = clone
        .git(&[
            "for-each-ref",
            "--sort=-committerdate",
            "--count=1",
            "--format=%(objectname)",
            "refs/remotes/origin/upstream/",
        ])
        .await?;
    Ok(Some(found.trim().to_owned()).filter(|commit| !commit.is_empty()))
}

/// Makes the tree of the clone exactly that of the distribution.
async fn replace_tree(clone: &Clone, distribution: &Distribution) -> Result<(), TeamError> {
    clone.git(&["rm", "-r", "--quiet", "--force", "--ignore-unmatch", "."]).await?;
    for file in &distribution.files {
        let (from, to) = (distribution.path.join(file), clone.path().join(file));
        if let Some(parent) = to.parent() {
            fs_err::create_dir_all(parent).map_err(GitError::Io)?;
        }
        copy(&from, &to).map_err(GitError::Io)?;
    }
    // Forced, because a distribution may ship files that its own ignore rules name.
    clone.git(&["add", "--all", "--force", "."]).await?;
    Ok(())
}

#[cfg(unix)]
fn copy(from: &Utf8Path, to: &Utf8Path) -> std::io::Result<()> {
    if fs_err::symlink_metadata(from)?.is_symlink() {
        return fs_err::os::unix::fs::symlink(fs_err::read_link(from)?, to);
    }
    fs_err::copy(from, to).map(|_| ())
}

#[cfg(not(unix))]
fn copy(from: &Utf8Path, to: &Utf8Path) -> std::io::Result<()> {
    fs_err::copy(from, to).map(|_| ())
}

/// The commit that the working branch should be at, and whether it moves.
async fn working_commit(
    clone: &Clone,
    request: &ImportRequest,
    vendor: &str,
) -> Result<(String, bool), TeamError> {
    let Some(head) = clone.remote_branch(&request.branch).await? else {
        return Ok((vendor.to_owned(), true));
    };
    let contained = clone.git(&["merge-base", "--is-ancestor", vendor, &head]).await;
    if contained.is_ok() {
        return Ok((head, false));
    }
    clone.git(&["checkout", "--quiet", "--force", "--detach", &head]).await?;
    let version = &request.distribution.version;
    let message = format!("Merge {} {version}", request.distribution.name);
    // A working branch that was not begun by us shares no history with the vendor branch.
    let merge =
        ["merge", "--quiet", "--no-ff", "--allow-unrelated-histories", "-m", &message, vendor];
    if let Err(error) = clone.git(&merge).await {
        let files = clone.git(&["diff", "--name-only", "--diff-filter=U"]).await?;
        let files: Vec<String> = files.lines().map(str::to_owned).collect();
        if files.is_empty() {
            return Err(error.into());
        }
        let vendor_ref = format!("{vendor}:refs/heads/upstream/{version}");
        clone.git(&["push", "--quiet", "origin", &vendor_ref]).await?;
        let (version, branch) = (version.clone(), request.branch.clone());
        return Err(GitError::Conflict { version, branch, files }.into());
    }
    Ok((clone.git(&["rev-parse", "HEAD"]).await?.trim().to_owned(), true))
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
