//! An API token for tools.

use cloudops_aws::{
    config::{ConfigError, ConfigKey, SecretValues},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    state::{
        init::{self, Component},
        lock::{self, Owner},
    },
};

use super::connect;
use crate::{
    error::CoreError,
    ops::{check_place, lock_request, store},
};

/// Where a token is.
#[derive(Debug, Clone)]
pub struct TokenReport {
    /// User of the token.
    pub user: String,
    /// Name of the secret that holds it.
    pub secret: String,
}

/// Makes an API token for the configured user, and keeps it as a secret of the instance under
/// `build-server/NAME`. The token itself is shown to nobody.
///
/// # Errors
/// [`CoreError`].
pub async fn token(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
    name: &str,
) -> Result<TokenReport, CoreError> {
    check_place(&ctx.aws, config)?;
    let key = ConfigKey::from_below_instance(&format!("build-server/{name}"))
        .map_err(ConfigError::from)?;
    let store = store(&ctx.aws, config);
    let state = init::require_foundation(&ctx.aws, &store, config).await?;
    let jenkins = connect(&ctx.aws, config, &state).await?;
    let kms = state.output(Component::Core, "StorageKeyArn")?.to_owned();
    let secrets = SecretValues::new(&ctx.aws, &config.instance, Some(kms));
    let asked = lock_request(owner, "build-server token");
    lock::with_lock(ctx, &store, asked, async |locked| {
        let token = jenkins.create_api_token(name).await?;
        let kept = secrets.put(ctx, &locked, &key, &token).await?;
        Ok(TokenReport { user: config.build_server.user.clone(), secret: kept.name })
    })
    .await
}
