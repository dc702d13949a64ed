//! The base image, as the settings or the command line name it, and its copy in the account's
//! registry: images take its layers over from there, and nobody needs the place it came from.

use std::{future::Future, sync::Arc};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::{BaseImage, CloudOpsConfig},
    ctx::Ctx,
    events::{EventSink, Outcome},
    ids::Digest,
    oci::{Base, Keyring, OciError, Platform, Registry, Source},
    state::{lock::Owner, runs},
};

use super::account::{Account, BASE};
use crate::{
    error::DeployError,
    ops::{initialized, lock_request, store},
};

/// Reads a base image from where it is, as a step of its own. Relative paths start from `folder`;
/// the keyring is for references to other registries than this one.
pub(super) async fn read(
    events: &EventSink,
    image: &BaseImage,
    folder: &Utf8Path,
    (registry, keyring): (&Arc<Registry>, &Keyring),
    wanted: &[Platform],
) -> Result<Base, DeployError> {
    let reading = async {
        let base = Base::open(image, folder, Some(registry), keyring, wanted).await?;
        Ok((base, Outcome::Unchanged))
    };
    step(events, reading).await
}

/// Reads the base image of an instance from the account's registry, where it is copied to once.
pub(super) async fn kept(
    ctx: &Ctx,
    account: &Account<'_>,
    image: &BaseImage,
    folder: &Utf8Path,
    wanted: &[Platform],
) -> Result<Base, DeployError> {
    let Ok(repository) = account.repository(BASE) else {
        ctx.events.note(NO_REPOSITORY);
        let registry = (&account.registry, &account.keyring);
        return read(&ctx.events, image, folder, registry, wanted).await;
    };
    let reading = async {
        let (digest, copied) = copied(account, &repository, image, folder).await?;
        let reference = account.reference(BASE, &digest)?;
        let copy = Source::registry(&account.registry, &reference)?;
        let base = Base::read(&copy, image, wanted).await?;
        account.registry.remember(&base.image, &reference).await?;
        Ok((base, if copied { Outcome::Done } else { Outcome::Unchanged }))
    };
    step(&ctx.events, reading).await
}

const NO_REPOSITORY: &str = "there is no repository for base images, so the base is read from \
                             where it came from; `clouddeploy init` makes one";

/// Makes sure that a base image is in the account's registry. Gives its digest, and whether it was
/// copied now.
async fn copied(
    account: &Account<'_>,
    repository: &str,
    image: &BaseImage,
    folder: &Utf8Path,
) -> Result<(Digest, bool), DeployError> {
    if let Some(pinned) = image.digest()
        && account.has(&account.reference(BASE, &pinned)?).await?
    {
        return Ok((pinned, false));
    }
    let source = Source::of(image, folder, Some(&account.registry), &account.keyring)?;
    let digest = source.digest().await?;
    if image.digest().is_some_and(|pinned| pinned != digest) {
        // Said with both digests.
        Base::read(&source, image, &[]).await?;
    }
    let tag = format!("base-{}", digest.short());
    let copied = account.registry.copy(&source, repository, &tag).await?;
    Ok((digest, copied.uploaded_blobs > 0))
}

async fn step(
    events: &EventSink,
    reading: impl Future<Output = Result<(Base, Outcome), DeployError>>,
) -> Result<Base, DeployError> {
    events.step("base", "base image");
    match reading.await {
        Ok((base, outcome)) => {
            let platforms: Vec<String> =
                base.image.platforms().map(|one| one.to_string()).collect();
            let detail = format!("{} for {}", base.digest(), platforms.join(" and "));
            events.step_done("base", outcome, detail);
            Ok(base)
        }
        Err(error) => {
            events.step_done("base", Outcome::Failed, error.to_string());
            Err(error)
        }
    }
}

/// Platforms that the settings ask for.
pub(super) fn platforms(config: &CloudOpsConfig) -> Vec<Platform> {
    // The settings were checked when they were read.
    config.images.platforms.iter().filter_map(|platform| platform.parse().ok()).collect()
}

