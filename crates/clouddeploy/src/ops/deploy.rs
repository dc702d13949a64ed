//! `deploy` and `rollback`: one ordered run. Databases, brokers and the balancer; then the data
//! population, gated on its exit code; then Author, its verdict, Live, its verdict.

use std::{collections::BTreeMap, sync::Arc};

use cloudops_aws::{
    cfn::{
        apply::{self, Options, Results},
        graph::{Outputs, StackGraph},
        plan_file::PlanFile,
        wreck::BlackBox,
    },
    config_file::CloudOpsConfig,
    containers,
    ctx::Ctx,
    events::Outcome,
    ids::EnvName,
    state::{
        durations,
        environments::{self, Deployed, Deployment, Environment, Side},
        init::InitState,
        journal::Journal,
        lock::{Locked, Owner},
        releases::{self, Release},
        runs,
        store::{Store, Versioned},
    },
};
use jiff::Timestamp;

use super::{
    env_scope, environment, initialized, lock_request,
    population::populate,
    store,
    verdict::{self, Expected},
};
use crate::{error::DeployError, layout, topology::Topology};

/// Which release to deploy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Which {
    /// The newest in the ledger.
    Newest,
    /// This one.
    Id(String),
    /// The newest one of the package that this run of the build job published.
    Run(String),
    /// The one that served before the current one.
    Previous,
}

/// What `deploy` needs to know. A stack name or a database reset cannot be expressed here.
#[derive(Debug, Clone)]
pub struct DeployRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Environment.
    pub env: EnvName,
    /// Release.
    pub release: Which,
    /// The plan that is executed; without one, what is asked for now.
    pub plan: Option<PlanFile>,
}

/// What `deploy` did.
#[derive(Debug, Clone)]
pub struct DeployReport {
    /// The release that serves now.
    pub release: Release,
    /// The release that served before.
    pub before: Option<String>,
    /// Services, and whether each was changed.
    pub services: BTreeMap<String, bool>,
    /// Address of the storefront.
    pub storefront: Option<String>,
    /// Whether anything was changed.
    pub changed: bool,
}

/// Everything that a deployment works with.
pub(super) struct Work<'a> {
    pub(super) ctx: &'a Ctx,
    pub(super) config: &'a CloudOpsConfig,
    pub(super) state: &'a InitState,
    pub(super) environment: &'a Environment,
    pub(super) release: &'a Release,
    pub(super) topology: &'a Topology,
    pub(super) locked: &'a Locked,
    pub(super) journal: &'a Journal,
    pub(super) options: &'a Options,
}

/// Deploys a release to an environment.
///
/// # Errors
/// [`DeployError`]; the same call goes on where this one stopped.
pub async fn deploy(ctx: &Ctx, request: &DeployRequest) -> Result<DeployReport, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let store = store(&ctx.aws, config);
    let topology = Topology::commerce()?;
    let verb = if request.release == Which::Previous { "rollback" } else { "deploy" };
    let asked = lock_request(env_scope(&request.env), &request.owner, verb);
    runs::recorded(ctx, &store, asked, async |locked| {
        let found = environment(&store, &request.env).await?;
        let release = choose(&store, &found.value, &request.release).await?;
        let options = options(ctx, request, &store, &state, &found.value, &release).await?;
        let command = format!("clouddeploy {verb}");
        let journal = Journal::begin(ctx, &store, &locked, &command);
        let before = found.value.release().map(str::to_owned);
        let found = begin(ctx, &store, found, &release).await?;
        let work = Work {
            ctx,
            config,
            state: &state,
            environment: &found.value,
            release: &release,
            topology: &topology,
            locked: &locked,
            journal: &journal,
            options: &options,
        };
        let result = run(&work).await;
        durations::keep(ctx, &store, &options.history).await;
        let outcome = if result.is_ok() { Deployed::Serving } else { Deployed::Failed };
        let interrupted = ctx.cancel.is_cancelled();
        // An interrupted deployment has begun and nobody saw its end: the next run goes on.
        if !interrupted {
            finish(&store, found, outcome).await?;
        }
        let (services, storefront) = result?;
        let changed = services.values().any(|changed| *changed);
        Ok(DeployReport { release, before, services, storefront, changed })
    })
    .await
}

/// How the stacks are applied. A plan must still be one of this world.
async fn options(
    ctx: &Ctx,
    request: &DeployRequest,
    store: &Store,
    state: &InitState,
    environment: &Environment,
    release: &Release,
) -> Result<Options, DeployError> {
    let history = durations::load(ctx, store).await;
    let black_box = black_box(ctx);
    let on_done = runs::keep_outputs(ctx);
    let options = Options { history, on_done, black_box, ..Options::default() };
    let Some(plan) = &request.plan else {
        return Ok(options);
    };
    plan.check_place(super::PROGRAM, &ctx.aws)?;
    let inputs = super::plan::inputs(&request.config, state, environment, release)?;
    plan.check_world(ctx, &inputs).await?;
    let planned = Some(Arc::new(plan.plan.clone()));
    Ok(Options { approvals: plan.approvals(), planned, ..options })
}

