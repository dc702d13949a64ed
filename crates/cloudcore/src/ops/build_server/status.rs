//! How it is with the build server.

use camino::Utf8Path;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    jenkins::{JenkinsError, Readiness, plugins::PluginChange},
    state::{
        build_server::ServerImages,
        init::{self, Component},
    },
};

use super::{connect, known};
use crate::{
    error::CoreError,
    ops::{check_place, store},
};

/// How it is with the build server.
#[derive(Debug, Clone)]
pub struct BuildServerStatus {
    /// Its address.
    pub url: String,
    /// What it answers: its version, or why it cannot work.
    pub jenkins: Result<String, String>,
    /// Plugins that run in another version than its image has, or that the image does not have;
    /// none where it does not answer.
    pub strays: Option<Vec<PluginChange>>,
    /// Its image, and those it had.
    pub images: ServerImages,
    /// What is different in what the settings ask for; `None` where they name an image themselves.
    pub outdated: Option<bool>,
}

/// Asks the build server and the state.
///
/// # Errors
/// [`CoreError`]; a server that does not answer is none.
pub async fn status(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    folder: &Utf8Path,
) -> Result<BuildServerStatus, CoreError> {
    check_place(&ctx.aws, config)?;
    let store = store(&ctx.aws, config);
    let state = init::require_foundation(&ctx.aws, &store, config).await?;
    let known = known(ctx, config, folder).await?;
    let jenkins = connect(&ctx.aws, config, &state).await?;
    let answer = match jenkins.ready().await {
        Ok(Readiness::Ready { version }) => Ok(version),
        Ok(Readiness::NotReady { reason }) => Err(reason),
        Ok(Readiness::QuietingDown) => Err("it prepares for a shutdown".to_owned()),
        Err(error @ JenkinsError::Unreachable { .. }) => Err(error.to_string()),
        Err(error) => return Err(error.into()),
    };
    let strays = match (&answer, known.images.current()) {
        (Ok(_), Some(image)) => {
            Some(PluginChange::between(&image.plugins, &jenkins.plugins().await?))
        }
        _ => None,
    };
    let outdated = known
        .recipe
        .as_ref()
        .map(|recipe| known.images.current().is_none_or(|image| image.recipe != recipe.digest()));
    let url = state.output(Component::Core, "BuildServerUrl")?.to_owned();
    Ok(BuildServerStatus { url, jenkins: answer, strays, images: known.images, outdated })
}
