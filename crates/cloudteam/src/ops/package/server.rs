//! `package build` through the build server.

use cloudops_aws::{
    build_server::{self, Demand},
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    jenkins::{ItemPath, Jenkins, JenkinsError, RUN_PARAMETER},
    state::{
        init::Component,
        lock::{Owner, Request},
        packages::{self, PackageManifest, PendingBuild},
        runs,
        store::Store,
    },
};
use jiff::Timestamp;

use super::super::{
    foundation,
    jobs::{self as job_ops, BUILD},
    store,
};
use crate::{error::TeamError, jobs};

/// Scope of the lock that `package build` holds: one such build at a time, and nothing else waits.
pub const SCOPE: &str = "package";

/// What to build.
#[derive(Debug, Clone)]
pub struct ServerRequest {
    /// Branch, tag or commit.
    pub revision: String,
    /// Run by which the build is found again; that of the context without.
    pub run: Option<String>,
    /// Who asks.
    pub owner: Owner,
}

/// Runs the build job and gives back the package that it published. A build that was asked for
/// before and whose end nobody saw is not started again, but waited for.
///
/// # Errors
/// [`JenkinsError::BuildFailed`] with the last lines; [`TeamError::NoPackage`].
pub async fn build_on_server(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    request: &ServerRequest,
) -> Result<PackageManifest, TeamError> {
    let state = foundation(&ctx.aws, config).await?;
    state.require(Component::Team)?;
    let store = store(&ctx.aws, config);
    let lock = Request {
        scope: SCOPE.to_owned(),
        owner: request.owner.clone(),
        command: "cloudteam package build".to_owned(),
        program: "cloudteam".to_owned(),
    };
    runs::recorded(ctx, &store, lock, async |_locked| {
        let jenkins = job_ops::connect(ctx, config, &state, Demand::Plugins).await?;
        let path = build_server::folder(config)?.join(jobs::BUILD_PACKAGE)?;
        let pending = pending(ctx, &store, request).await?;
        ctx.events.step("build", format!("job {path}"));
        let result = follow(ctx, &jenkins, &path, &store, &pending).await;
        match &result {
            Ok(package) => {
                ctx.events.step_done("build", Outcome::Done, format!("package {}", package.id));
            }
            Err(error) => ctx.events.step_done("build", Outcome::Failed, error.to_string()),
        }
        if has_ended(&result) {
            packages::end_build(&store).await?;
        }
        result
    })
    .await
}

/// The build that is under way for the same revision, or a new one.
async fn pending(
    ctx: &Ctx,
    store: &Store,
    request: &ServerRequest,
) -> Result<PendingBuild, TeamError> {
    let revision = &request.revision;
    let found = packages::pending(store).await?;
    if let Some(found) = &found
        && found.value.ended_at.is_none()
        && found.value.revision == *revision
    {
        let since = found.value.asked_at.strftime("%H:%M UTC");
        ctx.events
            .note(format!("attaching to the build of {revision} that was asked for at {since}"));
        return Ok(found.value.clone());
    }
    let build = PendingBuild {
        run: request.run.clone().unwrap_or_else(|| ctx.run.to_string()),
        revision: revision.clone(),
        asked_at: Timestamp::now(),
        ended_at: None,
    };
    packages::begin_build(store, &build, found.as_ref().map(|found| &found.etag)).await?;
    Ok(build)
}

async fn follow(
    ctx: &Ctx,
    jenkins: &Jenkins,
    path: &ItemPath,
    store: &Store,
    pending: &PendingBuild,
) -> Result<PackageManifest, TeamError> {
    let parameters = [
        (jobs::REVISION.to_owned(), pending.revision.clone()),
        (RUN_PARAMETER.to_owned(), pending.run.clone()),
    ];
    let item = jenkins.trigger(path, &parameters).await?;
    let build = jenkins.build_of(&item, BUILD, &ctx.events, &ctx.cancel).await?;
    let result = jenkins.follow(&build, BUILD, &ctx.events, &ctx.cancel).await?;
    let result = result.succeeded(path)?;
    let found = packages::built_by(store, &item.run).await?;
    found.ok_or(TeamError::NoPackage { url: result.url })
}

/// Whether the build is over. What only we did not see to its end is attached to the next time.
fn has_ended(result: &Result<PackageManifest, TeamError>) -> bool {
    match result {
        Ok(_) | Err(TeamError::NoPackage { .. }) => true,
        Err(TeamError::Jenkins(error)) => matches!(
            error,
            JenkinsError::BuildFailed { .. }
                | JenkinsError::QueueCancelled(_)
                | JenkinsError::QueueLost(_)
                | JenkinsError::NotFound { .. }
                | JenkinsError::Refused { .. }
        ),
        Err(_) => false,
    }
}
