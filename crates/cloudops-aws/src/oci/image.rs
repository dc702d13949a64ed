//! Images: layers on a base, with a configuration and a manifest.

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use oci_spec::image::{
    Config, Descriptor, DescriptorBuilder, History, HistoryBuilder, ImageConfiguration,
    ImageManifestBuilder, MediaType, RootFsBuilder,
};

use super::{base::Base, canonical_json, content::Content, layer::Layer, platform::Platform};
use crate::{
    diagnose::{Class, Diagnose},
    ids::{Digest, InvalidId},
};

/// The time in every image: a clock would give one content many digests.
pub const CREATED: &str = "1970-01-01T00:00:00Z";

/// Why an image could not be put together.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// A document could not be written.
    #[error("cannot write the {what} of the image: {source}")]
    Json {
        /// Which document.
        what: &'static str,
        /// Cause.
        source: serde_json::Error,
    },
    /// A part does not follow the specification.
    #[error("cannot write the {what} of the image: {source}")]
    Spec {
        /// Which document.
        what: &'static str,
        /// Cause.
        source: oci_spec::OciSpecError,
    },
    /// A digest of the base is not one that this program knows.
    #[error(transparent)]
    Digest(#[from] InvalidId),
}

impl Diagnose for ImageError {
    fn class(&self) -> Class {
        match self {
            Self::Json { .. } | Self::Spec { .. } => Class::Bug,
            Self::Digest(_) => Class::Configuration,
        }
    }
}

/// What to make an image of. Empty parts keep what the base says.
#[derive(Debug, Clone, Default)]
pub struct ImageSpec {
    /// Layers on top of those of the base, the lowest first.
    pub layers: Vec<Arc<Layer>>,
    /// Environment variables, which win over those of the base.
    pub env: BTreeMap<String, String>,
    /// What is run, in exec form.
    pub entrypoint: Vec<String>,
    /// Arguments of the entry point.
    pub command: Vec<String>,
    /// User and group.
    pub user: Option<String>,
    /// Working directory.
    pub working_dir: Option<String>,
    /// TCP ports that the image listens on.
    pub ports: Vec<u16>,
    /// Labels in the configuration.
    pub labels: BTreeMap<String, String>,
    /// Annotations of the manifest.
    pub annotations: BTreeMap<String, String>,
}

/// An image: everything that a registry or an image layout needs.
#[derive(Debug, Clone)]
pub struct Image {
    /// Digest of the manifest, by which the image is known.
    pub digest: Digest,
    /// The manifest as it is stored.
    pub manifest: Bytes,
    /// Platform.
    pub platform: Platform,
    /// The configuration as a blob.
    pub config: Arc<Layer>,
    /// All layers, those of the base first.
    pub layers: Vec<Arc<Layer>>,
    /// Annotations, for the index of a layout.
    pub annotations: BTreeMap<String, String>,
}

impl Image {
    /// All blobs: the layers and the configuration.
    pub fn blobs(&self) -> impl Iterator<Item = &Arc<Layer>> {
        self.layers.iter().chain([&self.config])
    }

    /// Size of all blobs as they are stored, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.blobs().map(|blob| blob.size).sum()
    }
}

impl ImageSpec {
    /// Puts the image together. The same base and parts give the same digest.
    ///
    /// # Errors
    /// [`ImageError`].
    pub fn build(&self, base: &Base) -> Result<Image, ImageError> {
        let layers: Vec<Arc<Layer>> = base.layers.iter().chain(&self.layers).cloned().collect();
        let configuration = self.configuration(base, &layers)?;
        let bytes = canonical_json(&configuration).map_err(|source| ImageError::Json {
            what: "configuration",
            source,
        })?;
        let digest = Digest::of(&bytes);
        let config = Layer {
            diff_id: digest.clone(),
            digest,
            size: bytes.len() as u64,
            media_type: MediaType::ImageConfig,
            content: Content::Bytes(bytes.into()),
            description: "image configuration".to_owned(),
        };
        let spec = |source| ImageError::Spec {
            what: "manifest",
            source,
        };
        let described: Result<Vec<_>, _> = layers.iter().map(|layer| descriptor(layer)).collect();
        let mut manifest = ImageManifestBuilder::default()
            .schema_version(2u32)
            .media_type(MediaType::ImageManifest)
            .config(descriptor(&config)?)
            .layers(described?);
        if !self.annotations.is_empty() {
            manifest = manifest.annotations(
                self.annotations
                    .clone()
                    .into_iter()
                    .collect::<std::collections::HashMap<_, _>>(),
            );
        }
        let manifest = canonical_json(&manifest.build().map_err(spec)?).map_err(|source| {
            ImageError::Json {
                what: "manifest",
                source,
            }
        })?;
        Ok(Image {
            digest: Digest::of(&manifest),
            manifest: manifest.into(),
            platform: base.platform.clone(),
            config: Arc::new(config),
            layers,
            annotations: self.annotations.clone(),
        })
    }

