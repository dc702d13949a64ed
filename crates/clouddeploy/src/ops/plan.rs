//! `plan`: what deploying a release would change.

use std::collections::BTreeMap;

use cloudops_aws::{
    cfn::{
        appraise::{self, Appraisal},
        gate::Approvals,
        graph::{GraphError, Outputs, StackGraph, StackSpec},
        observe,
        plan::{self, GraphPlan, StackChange},
        plan_file::PlanFile,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    ids::{Digest, EnvName},
    state::{
        durations,
        environments::Environment,
        init::InitState,
        lock::{self, Locked},
        releases::Release,
    },
};

use super::{
    PROGRAM, VERSION,
    deploy::{DeployRequest, choose},
    env_scope, environment, initialized, lock_request, operate, store,
};
use crate::{error::DeployError, layout, topology::Topology};

/// What deploying would change.
#[derive(Debug, Clone)]
pub struct Planned {
    /// The release.
    pub release: Release,
    /// The plan of its stacks.
    pub plan: GraphPlan,
    /// What that costs and how long it takes.
    pub appraisal: Appraisal,
}

/// Plans a deployment.
///
/// # Errors
/// [`DeployError`].
pub async fn plan(ctx: &Ctx, request: &DeployRequest) -> Result<Planned, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let environment = environment(&store, &request.env).await?.value;
    let release = choose(&store, &environment, &request.release).await?;
    let asked = lock_request(env_scope(&request.env), &request.owner, "plan");
    let of = Of { config, state: &state, environment: &environment, release: &release };
    let planned = lock::with_lock(ctx, &store, asked, async |locked| {
        let (plan, graphs) = of.plan(ctx, &locked).await?;
        let history = durations::load(ctx, &store).await;
        let appraisal = appraise::appraise(ctx, &graphs, &plan, &history).await?;
        Ok::<_, DeployError>((plan, appraisal))
    });
    let (plan, appraisal) = planned.await?;
    // Recorded with the run when the same context goes on to deploy.
    ctx.events.plan(&plan.stacks);
    Ok(Planned { release, plan, appraisal })
}

/// What is planned.
struct Of<'a> {
    config: &'a CloudOpsConfig,
    state: &'a InitState,
    environment: &'a Environment,
    release: &'a Release,
}

impl Of<'_> {
    /// The plan, and the graphs of stacks in the order in which they would be applied.
    async fn plan(
        &self,
        ctx: &Ctx,
        locked: &Locked,
    ) -> Result<(GraphPlan, Vec<StackGraph>), DeployError> {
        let Self { config, state, environment, release } = self;
        let topology = Topology::commerce()?;
        let graph = layout::infrastructure_graph(config, state, environment, release)?;
        let mut all = plan::plan(ctx, locked, &graph).await?;
        let outputs = observed(ctx, config, &environment.name).await?;
        let mut graphs = vec![graph];
        for side in environment.kind.sides() {
            let draft =
                layout::draft(config, state, environment, release, &topology, *side, &outputs)?;
            match draft.check() {
                Ok(()) => all.extend(plan::plan(ctx, locked, &draft).await?),
                // What they stand on is not there yet: everything is new.
                Err(GraphError::NoValue { .. }) => all.extend(created(&draft)),
                Err(error) => return Err(error.into()),
            }
            graphs.push(draft);
        }
        Ok((all, graphs))
    }
}

/// The plan of stacks that cannot be there yet.
fn created(graph: &StackGraph) -> GraphPlan {
    let change = |spec: &StackSpec| {
        let resources = spec.template.resources().into_iter();
        let resources = resources.map(|resource| resource.resource_type).collect();
        (spec.name.clone(), StackChange::Create { resources })
    };
    let protected = graph.stacks().filter(|spec| spec.termination_protection);
    GraphPlan {
        stacks: graph.stacks().map(change).collect(),
        observed: BTreeMap::new(),
        protections: protected.map(|spec| spec.name.clone()).collect(),
    }
}

/// Outputs of the stacks of an environment that exist.
async fn observed(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    env: &EnvName,
) -> Result<Outputs, DeployError> {
    let stacks = observe::in_scope(ctx, &operate::environment(config, env)).await?;
    Ok(stacks.into_iter().map(|stack| (stack.name, stack.outputs)).collect())
}

/// Digest of everything that the plan of a deployment is made from.
///
/// # Errors
/// [`DeployError`].
pub fn inputs(
    config: &CloudOpsConfig,
    state: &InitState,
    environment: &Environment,
    release: &Release,
) -> Result<Digest, DeployError> {
    let infrastructure = layout::infrastructure_graph(config, state, environment, release)?;
    let service = Digest::of(cloudops_templates::deploy::SERVICE.body.as_bytes());
    let text =
        format!("{} {service} {} {VERSION}", infrastructure.digest(), release.entry_digest());
    Ok(Digest::of(text.as_bytes()))
}

/// A plan as a file that `apply` executes.
///
/// # Errors
/// [`DeployError`].
pub async fn file(
    ctx: &Ctx,
    request: &DeployRequest,
    release: &Release,
    plan: &GraphPlan,
    approvals: &Approvals,
) -> Result<PlanFile, DeployError> {
    let state = initialized(&ctx.aws, &request.config).await?;
    let store = store(&ctx.aws, &request.config);
    let environment = environment(&store, &request.env).await?.value;
    let inputs = inputs(&request.config, &state, &environment, release)?;
    let (program, target) = ((PROGRAM, VERSION), request.env.as_str());
    let file = PlanFile::new(&ctx.aws, program, target, inputs, plan.clone(), approvals);
    Ok(file.of_release(&release.id))
}
