//! `import`: takes a source distribution into the repository, on a vendor branch of its own, and
//! merges it into the working branch. Nothing of the customer's is ever rewritten.

mod conflict;
mod vendor;
mod working;

use camino::Utf8Path;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    state::{lock::Owner, runs},
};

use super::{foundation, lock_request, store};
use crate::{
    error::TeamError,
    git::{self, Cause, Clone, GitError, shown},
    source::Distribution,
};

/// Tries when somebody else pushes at the same time; each begins with what is there then.
const TRIES: usize = 5;

/// What to import, and where to.
#[derive(Debug, Clone)]
pub struct ImportRequest {
    /// The distribution.
    pub distribution: Distribution,
    /// Address of the repository.
    pub repository: String,
    /// Working branch.
    pub branch: String,
    /// Whether to merge into a working branch that no distribution was ever merged into.
    pub adopt: bool,
    /// Whether to go back to a distribution that is older than the newest one there.
    pub older: bool,
    /// What git is given beside what the user has set up.
    pub git: git::Options,
}

impl ImportRequest {
    /// A request that takes no risk.
    #[must_use]
    pub fn new(distribution: Distribution, repository: String, branch: String) -> Self {
        let git = git::Options::default();
        Self { distribution, repository, branch, adopt: false, older: false, git }
    }

    /// The vendor branch of the distribution.
    #[must_use]
    pub fn vendor_branch(&self) -> String {
        format!("{}{}", vendor::PREFIX, self.distribution.version)
    }

    /// The branch that a merge with conflicts is left on.
    #[must_use]
    pub fn merge_branch(&self) -> String {
        format!("cloudops/merge-{}", self.distribution.version)
    }
}

/// Files of the working branch that an import changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Changes {
    /// Files that are new.
    pub added: usize,
    /// Files with another content, mode or kind.
    pub changed: usize,
    /// Files that are gone.
    pub deleted: usize,
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
    /// Files of the working branch that are not as before.
    pub files: Changes,
}

/// Imports a distribution while holding the lock of the pipeline, and records the run.
///
/// # Errors
/// Those of [`import`], of the lock, and that CloudCore has not run.
pub async fn recorded(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
    request: &ImportRequest,
) -> Result<ImportReport, TeamError> {
    foundation(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let lock = lock_request(owner, "import");
    runs::recorded(ctx, &store, lock, async |_locked| import(ctx, request).await).await
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
    let result = tries(ctx, request).await;
    match &result {
        Ok(report) if report.changed => ctx.events.step_done(
            "import",
            Outcome::Done,
            format!("{} is at {}", request.branch, short(&report.commit)),
        ),
        Ok(_) => ctx.events.step_done("import", Outcome::Unchanged, "the repository has it"),
        Err(error) => ctx.events.step_done("import", Outcome::Failed, error.to_string()),
    }
    Ok(result?)
}

async fn tries(ctx: &Ctx, request: &ImportRequest) -> Result<ImportReport, GitError> {
    for _ in 0..TRIES {
        let folder = tempfile::tempdir()?;
        let path = Utf8Path::from_path(folder.path()).ok_or_else(|| {
            std::io::Error::other("the temporary folder has a name that is not UTF-8")
        })?;
        match once(ctx, request, &path.join("clone.git")).await {
            Err(GitError::Remote { cause: Cause::Moved, message, .. }) => {
                ctx.events.note(format!("somebody else pushed meanwhile, again: {message}"));
            }
            result => return result,
        }
    }
    let repository = shown(&request.repository);
    Err(GitError::KeepsMoving { repository, tries: TRIES })
}

async fn once(
    ctx: &Ctx,
    request: &ImportRequest,
    folder: &Utf8Path,
) -> Result<ImportReport, GitError> {
    let clone = Clone::of(&request.repository, folder, &request.git, &ctx.cancel).await?;
    let (vendor_branch, merge_branch) = (request.vendor_branch(), request.merge_branch());
    check_branches(&clone, request, &[&vendor_branch, &request.branch, &merge_branch]).await?;
    let wanted = |name: &&str| {
        name.starts_with(vendor::PREFIX)
            || [&request.branch, &merge_branch].iter().any(|b| b == name)
    };
    let wanted: Vec<&str> = clone.branches().keys().map(String::as_str).filter(wanted).collect();
    clone.fetch(&wanted).await?;
    let vendor = vendor::commit(&clone, request).await?;
    let (commit, moved) = working::commit(ctx, &clone, request, &vendor).await?;
    let mut targets = Vec::new();
    if vendor.new {
        targets.push((vendor.commit.as_str(), vendor_branch.as_str()));
    }
    if moved {
        targets.push((commit.as_str(), request.branch.as_str()));
    }
    let changed = !targets.is_empty();
    if changed {
        clone.push(&targets).await?;
    }
    let files = working::changes(&clone, clone.branch(&request.branch), &commit).await?;
    let version = request.distribution.version.clone();
    Ok(ImportReport { version, vendor_branch, commit, changed, files })
}

/// Git keeps no branch `a` beside a branch `a/b`.
async fn check_branches(
    clone: &Clone,
    request: &ImportRequest,
    wanted: &[&str],
) -> Result<(), GitError> {
    let branch = &request.branch;
    let ours = branch.starts_with(vendor::PREFIX) || branch.starts_with("cloudops/");
    let valid = !branch.starts_with('-')
        && branch != "HEAD"
        && clone.git(&["check-ref-format", &format!("refs/heads/{branch}")]).await.is_ok();
    if ours || !valid {
        return Err(GitError::BranchName { branch: branch.clone() });
    }
    for wanted in wanted {
        let in_the_way = |name: &&String| {
            wanted.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('/'))
                || name.strip_prefix(wanted).is_some_and(|rest| rest.starts_with('/'))
        };
        if let Some(branch) = clone.branches().keys().find(in_the_way) {
            return Err(GitError::InTheWay {
                branch: branch.clone(),
                wanted: (*wanted).to_owned(),
                repository: clone.repository().to_owned(),
            });
        }
    }
    Ok(())
}

fn short(commit: &str) -> &str {
    commit.get(..10).unwrap_or(commit)
}
