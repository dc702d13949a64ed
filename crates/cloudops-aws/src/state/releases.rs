//! The release ledger: what was released, as a chain in which nothing can be changed unseen.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::{Document, StateError, Store};
use crate::ids::Digest;

/// A release: exactly what runs when it is deployed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// Id, such as `r1`; numbers grow by one.
    pub id: String,
    /// Package that the images were built from.
    pub package: String,
    /// Version of the distribution.
    pub version: String,
    /// Image references with digest, by image name.
    pub images: BTreeMap<String, String>,
    /// Digest of the base image.
    pub base: Digest,
    /// When it was made.
    pub created_at: Timestamp,
    /// Who made it: the ARN of the caller.
    pub created_by: String,
    /// Where its images come from; releases of older versions do not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Digest of the ledger entry before this one, which ties them together.
    pub previous: Option<Digest>,
}

/// Where the images of a release come from: with this, anybody can make them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Provenance {
    /// Digest of the package.
    pub package_digest: Digest,
    /// Revision of the source that the package was built from, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision: Option<String>,
    /// Where the base image comes from, as the settings name it.
    pub base: String,
    /// Platforms of the images.
    pub platforms: Vec<String>,
    /// Program that made them, with its version.
    pub builder: String,
    /// Release whose images were put on another base, without being built again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rebased_from: Option<String>,
    /// What is known of each image, by name.
    pub images: BTreeMap<String, ImageProvenance>,
}

/// What is known of an image of a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImageProvenance {
    /// Digest of what runs: the same where images differ in annotations alone.
    pub content: Digest,
    /// Digest of the list of what is in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sbom: Option<Digest>,
    /// Release that has exactly this image already, and that it was kept from: what runs does not
    /// change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_from: Option<String>,
}

impl Document for Release {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "a release";
}

impl Release {
    /// Digest of this entry, which the next one names.
    #[must_use]
    pub fn entry_digest(&self) -> Digest {
        // A release is made of texts and maps, which always serialize.
        Digest::of(serde_json::to_string(self).unwrap_or_default().as_bytes())
    }
}

const PREFIX: &str = "v1/releases/";

/// All releases, the oldest first.
///
/// # Errors
/// [`StateError`].
pub async fn list(store: &Store) -> Result<Vec<Release>, StateError> {
    let mut found = Vec::new();
    for key in store.keys(PREFIX).await? {
        if let Some(release) = store.get::<Release>(&key).await? {
            found.push(release.value);
        }
    }
    found.sort_by_key(number);
    Ok(found)
}

/// A release by its id.
///
/// # Errors
/// [`StateError`].
pub async fn find(store: &Store, id: &str) -> Result<Option<Release>, StateError> {
    Ok(store.get(&key(id)).await?.map(|found| found.value))
}

/// Adds a release to the ledger, unless the newest one has the same images of the same package:
/// then that one is given back, and false. Another package that runs the same is a release of its
/// own, by which whoever built it finds it; deploying it changes nothing.
///
/// # Errors
/// [`StateError::Conflict`] when another run added one at the same moment.
pub async fn append(store: &Store, draft: Release) -> Result<(Release, bool), StateError> {
    let known = list(store).await?;
    let last = known.last();
    let is_same =
        |last: &&Release| (&last.images, &last.package) == (&draft.images, &draft.package);
    if let Some(same) = last.filter(is_same) {
        return Ok((same.clone(), false));
    }
    let release = Release {
        id: format!("r{}", last.map_or(0, number) + 1),
        previous: last.map(Release::entry_digest),
        ..draft
    };
    store.put(&key(&release.id), &release, None).await?;
    Ok((release, true))
}

/// The first release whose link to the one before is broken: it, or that one, was tampered with.
#[must_use]
pub fn broken_link(releases: &[Release]) -> Option<&Release> {
    let broken = |pair: &&[Release]| pair[1].previous != Some(pair[0].entry_digest());
    releases.windows(2).find(broken).map(|pair| &pair[1])
}

fn number(release: &Release) -> u64 {
    release.id.trim_start_matches('r').parse().unwrap_or(0)
}

fn key(id: &str) -> String {
    format!("{PREFIX}{id}.json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(id: &str, previous: Option<Digest>) -> Release {
        Release {
            id: id.to_owned(),
            package: "p".to_owned(),
            version: "8.5.0".to_owned(),
            images: BTreeMap::new(),
            base: Digest::of(b"base"),
            created_at: Timestamp::UNIX_EPOCH,
            created_by: "arn".to_owned(),
            provenance: None,
            previous,
        }
    }

    #[test]
    fn an_entry_of_an_older_version_keeps_its_digest() {
        let text = serde_json::to_string(&release("r1", None)).unwrap();
        assert!(!text.contains("provenance"), "{text}");
        let read: Release = serde_json::from_str(&text).unwrap();
        assert_eq!(read.entry_digest(), release("r1", None).entry_digest());
    }

    #[test]
    fn a_changed_entry_breaks_the_chain() {
        let first = release("r1", None);
        let second = release("r2", Some(first.entry_digest()));
        let mut chain = vec![first, second];
        assert_eq!(broken_link(&chain), None);
        chain[0].version = "9.9.9".to_owned();
        assert_eq!(broken_link(&chain).map(|release| release.id.as_str()), Some("r2"));
    }
}
