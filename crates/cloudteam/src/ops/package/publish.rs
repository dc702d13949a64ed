//! `publish`: from a checked file to a package that others find.

use std::collections::BTreeMap;

use camino::Utf8PathBuf;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::{EventKind, Outcome},
    package::{Limits, Package},
    state::{
        init::Component,
        packages::{self, PackageManifest},
        store::{Store, Upload},
    },
};
use jiff::Timestamp;

use super::super::{VERSION, foundation, store};
use crate::{error::TeamError, source::Distribution};

/// What to publish.
#[derive(Debug, Clone, Default)]
pub struct PublishRequest {
    /// The zip file.
    pub file: Utf8PathBuf,
    /// The source code it was built from: gives version and commit.
    pub source: Option<Utf8PathBuf>,
    /// Build that made it.
    pub built_by: String,
    /// Where the log of the build is.
    pub build_log: Option<String>,
    /// Versions of the tools it was built with.
    pub tools: BTreeMap<String, String>,
    /// Run of the build job, by which `package build` finds the package.
    pub run: Option<String>,
    /// What the package may hold at most.
    pub limits: Limits,
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
    let package = check(ctx, request)?;
    let state = foundation(&ctx.aws, config).await?;
    let packages = Store::new(&ctx.aws, state.output(Component::Core, "PackageBucketName")?);
    let manifest = manifest(&package, request).await?;
    let step = format!("publish/{}", manifest.id);
    ctx.events.step(&step, format!("publish package {}", manifest.id));
    match upload(ctx, &packages, config, &manifest, request).await {
        Ok(new) => {
            let outcome = if new { Outcome::Done } else { Outcome::Unchanged };
            let words = if new { "is published" } else { "was published before" };
            ctx.events.step_done(&step, outcome, format!("package {} {words}", manifest.id));
            Ok((manifest, new))
        }
        Err(error) => {
            ctx.events.step_done(&step, Outcome::Failed, error.to_string());
            Err(error)
        }
    }
}

/// The checks that CloudDeploy makes too, before anything is sent.
fn check(ctx: &Ctx, request: &PublishRequest) -> Result<Package, TeamError> {
    ctx.events.step("check", format!("check {}", request.file));
    let checked = Package::open_within(&request.file, request.limits)
        .and_then(|package| package.check_contents().map(|()| package))
        .and_then(|package| package.digest().map(drop).map(|()| package));
    match checked {
        Ok(package) => {
            let (count, size) = (package.entries().len(), package.size());
            let detail = format!("{count} files in {size} bytes are whole");
            ctx.events.step_done("check", Outcome::Done, detail);
            Ok(package)
        }
        Err(error) => {
            ctx.events.step_done("check", Outcome::Failed, error.to_string());
            Err(error.into())
        }
    }
}

async fn manifest(
    package: &Package,
    request: &PublishRequest,
) -> Result<PackageManifest, TeamError> {
    let (version, source_commit) = source_facts(request).await?;
    let mut tools = request.tools.clone();
    tools.insert("cloudteam".to_owned(), VERSION.to_owned());
    let digest = package.digest()?;
    Ok(PackageManifest {
        id: digest.short().to_owned(),
        digest: digest.clone(),
        size: package.size(),
        version,
        source_commit,
        built_by: request.built_by.clone(),
        published_at: Timestamp::now(),
        build_log: request.build_log.clone(),
        tools,
        sizes: package.sizes()?,
    })
}

async fn source_facts(request: &PublishRequest) -> Result<(String, Option<String>), TeamError> {
    let Some(source) = &request.source else {
        return Ok(("unknown".to_owned(), None));
    };
    let version = Distribution::open(source)?.version;
    let commit = crate::git::head(source).await?;
    Ok((version, commit))
}

async fn upload(
    ctx: &Ctx,
    packages: &Store,
    config: &CloudOpsConfig,
    manifest: &PackageManifest,
    request: &PublishRequest,
) -> Result<bool, TeamError> {
    let progress = |done| {
        let name = format!("package {}", manifest.id);
        ctx.events.send(EventKind::Transfer { name, done, total: Some(manifest.size) });
    };
    let upload =
        Upload { progress: &progress, ..Upload::new(&request.file, &manifest.digest, &ctx.cancel) };
    let state = store(&ctx.aws, config);
    let new = packages::publish(&state, packages, &upload, manifest).await?;
    if let Some(run) = &request.run {
        packages::record_build(&state, run, &manifest.id).await?;
    }
    Ok(new)
}
