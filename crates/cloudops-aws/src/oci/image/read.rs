//! An image that exists, read without its layers.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;

use super::{
    super::{
        OciError, Platform, Source,
        descriptor::{Blob, DOCKER_LIST, Descriptor, INDEX, MANIFEST},
        layout,
    },
    Image, Variant,
    compose::names,
};
use crate::ids::Digest;

/// What an image for one platform is made of.
#[derive(Deserialize)]
struct Parts {
    #[serde(default, rename = "mediaType")]
    media_type: String,
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Image {
    /// Reads an image for the platforms that are wanted, or for all of ours that it has. `name` is
    /// what errors call it. Layers are fetched when somebody reads them.
    ///
    /// # Errors
    /// [`OciError::Platform`] for a platform that it has not; [`OciError::Reference`] when it is no
    /// image; those of the source.
    pub async fn read(source: &Source, name: &str, wanted: &[Platform]) -> Result<Self, OciError> {
        let digest = source.digest().await?;
        let bytes = source.manifest(&digest).await?;
        let mut variants = Vec::new();
        if is_index(&bytes) {
            for entry in layout::manifests(&bytes).map_err(|error| broken(name, error))? {
                // What else stands in an index, such as attestations, has no platform of ours.
                let platform = entry.platform.as_ref().map(Platform::of);
                let is_wanted = |found| wanted.is_empty() || wanted.contains(&found);
                if platform.is_none_or(|found| found.is_some_and(is_wanted)) {
                    let manifest = source.manifest(&entry.digest).await?;
                    variants.extend(variant(source, name, &entry.digest, &manifest).await?);
                }
            }
        } else {
            variants.extend(variant(source, name, &digest, &bytes).await?);
        }
        variants.sort_by_key(|variant| variant.platform);
        variants.dedup_by_key(|variant| variant.platform);
        let image = Self {
            top: Blob { media_type: kind(&bytes), digest, data: bytes.to_vec().into() },
            variants,
            attachments: Vec::new(),
        };
        image.limited(name, wanted)
    }

    /// The image for these platforms alone; for all that it has when none is given.
    fn limited(mut self, name: &str, wanted: &[Platform]) -> Result<Self, OciError> {
        let missing = wanted.iter().find(|wanted| self.variant(**wanted).is_none());
        let lacks = |platform: String| OciError::Platform {
            image: name.to_owned(),
            platform,
            found: names(self.platforms()),
        };
        match missing {
            Some(missing) => Err(lacks(missing.to_string())),
            None if self.variants.is_empty() => Err(lacks(names(Platform::ALL))),
            None => {
                self.variants
                    .retain(|variant| wanted.is_empty() || wanted.contains(&variant.platform));
                Ok(self)
            }
        }
    }
}

/// The image for the platform that its configuration names, unless it is none of ours.
async fn variant(
    source: &Source,
    name: &str,
    digest: &Digest,
    bytes: &Bytes,
) -> Result<Option<Variant>, OciError> {
    let parts: Parts = serde_json::from_slice(bytes).map_err(|error| broken(name, error))?;
    let config = source.small(&parts.config).await?;
    let settings: Value = serde_json::from_slice(&config).map_err(|error| broken(name, error))?;
    let Some(platform) = Platform::of(&settings) else {
        return Ok(None);
    };
    let layers = parts.layers.iter().map(|layer| source.later(layer)).collect::<Result<_, _>>()?;
    let media_type = match parts.media_type.as_str() {
        "" => MANIFEST.to_owned(),
        given => given.to_owned(),
    };
    Ok(Some(Variant {
        platform,
        manifest: Blob { media_type, digest: digest.clone(), data: bytes.to_vec().into() },
        config: Blob {
            media_type: parts.config.media_type,
            digest: parts.config.digest,
            data: config.to_vec().into(),
        },
        layers,
        settings,
    }))
}

/// Whether a document names several images.
pub(in super::super) fn is_index(bytes: &[u8]) -> bool {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    document["mediaType"] == INDEX
        || document["mediaType"] == DOCKER_LIST
        || document["manifests"].is_array()
}

/// Media type of a manifest or an index, as it says itself.
pub(in super::super) fn kind(bytes: &[u8]) -> String {
    let document: Value = serde_json::from_slice(bytes).unwrap_or_default();
    match document["mediaType"].as_str() {
        Some(kind) => kind.to_owned(),
        None if document["manifests"].is_array() => INDEX.to_owned(),
        None => MANIFEST.to_owned(),
    }
}

fn broken(name: &str, error: serde_json::Error) -> OciError {
    OciError::Reference { reference: name.to_owned(), reason: format!("it is no image: {error}") }
}
