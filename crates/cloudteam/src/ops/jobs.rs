//! The jobs on the build server, as a planned resource.

use std::time::Duration;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    jenkins::{Applied, ItemPath, ItemSummary, Jenkins},
    state::init::InitState,
    wait::Pace,
};

use super::build_server;
use crate::{error::TeamError, jobs};

/// A controller takes minutes to start.
const READY: Pace = Pace {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(5),
    deadline: Duration::from_secs(10 * 60),
};

/// Connects to the build server and waits until it is ready.
///
/// # Errors
/// [`TeamError::Jenkins`].
pub async fn connect(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    state: &InitState,
) -> Result<Jenkins, TeamError> {
    let jenkins = build_server(ctx, config, state).await?;
    ctx.events.step("build-server", format!("build server at {}", jenkins.shown_url()));
    match jenkins.wait_ready(READY, &ctx.cancel).await {
        Ok(version) => {
            let detail = format!("Jenkins {version} is ready");
            ctx.events.step_done("build-server", Outcome::Unchanged, detail);
            Ok(jenkins)
        }
        Err(error) => {
            ctx.events.step_done("build-server", Outcome::Failed, error.to_string());
            Err(error.into())
        }
    }
}

/// Creates the jobs of the instance, or brings them to their definition. Says for each whether it
/// was changed.
///
/// # Errors
/// [`TeamError::NotOurs`] when a job of that name belongs to somebody else.
pub async fn apply(
    ctx: &Ctx,
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
) -> Result<Vec<(ItemPath, bool)>, TeamError> {
    let owner = jobs::owner(config);
    let folder = jobs::folder(config)?;
    let made = jenkins.create_folder(&owner, &folder, "Jobs of the CloudOps instance.").await?;
    let mut results = vec![(folder.clone(), report(ctx, &folder, made)?)];
    for job in jobs::all(config)? {
        let applied = jenkins.apply_job(&owner, &job.path, &job.config_xml()?).await?;
        results.push((job.path.clone(), report(ctx, &job.path, applied)?));
    }
    Ok(results)
}

fn report(ctx: &Ctx, path: &ItemPath, applied: Applied) -> Result<bool, TeamError> {
    let step = format!("job/{path}");
    ctx.events.step(&step, format!("job {path}"));
    let (outcome, detail) = match applied {
        Applied::Created => (Outcome::Done, "created"),
        Applied::Updated => (Outcome::Done, "updated"),
        Applied::Unchanged => (Outcome::Unchanged, "nothing to change"),
        Applied::Refused { reason } => {
            ctx.events.step_done(&step, Outcome::Failed, &reason);
            return Err(TeamError::NotOurs(reason));
        }
    };
    ctx.events.step_done(&step, outcome, detail);
    Ok(outcome == Outcome::Done)
}

/// The jobs of the instance that are on the build server.
///
/// # Errors
/// [`TeamError::Jenkins`].
pub async fn list(
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
) -> Result<Vec<ItemSummary>, TeamError> {
    Ok(jenkins.list(&jobs::folder(config)?).await?)
}
