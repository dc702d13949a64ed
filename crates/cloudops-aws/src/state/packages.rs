//! Published deployment packages: what `cloudteam` writes and `clouddeploy` reads.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::store::{Document, ETag, StateError, Store, Upload, Versioned};
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
    /// Where the log of the build is, where one is kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_log: Option<String>,
    /// Versions of the tools it was built with, by name: `jdk`, `maven`, `cloudteam`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub tools: BTreeMap<String, String>,
    /// Bytes of what matters in it, by entry: web applications, Tomcat, jars of the database.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sizes: BTreeMap<String, u64>,
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
    format!("{PREFIX}{}.zip", digest.hex())
}

/// Publishes a package: the zip first, the manifest last, so that what is listed is whole. Says
/// false when this content had been published before.
///
/// # Errors
/// [`StateError`].
pub async fn publish(
    state: &Store,
    packages: &Store,
    upload: &Upload<'_>,
    manifest: &PackageManifest,
) -> Result<bool, StateError> {
    packages.upload_new(&object_key(&manifest.digest), upload).await?;
    match state.put(&format!("{PREFIX}{}.json", manifest.id), manifest, None).await {
        Ok(_) => Ok(true),
        Err(StateError::Conflict { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// The build of a package on the build server that was asked for last. While nobody has seen its
/// end, whoever asks for the same attaches to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PendingBuild {
    /// Value of the parameter that finds the build again.
    pub run: String,
    /// What was asked to be built: branch, tag or commit.
    pub revision: String,
    /// When.
    pub asked_at: Timestamp,
    /// When its end was seen.
    pub ended_at: Option<Timestamp>,
}

impl Document for PendingBuild {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "a package build that is under way";
}

const PENDING: &str = "v1/package-builds/pending.json";

/// The build that was asked for last, if there was one.
///
/// # Errors
/// [`StateError`].
pub async fn pending(state: &Store) -> Result<Option<Versioned<PendingBuild>>, StateError> {
    state.get(PENDING).await
}

/// Records that a build is asked for, in place of the one that was read.
///
/// # Errors
/// [`StateError::Conflict`] when somebody else asked meanwhile.
pub async fn begin_build(
    state: &Store,
    build: &PendingBuild,
    seen: Option<&ETag>,
) -> Result<(), StateError> {
    state.put(PENDING, build, seen).await.map(drop)
}

/// Records that nothing is under way any more.
///
/// # Errors
/// [`StateError`].
pub async fn end_build(state: &Store) -> Result<(), StateError> {
    let Some(found) = pending(state).await? else {
        return Ok(());
    };
    let ended = PendingBuild { ended_at: Some(Timestamp::now()), ..found.value };
    state.put(PENDING, &ended, Some(&found.etag)).await.map(drop)
}

/// Records which package a run of the build job published. A run of the same name is one of a
/// build server that has forgotten its numbers: what is published last counts.
///
/// # Errors
/// [`StateError`].
pub async fn record_build(state: &Store, run: &str, package: &str) -> Result<(), StateError> {
    let build = PackageBuild { package: package.to_owned() };
    let seen = state.get::<PackageBuild>(&build_key(run)).await?.map(|found| found.etag);
    match state.put(&build_key(run), &build, seen.as_ref()).await {
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

/// A package by its id, exactly.
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
