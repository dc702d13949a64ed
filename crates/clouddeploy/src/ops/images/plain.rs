//! `images build` without AWS: from a package file to images in any registry.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    config_file::BaseImage,
    events::{EventSink, Outcome},
    ids::Digest,
    oci::{Base, Image, Keyring, Platform, Registry},
    package::{Limits, Package},
};

use super::{BuiltImage, base, push::Pushing, unblocked};
use crate::{
    error::DeployError,
    images::{Assembled, Making, assemble},
    topology::Topology,
};

/// What to build, and where it goes.
#[derive(Debug, Clone)]
pub struct PlainRequest {
    /// The package file.
    pub package: Utf8PathBuf,
    /// What the package may hold at most.
    pub limits: Limits,
    /// Host of the registry, and what its repositories begin with: `HOST[:PORT][/PREFIX]`.
    pub registry: String,
    /// The base image.
    pub base: BaseImage,
    /// Platforms to build for; those that the base has when none is given.
    pub platforms: Vec<Platform>,
    /// How images are made.
    pub making: Making,
    /// Logins of the registry, and of the one that the base image is in.
    pub keyring: Keyring,
}

/// What was built.
#[derive(Debug, Clone)]
pub struct PlainReport {
    /// Digest of the content of the package, whatever its zip looks like.
    pub package: Digest,
    /// Images by name.
    pub images: BTreeMap<String, BuiltImage>,
}

/// Builds the images of a package file and pushes what the registry lacks. Nothing of AWS is
/// needed, and no release is written.
///
/// # Errors
/// [`DeployError`]; a repeated call uploads nothing twice.
pub async fn build_plain(
    events: &EventSink,
    request: &PlainRequest,
) -> Result<PlainReport, DeployError> {
    let (host, prefix) = request.registry.split_once('/').unwrap_or((&request.registry, ""));
    let registry = Arc::new(Registry::with_logins(host, request.keyring.of(host)));
    let (folder, wanted) = (Utf8Path::new(""), &request.platforms);
    let registries = (&registry, &request.keyring);
    let base = base::read(events, &request.base, folder, registries, wanted).await?;
    if let BaseImage::Reference(reference) = &request.base {
        registry.remember(&base.image, reference).await?;
    }
    let Assembled { content, images } = assembled(events, request, base).await?;
    let place = |(name, image): (String, Image)| {
        let repository = match prefix {
            "" => name.clone(),
            prefix => format!("{prefix}/{name}"),
        };
        (name, (image, repository))
    };
    let images = images.into_iter().map(place).collect();
    let pushing = Pushing { registry: &registry, host, images, id: content.short() };
    Ok(PlainReport { images: pushing.push(events).await?, package: content })
}

async fn assembled(
    events: &EventSink,
    request: &PlainRequest,
    base: Base,
) -> Result<Assembled, DeployError> {
    let begin = Instant::now();
    events.step("package", format!("package {}", request.package));
    let (file, limits, making) = (request.package.clone(), request.limits, request.making.clone());
    let made = unblocked(move || {
        // Only what images need is read of it, not all of it for a digest.
        let package = Package::open_within(&file, limits)?;
        Ok(assemble(&package, &Topology::commerce()?, &base, &making)?)
    })
    .await;
    match &made {
        Ok(Assembled { images, .. }) => {
            let seconds = begin.elapsed().as_secs_f64();
            let detail = format!("{} images assembled in {seconds:.1} s", images.len());
            events.step_done("package", Outcome::Done, detail);
        }
        Err(error) => events.step_done("package", Outcome::Failed, error.to_string()),
    }
    made
}