/// What `images base` needs to know.
#[derive(Debug, Clone)]
pub struct BaseRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// The image to pin; the one of the settings is told about when none is given.
    pub image: Option<BaseImage>,
    /// Folder that relative paths in the settings start from.
    pub folder: Utf8PathBuf,
}

/// What `images base` found.
#[derive(Debug, Clone)]
pub struct BaseReport {
    /// The image, with its digest.
    pub image: BaseImage,
    /// Digest.
    pub digest: Digest,
    /// Platforms of ours that it has.
    pub platforms: Vec<Platform>,
    /// Its copy in the account's registry.
    pub copy: Option<String>,
    /// Digest of a newer image of the same name: the one that the tag points at now, or that is in
    /// the folder or file.
    pub newer: Option<Digest>,
    /// Why it could not be found out whether there is a newer one.
    pub unknown: Option<String>,
}

/// Tells about the base image of an instance, and whether a newer one exists; or copies another
/// one into the account's registry and tells how it is pinned. The caller writes that into the
/// settings.
///
/// # Errors
/// [`DeployError`].
pub async fn base(ctx: &Ctx, request: &BaseRequest) -> Result<BaseReport, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let account = Account::open(ctx, &state, config)?;
    let wanted = platforms(config);
    let Some(image) = &request.image else {
        let image = config.images.base.as_ref();
        let image = image.ok_or(DeployError::MissingSetting("images.base"))?;
        return told(&account, image, &request.folder).await;
    };
    let store = store(&ctx.aws, config);
    let asked = lock_request("deploy".to_owned(), &request.owner, "images base");
    runs::recorded(ctx, &store, asked, async |_locked| {
        let base = kept(ctx, &account, image, &request.folder, &wanted).await?;
        let pinned = image.pinned(base.digest());
        let copy = account.reference(BASE, base.digest()).ok();
        Ok(report(pinned, &base, copy))
    })
    .await
}

fn report(image: BaseImage, base: &Base, copy: Option<String>) -> BaseReport {
    BaseReport {
        image,
        digest: base.digest().clone(),
        platforms: base.image.platforms().collect(),
        copy,
        newer: None,
        unknown: None,
    }
}

async fn told(
    account: &Account<'_>,
    image: &BaseImage,
    folder: &Utf8Path,
) -> Result<BaseReport, DeployError> {
    let now = newest(account, image, folder).await;
    let digest = match (image.digest(), &now) {
        (Some(pinned), _) => pinned,
        (None, Ok(now)) => now.clone(),
        (None, Err(_)) => {
            return Err(now.err().map_or(DeployError::MissingSetting("images.base"), Into::into));
        }
    };
    let reference = account.reference(BASE, &digest).ok();
    let has = match &reference {
        Some(reference) => account.has(reference).await?,
        None => false,
    };
    let source = match (&reference, has) {
        (Some(reference), true) => Source::registry(&account.registry, reference)?,
        _ => Source::of(image, folder, Some(&account.registry), &account.keyring)?,
    };
    let base = Base::read(&source, &image.pinned(&digest), &[]).await?;
    let mut report = report(image.clone(), &base, reference.filter(|_| has));
    match now {
        Ok(now) => report.newer = (now != digest).then_some(now),
        Err(error) => report.unknown = Some(error.to_string()),
    }
    Ok(report)
}

/// Digest of what is at the place of a base image now: behind the tag, where a reference has one.
async fn newest(
    account: &Account<'_>,
    image: &BaseImage,
    folder: &Utf8Path,
) -> Result<Digest, OciError> {
    let unpinned = match image.clone() {
        BaseImage::Layout { folder, .. } => BaseImage::Layout { folder, digest: None },
        BaseImage::Archive { file, .. } => BaseImage::Archive { file, digest: None },
        BaseImage::Reference(reference) => {
            let name = reference.split('@').next().unwrap_or_default();
            let tagged = name.rsplit('/').next().is_some_and(|last| last.contains(':'));
            // Without a tag the name says nothing of what is newest.
            BaseImage::Reference(if tagged { name.to_owned() } else { reference })
        }
    };
    Source::of(&unpinned, folder, Some(&account.registry), &account.keyring)?.digest().await
}
