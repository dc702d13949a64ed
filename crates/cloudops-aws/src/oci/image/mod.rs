//! Images: a base, our layers on top, and how the image runs. An image for several platforms is an
//! index of one manifest for each, which differ in the base alone.

mod compose;
mod read;
#[cfg(test)]
mod tests;

pub(super) use read::{is_index, kind};

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Base, Layer, Platform,
    descriptor::{Blob, INDEX},
    referrers::Attachment,
};
use crate::ids::Digest;

/// When every image was made: a fixed date, so that a build can be repeated.
const CREATED: &str = "1970-01-01T00:00:00Z";

/// Annotations that tell the base (OCI image specification 1.1, annotations).
pub(super) const BASE_DIGEST: &str = "org.opencontainers.image.base.digest";
const BASE_NAME: &str = "org.opencontainers.image.base.name";
const CREATED_AT: &str = "org.opencontainers.image.created";

/// How an image runs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageSpec {
    /// Entry point, in exec form.
    pub entrypoint: Vec<String>,
    /// Default arguments of the entry point.
    pub command: Vec<String>,
    /// Environment variables, beside the base's.
    pub environment: BTreeMap<String, String>,
    /// User and group, as numbers.
    pub user: String,
    /// Port it listens on.
    pub port: Option<u16>,
    /// Folder that it starts in.
    pub working_directory: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the manifests, and of the index.
    pub annotations: BTreeMap<String, String>,
}

/// A finished image.
#[derive(Debug, Clone)]
pub struct Image {
    /// What names the image: its index, or its manifest where it is for one platform.
    pub top: Blob,
    /// The image for each platform.
    pub variants: Vec<Variant>,
    /// What is pushed beside it and names it as its subject.
    pub attachments: Vec<Attachment>,
}

/// An image for one platform.
#[derive(Debug, Clone)]
pub struct Variant {
    /// The platform.
    pub platform: Platform,
    /// The manifest.
    pub manifest: Blob,
    /// The configuration.
    pub config: Blob,
    /// The layers, lowest first.
    pub layers: Vec<Blob>,
    /// What stands in the configuration.
    pub(super) settings: Value,
}

impl PartialEq for Image {
    /// The digest says it all, but for what is attached.
    fn eq(&self, other: &Self) -> bool {
        self.digest() == other.digest() && self.attachments == other.attachments
    }
}

impl Image {
    /// Puts layers on a base, for each platform of the base.
    #[must_use]
    pub fn new(base: &Base, layers: &[Layer], spec: &ImageSpec) -> Self {
        compose::image(base, &compose::uppers(layers), &compose::run(spec), &spec.annotations)
    }

    /// Digest of the image.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.top.digest
    }

    /// Digest of what runs: the same for two images that differ in annotations alone.
    #[must_use]
    pub fn content(&self) -> Digest {
        let mut text = String::new();
        for variant in &self.variants {
            text.push_str(variant.config.digest.as_str());
            for layer in &variant.layers {
                text.push(' ');
                text.push_str(layer.digest.as_str());
            }
            text.push('\n');
        }
        Digest::of(text.as_bytes())
    }

    /// Size of all layers, compressed, in bytes: what one container runtime fetches at most.
    #[must_use]
    pub fn size(&self) -> u64 {
        let size = |variant: &Variant| variant.layers.iter().map(|layer| layer.data.len()).sum();
        self.variants.iter().map(size).max().unwrap_or_default()
    }

    /// Platforms it is for.
    pub fn platforms(&self) -> impl Iterator<Item = Platform> {
        self.variants.iter().map(|variant| variant.platform)
    }

    /// The image for a platform.
    #[must_use]
    pub fn variant(&self, platform: Platform) -> Option<&Variant> {
        self.variants.iter().find(|variant| variant.platform == platform)
    }

    /// Layers and configurations of all platforms, each of them once.
    pub(super) fn blobs(&self) -> Vec<Blob> {
        let mut blobs = BTreeMap::new();
        for variant in &self.variants {
            for blob in variant.layers.iter().chain([&variant.config]) {
                blobs.entry(blob.digest.clone()).or_insert_with(|| blob.clone());
            }
        }
        blobs.into_values().collect()
    }

    /// What stands in its manifest or index.
    #[must_use]
    pub fn document(&self) -> Value {
        let bytes = self.top.data.bytes().unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or_default()
    }

    /// An image of its variants: the only one's manifest, or an index.
    fn of(variants: Vec<Variant>, annotations: &BTreeMap<String, String>) -> Self {
        let top = match variants.as_slice() {
            [only] => only.manifest.clone(),
            _ => index(&variants, annotations),
        };
        Self { top, variants, attachments: Vec::new() }
    }
}

fn index(variants: &[Variant], annotations: &BTreeMap<String, String>) -> Blob {
    let entry = |variant: &Variant| {
        let mut entry = variant.manifest.descriptor();
        entry.platform = Some(variant.platform.entry());
        entry
    };
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "manifests": variants.iter().map(entry).collect::<Vec<_>>(),
        "annotations": annotations,
    });
    Blob::of(INDEX, index.to_string().into_bytes())
}
