//! Base images: what the layers of an image stand on.

use std::{path::Path, sync::Arc};

use oci_spec::image::{
    Descriptor, ImageConfiguration, ImageConfigurationBuilder, ImageIndex, ImageManifest,
    MediaType, RootFsBuilder,
};

use super::{
    OciError,
    content::Content,
    image::ImageError,
    layer::Layer,
    layout::{self, LayoutError},
    platform::Platform,
    registry::Registry,
};
use crate::ids::{Digest, InvalidId};

/// A base image for one platform.
#[derive(Debug, Clone)]
pub struct Base {
    /// Where it came from, for annotations, such as `registry/repository` or the folder's name.
    pub name: String,
    /// Digest of its manifest.
    pub digest: Digest,
    /// Platform.
    pub platform: Platform,
    /// Its configuration.
    pub config: ImageConfiguration,
    /// Its layers, the lowest first.
    pub layers: Vec<Arc<Layer>>,
}

impl Base {
    /// An empty base, for images that bring everything themselves.
    ///
    /// # Errors
    /// [`ImageError`].
    pub fn scratch(platform: &Platform) -> Result<Self, ImageError> {
        let spec = |source| ImageError::Spec {
            what: "configuration",
            source,
        };
        let rootfs = RootFsBuilder::default()
            .typ("layers")
            .diff_ids(Vec::<String>::new());
        let config = ImageConfigurationBuilder::default()
            .os(platform.os.as_str())
            .architecture(platform.architecture.as_str())
            .rootfs(rootfs.build().map_err(spec)?)
            .build()
            .map_err(spec)?;
        let digest = Digest::of(b"");
        let (name, platform) = ("scratch".to_owned(), platform.clone());
        Ok(Self {
            name,
            digest,
            platform,
            config,
            layers: Vec::new(),
        })
    }

    /// Reads the base for a platform from an image layout directory.
    ///
    /// # Errors
    /// [`LayoutError`].
    pub fn from_layout(folder: &Path, platform: &Platform) -> Result<Self, LayoutError> {
        layout::read(folder, platform)
    }

    /// Reads the base for a platform from a registry. `reference` is a digest or a tag; only a
    /// digest gives the same base tomorrow. Layers stay where they are until they are pushed.
    ///
    /// # Errors
    /// [`OciError::Registry`], also when the registry gives other content than the digest says;
    /// [`OciError::Layout`] when there is no image for the platform.
    pub async fn from_registry(
        registry: &Registry,
        repository: &str,
        reference: &str,
        platform: &Platform,
    ) -> Result<Self, OciError> {
        let place = format!("{}/{repository}", registry.host());
        let mut found = registry.get_manifest(repository, reference).await?;
        if is_index(found.media_type.as_ref()) {
            let index: ImageIndex = parse(&place, &found.bytes)?;
            let Some(chosen) = choose(index.manifests(), platform) else {
                let found = platforms(index.manifests());
                let wanted = platform.clone();
                return Err(LayoutError::NoPlatform {
                    place,
                    wanted,
                    found,
                }
                .into());
            };
            let digest = chosen.digest().to_string();
            found = registry.get_manifest(repository, &digest).await?;
        }
        let manifest: ImageManifest = parse(&place, &found.bytes)?;
        let config_digest = digest_of(&place, manifest.config())?;
        let config = registry.get_small_blob(repository, &config_digest).await?;
        let content = |_: &Digest| Content::Remote {
            registry: registry.clone(),
            repository: repository.to_owned(),
        };
        let parts = Parts {
            place,
            digest: found.digest,
            manifest,
            config: &config,
        };
        Ok(parts.assemble(platform, content)?)
    }
}

/// What a base is assembled from.
pub(super) struct Parts<'a> {
    /// Where it comes from, for messages and annotations.
    pub(super) place: String,
    /// Digest of the manifest.
    pub(super) digest: Digest,
    /// The manifest.
    pub(super) manifest: ImageManifest,
    /// The configuration, as it is stored.
    pub(super) config: &'a [u8],
}

