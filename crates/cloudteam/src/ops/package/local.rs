//! `package build --runner local`: what a build agent does, on any machine.

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::CloudOpsConfig, ctx::Ctx, events::Outcome, state::packages::PackageManifest,
};

use super::{
    super::{
        foundation,
        workshop::{Machine, Work, Workshop},
    },
    publish::{PublishRequest, publish},
};
use crate::{
    build::{BuildError, output},
    error::TeamError,
    git::{self, worktree},
};

/// What to build, and with what.
#[derive(Debug, Clone)]
pub struct LocalRequest {
    /// A working copy to build in; a fresh clone of the repository without.
    pub source: Option<Utf8PathBuf>,
    /// Branch, tag or commit of a fresh clone.
    pub revision: String,
    /// What this machine gives to it.
    pub machine: Machine,
    /// Who builds where, or the address of the build.
    pub built_by: String,
    /// Where the log of the build is; it is kept in the artifact bucket without.
    pub build_log: Option<String>,
    /// Run of the build job, by which `package build` finds the package.
    pub run: Option<String>,
}

/// Builds the deployment package on this machine, checks and publishes it.
///
/// # Errors
/// [`BuildError`] in [`TeamError::Build`]; nothing is published then.
pub async fn build_here(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    request: &LocalRequest,
) -> Result<(PackageManifest, bool), TeamError> {
    let state = foundation(&ctx.aws, config).await?;
    let work = Work::begin()?;
    let source = source(ctx, config, request, &work.folder).await?;
    let shop = Workshop::prepare(ctx, config, &state, &request.machine, &source, &work).await?;
    let built = shop.run(&config.source.build.command).await;
    let build_log = match &request.build_log {
        Some(address) => Some(address.clone()),
        None => shop.keep_log().await,
    };
    built?;
    let published = PublishRequest {
        file: output::find(&source, &config.source.build.output)?,
        source: Some(source.clone()),
        built_by: request.built_by.clone(),
        build_log,
        tools: shop.versions(),
        run: request.run.clone(),
        ..PublishRequest::default()
    };
    let result = publish(ctx, config, &published).await?;
    shop.keep_dependencies().await;
    Ok(result)
}

/// The working copy that is given, when it is what its commit says; else a fresh clone.
async fn source(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    request: &LocalRequest,
    work: &Utf8Path,
) -> Result<Utf8PathBuf, TeamError> {
    if let Some(folder) = &request.source {
        let mut files = match git::head(folder).await? {
            Some(_) => worktree::changed(folder).await?,
            None => Vec::new(),
        };
        if !files.is_empty() {
            files.truncate(5);
            return Err(BuildError::Dirty { folder: folder.clone(), files }.into());
        }
        return Ok(folder.canonicalize_utf8().map_err(BuildError::Io)?);
    }
    let repository = config.source.repository.as_deref().ok_or(TeamError::MissingSetting {
        key: "source.repository",
        hint: "Set it, or give a working copy by --source.",
    })?;
    ctx.events.step("source", format!("clone {}", git::shown(repository)));
    let folder = work.join("source");
    match worktree::checkout(repository, &request.revision, &folder, &ctx.cancel).await {
        Ok(commit) => {
            let detail = format!("{} is {commit}", request.revision);
            ctx.events.step_done("source", Outcome::Done, detail);
            Ok(folder)
        }
        Err(error) => {
            ctx.events.step_done("source", Outcome::Failed, error.to_string());
            Err(error.into())
        }
    }
}
