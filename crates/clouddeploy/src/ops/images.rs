//! `images build`: from a published package to images in the registry and a release.

mod base;
mod plain;
mod promote;
mod push;

use std::{collections::BTreeMap, time::Instant};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    images,
    oci::{Base, Image, PushReport, Registry},
    package::Package,
    state::{
        init::{Component, InitState},
        lock::Owner,
        packages::{self, PackageManifest},
        releases::{self, Release},
        runs,
        store::{StateError, Store},
    },
};
use jiff::Timestamp;

use super::{initialized, lock_request, store};
pub use plain::{PlainReport, PlainRequest, build_plain};
pub use promote::{PromoteReport, PromoteRequest, promote};

use crate::{
    error::DeployError,
    images::{Making, assemble as assemble_images},
    topology::Topology,
};
use push::Pushing;

/// What `images build` needs to know.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Id of a published package; the newest one when none is given.
    pub package: Option<String>,
    /// Run of the build job whose package it is, in place of an id.
    pub run: Option<String>,
    /// Folder that relative paths in the settings start from.
    pub folder: Utf8PathBuf,
}

/// What became of an image.
#[derive(Debug, Clone)]
pub struct BuiltImage {
    /// Reference with digest.
    pub reference: String,
    /// Size of its layers in bytes.
    pub size: u64,
    /// What the push moved.
    pub push: PushReport,
}

/// What `images build` did.
#[derive(Debug, Clone)]
pub struct BuildReport {
    /// The package.
    pub package: PackageManifest,
    /// Images by name.
    pub images: BTreeMap<String, BuiltImage>,
    /// The release that holds exactly these images.
    pub release: Release,
    /// Whether the release is new.
    pub new: bool,
}

/// Builds the images of a package, pushes what the registry lacks, and writes the release.
///
/// # Errors
/// [`DeployError`]; a repeated call uploads nothing twice.
pub async fn build(ctx: &Ctx, request: &BuildRequest) -> Result<BuildReport, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let asked = lock_request("deploy".to_owned(), &request.owner, "images build");
    runs::recorded(ctx, &store, asked, async |_locked| {
        let manifest = choose(&store, request).await?;
        let base = request.config.images.base.as_ref();
        let base = base.ok_or(DeployError::MissingSetting("images.base"))?;
        let base =
            base::read(&ctx.events, base, &request.folder, &images::keyring(&ctx.aws)).await?;
        let assembled = assemble(ctx, &state, &manifest, &base).await?;
        let images = push(ctx, &state, config, assembled, &manifest).await?;
        let draft = Release {
            id: String::new(),
            package: manifest.id.clone(),
            version: manifest.version.clone(),
            images: images
                .iter()
                .map(|(name, image)| (name.clone(), image.reference.clone()))
                .collect(),
            base: base.digest.clone(),
            created_at: Timestamp::now(),
            created_by: ctx.aws.caller().to_owned(),
            previous: None,
        };
        let (release, new) = releases::append(&store, draft).await?;
        Ok(BuildReport { package: manifest, images, release, new })
    })
    .await
}

async fn choose(store: &Store, request: &BuildRequest) -> Result<PackageManifest, DeployError> {
    if let Some(run) = &request.run {
        return package_of_run(store, run).await;
    }
    let known = packages::list(store).await?;
    let found = match &request.package {
        None => known.first(),
        Some(id) => known.iter().find(|package| &package.id == id),
    };
    match (found, &request.package) {
        (Some(found), _) => Ok(found.clone()),
        (None, None) => Err(DeployError::NotReady {
            what: "no package is published yet".to_owned(),
            command: "cloudteam package build".to_owned(),
        }),
        (None, Some(id)) => Err(DeployError::Unknown {
            what: "package",
            name: id.clone(),
            known: known.into_iter().map(|package| package.id).collect(),
        }),
    }
}

/// What a run of the build job published.
pub(super) async fn package_of_run(
    store: &Store,
    run: &str,
) -> Result<PackageManifest, DeployError> {
    packages::built_by(store, run).await?.ok_or_else(|| DeployError::NotReady {
        what: format!("the run {run} of the build job published no package"),
        command: "cloudteam package build".to_owned(),
    })
}

async fn assemble(
    ctx: &Ctx,
    state: &InitState,
    manifest: &PackageManifest,
    base: &Base,
) -> Result<BTreeMap<String, Image>, DeployError> {
    let begin = Instant::now();
    ctx.events.step("package", format!("package {} ({})", manifest.id, manifest.version));
    let result = fetch_and_assemble(ctx, state, manifest, base).await;
    match &result {
        Ok(images) => {
            let seconds = begin.elapsed().as_secs_f64();
            let detail = format!("{} images assembled in {seconds:.1} s", images.len());
            ctx.events.step_done("package", Outcome::Done, detail);
        }
        Err(error) => ctx.events.step_done("package", Outcome::Failed, error.to_string()),
    }
    result
}

async fn fetch_and_assemble(
    ctx: &Ctx,
    state: &InitState,
    manifest: &PackageManifest,
    base: &Base,
) -> Result<BTreeMap<String, Image>, DeployError> {
    // Deleted when the images are made.
    let folder = tempfile::tempdir().map_err(StateError::File)?;
    let file = Utf8Path::from_path(folder.path()).unwrap_or(Utf8Path::new("")).join("package.zip");
    let bucket = Store::new(&ctx.aws, state.output(Component::Core, "PackageBucketName")?);
    bucket.download(ctx, &packages::object_key(&manifest.digest), &file).await?;
    let base = base.clone();
    unblocked(move || {
        let package = Package::open(&file)?;
        Ok(assemble_images(&package, &Topology::commerce()?, &base, &Making::default())?)
    })
    .await
}

/// Pushes the images into the repositories that `init` made.
async fn push(
    ctx: &Ctx,
    state: &InitState,
    config: &CloudOpsConfig,
    assembled: BTreeMap<String, Image>,
    manifest: &PackageManifest,
) -> Result<BTreeMap<String, BuiltImage>, DeployError> {
    let (mut host, mut images) = (String::new(), BTreeMap::new());
    for (name, image) in assembled {
        let key = format!("Repository:{}/{name}", config.instance);
        let uri = state.output(Component::Deploy, &key)?;
        // All repositories of an account and region are in one registry.
        let (of, repository) = uri.split_once('/').unwrap_or((uri, ""));
        of.clone_into(&mut host);
        images.insert(name, (image, repository.to_owned()));
    }
    let logins = images::logins(&ctx.aws, ctx.aws.region());
    let registry = Registry::with_logins(&host, logins);
    let pushing = Pushing { registry: &registry, host: &host, images, id: &manifest.id };
    Ok(pushing.push(&ctx.events).await?)
}

/// Runs what keeps a core busy beside what waits.
async fn unblocked<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeployError> + Send + 'static,
) -> Result<T, DeployError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StateError::File(std::io::Error::other(error)))?
}