impl Parts<'_> {
    pub(super) fn assemble(
        self,
        platform: &Platform,
        content: impl Fn(&Digest) -> Content,
    ) -> Result<Base, LayoutError> {
        let place = self.place;
        let config: ImageConfiguration = parse(&place, self.config)?;
        let found = Platform {
            os: config.os().to_string(),
            architecture: config.architecture().to_string(),
        };
        if found != *platform {
            let (wanted, found) = (platform.clone(), found.to_string());
            return Err(LayoutError::NoPlatform {
                place,
                wanted,
                found,
            });
        }
        let diff_ids = config.rootfs().diff_ids();
        if diff_ids.len() != self.manifest.layers().len() {
            let reason = format!(
                "{} layers in the manifest and {} in the configuration",
                self.manifest.layers().len(),
                diff_ids.len()
            );
            return Err(LayoutError::Broken { place, reason });
        }
        let mut layers = Vec::new();
        for (descriptor, diff_id) in self.manifest.layers().iter().zip(diff_ids) {
            let digest = digest_of(&place, descriptor)?;
            layers.push(Arc::new(Layer {
                diff_id: diff_id.parse().map_err(|error| broken(&place, &error))?,
                size: descriptor.size(),
                media_type: layer_type(&place, descriptor.media_type())?,
                content: content(&digest),
                description: format!("base {place}"),
                digest,
            }));
        }
        Ok(Base {
            name: place,
            digest: self.digest,
            platform: found,
            config,
            layers,
        })
    }
}

fn broken(place: &str, error: &InvalidId) -> LayoutError {
    LayoutError::Broken {
        place: place.to_owned(),
        reason: error.to_string(),
    }
}

pub(super) fn parse<T: serde::de::DeserializeOwned>(
    place: &str,
    bytes: &[u8],
) -> Result<T, LayoutError> {
    serde_json::from_slice(bytes).map_err(|error| LayoutError::Broken {
        place: place.to_owned(),
        reason: error.to_string(),
    })
}

pub(super) fn digest_of(place: &str, descriptor: &Descriptor) -> Result<Digest, LayoutError> {
    descriptor
        .digest()
        .to_string()
        .parse()
        .map_err(|error| broken(place, &error))
}

pub(super) fn is_index(media_type: &str) -> bool {
    media_type == MediaType::ImageIndex.as_ref()
        || media_type == "application/vnd.docker.distribution.manifest.list.v2+json"
}

/// The manifest for a platform; one without a platform is taken when it is the only one.
pub(super) fn choose<'a>(all: &'a [Descriptor], platform: &Platform) -> Option<&'a Descriptor> {
    let fits = |descriptor: &&Descriptor| {
        descriptor.platform().as_ref().is_some_and(|found| {
            found.os().to_string() == platform.os
                && found.architecture().to_string() == platform.architecture
        })
    };
    match all {
        [only] if only.platform().is_none() => Some(only),
        _ => all.iter().find(fits),
    }
}

/// The platforms of an index, for messages.
pub(super) fn platforms(all: &[Descriptor]) -> String {
    let known = all
        .iter()
        .filter_map(|descriptor| descriptor.platform().as_ref());
    let known: Vec<String> = known
        .map(|found| format!("{}/{}", found.os(), found.architecture()))
        .collect();
    if known.is_empty() {
        "none".to_owned()
    } else {
        known.join(", ")
    }
}

/// Docker's names of the layer types are replaced by the standard's, because a manifest of the
/// standard must not mix them. The bytes are the same.
fn layer_type(place: &str, media_type: &MediaType) -> Result<MediaType, LayoutError> {
    match media_type {
        MediaType::ImageLayer | MediaType::ImageLayerGzip | MediaType::ImageLayerZstd => {
            Ok(media_type.clone())
        }
        MediaType::Other(other) if other == "application/vnd.docker.image.rootfs.diff.tar.gzip" => {
            Ok(MediaType::ImageLayerGzip)
        }
        other => Err(LayoutError::Broken {
            place: place.to_owned(),
            reason: format!("a layer of type {other}"),
        }),
    }
}
