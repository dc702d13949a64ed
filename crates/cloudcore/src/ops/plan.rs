//! `plan`: what `init` would change.

use cloudops_aws::{
    cfn::{
        appraise::{self, Appraisal},
        gate::Approvals,
        history::History,
        plan::{self, GraphPlan},
        plan_file::PlanFile,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    dns::delegation::DelegationPlan,
    ids::Digest,
    state::{
        durations,
        lock::{self, Locked, Owner},
        store::Store,
    },
};

use serde_json::json;

use super::{
    PROGRAM, VERSION, build_server::Known, check_place, delegate, dns, lock_request, network, store,
};
use crate::{build_server::Recipe, error::CoreError, layout};

/// Compares the foundation with what `cloudops.yaml` asks for.
///
/// # Errors
/// [`CoreError`].
pub async fn plan(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    known: &Known,
    owner: &Owner,
) -> Result<GraphPlan, CoreError> {
    check_place(&ctx.aws, config)?;
    network::check(ctx, config).await?;
    let state_graph = layout::state_graph(config)?;
    let graph = layout::graph_of(config, known.digest())?;
    let first = Locked::before_there_is_a_bucket();
    let mut all = plan::plan(ctx, &first, &state_graph).await?;
    let store = store(&ctx.aws, config);
    let exists = store.exists().await?;
    tell_delegation(ctx, config, exists.then_some(&store)).await?;
    if let Some(said) = known.describe() {
        ctx.events.note(said);
    }
    let rest = if exists {
        let request = lock_request(owner, "plan");
        let planned = lock::with_lock(ctx, &store, request, async |locked| {
            Ok::<_, CoreError>(plan::plan(ctx, &locked, &graph).await?)
        });
        planned.await?
    } else {
        plan::plan(ctx, &first, &graph).await?
    };
    all.extend(rest);
    Ok(all)
}

/// Says what will be done in the parent zone, which no change set shows.
async fn tell_delegation(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    store: Option<&Store>,
) -> Result<(), CoreError> {
    let servers = match dns::name_servers(ctx, config).await {
        Ok(servers) => servers,
        // Nobody knows them before the zone is made; whose record is there is known already.
        Err(CoreError::NoZone) => Vec::new(),
        Err(error) => return Err(error),
    };
    let planned = delegate::plan(ctx, config, store, &servers).await?;
    if planned == Some(DelegationPlan::NoZone) && !servers.is_empty() {
        // `init` has said it, and nothing more can be planned.
        return Ok(());
    }
    if let Some(said) = planned.and_then(|planned| delegate::describe(&planned, &config.domain)) {
        ctx.events.note(said);
    }
    Ok(())
}

/// Digest of everything that a plan of the foundation is made from.
///
/// # Errors
/// [`CoreError`].
pub fn inputs(config: &CloudOpsConfig, known: &Known) -> Result<Digest, CoreError> {
    let graph = layout::graph_of(config, known.digest())?;
    // The image that `init` makes is part of what was planned.
    let recipe = known.to_make().map(Recipe::digest);
    let all = json!([layout::state_graph(config)?.digest(), graph.digest(), recipe, VERSION]);
    Ok(Digest::of(all.to_string().as_bytes()))
}

/// A plan as a file that `apply` executes.
///
/// # Errors
/// [`CoreError`].
pub fn file(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    known: &Known,
    plan: &GraphPlan,
    approvals: &Approvals,
) -> Result<PlanFile, CoreError> {
    let (target, inputs) = (config.instance.as_str(), inputs(config, known)?);
    Ok(PlanFile::new(&ctx.aws, (PROGRAM, VERSION), target, inputs, plan.clone(), approvals))
}

/// What the plan costs and how long it will take.
///
/// # Errors
/// [`CoreError`].
pub async fn appraise(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    known: &Known,
    plan: &GraphPlan,
) -> Result<Appraisal, CoreError> {
    let store = store(&ctx.aws, config);
    let history = match store.exists().await? {
        true => durations::load(ctx, &store).await,
        false => History::default(),
    };
    let graphs = [layout::state_graph(config)?, layout::graph_of(config, known.digest())?];
    Ok(appraise::appraise(ctx, &graphs, plan, &history).await?)
}
