//! `images build`: from a published package to images in the registry and a release.

mod promote;

use std::{collections::BTreeMap, time::Instant};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::{BaseImage, CloudOpsConfig},
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
pub use promote::{PromoteReport, PromoteRequest, promote};

use crate::{error::DeployError, images::assemble as assemble_images, topology::Topology};

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
        let base = base(ctx, request).await?;
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

async fn base(ctx: &Ctx, request: &BuildRequest) -> Result<Base, DeployError> {
    let base = request.config.images.base.as_ref();
    let base = base.ok_or(DeployError::MissingSetting("images.base"))?;
    ctx.events.step("base", "base image");
    let read = match base {
        BaseImage::Layout(path) => Base::from_layout(&request.folder.join(path)),
        BaseImage::Reference(reference) => Base::from_registry(reference).await,
    };
    match &read {
        Ok(base) => ctx.events.step_done("base", Outcome::Unchanged, base.digest.as_str()),
        Err(error) => ctx.events.step_done("base", Outcome::Failed, error.to_string()),
    }
    Ok(read?)
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
    let package = Package::open(&file)?;
    let topology = Topology::commerce()?;
    let images = assemble_images(&package, &topology, base)?;
    Ok(images)
}

/// Pushes the images, side by side.
async fn push(
    ctx: &Ctx,
    state: &InitState,
    config: &CloudOpsConfig,
    assembled: BTreeMap<String, Image>,
    manifest: &PackageManifest,
) -> Result<BTreeMap<String, BuiltImage>, DeployError> {
    let login = images::login(&ctx.aws).await?;
    let mut built = BTreeMap::new();
    for (name, image) in assembled {
        let key = format!("Repository:{}/{name}", config.instance);
        let uri = state.output(Component::Deploy, &key)?;
        let (host, repository) = uri.split_once('/').unwrap_or((uri, ""));
        let registry = Registry::new(host, &login.user, &login.password);
        let step = format!("image/{repository}");
        ctx.events.step(&step, format!("image {name}"));
        // Immutable tags: the same package always gives the same image under its tag.
        let tag = format!("{}-{}", manifest.id, image.digest().short());
        let pushed = registry.push(&image, repository, &tag, &ctx.events).await;
        let push = match pushed {
            Ok(push) => push,
            Err(error) => {
                ctx.events.step_done(&step, Outcome::Failed, error.to_string());
                return Err(error.into());
            }
        };
        let outcome = if push.uploaded_blobs == 0 { Outcome::Unchanged } else { Outcome::Done };
        let detail = format!("{}, {} bytes uploaded", image.digest().short(), push.uploaded_bytes);
        ctx.events.step_done(&step, outcome, detail);
        let reference = format!("{uri}@{}", image.digest());
        built.insert(name, BuiltImage { reference, size: image.size(), push });
    }
    Ok(built)
}
