//! The deployment package: built by the build server or here, checked, published by content.

mod local;
mod publish;
mod server;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    state::packages::{self, PackageManifest},
};

pub use local::{LocalRequest, build_here};
pub use publish::{PublishRequest, publish};
pub use server::{SCOPE, ServerRequest, build_on_server};

use super::{foundation, store};
use crate::error::TeamError;

/// All published packages, the newest first.
///
/// # Errors
/// `NotInitialized`, and those of the state bucket.
pub async fn list(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Vec<PackageManifest>, TeamError> {
    foundation(&ctx.aws, config).await?;
    Ok(packages::list(&store(&ctx.aws, config)).await?)
}

/// The published package whose id or digest begins with some text; the newest for none.
///
/// # Errors
/// [`TeamError::UnknownPackage`] when there is none, or more than one.
pub async fn find(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    text: Option<&str>,
) -> Result<PackageManifest, TeamError> {
    let known = list(ctx, config).await?;
    let wanted = text.map(|text| text.trim_start_matches("sha256:"));
    let mut fitting: Vec<_> = known
        .iter()
        .filter(|one| wanted.is_none_or(|wanted| one.digest.hex().starts_with(wanted)))
        .collect();
    if text.is_none() {
        fitting.truncate(1);
    }
    match fitting.as_slice() {
        [one] => Ok((*one).clone()),
        _ => Err(TeamError::UnknownPackage {
            text: text.unwrap_or_default().to_owned(),
            known: known.into_iter().map(|package| package.id).collect(),
        }),
    }
}
