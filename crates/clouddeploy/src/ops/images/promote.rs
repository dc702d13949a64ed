//! `images promote`: the images of a release in another registry, by digest. Nothing is built.

use std::collections::BTreeMap;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    images,
    oci::{Logins, PushReport, Registry},
    state::releases::{self, Release},
};

use crate::{
    error::DeployError,
    ops::{initialized, store},
};

/// What to promote, and where to.
#[derive(Debug, Clone)]
pub struct PromoteRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Id of a release; the newest one when none is given.
    pub release: Option<String>,
    /// Host of the registry, and what its repositories begin with: `HOST/PREFIX`.
    pub registry: String,
}

/// What `images promote` did.
#[derive(Debug, Clone)]
pub struct PromoteReport {
    /// The release.
    pub release: Release,
    /// Reference with digest and what was copied, by image name.
    pub images: BTreeMap<String, (String, PushReport)>,
}

/// Copies the images of a release to another registry, whose repositories exist. Each keeps its
/// digest, which is its proof.
///
/// # Errors
/// [`DeployError::Oci`]; what was copied stays, and the same call goes on.
pub async fn promote(ctx: &Ctx, request: &PromoteRequest) -> Result<PromoteReport, DeployError> {
    initialized(&ctx.aws, &request.config).await?;
    let release = release(ctx, request).await?;
    let (host, prefix) = request
        .registry
        .split_once('/')
        .unwrap_or((&request.registry, request.config.instance.as_str()));
    let own = images::logins(&ctx.aws, ctx.aws.region());
    let target = target(ctx, host, &release, &own);
    let mut copied = BTreeMap::new();
    for (name, reference) in &release.images {
        let (repository, digest) = split(reference);
        let source = Registry::with_logins(host_of(repository), own.clone());
        let to = format!("{prefix}/{name}");
        let step = format!("image/{to}");
        ctx.events.step(&step, format!("image {name} to {host}/{to}"));
        let tag = format!("{}-{}", release.package, digest.get(7..19).unwrap_or(digest));
        match target.copy(&source, reference, &to, &tag).await {
            Ok(report) => {
                let outcome = match report.uploaded_blobs {
                    0 => Outcome::Unchanged,
                    _ => Outcome::Done,
                };
                let detail = format!("{digest}, {} bytes uploaded", report.uploaded_bytes);
                ctx.events.step_done(&step, outcome, detail);
                copied.insert(name.clone(), (format!("{host}/{to}@{digest}"), report));
            }
            Err(error) => {
                ctx.events.step_done(&step, Outcome::Failed, error.to_string());
                return Err(error.into());
            }
        }
    }
    Ok(PromoteReport { release, images: copied })
}

async fn release(ctx: &Ctx, request: &PromoteRequest) -> Result<Release, DeployError> {
    let mut known = releases::list(&store(&ctx.aws, &request.config)).await?;
    let place = match &request.release {
        Some(id) => known.iter().position(|release| release.id == *id),
        None => known.len().checked_sub(1),
    };
    match (place, &request.release) {
        (Some(place), _) => Ok(known.swap_remove(place)),
        (None, None) => Err(DeployError::NotReady {
            what: "there is no release yet".to_owned(),
            command: "clouddeploy images build".to_owned(),
        }),
        (None, Some(id)) => Err(DeployError::Unknown {
            what: "release",
            name: id.clone(),
            known: known.into_iter().map(|release| release.id).collect(),
        }),
    }
}

/// The registry to copy to, with the logins that fit its host.
fn target(ctx: &Ctx, host: &str, release: &Release, own: &Logins) -> Registry {
    let ours = release.images.values().any(|reference| host_of(reference) == host);
    let logins = if ours { own.clone() } else { images::keyring(&ctx.aws).of(host) };
    Registry::with_logins(host, logins)
}

fn host_of(reference: &str) -> &str {
    reference.split('/').next().unwrap_or(reference)
}

/// Repository and digest of a reference.
fn split(reference: &str) -> (&str, &str) {
    reference.split_once('@').unwrap_or((reference, ""))
}
