//! Published deployment packages: what `cloudteam` writes and `clouddeploy` reads.

use camino::Utf8Path;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::{Document, StateError, Store, Versioned};
use crate::ids::Digest;

/// What is known about a published package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageManifest {
    /// Short name: the first twelve digits of the digest.
    pub id: String,
    /// Digest of the zip file.
    pub digest: Digest,
    /// Size of the zip file in bytes.
    pub size: u64,
    /// Version of the distribution it was built from.
    pub version: String,
    /// Commit of the repository it was built from.
    pub source_commit: Option<String>,
    /// Build that made it: a URL on the build server, or who built it where.
    pub built_by: String,
    /// When it was published.
    pub published_at: Timestamp,
}

impl Document for PackageManifest {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "the manifest of a package";
}

/// Which package a run of the build job published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageBuild {
    /// Id of the package.
    pub package: String,
}

impl Document for PackageBuild {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "the result of a package build";
}

const PREFIX: &str = "v1/packages/";

/// Key of a package in the package bucket: by content, so that nothing is stored twice.
#[must_use]
pub fn object_key(digest: &Digest) -> String {
    format!("packages/{}.zip", digest.hex())
}

/// Publishes a package: the zip first, the manifest last, so that what is listed is whole. Says
/// false when this content had been published before.
///
/// # Errors
/// [`StateError`].
pub async fn publish(
    state: &Store,
    packages: &Store,
    file: &Utf8Path,
    manifest: &PackageManifest,
) -> Result<bool, StateError> {
    packages.upload(&object_key(&manifest.digest), file).await?;
    match state.put(&format!("{PREFIX}{}.json", manifest.id), manifest, None).await {
        Ok(_) => Ok(true),
        Err(StateError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Records which package a run of the build job published.
///
/// # Errors
/// [`StateError`].
pub async fn record_build(state: &Store, run: &str, package: &str) -> Result<(), StateError> {
    let build = PackageBuild { package: package.to_owned() };
    match state.put(&build_key(run), &build, None).await {
        Ok(_) | Err(StateError::Conflict { .. }) => Ok(()),
        Err(error) => Err(error),
    }
}

/// The package that a run of the build job published, if it did.
///
/// # Errors
/// [`StateError`].
pub async fn built_by(state: &Store, run: &str) -> Result<Option<PackageManifest>, StateError> {
    match state.get::<PackageBuild>(&build_key(run)).await? {
        Some(build) => find(state, &build.value.package).await,
        None => Ok(None),
    }
}

/// A package by its id.
///
/// # Errors
/// [`StateError`].
pub async fn find(state: &Store, id: &str) -> Result<Option<PackageManifest>, StateError> {
    Ok(state.get(&format!("{PREFIX}{id}.json")).await?.map(|found: Versioned<_>| found.value))
}

/// All published packages, the newest first.
///
/// # Errors
/// [`StateError`].
pub async fn list(state: &Store) -> Result<Vec<PackageManifest>, StateError> {
    let mut found = Vec::new();
    for key in state.keys(PREFIX).await? {
        if let Some(manifest) = state.get::<PackageManifest>(&key).await? {
            found.push(manifest.value);
        }
    }
    found.sort_by_key(|manifest| std::cmp::Reverse(manifest.published_at));
    Ok(found)
}

fn build_key(run: &str) -> String {
    format!("v1/package-builds/{run}.json")
}
