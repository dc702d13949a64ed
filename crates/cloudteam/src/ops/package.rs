//! The deployment package: built by the build server, checked, published by content.

use std::time::Duration;

use camino::Utf8PathBuf;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    package::Package,
    state::{
        init::Component,
        packages::{self, PackageManifest},
        store::Store,
    },
    wait::Pace,
};
use jiff::Timestamp;

use super::{foundation, jobs as job_ops, store};
use crate::{error::TeamError, jobs, source::Distribution};

/// A commerce build takes up to some hours.
const BUILD: Pace = Pace {
    first: Duration::from_millis(100),
    longest: Duration::from_secs(3),
    deadline: Duration::from_secs(6 * 60 * 60),
};

/// Runs the build job and gives back the package that it published.
///
/// # Errors
/// [`cloudops_aws::jenkins::JenkinsError::BuildFailed`] with the last lines;
/// [`TeamError::NoPackage`].
pub async fn build(ctx: &Ctx, config: &CloudOpsConfig) -> Result<PackageManifest, TeamError> {
    let state = foundation(&ctx.aws, config).await?;
    state.require(Component::Team)?;
    let jenkins = job_ops::connect(ctx, config, &state).await?;
    let path = jobs::folder(config)?.join(jobs::BUILD_PACKAGE)?;
    ctx.events.step("build", format!("job {path}"));
    let result = async {
        let item = jenkins.trigger(&path, &[]).await?;
        let build = jenkins.build_of(&item, BUILD, &ctx.events, &ctx.cancel).await?;
        let result = jenkins.follow(&build, BUILD, &ctx.events, &ctx.cancel).await?;
        let result = result.succeeded(&path)?;
        let found = packages::built_by(&store(&ctx.aws, config), &item.run).await?;
        found.ok_or(TeamError::NoPackage { url: result.url })
    };
    let result = result.await;
    match &result {
        Ok(package) => {
            ctx.events.step_done("build", Outcome::Done, format!("package {}", package.id));
        }
        Err(error) => ctx.events.step_done("build", Outcome::Failed, error.to_string()),
    }
    result
}

/// What to publish.
#[derive(Debug, Clone)]
pub struct PublishRequest {
    /// The zip file.
    pub file: Utf8PathBuf,
    /// The source code it was built from: gives version and commit.
    pub source: Option<Utf8PathBuf>,
    /// Build that made it.
    pub built_by: String,
    /// Run of the build job, by which `package build` finds the package.
    pub run: Option<String>,
}

/// Checks a package and publishes it. Says false when this content had been published before.
///
/// # Errors
/// [`TeamError::Package`] names what is wrong with the file; nothing is published then.
pub async fn publish(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    request: &PublishRequest,
) -> Result<(PackageManifest, bool), TeamError> {
    let package = Package::open(&request.file)?;
    let state = foundation(&ctx.aws, config).await?;
    let bucket = state.output(Component::Core, "PackageBucketName")?;
    let (version, source_commit) = source_facts(request).await?;
    let digest = package.digest().clone();
    let manifest = PackageManifest {
        id: digest.short().to_owned(),
        size: package.size(),
        version,
        source_commit,
        built_by: request.built_by.clone(),
        published_at: Timestamp::now(),
        digest,
    };
    let state = store(&ctx.aws, config);
    let bucket = Store::new(&ctx.aws, bucket);
    let step = format!("publish/{}", manifest.id);
    ctx.events.step(&step, format!("publish {}", request.file));
    let new = packages::publish(&state, &bucket, &request.file, &manifest).await?;
    if let Some(run) = &request.run {
        packages::record_build(&state, run, &manifest.id).await?;
    }
    let outcome = if new { Outcome::Done } else { Outcome::Unchanged };
    ctx.events.step_done(&step, outcome, format!("package {}", manifest.id));
    Ok((manifest, new))
}

async fn source_facts(request: &PublishRequest) -> Result<(String, Option<String>), TeamError> {
    let Some(source) = &request.source else {
        return Ok(("unknown".to_owned(), None));
    };
    let version = Distribution::open(source)?.version;
    let commit = crate::git::head(source).await?;
    Ok((version, commit))
}

/// All published packages, the newest first.
///
/// # Errors
/// `NotInitialized`, and those of the state bucket.
pub async fn list(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Vec<PackageManifest>, TeamError> {
    foundation(&ctx.aws, config).await?;
    Ok(packages::list(&store(&ctx.aws, config)).await?)
}
