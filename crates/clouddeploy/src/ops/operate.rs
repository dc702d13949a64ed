//! Which stacks the verbs on running, stuck and differing stacks are about; and those of them that
//! change something, under the lock of the environment.

use std::collections::BTreeMap;

use cloudops_aws::{
    cfn::{
        drift::{self, Reverts, StackDrift},
        gate::Approvals,
        observe::Scope,
        repair::{self, Finding, Repaired},
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    ids::EnvName,
    state::{
        journal::Journal,
        lock::{self, Owner},
        runs,
    },
};

use super::{env_scope, lock_request, store};
use crate::{error::DeployError, layout};

/// The stacks of an environment.
#[must_use]
pub fn environment(config: &CloudOpsConfig, env: &EnvName) -> Scope {
    let tags = BTreeMap::from([
        ("cloudops:instance".to_owned(), config.instance.to_string()),
        ("cloudops:environment".to_owned(), env.to_string()),
    ]);
    Scope { prefix: layout::prefix(config, env), tags, without: Vec::new() }
}

/// Repairs what was found.
///
/// # Errors
/// [`DeployError`].
pub async fn repair(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    env: &EnvName,
    owner: &Owner,
    findings: &[Finding],
) -> Result<Vec<Repaired>, DeployError> {
    let store = store(&ctx.aws, config);
    runs::recorded(ctx, &store, lock_request(env_scope(env), owner, "repair"), async |locked| {
        let journal = Journal::begin(ctx, &store, &locked, "clouddeploy repair");
        Ok(repair::repair(ctx, &locked, Some(&journal), findings).await?)
    })
    .await
}

/// What taking stacks back to their templates would do.
///
/// # Errors
/// [`DeployError`].
pub async fn plan_revert(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    env: &EnvName,
    owner: &Owner,
    drifts: &[StackDrift],
) -> Result<Reverts, DeployError> {
    let store = store(&ctx.aws, config);
    lock::with_lock(ctx, &store, lock_request(env_scope(env), owner, "drift"), async |locked| {
        Ok(drift::plan_revert(ctx, &locked, drifts).await?)
    })
    .await
}

/// Takes stacks back to their templates.
///
/// # Errors
/// [`DeployError`].
pub async fn revert(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    env: &EnvName,
    owner: &Owner,
    planned: &Reverts,
    approvals: &Approvals,
) -> Result<(), DeployError> {
    let store = store(&ctx.aws, config);
    runs::recorded(
        ctx,
        &store,
        lock_request(env_scope(env), owner, "drift --revert"),
        async |locked| Ok(drift::revert(ctx, &locked, planned, approvals).await?),
    )
    .await
}
