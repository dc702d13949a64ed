//! `plan`: what `init` would change.

use cloudops_aws::{
    cfn::plan::{self, GraphPlan},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    state::lock::{self, Locked, Owner},
};

use super::{check_place, lock_request, store};
use crate::{error::CoreError, layout};

/// Compares the foundation with what `cloudops.yaml` asks for.
///
/// # Errors
/// [`CoreError`].
pub async fn plan(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    owner: &Owner,
) -> Result<GraphPlan, CoreError> {
    check_place(&ctx.aws, config)?;
    let (state_graph, graph) = (layout::state_graph(config)?, layout::graph(config)?);
    let first = Locked::before_there_is_a_bucket();
    let mut all = plan::plan(ctx, &first, &state_graph).await?;
    let store = store(&ctx.aws, config);
    let rest = if store.exists().await? {
        let request = lock_request(owner, "plan");
        let planned = lock::with_lock(ctx, &store, request, async |locked| {
            Ok::<_, CoreError>(plan::plan(ctx, &locked, &graph).await?)
        });
        planned.await?
    } else {
        plan::plan(ctx, &first, &graph).await?
    };
    all.stacks.extend(rest.stacks);
    Ok(all)
}
