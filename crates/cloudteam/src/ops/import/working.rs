//! The working branch: begun from a vendor branch, moved only forward.

use cloudops_aws::ctx::Ctx;

use super::{Changes, ImportRequest, conflict, vendor::Vendor};
use crate::git::{
    Clone, GitError,
    fast_import::{self, Content},
    merge,
};

/// The commit that the working branch should be at, and whether it moves.
pub(super) async fn commit(
    ctx: &Ctx,
    clone: &Clone,
    request: &ImportRequest,
    vendor: &Vendor,
) -> Result<(String, bool), GitError> {
    let Some(head) = clone.branch(&request.branch) else {
        return Ok((vendor.commit.clone(), true));
    };
    if clone.contains(head, &vendor.commit).await? {
        remind(ctx, clone, request, head).await?;
        return Ok((head.to_owned(), false));
    }
    check_history(clone, request, head, vendor).await?;
    let vendor_branch = request.vendor_branch();
    clone.point(&vendor_branch, &vendor.commit).await?;
    let merged = merge::merge(clone, &request.branch, &vendor_branch).await?;
    if !merged.conflicts.is_empty() {
        return Err(conflict::leave(clone, request, head, vendor, merged).await);
    }
    let message = format!("Merge {} {}", request.distribution.name, request.distribution.version);
    let content = Content::Tree(&merged.tree, None);
    let commit = fast_import::commit(clone, &message, &[head, &vendor.commit], content).await?;
    Ok((commit, true))
}

/// Merging into a branch of a wholly different thing would mix two projects.
async fn check_history(
    clone: &Clone,
    request: &ImportRequest,
    head: &str,
    vendor: &Vendor,
) -> Result<(), GitError> {
    if request.adopt || clone.related(head, &vendor.commit).await? {
        return Ok(());
    }
    if clone.git(&["ls-tree", head]).await?.trim().is_empty() {
        return Ok(());
    }
    let (branch, repository) = (request.branch.clone(), clone.repository().to_owned());
    Err(GitError::SomethingElse { branch, repository })
}

/// What a merge by hand has left behind.
async fn remind(
    ctx: &Ctx,
    clone: &Clone,
    request: &ImportRequest,
    head: &str,
) -> Result<(), GitError> {
    let (branch, merge_branch) = (&request.branch, request.merge_branch());
    if clone.has_file(head, conflict::REPORT).await? {
        ctx.events.warn(format!("{} is still on {branch}: remove it", conflict::REPORT));
    }
    if clone.branch(&merge_branch).is_some() {
        ctx.events.note(format!("{merge_branch} is merged; it may be deleted"));
    }
    Ok(())
}

/// How many files differ between two commits of the working branch.
pub(super) async fn changes(
    clone: &Clone,
    from: Option<&str>,
    to: &str,
) -> Result<Changes, GitError> {
    let mut changes = Changes::default();
    if from == Some(to) {
        return Ok(changes);
    }
    let from = match from {
        Some(from) => from.to_owned(),
        // Of nothing, git makes the empty tree.
        None => clone.git(&["mktree"]).await?.trim().to_owned(),
    };
    let args = ["diff-tree", "-r", "-z", "--no-renames", "--name-status", &from, to];
    let listed = clone.git(&args).await?;
    for status in listed.split('\0').step_by(2) {
        match status {
            "A" => changes.added += 1,
            "D" => changes.deleted += 1,
            "" => {}
            _ => changes.changed += 1,
        }
    }
    Ok(changes)
}
