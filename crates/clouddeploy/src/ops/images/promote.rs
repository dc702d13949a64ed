//! `images promote`: the images of a release in another registry, by digest. Nothing is built.

use std::{collections::BTreeMap, sync::Arc};

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    events::Outcome,
    images,
    oci::{Keyring, Logins, PushReport, Registry, Source},
    state::{
        releases::{self, Release},
        store::Store,
    },
};

use super::{
    account::{digest_of, host_of},
    ledger, push,
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
    /// Logins of registries outside of AWS.
    pub keyring: Keyring,
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
    let store = store(&ctx.aws, &request.config);
    let release = chosen(&store, request.release.as_deref()).await?;
    let (host, prefix) = request
        .registry
        .split_once('/')
        .unwrap_or((&request.registry, request.config.instance.as_str()));
    let own = images::logins(&ctx.aws, ctx.aws.region());
    let target = target(ctx, host, &release, &own, &request.keyring);
    let ours = release.images.values().next().map_or(host, |reference| host_of(reference));
    let source = Arc::new(Registry::with_logins(ours, own));
    let instance = request.config.instance.as_str();
    let mut copied = BTreeMap::new();
    for (name, reference) in &release.images {
        let digest = digest_of(reference);
        let source = Source::registry(&source, reference)?;
        let to = format!("{prefix}/{name}");
        let step = format!("image/{to}");
        ctx.events.step(&step, format!("image {name} to {host}/{to}"));
        let tag = format!("{}-{}", release.package, digest.get(7..19).unwrap_or(digest));
        match target.copy(&source, &to, &tag).await {
            Ok(report) => {
                let reference = format!("{host}/{to}@{digest}");
                target.tag(&reference, &ledger::tag(instance, &release.id, &reference)).await?;
                let outcome = match report.uploaded_blobs {
                    0 => Outcome::Unchanged,
                    _ => Outcome::Done,
                };
                ctx.events.step_done(&step, outcome, push::said(digest, &report));
                copied.insert(name.clone(), (reference, report));
            }
            Err(error) => {
                ctx.events.step_done(&step, Outcome::Failed, error.to_string());
                return Err(error.into());
            }
        }
    }
    Ok(PromoteReport { release, images: copied })
}

/// A release by its id, or the newest one.
pub(super) async fn chosen(store: &Store, id: Option<&str>) -> Result<Release, DeployError> {
    let mut known = releases::list(store).await?;
    let place = match id {
        Some(id) => known.iter().position(|release| release.id == id),
        None => known.len().checked_sub(1),
    };
    match (place, id) {
        (Some(place), _) => Ok(known.swap_remove(place)),
        (None, None) => Err(DeployError::NotReady {
            what: "there is no release yet".to_owned(),
            command: "clouddeploy images build".to_owned(),
        }),
        (None, Some(id)) => Err(DeployError::Unknown {
            what: "release",
            name: id.to_owned(),
            known: known.into_iter().map(|release| release.id).collect(),
        }),
    }
}

/// The registry to copy to, with the logins that fit its host: those of ECR come from AWS.
fn target(ctx: &Ctx, host: &str, release: &Release, own: &Logins, keyring: &Keyring) -> Registry {
    let ours = release.images.values().any(|reference| host_of(reference) == host);
    let logins = match images::region_of(host) {
        _ if ours => own.clone(),
        Some(region) => images::logins(&ctx.aws, &region),
        None => keyring.of(host),
    };
    Registry::with_logins(host, logins)
}
