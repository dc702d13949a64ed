//! What a plan costs and how long it takes: what a person wants to know before saying yes.

use std::collections::BTreeMap;

use futures::{StreamExt, TryStreamExt, stream};

use super::{
    error::CfnError,
    forecast::{self, Forecast},
    graph::StackGraph,
    history::History,
    observe,
    plan::{GraphPlan, StackChange},
    secret_properties::SecretProperties,
    template::Template,
};
use crate::{
    cost::{self, PlanCosts, Running},
    ctx::Ctx,
    ids::StackName,
};

/// Stacks that are read at once.
const AT_ONCE: usize = 8;

/// What a plan costs, how long it takes, and what of it must not be shown.
#[derive(Debug, Clone, Default)]
pub struct Appraisal {
    /// What it adds to the bill and takes off it.
    pub costs: PlanCosts,
    /// How long it takes.
    pub forecast: Forecast,
    /// Properties that are filled from secret parameters.
    pub secrets: SecretProperties,
}

/// Appraises the plan of graphs that are applied one after the other. Stacks that would be updated
/// are read as they are (`DescribeStacks`, `GetTemplate`), to compare what they cost.
///
/// # Errors
/// [`CfnError::Aws`].
pub async fn appraise(
    ctx: &Ctx,
    graphs: &[StackGraph],
    plan: &GraphPlan,
    history: &History,
) -> Result<Appraisal, CfnError> {
    let running = running(ctx, plan).await?;
    let mut appraisal = Appraisal::default();
    for graph in graphs {
        appraisal.costs.extend(cost::of_plan(graph, plan, &running, ctx.aws.region()));
        appraisal.forecast.then(forecast::forecast(graph, plan, history));
        appraisal.secrets.add_graph(graph);
    }
    Ok(appraisal)
}

/// The stacks that a plan would update, as they are.
async fn running(ctx: &Ctx, plan: &GraphPlan) -> Result<BTreeMap<StackName, Running>, CfnError> {
    let updated = plan.stacks.iter().filter_map(|(name, change)| match change {
        StackChange::Update { .. } | StackChange::Unknown { .. } => Some(name),
        _ => None,
    });
    let read = updated.map(async |name| {
        let (stack, text) =
            tokio::try_join!(observe::stack(ctx, name), observe::template(ctx, name))?;
        // A template that this version cannot read makes the costs of its stack unknown.
        let running = stack.zip(text).and_then(|(stack, text)| {
            let template = Template::parse(name.as_str(), &text).ok()?;
            Some((name.clone(), Running { template, parameters: stack.parameters }))
        });
        Ok::<_, CfnError>(running)
    });
    let found: Vec<_> = stream::iter(read).buffer_unordered(AT_ONCE).try_collect().await?;
    Ok(found.into_iter().flatten().collect())
}
