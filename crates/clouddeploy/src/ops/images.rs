//! `images build`: from a package to images in the registry and a release.

mod account;
mod base;
mod gc;
mod ledger;
mod list;
mod plain;
mod promote;
mod push;
mod rebase;
mod show;

use std::{collections::BTreeMap, time::Instant};

use camino::Utf8PathBuf;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    oci::{Base, Image, PushReport},
    package::Limits,
    state::{
        init::InitState,
        lock::Owner,
        packages::PackageManifest,
        releases::{self, ImageProvenance, Release},
        runs,
        store::{StateError, Store},
    },
};

use super::{
    initialized, lock_request,
    package::{self, Chosen, Input},
    store,
};
pub use base::{BaseReport, BaseRequest, base};
pub use gc::{GcPlan, GcReport, GcRequest, Unneeded, gc, gc_plan};
pub use list::{ListReport, ListRequest, ListedImage, list};
pub use plain::{PlainReport, PlainRequest, build_plain};
pub use promote::{PromoteReport, PromoteRequest, promote};
pub use rebase::{RebaseReport, RebaseRequest, rebase};
pub use show::{ShowReport, ShowRequest, sbom, show};

use crate::{
    error::DeployError,
    images::{Making, assemble as assemble_images},
    topology::Topology,
};
use account::Account;
use ledger::Draft;
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
    /// How images are made.
    pub making: Making,
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
    /// Release whose image this is: it runs exactly the same, so nothing was pushed.
    pub kept_from: Option<String>,
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
        let image = config.images.base.as_ref();
        let image = image.ok_or(DeployError::MissingSetting("images.base"))?;
        let account = Account::open(ctx, &state, config)?;
        let wanted = base::platforms(config);
        let base = base::kept(ctx, &account, image, &request.folder, &wanted).await?;
        let (manifest, assembled) = assemble(ctx, &state, chosen, &base, request).await?;
        let (images, provenance) = push(ctx, &store, &account, assembled, &manifest.id).await?;
        let draft = Draft {
            package: (manifest.id.clone(), manifest.version.clone()),
            package_digest: manifest.digest.clone(),
            revision: manifest.source_commit.clone(),
            base_name: image.pinned(base.digest()).to_string(),
            base: &base,
            rebased_from: None,
            images: &images,
            provenance,
        };
        let (release, new) = draft.append(ctx, &store, &account).await?;
        Ok(BuildReport { package: manifest, images, release, new })
    })
    .await
}

type Assembled = (PackageManifest, BTreeMap<String, Image>);

async fn assemble(
    ctx: &Ctx,
    state: &InitState,
    chosen: Chosen,
    base: &Base,
    request: &BuildRequest,
) -> Result<Assembled, DeployError> {
    let begin = Instant::now();
    ctx.events.step("package", chosen.to_string());
    let result = fetch_and_assemble(ctx, state, chosen, base, request).await;
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
    base: &Base,
    request: &BuildRequest,
) -> Result<Assembled, DeployError> {
    let file = chosen.fetch(ctx, state).await?;
    let caller = ctx.aws.caller().to_owned();
    let (base, mut making, limits) = (base.clone(), request.making.clone(), request.limits);
    unblocked(move || {
        let package = file.open(limits)?;
        let manifest = file.manifest_of(&package, &caller)?;
        if let Some(revision) = &manifest.source_commit {
            making.annotations.insert(REVISION.to_owned(), revision.clone());
        }
        let images = assemble_images(&package, &Topology::commerce()?, &base, &making)?.images;
        // A file that was fetched stays until here.
        Ok((manifest, images))
    })
    .await
}

/// Annotation with the revision of the source (OCI image specification 1.1, annotations).
const REVISION: &str = "org.opencontainers.image.revision";

/// Images by name, and what the release tells of each.
type Pushed = (BTreeMap<String, BuiltImage>, BTreeMap<String, ImageProvenance>);

/// Pushes the images into the repositories that `init` made, but for those that the newest release
/// has already.
async fn push(
    ctx: &Ctx,
    store: &Store,
    account: &Account<'_>,
    assembled: BTreeMap<String, Image>,
    id: &str,
) -> Result<Pushed, DeployError> {
    let newest = releases::list(store).await?.pop();
    let (mut images, mut provenance) = (BTreeMap::new(), BTreeMap::new());
    let mut built = BTreeMap::new();
    for (name, image) in assembled {
        let repository = account.repository(&name)?;
        match ledger::same(newest.as_ref(), &name, &image) {
            Some((reference, from)) if account.has(reference).await? => {
                ctx.events.step(format!("image/{repository}"), format!("image {name}"));
                let detail = format!("as in release {from}");
                let step = format!("image/{repository}");
                ctx.events.step_done(&step, Outcome::Unchanged, detail);
                let push = PushReport::nothing_of(&image);
                let (reference, size) = (reference.clone(), image.size());
                provenance.insert(name.clone(), ledger::known(&image, Some(from.clone())));
                built.insert(name, BuiltImage { reference, size, push, kept_from: Some(from) });
            }
            _ => {
                provenance.insert(name.clone(), ledger::known(&image, None));
                images.insert(name, (image, repository));
            }
        }
    }
    let pushing = Pushing { registry: &account.registry, host: &account.host, images, id };
    built.extend(pushing.push(&ctx.events).await?);
    Ok((built, provenance))
}

/// Runs what keeps a core busy beside what waits.
async fn unblocked<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, DeployError> + Send + 'static,
) -> Result<T, DeployError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StateError::File(std::io::Error::other(error)))?
}
