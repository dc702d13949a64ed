//! Which stacks the verbs on running, stuck and differing stacks are about; and those of them that
//! change something, under the lock of the instance.

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
    state::{
        journal::Journal,
        lock::{self, Owner},
        runs,
    },
};

use super::{lock_request, store};
use crate::error::CoreError;

/// All stacks of the instance, those of its environments included.
#[must_use]
pub fn everything(config: &CloudOpsConfig) -> Scope {
    let tags = BTreeMap::from([("cloudops:instance".to_owned(), config.instance.to_string())]);
    Scope { prefix: format!("{}-", config.instance), tags, without: Vec::new() }
}

/// The stacks of the instance that belong to no environment: those that the lock of the instance
/// covers.
#[must_use]
pub fn foundation(config: &CloudOpsConfig) -> Scope {
    Scope { without: vec!["cloudops:environment".to_owned()], ..everything(config) }
}

/// Repairs what was found.
///
/// # Errors
/// [`CoreError`].
pub async fn repair(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
    findings: &[Finding],
) -> Result<Vec<Repaired>, CoreError> {
    let store = store(&ctx.aws, config);
    runs::recorded(ctx, &store, lock_request(owner, "repair"), async |locked| {
        let journal = Journal::begin(ctx, &store, &locked, "cloudcore repair");
        Ok(repair::repair(ctx, &locked, Some(&journal), findings).await?)
    })
    .await
}

/// What taking stacks back to their templates would do.
///
/// # Errors
/// [`CoreError`].
pub async fn plan_revert(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
    drifts: &[StackDrift],
) -> Result<Reverts, CoreError> {
    let store = store(&ctx.aws, config);
    lock::with_lock(ctx, &store, lock_request(owner, "drift"), async |locked| {
        Ok(drift::plan_revert(ctx, &locked, drifts).await?)
    })
    .await
}

/// Takes stacks back to their templates.
///
/// # Errors
/// [`CoreError`].
pub async fn revert(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
    planned: &Reverts,
    approvals: &Approvals,
) -> Result<(), CoreError> {
    let store = store(&ctx.aws, config);
    runs::recorded(ctx, &store, lock_request(owner, "drift --revert"), async |locked| {
        Ok(drift::revert(ctx, &locked, planned, approvals).await?)
    })
    .await
}
