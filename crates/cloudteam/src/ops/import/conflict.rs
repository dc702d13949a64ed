//! A merge that needs a person: left on a branch of its own, with a report.

use super::{ImportRequest, vendor::Vendor};
use crate::git::{
    Clone, GitError,
    fast_import::{self, Content},
    merge::{Conflicted, Merged},
};

/// The report at the top of the branch with the merge.
pub(super) const REPORT: &str = "CLOUDOPS-CONFLICTS.md";

/// Leaves the merge as far as it goes on its branch, unless it is there, and gives the error that
/// tells of it. What a person has done on that branch stays.
pub(super) async fn leave(
    clone: &Clone,
    request: &ImportRequest,
    head: &str,
    vendor: &Vendor,
    merged: Merged,
) -> GitError {
    match publish(clone, request, head, vendor, &merged).await {
        Err(error) => error,
        Ok(()) => GitError::Conflict {
            version: request.distribution.version.clone(),
            branch: request.branch.clone(),
            merge_branch: request.merge_branch(),
            files: merged.conflicts,
        },
    }
}

async fn publish(
    clone: &Clone,
    request: &ImportRequest,
    head: &str,
    vendor: &Vendor,
    merged: &Merged,
) -> Result<(), GitError> {
    let (branch, vendor_branch) = (request.merge_branch(), request.vendor_branch());
    if let Some(there) = clone.branch(&branch) {
        if clone.contains(there, &vendor.commit).await? {
            return Ok(());
        }
        let wanted = format!("the merge of distribution {}", request.distribution.version);
        return Err(GitError::InTheWay {
            branch,
            wanted,
            repository: clone.repository().to_owned(),
        });
    }
    let message = format!(
        "Merge {} {}, with conflicts\n\n{REPORT} says which, and how to go on.\n",
        request.distribution.name, request.distribution.version
    );
    let report = report(request, &merged.conflicts);
    let content = Content::Tree(&merged.tree, Some((REPORT, &report)));
    let commit = fast_import::commit(clone, &message, &[head, &vendor.commit], content).await?;
    let mut targets = Vec::new();
    if vendor.new {
        targets.push((vendor.commit.as_str(), vendor_branch.as_str()));
    }
    targets.push((&commit, &branch));
    clone.push(&targets).await
}

fn report(request: &ImportRequest, conflicts: &[Conflicted]) -> String {
    let (name, version) = (&request.distribution.name, &request.distribution.version);
    let (branch, merge_branch) = (&request.branch, request.merge_branch());
    let vendor_branch = request.vendor_branch();
    let mut text = format!(
        "# Conflicts of {name} {version} with {branch}\n\n\
         This branch is the merge of `{vendor_branch}` into `{branch}` as far as git could do it. \
         `{branch}` itself was not changed. In text files the places are marked: first what \
         `{branch}` has, then what `{vendor_branch}` has.\n\n\
         | file | what happened |\n|---|---|\n"
    );
    for Conflicted { path, what } in conflicts {
        text.push_str(&format!("| `{}` | {} |\n", cell(path), cell(what)));
    }
    text.push_str(&format!(
        "\n## How to go on\n\n```sh\ngit fetch origin\ngit switch {merge_branch}\n\
         git log --oneline origin/{vendor_branch}..origin/{branch} -- FILE   # what was changed, for each file\n\
         # put each file above right, then:\n\
         git rm {REPORT}\ngit add --all\ngit commit -m 'Resolve conflicts with {version}'\n\
         git push origin {merge_branch}\n```\n\n\
         Then merge `{merge_branch}` into `{branch}`, by a pull request or here:\n\n\
         ```sh\ngit switch {branch}\ngit pull --ff-only\ngit merge {merge_branch}\n\
         git push origin {branch}\n```\n\n\
         Merge it, do not squash or rebase it: git must see that `{branch}` has \
         `{vendor_branch}`. When it has, run the same command again.\n"
    ));
    text
}

fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace(['\n', '\r'], " ")
}