/// Of a service that failed, why its tasks stopped and what they said last.
pub(super) fn black_box(ctx: &Ctx) -> BlackBox {
    let aws = ctx.aws.clone();
    BlackBox::new(move |wreck| {
        let aws = aws.clone();
        Box::pin(async move {
            if wreck.resource_type != "AWS::ECS::Service" {
                return Vec::new();
            }
            match containers::black_box(&aws, &wreck.physical_id).await {
                Ok(lines) => lines,
                Err(error) => vec![format!("what its tasks left cannot be read: {error}")],
            }
        })
    })
}

/// The release that is meant.
pub(super) async fn choose(
    store: &Store,
    environment: &Environment,
    which: &Which,
) -> Result<Release, DeployError> {
    let known = releases::list(store).await?;
    let id = match which {
        Which::Id(id) => Some(id.clone()),
        Which::Newest => known.last().map(|release| release.id.clone()),
        Which::Run(run) => Some(of_run(store, &known, run).await?),
        Which::Previous => match environment.previous_release() {
            Some(id) => Some(id.to_owned()),
            None => {
                return Err(DeployError::NotReady {
                    what: format!("{} has no earlier release to go back to", environment.name),
                    command: format!("clouddeploy deploy --env {}", environment.name),
                });
            }
        },
    };
    let Some(id) = id else {
        return Err(DeployError::NotReady {
            what: "there is no release yet".to_owned(),
            command: "clouddeploy images build".to_owned(),
        });
    };
    if let Some(release) = known.iter().find(|release| release.id == id) {
        return Ok(release.clone());
    }
    let known = known.into_iter().map(|release| release.id).collect();
    Err(DeployError::Unknown { what: "release", name: id, known })
}

/// The release that was made of what a run of the build job published.
async fn of_run(store: &Store, known: &[Release], run: &str) -> Result<String, DeployError> {
    let package = super::package::of_run(store, run).await?.id;
    let newest = known.iter().rev().find(|release| release.package == package);
    newest.map(|release| release.id.clone()).ok_or_else(|| DeployError::NotReady {
        what: format!("there is no release of package {package} yet"),
        command: format!("clouddeploy images build --package {package}"),
    })
}

/// Records that a deployment begins, before it changes anything.
async fn begin(
    ctx: &Ctx,
    store: &Store,
    found: Versioned<Environment>,
    release: &Release,
) -> Result<Versioned<Environment>, DeployError> {
    let mut value = found.value;
    value.deployments.push(Deployment {
        release: release.id.clone(),
        run: ctx.run.to_string(),
        began_at: Timestamp::now(),
        by: ctx.aws.caller().to_owned(),
        outcome: Deployed::Began,
    });
    let etag = environments::write(store, &value, Some(&found.etag)).await?;
    Ok(Versioned { value, etag })
}

async fn finish(
    store: &Store,
    found: Versioned<Environment>,
    outcome: Deployed,
) -> Result<(), DeployError> {
    let mut value = found.value;
    if let Some(last) = value.deployments.last_mut() {
        last.outcome = outcome;
    }
    environments::write(store, &value, Some(&found.etag)).await?;
    Ok(())
}

/// Services with whether each was changed, and the address of the storefront.
type Ran = (BTreeMap<String, bool>, Option<String>);

async fn run(work: &Work<'_>) -> Result<Ran, DeployError> {
    let (config, state, environment) = (work.config, work.state, work.environment);
    let infrastructure = layout::infrastructure_graph(config, state, environment, work.release)?;
    let outputs = layout::outputs(&apply_graph(work, &infrastructure).await?);
    for side in environment.kind.sides() {
        populate(work, *side, &outputs).await?;
    }
    let mut services = BTreeMap::new();
    for side in environment.kind.sides() {
        let graph = layout::service_graph(
            config,
            state,
            environment,
            work.release,
            work.topology,
            *side,
            &outputs,
        )?;
        let done = apply_graph(work, &graph).await?;
        let expected = expected(work, *side, &outputs, &done)?;
        verdict::all(
            work.ctx,
            &expected.iter().map(|(expected, _)| expected.clone()).collect::<Vec<_>>(),
        )
        .await?;
        services.extend(expected.into_iter().map(|(expected, changed)| (expected.title, changed)));
    }
    let edge = outputs.get(&layout::edge_stack(config, &environment.name)?);
    let storefront = edge.and_then(|edge| edge.get("StorefrontUrl").cloned());
    Ok((services, storefront))
}

async fn apply_graph(work: &Work<'_>, graph: &StackGraph) -> Result<Results, DeployError> {
    Ok(apply::apply(work.ctx, work.locked, Some(work.journal), graph, work.options).await?)
}

/// What each service of a side must serve, from the outputs of its stack.
fn expected(
    work: &Work<'_>,
    side: Side,
    infrastructure: &Outputs,
    done: &Results,
) -> Result<Vec<(Expected, bool)>, DeployError> {
    let cluster = layout::fact(infrastructure, "ClusterName")?;
    let mut all = Vec::new();
    for service in layout::order(work.topology, side) {
        let name = layout::service_stack(work.config, &work.environment.name, side, service)?;
        let Some(result) = done.get(&name) else {
            continue;
        };
        let expected = Expected {
            title: format!("{}/{service}", side.name()),
            cluster: cluster.clone(),
            service: result.outputs.get("ServiceName").cloned().unwrap_or_default(),
            task_definition: result.outputs.get("TaskDefinitionArn").cloned().unwrap_or_default(),
            target_group: result.outputs.get("TargetGroupArn").cloned(),
        };
        all.push((expected, result.outcome == Outcome::Done));
    }
    Ok(all)
}
