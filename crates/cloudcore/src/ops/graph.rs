//! `graph`: the instance as a picture.

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    state::init::{self, Component},
};

use super::{check_place, store};
use crate::{
    diagram::{self, Diagram, Known},
    error::CoreError,
    layout,
};

/// Draws what `cloudops.yaml` asks for, with the ids of what exists (the initialization state in
/// S3).
///
/// # Errors
/// [`CoreError`].
pub async fn existing(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Diagram, CoreError> {
    check_place(&ctx.aws, config)?;
    let store = store(&ctx.aws, config);
    let state = if store.exists().await? { init::read(&store).await? } else { None };
    let core = state.and_then(|found| found.value.components.get(&Component::Core).cloned());
    draw(config, &Known { outputs: core.map(|core| core.outputs).unwrap_or_default() })
}

/// Draws what `cloudops.yaml` asks for, without asking AWS.
///
/// # Errors
/// [`CoreError`].
pub fn planned(config: &CloudOpsConfig) -> Result<Diagram, CoreError> {
    draw(config, &Known::default())
}

fn draw(config: &CloudOpsConfig, known: &Known) -> Result<Diagram, CoreError> {
    let mut graph = layout::graph(config)?;
    for spec in layout::state_graph(config)?.stacks() {
        graph.add(spec.clone())?;
    }
    let resources = diagram::resources(&graph, &config.region)?;
    let title = format!(
        "{} in account {}, region {} ({})",
        config.instance, config.account, config.region, config.domain
    );
    Ok(diagram::diagram(title, &graph, &resources, known))
}
