//! Vendor branches: one commit for each distribution, each the next step after the one before.

use std::cmp::Ordering;

use super::ImportRequest;
use crate::{
    git::{
        Clone, GitError,
        fast_import::{self, Content},
    },
    source::version,
};

/// Begin of the name of every vendor branch.
pub(super) const PREFIX: &str = "upstream/";

/// Trailer of a vendor commit that names the distribution by its content.
const DIGEST: &str = "Distribution-Digest";

/// Trailer that names its version.
const VERSION: &str = "Distribution-Version";

/// Trailer that says where it came from.
const ORIGIN: &str = "Distribution-Origin";

/// A vendor commit.
pub(super) struct Vendor {
    pub(super) commit: String,
    /// Whether it was made just now.
    pub(super) new: bool,
}

/// A vendor commit that the repository has.
struct Known {
    commit: String,
    version: String,
}

/// The commit that holds exactly the distribution, made unless the vendor branch has it.
pub(super) async fn commit(clone: &Clone, request: &ImportRequest) -> Result<Vendor, GitError> {
    let digest = &request.distribution.digest;
    let branch = request.vendor_branch();
    if let Some(commit) = clone.branch(&branch) {
        let found = trailer(clone, commit, DIGEST).await?;
        if found == digest.as_str() {
            return Ok(Vendor { commit: commit.to_owned(), new: false });
        }
        let found = if found.is_empty() { "not made by CloudTeam".to_owned() } else { found };
        let repository = clone.repository().to_owned();
        return Err(GitError::OtherContent { branch, repository, found });
    }
    let newest = newest(clone, request).await?;
    let version = &request.distribution.version;
    if let Some(newest) = &newest {
        let older = version::compare(version, &newest.version) == Ordering::Less;
        if older && !request.older {
            let (version, newest) = (version.clone(), newest.version.clone());
            return Err(GitError::Older { version, newest });
        }
    }
    let (name, origin) = (&request.distribution.name, &request.distribution.origin);
    let message = format!(
        "Add {name} {version}\n\n{DIGEST}: {digest}\n{VERSION}: {version}\n{ORIGIN}: {origin}\n"
    );
    let parents: Vec<&str> = newest.iter().map(|newest| newest.commit.as_str()).collect();
    let content = Content::Distribution(&request.distribution);
    let commit = fast_import::commit(clone, &message, &parents, content).await?;
    Ok(Vendor { commit, new: true })
}

/// The vendor commit that the new one follows: the last by ancestry. Where there are several, as
/// after two imports at once, it is the one that the working branch has, else the newest version.
///
/// An older version follows it too: what a merge then brings is the way back, and not both.
async fn newest(clone: &Clone, request: &ImportRequest) -> Result<Option<Known>, GitError> {
    let mut known = Vec::new();
    for (branch, commit) in clone.branches() {
        if branch.starts_with(PREFIX) {
            let version = trailer(clone, commit, VERSION).await?;
            // A branch of another origin says nothing about distributions.
            if !version.is_empty() {
                known.push(Known { commit: commit.clone(), version });
            }
        }
    }
    let mut tips: Vec<Known> = Vec::new();
    for one in known {
        let mut follows = true;
        let mut kept = Vec::new();
        for tip in tips {
            follows = follows && !clone.contains(&tip.commit, &one.commit).await?;
            if !clone.contains(&one.commit, &tip.commit).await? {
                kept.push(tip);
            }
        }
        tips = kept;
        if follows {
            tips.push(one);
        }
    }
    if let Some(head) = clone.branch(&request.branch).filter(|_| tips.len() > 1) {
        let mut merged = Vec::new();
        for (index, tip) in tips.iter().enumerate() {
            if clone.contains(head, &tip.commit).await? {
                merged.push(index);
            }
        }
        if let [only] = merged[..] {
            return Ok(Some(tips.swap_remove(only)));
        }
    }
    Ok(tips.into_iter().max_by(|one, other| version::compare(&one.version, &other.version)))
}

async fn trailer(clone: &Clone, commit: &str, key: &str) -> Result<String, GitError> {
    let format = format!("--format=%(trailers:key={key},valueonly)");
    Ok(clone.git(&["log", "-1", &format, commit]).await?.trim().to_owned())
}
