//! `images build`: from a package to images in the registry and a release.

mod base;
mod plain;
mod promote;
mod push;

use std::{collections::BTreeMap, time::Instant};

use camino::Utf8PathBuf;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    images,
    oci::{Base, Image, PushReport, Registry},
    package::Limits,
    state::{
        init::{Component, InitState},
        lock::Owner,
        packages::PackageManifest,
        releases::{self, Release},
        runs,
        store::StateError,
    },
};
use jiff::Timestamp;

use super::{
    initialized, lock_request,
    package::{self, Chosen, Input},
    store,
};
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
    /// The package; without one, what was published last.
    pub package: Option<Input>,
    /// Run of the build job whose package it is, in place of an id.
    pub run: Option<String>,
    /// What the package may hold at most.
    pub limits: Limits,
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
        let chosen = match &request.run {
            Some(run) => package::published(package::of_run(&store, run).await?),
            None => package::choose(&store, request.package.as_ref()).await?,
        };
        let base = request.config.images.base.as_ref();
        let base = base.ok_or(DeployError::MissingSetting("images.base"))?;
        let base = base::read(&ctx.events, base, &request.folder).await?;
        let (manifest, assembled) =
            assemble(ctx, &state, chosen, base.clone(), request.limits).await?;
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

type Assembled = (PackageManifest, BTreeMap<String, Image>);

async fn assemble(
    ctx: &Ctx,
    state: &InitState,
    chosen: Chosen,
    base: Base,
    limits: Limits,
) -> Result<Assembled, DeployError> {
    let begin = Instant::now();
    ctx.events.step("package", chosen.to_string());
    let result = fetch_and_assemble(ctx, state, chosen, base, limits).await;
    match &result {
        Ok((manifest, images)) => {
            let PackageManifest { id, version, .. } = manifest;
            let (count, seconds) = (images.len(), begin.elapsed().as_secs_f64());
            let detail = format!("{id} ({version}): {count} images assembled in {seconds:.1} s");
            ctx.events.step_done("package", Outcome::Done, detail);
        }
        Err(error) => ctx.events.step_done("package", Outcome::Failed, error.to_string()),
    }
    result
}

async fn fetch_and_assemble(
    ctx: &Ctx,
    state: &InitState,
    chosen: Chosen,
    base: Base,
    limits: Limits,
) -> Result<Assembled, DeployError> {
    let file = chosen.fetch(ctx, state).await?;
    let caller = ctx.aws.caller().to_owned();
    unblocked(move || {
        let package = file.open(limits)?;
        let images = assemble_images(&package, &Topology::commerce()?, &base, &Making::default())?;
        // A file that was fetched stays until here.
        Ok((file.manifest_of(&package, &caller), images))
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
    let login = images::login(&ctx.aws).await?;
    let (mut host, mut images) = (String::new(), BTreeMap::new());
    for (name, image) in assembled {
        let key = format!("Repository:{}/{name}", config.instance);
        let uri = state.output(Component::Deploy, &key)?;
        // All repositories of an account and region are in one registry.
        let (of, repository) = uri.split_once('/').unwrap_or((uri, ""));
        of.clone_into(&mut host);
        images.insert(name, (image, repository.to_owned()));
    }
    let registry = Registry::new(&host, &login.user, &login.password);
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
