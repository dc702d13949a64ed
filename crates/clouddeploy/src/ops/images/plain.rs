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
    images::{self, Making, assemble},
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
    /// Digest of the package file.
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
    let (digest, images) = assembled(events, request, base).await?;
    let place = |(name, image): (String, Image)| {
        let repository = match prefix {
            "" => name.clone(),
            prefix => format!("{prefix}/{name}"),
        };
        (name, (image, repository))
    };
    let images = images.into_iter().map(place).collect();
    let pushing = Pushing { registry: &registry, host, images, id: digest.short() };
    Ok(PlainReport { images: pushing.push(events).await?, package: digest })
}

/// Makes the images of a package, without reading all of it when the cache knows the file.
fn make(
    file: &Utf8Path,
    limits: Limits,
    base: &Base,
    making: &Making,
) -> Result<(Digest, BTreeMap<String, Image>), DeployError> {
    let cache = making.cache.as_ref();
    let before = images::state(file);
    let known = cache.and_then(|cache| cache.package(file));
    let is_new = known.is_none();
    let package = Package::open_known(file, limits, known)?;
    let images = assemble(&package, &Topology::commerce()?, base, making)?;
    let digest = package.digest()?;
    if let Some(cache) = cache.filter(|_| is_new) {
        cache.keep_package(file, before, digest);
    }
    Ok((digest.clone(), images))
}

async fn assembled(
    events: &EventSink,
    request: &PlainRequest,
    base: Base,
) -> Result<(Digest, BTreeMap<String, Image>), DeployError> {
    let begin = Instant::now();
    events.step("package", format!("package {}", request.package));
    let (file, limits, making) = (request.package.clone(), request.limits, request.making.clone());
    let made = unblocked(move || make(&file, limits, &base, &making)).await;
    match &made {
        Ok((_, images)) => {
            let seconds = begin.elapsed().as_secs_f64();
            let detail = format!("{} images assembled in {seconds:.1} s", images.len());
            events.step_done("package", Outcome::Done, detail);
        }
        Err(error) => events.step_done("package", Outcome::Failed, error.to_string()),
    }
    made
}
