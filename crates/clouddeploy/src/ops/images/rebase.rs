//! `images rebase`: the images of a release on another base, without building them again.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use cloudops_aws::{
    config_file::{BaseImage, CloudOpsConfig},
    ctx::Ctx,
    ids::Digest,
    oci::{Base, Image, OciError, Source},
    state::{
        lock::Owner,
        packages,
        releases::{ImageProvenance, Release},
        runs,
        store::Store,
    },
};

use super::{
    BuiltImage,
    account::{Account, BASE},
    base,
    ledger::{self, Draft},
    promote::chosen,
    push::Pushing,
};
use crate::{
    error::DeployError,
    ops::{initialized, lock_request, store},
};

/// What `images rebase` needs to know.
#[derive(Debug, Clone)]
pub struct RebaseRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Id of a release; the newest one when none is given.
    pub release: Option<String>,
    /// The new base; that of the settings when none is given.
    pub base: Option<BaseImage>,
    /// Folder that relative paths in the settings start from.
    pub folder: Utf8PathBuf,
}

/// What `images rebase` did.
#[derive(Debug, Clone)]
pub struct RebaseReport {
    /// The release whose images were taken.
    pub from: Release,
    /// Images by name.
    pub images: BTreeMap<String, BuiltImage>,
    /// The release with the images on the new base.
    pub release: Release,
    /// Whether the release is new.
    pub new: bool,
}

/// Puts the images of a release on another base, and makes a release of them. Only manifests and
/// configurations are sent: our layers are in the registry, and the base is copied there once.
///
/// # Errors
/// [`DeployError`]; a repeated call goes on.
pub async fn rebase(ctx: &Ctx, request: &RebaseRequest) -> Result<RebaseReport, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let account = Account::open(ctx, &state, config)?;
    let store = store(&ctx.aws, config);
    let asked = lock_request("deploy".to_owned(), &request.owner, "images rebase");
    runs::recorded(ctx, &store, asked, async |_locked| {
        let from = chosen(&store, request.release.as_deref()).await?;
        let image = request.base.as_ref().or(config.images.base.as_ref());
        let image = image.ok_or(DeployError::MissingSetting("images.base"))?;
        let wanted = base::platforms(config);
        let new = base::kept(ctx, &account, image, &request.folder, &wanted).await?;
        let old = old_base(&account, &from).await?;
        let (moved, provenance) = moved(&account, &from, &old, &new).await?;
        let pushing = Pushing {
            registry: &account.registry,
            host: &account.host,
            images: moved,
            id: &from.package,
        };
        let images = pushing.push(&ctx.events).await?;
        let draft = Draft {
            package: (from.package.clone(), from.version.clone()),
            package_digest: package_digest(&store, &from).await?,
            revision: from.provenance.as_ref().and_then(|known| known.revision.clone()),
            base_name: image.pinned(new.digest()).to_string(),
            base: &new,
            rebased_from: Some(from.id.clone()),
            images: &images,
            provenance,
        };
        let (release, new) = draft.append(ctx, &store, &account).await?;
        Ok(RebaseReport { from, images, release, new })
    })
    .await
}

/// Digest of the package of a release, which those of older versions do not tell.
async fn package_digest(store: &Store, release: &Release) -> Result<Digest, DeployError> {
    if let Some(known) = &release.provenance {
        return Ok(known.package_digest.clone());
    }
    let package = packages::find(store, &release.package).await?;
    package.map(|package| package.digest).ok_or_else(|| DeployError::NotReady {
        what: format!("the package {} of release {} is not known", release.package, release.id),
        command: "clouddeploy images build".to_owned(),
    })
}

/// The base that the images of a release stand on.
async fn old_base(account: &Account<'_>, release: &Release) -> Result<Base, DeployError> {
    let reference = account.reference(BASE, &release.base)?;
    if !account.has(&reference).await? {
        return Err(OciError::Missing { reference }.into());
    }
    let source = Source::registry(&account.registry, &reference)?;
    Ok(Base::read(&source, &BaseImage::Reference(reference), &[]).await?)
}

/// Images with their repositories, and what the release tells of each.
type Moved = (BTreeMap<String, (Image, String)>, BTreeMap<String, ImageProvenance>);

async fn moved(
    account: &Account<'_>,
    from: &Release,
    old: &Base,
    new: &Base,
) -> Result<Moved, DeployError> {
    let (mut images, mut provenance) = (BTreeMap::new(), BTreeMap::new());
    for (name, reference) in &from.images {
        let source = Source::registry(&account.registry, reference)?;
        let image = Image::read(&source, reference, &[]).await?;
        account.registry.remember(&image, reference).await?;
        let mut moved = image.rebase(old, new)?;
        // The list tells our jars, which are the same.
        moved.attachments = account.registry.attachments(reference).await?;
        provenance.insert(name.clone(), ledger::known(&moved, None));
        images.insert(name.clone(), (moved, account.repository(name)?));
    }
    Ok((images, provenance))
}