    fn configuration(
        &self,
        base: &Base,
        layers: &[Arc<Layer>],
    ) -> Result<ImageConfiguration, ImageError> {
        let spec = |source| ImageError::Spec {
            what: "configuration",
            source,
        };
        let mut configuration = base.config.clone();
        let diff_ids: Vec<String> = layers
            .iter()
            .map(|layer| layer.diff_id.to_string())
            .collect();
        let rootfs = RootFsBuilder::default().typ("layers").diff_ids(diff_ids);
        configuration.set_rootfs(rootfs.build().map_err(spec)?);
        configuration.set_created(Some(CREATED.to_owned()));
        let mut history = base.config.history().clone().unwrap_or_default();
        for layer in &self.layers {
            history.push(step(layer).map_err(spec)?);
        }
        configuration.set_history(Some(history));
        configuration.set_config(Some(self.runtime(base.config.config().clone())));
        Ok(configuration)
    }

    /// What a container of the image runs, on top of what the base says.
    fn runtime(&self, base: Option<Config>) -> Config {
        let mut config = base.unwrap_or_default();
        config.set_env(Some(merge_env(config.env().as_deref(), &self.env)));
        let mut labels = config.labels().clone().unwrap_or_default();
        labels.extend(self.labels.clone());
        config.set_labels(Some(labels));
        if !self.entrypoint.is_empty() {
            config.set_entrypoint(Some(self.entrypoint.clone()));
            // The command of a base is an argument for the entry point of the base.
            config.set_cmd(None);
        }
        if !self.command.is_empty() {
            config.set_cmd(Some(self.command.clone()));
        }
        if self.user.is_some() {
            config.set_user(self.user.clone());
        }
        if self.working_dir.is_some() {
            config.set_working_dir(self.working_dir.clone());
        }
        if !self.ports.is_empty() {
            let ports = self
                .ports
                .iter()
                .map(|port| format!("{port}/tcp"))
                .collect();
            config.set_exposed_ports(Some(ports));
        }
        config
    }
}

fn step(layer: &Layer) -> Result<History, oci_spec::OciSpecError> {
    HistoryBuilder::default()
        .created(CREATED)
        .created_by(format!("cloudops: {}", layer.description))
        .build()
}

/// Variables of the base in their order, then ours; one name stands once.
fn merge_env(base: Option<&[String]>, ours: &BTreeMap<String, String>) -> Vec<String> {
    let name = |entry: &String| entry.split('=').next().unwrap_or_default().to_owned();
    let kept = base
        .unwrap_or_default()
        .iter()
        .filter(|entry| !ours.contains_key(&name(entry)));
    let ours = ours.iter().map(|(name, value)| format!("{name}={value}"));
    kept.cloned().chain(ours).collect()
}

pub(super) fn descriptor(blob: &Layer) -> Result<Descriptor, ImageError> {
    let spec = |source| ImageError::Spec {
        what: "manifest",
        source,
    };
    let digest: oci_spec::image::Digest = blob.digest.as_str().parse().map_err(spec)?;
    DescriptorBuilder::default()
        .media_type(blob.media_type.clone())
        .digest(digest)
        .size(blob.size)
        .build()
        .map_err(spec)
}
