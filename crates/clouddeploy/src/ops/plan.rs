//! `plan`: what deploying a release would change.

use std::collections::BTreeMap;

use cloudops_aws::{
    cfn::{
        gate::Approvals,
        graph::{GraphError, Outputs},
        observe,
        plan::{self, GraphPlan, StackChange},
        plan_file::PlanFile,
        template::Template,
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    ids::{Digest, EnvName, StackName},
    state::{
        environments::{Environment, Side},
        init::InitState,
        lock,
        releases::Release,
    },
};

use super::{
    PROGRAM, VERSION,
    deploy::{DeployRequest, choose},
    env_scope, environment, initialized, lock_request, store,
};
use crate::{error::DeployError, layout, topology::Topology};

/// What deploying would change: the release, and the plan of its stacks.
///
/// # Errors
/// [`DeployError`].
pub async fn plan(ctx: &Ctx, request: &DeployRequest) -> Result<(Release, GraphPlan), DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let environment = environment(&store, &request.env).await?.value;
    let release = choose(&store, &environment, &request.release).await?;
    let topology = Topology::commerce()?;
    let graph = layout::infrastructure_graph(config, &state, &environment, &release)?;
    let asked = lock_request(env_scope(&request.env), &request.owner, "plan");
    let planned = lock::with_lock(ctx, &store, asked, async |locked| {
        let mut all = plan::plan(ctx, &locked, &graph).await?;
        let outputs = observed(ctx, config, &request.env).await?;
        for side in environment.kind.sides() {
            let services = layout::service_graph(
                config,
                &state,
                &environment,
                &release,
                &topology,
                *side,
                &outputs,
            );
            match services {
                Ok(graph) => all.extend(plan::plan(ctx, &locked, &graph).await?),
                // What they stand on is not there yet: everything is new.
                Err(DeployError::Graph(_)) => {
                    all.stacks.extend(new_services(config, &request.env, &topology, *side)?)
                }
                Err(error) => return Err(error),
            }
        }
        Ok::<_, DeployError>(all)
    });
    let planned = planned.await?;
    // Recorded with the run when the same context goes on to deploy.
    ctx.events.plan(&planned.stacks);
    Ok((release, planned))
}

/// Outputs of the stacks of an environment that exist.
async fn observed(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    env: &EnvName,
) -> Result<Outputs, DeployError> {
    let stacks = observe::stacks(ctx, &layout::prefix(config, env)).await?;
    Ok(stacks.into_iter().map(|stack| (stack.name, stack.outputs)).collect())
}

/// The plan of services whose stacks cannot be computed yet.
fn new_services(
    config: &CloudOpsConfig,
    env: &EnvName,
    topology: &Topology,
    side: Side,
) -> Result<BTreeMap<StackName, StackChange>, DeployError> {
    let template = cloudops_templates::deploy::SERVICE;
    let template = Template::parse(template.file, template.body).map_err(GraphError::from)?;
    let resources: Vec<String> =
        template.resources().into_iter().map(|resource| resource.resource_type).collect();
    let mut all = BTreeMap::new();
    for (name, _) in topology.on(side) {
        let change = StackChange::Create { resources: resources.clone() };
        all.insert(layout::service_stack(config, env, side, name)?, change);
    }
    Ok(all)
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
