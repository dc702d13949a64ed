//! `images show` and `images sbom`: what an image says of itself.

use std::sync::Arc;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    oci::{Attachment, Image, OciError, Registry, Source},
    package::sbom::MEDIA_TYPE,
};
use serde_json::Value;

use super::{account::Account, promote::chosen};
use crate::{
    error::DeployError,
    ops::{initialized, store},
};

/// Which image.
#[derive(Debug, Clone)]
pub struct ShowRequest {
    /// Name of an image.
    pub name: String,
    /// Release whose image it is; the newest one when none is given.
    pub release: Option<String>,
}

/// What an image says of itself.
#[derive(Debug, Clone)]
pub struct ShowReport {
    /// Reference with digest.
    pub reference: String,
    /// The image.
    pub image: Image,
    /// What is attached to it.
    pub attachments: Vec<Attachment>,
}

/// Shows an image of a release.
///
/// # Errors
/// [`DeployError`].
pub async fn show(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    request: &ShowRequest,
) -> Result<ShowReport, DeployError> {
    let state = initialized(&ctx.aws, config).await?;
    let account = Account::open(ctx, &state, config)?;
    let release = chosen(&store(&ctx.aws, config), request.release.as_deref()).await?;
    let reference = release.images.get(&request.name).ok_or_else(|| DeployError::Unknown {
        what: "image",
        name: request.name.clone(),
        known: release.images.keys().cloned().collect(),
    })?;
    Ok(read(&account.registry, reference).await?)
}

impl ShowReport {
    /// Shows an image in any registry, by its reference.
    ///
    /// # Errors
    /// [`OciError`].
    pub async fn of(registry: Registry, reference: &str) -> Result<Self, OciError> {
        read(&Arc::new(registry), reference).await
    }
}

async fn read(registry: &Arc<Registry>, reference: &str) -> Result<ShowReport, OciError> {
    let source = Source::registry(registry, reference)?;
    let image = Image::read(&source, reference, &[]).await?;
    let name = reference.split('@').next().unwrap_or_default();
    // A tag ends behind the last slash; a port stands before it.
    let repository = match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => repository,
        _ => name,
    };
    let reference = format!("{repository}@{}", image.digest());
    let attachments = registry.attachments(&reference).await?;
    Ok(ShowReport { reference, image, attachments })
}

/// The list of what is in an image, as it is attached to it.
///
/// # Errors
/// [`DeployError::Unknown`] when none is attached; [`DeployError::Oci`] for one that cannot be
/// read.
pub fn sbom(report: &ShowReport) -> Result<Value, DeployError> {
    let attached = report.attachments.iter().find(|attached| attached.artifact_type == MEDIA_TYPE);
    let attached = attached.ok_or_else(|| OciError::Missing {
        reference: format!("{MEDIA_TYPE} that is attached to {}", report.reference),
    })?;
    let bytes = attached.content.data.bytes().map_err(OciError::Layer)?;
    let broken = |error: serde_json::Error| OciError::Reference {
        reference: report.reference.clone(),
        reason: format!("what is attached is no list: {error}"),
    };
    Ok(serde_json::from_slice(&bytes).map_err(broken)?)
}
