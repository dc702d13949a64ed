//! The jobs on the build server, as a planned resource.

use std::time::Duration;

use cloudops_aws::{
    build_server::{self, Demand, Fetched, JobFiles},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    jenkins::{
        Build, BuildResult, ItemPath, ItemSummary, Jenkins, QueueItem, RUN_PARAMETER,
        job_set::{JobsPlan, Prune},
    },
    state::{init::InitState, lock::Owner, runs},
    wait::Pace,
};

use super::{VERSION, lock_request, store};
use crate::{error::TeamError, jobs};

/// The jobs have time limits; this is for one that waits in the queue for ever.
pub(super) const BUILD: Pace = Pace {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(3),
    deadline: Duration::from_secs(12 * 60 * 60),
};

/// Connects to the build server and waits until it is ready.
///
/// # Errors
/// [`TeamError::BuildServer`].
pub async fn connect(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    state: &InitState,
    demand: Demand,
) -> Result<Jenkins, TeamError> {
    let user_agent = format!("cloudteam/{VERSION}");
    Ok(build_server::connect_ready(ctx, config, state, demand, user_agent).await?)
}

/// Reads what the jobs will fetch.
///
/// # Errors
/// A program that the agents cannot run.
pub fn fetched(ctx: &Ctx, state: &InitState, files: &JobFiles) -> Result<Fetched, TeamError> {
    Ok(Fetched::read(&ctx.aws, state, files, &jobs::PROGRAMS)?)
}

/// Compares the jobs that are there with those that are defined. Nothing is changed.
///
/// # Errors
/// Those of the build server.
pub async fn plan(
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
    fetched: &Fetched,
    prune: Prune,
) -> Result<JobsPlan, TeamError> {
    Ok(jenkins.plan_jobs(&jobs::all(config, fetched)?, prune).await?)
}

/// Creates the jobs of the instance, or brings them to their definition.
///
/// # Errors
/// [`cloudops_aws::jenkins::JenkinsError::NotOurs`] when a job of that name belongs to somebody
/// else; nothing is changed then.
pub async fn apply(
    ctx: &Ctx,
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
    fetched: &Fetched,
    prune: Prune,
) -> Result<JobsPlan, TeamError> {
    let set = jobs::all(config, fetched)?;
    Ok(build_server::apply(ctx, jenkins, &set, fetched, prune).await?)
}

/// The jobs of the instance that are on the build server, those of other programs too.
///
/// # Errors
/// [`TeamError::Jenkins`].
pub async fn list(
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
) -> Result<Vec<ItemSummary>, TeamError> {
    Ok(jenkins.list(&build_server::folder(config)?).await?)
}

/// Path of a job in the folder of the instance.
///
/// # Errors
/// [`TeamError::Path`].
pub fn path(config: &CloudOpsConfig, name: &str) -> Result<ItemPath, TeamError> {
    Ok(build_server::folder(config)?.join(name)?)
}

/// Does [`apply`] while holding the lock of the pipeline, as a recorded run.
///
/// # Errors
/// Those of [`apply`], and of the lock.
pub async fn apply_locked(
    ctx: &Ctx,
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
    fetched: &Fetched,
    prune: Prune,
    owner: &Owner,
) -> Result<JobsPlan, TeamError> {
    let store = store(&ctx.aws, config);
    runs::recorded(ctx, &store, lock_request(owner, "jobs apply"), async |_locked| {
        apply(ctx, jenkins, config, fetched, prune).await
    })
    .await
}

/// Path of a job that a plan is about.
///
/// # Errors
/// [`TeamError::UnknownJob`] with the names that are there.
pub fn known(plan: &JobsPlan, config: &CloudOpsConfig, name: &str) -> Result<ItemPath, TeamError> {
    let path = path(config, name)?;
    if plan.changes.iter().any(|change| change.path == path) {
        return Ok(path);
    }
    let names = plan.changes.iter().skip(1).map(|change| change.path.name().to_owned());
    Err(TeamError::UnknownJob { name: name.to_owned(), known: names.collect() })
}

/// A build that was asked for.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its place in the queue.
    pub item: QueueItem,
    /// The build, when it has left the queue already.
    pub build: Option<Build>,
}

/// Starts a job with parameters of the form `NAME=VALUE`.
///
/// # Errors
/// [`TeamError::Parameter`] for another form or an undeclared name, which Jenkins would drop
/// silently; those of the build server.
pub async fn start(
    ctx: &Ctx,
    jenkins: &Jenkins,
    path: &ItemPath,
    parameters: &[String],
) -> Result<Started, TeamError> {
    let job = jenkins.get_job(path).await?;
    let declared = job
        .map(|job| jobs::declared(&job))
        .ok_or_else(|| TeamError::UnknownJob { name: path.name().to_owned(), known: Vec::new() })?;
    let mut form = vec![(RUN_PARAMETER.to_owned(), ctx.run.to_string())];
    for text in parameters {
        let pair = text.split_once('=').filter(|(name, _)| declared.iter().any(|one| one == name));
        let (name, value) = pair.ok_or_else(|| TeamError::Parameter {
            text: text.clone(),
            job: path.name().to_owned(),
            declared: declared.clone(),
        })?;
        form.push((name.to_owned(), value.to_owned()));
    }
    let item = jenkins.trigger(path, &form).await?;
    let build = jenkins.build_by_run(path, &item.run).await?;
    Ok(Started { item, build })
}

/// Follows a build that was asked for to its end.
///
/// # Errors
/// [`cloudops_aws::jenkins::JenkinsError::BuildFailed`] for any other end than success.
pub async fn finish(
    ctx: &Ctx,
    jenkins: &Jenkins,
    started: &Started,
) -> Result<BuildResult, TeamError> {
    let build = jenkins.build_of(&started.item, BUILD, &ctx.events, &ctx.cancel).await?;
    follow(ctx, jenkins, &build).await
}

/// Follows a build to its end.
///
/// # Errors
/// [`cloudops_aws::jenkins::JenkinsError::BuildFailed`] for any other end than success.
pub async fn follow(ctx: &Ctx, jenkins: &Jenkins, build: &Build) -> Result<BuildResult, TeamError> {
    ctx.events.step("build", build.to_string());
    let result = jenkins.follow(build, BUILD, &ctx.events, &ctx.cancel).await;
    let result = result.and_then(|result| result.succeeded(&build.job));
    match &result {
        Ok(result) => ctx.events.step_done("build", Outcome::Done, result.outcome.to_string()),
        Err(error) => ctx.events.step_done("build", Outcome::Failed, error.to_string()),
    }
    Ok(result?)
}

/// A build of a job by its number, or the last one.
///
/// # Errors
/// [`TeamError::NeverBuilt`].
pub async fn build(
    jenkins: &Jenkins,
    path: &ItemPath,
    number: Option<u64>,
) -> Result<Build, TeamError> {
    match number {
        Some(number) => Ok(Build { job: path.clone(), number }),
        None => {
            let last = jenkins.last_build(path).await?;
            let last = last.ok_or_else(|| TeamError::NeverBuilt { job: path.to_string() })?;
            Ok(Build { job: path.clone(), number: last.number })
        }
    }
}
