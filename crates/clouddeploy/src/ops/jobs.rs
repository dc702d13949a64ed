//! The jobs on the build server.

use cloudops_aws::{
    build_server::{self, Demand, Fetched, JobFiles},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    jenkins::{
        Jenkins, Readiness,
        job_set::{JobsPlan, Prune},
    },
    state::{
        init::{Component, InitState},
        lock::Owner,
        runs,
    },
};

use super::{VERSION, lock_request, store};
use crate::{error::DeployError, jobs};

/// Scope of the lock of the pipeline, which CloudTeam's jobs are changed under too.
const SCOPE: &str = "team";

/// What is compared or brought to its definition.
#[derive(Debug, Clone)]
pub struct JobsRequest<'a> {
    /// The settings of the instance.
    pub config: &'a CloudOpsConfig,
    /// Where the files are that the jobs fetch.
    pub files: &'a JobFiles,
    /// What becomes of jobs that are no longer defined.
    pub prune: Prune,
}

/// Compares the jobs that are there with those that are defined. Nothing is changed.
///
/// # Errors
/// [`DeployError::BuildServer`]; `NotInitialized` when there is no build server yet.
pub async fn plan(ctx: &Ctx, request: &JobsRequest<'_>) -> Result<JobsPlan, DeployError> {
    let (jenkins, fetched) = connect(ctx, request).await?;
    let set = jobs::all(request.config, &fetched)?;
    let plan = jenkins.plan_jobs(&set, request.prune).await;
    Ok(plan.map_err(build_server::BuildServerError::from)?)
}

/// Creates the jobs, or brings them to their definition, as a recorded run.
///
/// # Errors
/// [`DeployError::BuildServer`]; nothing is changed when something of others is in the way.
pub async fn apply(
    ctx: &Ctx,
    request: &JobsRequest<'_>,
    owner: &Owner,
) -> Result<JobsPlan, DeployError> {
    let store = store(&ctx.aws, request.config);
    let lock = lock_request(SCOPE.to_owned(), owner, "jobs apply");
    runs::recorded(ctx, &store, lock, async |_locked| {
        let (jenkins, fetched) = connect(ctx, request).await?;
        let set = jobs::all(request.config, &fetched)?;
        Ok(build_server::apply(ctx, &jenkins, &set, &fetched, request.prune).await?)
    })
    .await
}

/// Brings the jobs to their definition when there is a build server that answers, as a part of
/// `init`; else says what to run later. Nothing but the jobs needs the build server.
///
/// # Errors
/// As [`apply`], but that the build server is not there.
pub async fn add(
    ctx: &Ctx,
    request: &JobsRequest<'_>,
    owner: &Owner,
) -> Result<Option<JobsPlan>, DeployError> {
    let state = super::foundation(&ctx.aws, request.config).await?;
    let later = "`clouddeploy jobs apply` creates the jobs on the build server";
    if state.require(Component::Team).is_err() {
        ctx.events.note(format!("there is no pipeline yet: after `cloudteam init`, {later}"));
        return Ok(None);
    }
    let user_agent = format!("{}/{VERSION}", super::PROGRAM);
    let jenkins = build_server::connect(&ctx.aws, request.config, &state, user_agent).await?;
    match jenkins.ready().await {
        Ok(Readiness::Ready { .. }) => apply(ctx, request, owner).await.map(Some),
        Ok(_) => {
            ctx.events.warn(format!("the build server is not ready; {later}"));
            Ok(None)
        }
        Err(error) if error.is_transient() => {
            ctx.events.warn(format!("{error}; {later}"));
            Ok(None)
        }
        Err(error) => Err(build_server::BuildServerError::from(error).into()),
    }
}

async fn connect(ctx: &Ctx, request: &JobsRequest<'_>) -> Result<(Jenkins, Fetched), DeployError> {
    let state = pipeline(ctx, request.config).await?;
    let fetched = Fetched::read(&ctx.aws, &state, request.files, &jobs::PROGRAMS)?;
    let user_agent = format!("{}/{VERSION}", super::PROGRAM);
    let jenkins =
        build_server::connect_ready(ctx, request.config, &state, Demand::Plugins, user_agent)
            .await?;
    Ok((jenkins, fetched))
}

/// The initialization state, in which CloudTeam must be there: it sets up the pipeline.
async fn pipeline(ctx: &Ctx, config: &CloudOpsConfig) -> Result<InitState, DeployError> {
    let state = super::foundation(&ctx.aws, config).await?;
    state.require(Component::Team)?;
    Ok(state)
}
