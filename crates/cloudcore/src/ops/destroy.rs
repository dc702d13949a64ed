//! `destroy`: takes the foundation away again.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::{delete, history::History, observe, protection::Protected},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    ids::StackName,
    state::{
        durations, environments, init,
        journal::Journal,
        lock::{Locked, Owner},
        runs,
        store::Store,
    },
};

use super::{check_place, lock_request, store};
use crate::{error::CoreError, layout};

/// What `destroy` needs to know. The caller has asked for the name of the instance.
#[derive(Debug, Clone)]
pub struct DestroyRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Whether the buckets that the templates retain go as well, with everything in them.
    pub delete_data: bool,
}

/// What `destroy` did.
#[derive(Debug, Clone, Default)]
pub struct DestroyReport {
    /// Stacks that were deleted.
    pub deleted: Vec<StackName>,
    /// Buckets that were emptied and deleted.
    pub buckets: Vec<String>,
    /// Buckets that retention keeps.
    pub kept: Vec<String>,
}

/// Deletes all stacks of the instance: the foundation, the pipeline and the repositories.
///
/// # Errors
/// [`CoreError::InUse`] while environments exist, before anything is deleted.
pub async fn destroy(ctx: &Ctx, request: &DestroyRequest) -> Result<DestroyReport, CoreError> {
    let config = &request.config;
    check_place(&ctx.aws, config)?;
    let store = store(&ctx.aws, config);
    let mut report = DestroyReport::default();
    if store.exists().await? {
        let asked = lock_request(&request.owner, "destroy");
        report.deleted = runs::recorded(ctx, &store, asked, async |locked| {
            refuse_environments(&store).await?;
            let journal = Journal::begin(ctx, &store, &locked, "cloudcore destroy");
            let stacks = all_stacks(ctx, config).await?;
            let history = durations::load(ctx, &store).await;
            let deleted =
                delete::delete(ctx, &locked, Some(&journal), &stacks, &history, Protected::Refuse)
                    .await;
            durations::keep(ctx, &store, &history).await;
            let deleted = deleted?;
            forget(&store).await?;
            Ok::<_, CoreError>(deleted)
        })
        .await?;
    }
    buckets(ctx, request, &mut report).await?;
    Ok(report)
}

async fn refuse_environments(store: &Store) -> Result<(), CoreError> {
    let environments = environments::names(store).await?;
    if environments.is_empty() { Ok(()) } else { Err(CoreError::InUse { environments }) }
}

/// The stacks of the foundation, and those that the other tools put on it: they go first.
async fn all_stacks(
    ctx: &Ctx,
    config: &CloudOpsConfig,
) -> Result<BTreeMap<StackName, BTreeSet<StackName>>, CoreError> {
    let mut edges = layout::edges(config)?;
    let foundation: BTreeSet<StackName> = edges.keys().cloned().collect();
    let state = layout::stack_name(config, "state")?;
    for stack in observe::stacks(ctx, &format!("{}-", config.instance)).await? {
        let ours = stack.tags.get("cloudops:instance").map(String::as_str)
            == Some(config.instance.as_str());
        if ours && stack.name != state && !edges.contains_key(&stack.name) {
            edges.insert(stack.name, foundation.clone());
        }
    }
    Ok(edges)
}

/// Nothing is initialized any more; the history of runs stays.
async fn forget(store: &Store) -> Result<(), CoreError> {
    if let Some(found) = init::read(store).await? {
        let mut state = found.value;
        state.components.clear();
        init::write(store, &state, Some(&found.etag)).await?;
    }
    Ok(())
}

/// Empties and deletes the retained buckets, the state bucket last; or lists them.
async fn buckets(
    ctx: &Ctx,
    request: &DestroyRequest,
    report: &mut DestroyReport,
) -> Result<(), CoreError> {
    let config = &request.config;
    let data = ["packages", "artifacts", "logs"].map(|role| layout::bucket_name(config, role));
    let state = store(&ctx.aws, config);
    let mut stores: Vec<Store> = data.iter().map(|name| Store::new(&ctx.aws, name)).collect();
    stores.push(state.clone());
    if request.delete_data {
        let edges = BTreeMap::from([(layout::stack_name(config, "state")?, BTreeSet::new())]);
        let first = Locked::before_there_is_a_bucket();
        report.deleted.extend(
            delete::delete(ctx, &first, None, &edges, &History::default(), Protected::TakeOff)
                .await?,
        );
    }
    for store in stores {
        if !store.exists().await? {
            continue;
        }
        let name = store.bucket().to_owned();
        if !request.delete_data {
            report.kept.push(name);
            continue;
        }
        let step = format!("bucket/{name}");
        ctx.events.step(&step, format!("empty and delete {name}"));
        let count = store.purge("").await?;
        store.delete_bucket().await?;
        ctx.events.step_done(&step, Outcome::Done, format!("{count} object versions are gone"));
        report.buckets.push(name);
    }
    Ok(())
}
