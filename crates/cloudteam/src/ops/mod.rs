//! The verbs of CloudTeam.

mod agents;
pub mod import;
pub mod init;
pub mod jobs;
pub mod package;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    connect::Aws,
    ctx::Ctx,
    jenkins::{Connect, Jenkins},
    secrets,
    state::{
        self,
        init::{Component, InitState},
        lock::{Owner, Request},
        store::Store,
    },
};

use crate::error::TeamError;

/// Scope of the lock that everything which changes the pipeline holds.
pub const SCOPE: &str = "team";

/// Version of this tool, recorded in the state.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The state bucket of the configured instance.
#[must_use]
pub fn store(aws: &Aws, config: &CloudOpsConfig) -> Store {
    Store::new(aws, state::bucket_name(&config.instance, &config.account, &config.region))
}

/// The initialization state, in which CloudCore must be there.
///
/// # Errors
/// [`TeamError::Init`]; that nothing was initialized names the command to run.
pub async fn foundation(aws: &Aws, config: &CloudOpsConfig) -> Result<InitState, TeamError> {
    Ok(state::init::require_foundation(aws, &store(aws, config), config).await?)
}

/// Connects to the build server with the password that its stack generated.
///
/// # Errors
/// [`TeamError`].
pub async fn build_server(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    state: &InitState,
) -> Result<Jenkins, TeamError> {
    let url = state.build_server_url(config)?;
    let arn = state.output(Component::Core, "BuildServerSecretArn")?;
    let secret = secrets::field(&ctx.aws, arn, "password").await?;
    let user_agent = format!("cloudteam/{VERSION}");
    let user = config.build_server.user.clone();
    Ok(Jenkins::new(Connect { url, user, secret, user_agent })?)
}

/// A request for the lock of the pipeline.
fn lock_request(owner: &Owner, verb: &str) -> Request {
    Request {
        scope: SCOPE.to_owned(),
        owner: owner.clone(),
        command: format!("cloudteam {verb}"),
        program: "cloudteam".to_owned(),
    }
}
