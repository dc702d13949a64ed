//! `source verify`: builds and tests a working copy, as the job for every commit does.

use camino::Utf8PathBuf;
use cloudops_aws::{config_file::CloudOpsConfig, ctx::Ctx};

use super::{
    foundation,
    workshop::{Machine, Work, Workshop},
};
use crate::{build::BuildError, error::TeamError};

/// Builds and tests a working copy with the command of `cloudops.yaml`. Nothing is published.
///
/// # Errors
/// [`BuildError`] in [`TeamError::Build`].
pub async fn verify(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    source: &Utf8PathBuf,
    machine: &Machine,
) -> Result<(), TeamError> {
    let state = foundation(&ctx.aws, config).await?;
    let work = Work::begin()?;
    let source = source.canonicalize_utf8().map_err(BuildError::Io)?;
    let shop = Workshop::prepare(ctx, config, &state, machine, &source, &work).await?;
    shop.run(&config.source.build.verify_command).await?;
    shop.keep_dependencies().await;
    Ok(())
}
