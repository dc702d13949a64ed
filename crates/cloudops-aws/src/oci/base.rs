//! The base image: from a folder with an OCI image layout, or from a registry by digest.

use camino::Utf8Path;
use serde_json::Value;

use super::{Keyring, OciError, content::Data, image::Blob, registry::Registry};
use crate::ids::Digest;

/// A base image with everything in it.
#[derive(Debug, Clone)]
pub struct Base {
    /// Digest of its manifest.
    pub digest: Digest,
    /// Where it comes from, for the annotation.
    pub name: String,
    /// Its configuration.
    pub(super) config: Value,
    /// Its layers, lowest first.
    pub(super) layers: Vec<Blob>,
}

impl Base {
    /// Reads a base image from an OCI image layout: its only image, or the one for the platform
    /// `linux/amd64`.
    ///
    /// # Errors
    /// [`OciError::Layout`], and [`OciError::Digest`] for a damaged blob.
    pub fn from_layout(layout: &Utf8Path) -> Result<Self, OciError> {
        let index = read(layout, "index.json")?;
        let index = parse(layout, &index)?;
        let manifests = index["manifests"].as_array().cloned().unwrap_or_default();
        let is_ours = |manifest: &&Value| manifest["platform"]["architecture"] == "amd64";
        let chosen = manifests.iter().find(is_ours).or_else(|| manifests.first());
        let chosen = chosen.ok_or_else(|| wrong(layout, "there is no image in it"))?;
        let digest = digest(layout, chosen)?;
        let manifest = parse(layout, &blob(layout, &digest)?)?;
        let config_digest = self::digest(layout, &manifest["config"])?;
        let config = parse(layout, &blob(layout, &config_digest)?)?;
        let layers = manifest["layers"].as_array().cloned().unwrap_or_default();
        let layers =
            layers.iter().map(|layer| read_layer(layout, layer)).collect::<Result<_, _>>()?;
        Ok(Self { name: format!("layout:{}", digest.short()), digest, config, layers })
    }

    /// An environment variable that the base sets.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<&str> {
        let entries = self.config["config"]["Env"].as_array()?;
        let mut pairs = entries.iter().filter_map(|entry| entry.as_str()?.split_once('='));
        pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
    }

    /// What tells the image in a layout from others, without reading it: the digest of its index.
    ///
    /// # Errors
    /// [`OciError::Layout`].
    pub fn layout_digest(layout: &Utf8Path) -> Result<Digest, OciError> {
        Ok(Digest::of(&read(layout, "index.json")?))
    }

    /// Fetches a base image from a registry, by a reference with a digest.
    ///
    /// # Errors
    /// [`OciError::Reference`], and what a registry may answer ([`OciError::Registry`],
    /// [`OciError::Refused`], [`OciError::Login`], [`OciError::Untrue`], [`OciError::Unsafe`]).
    pub async fn from_registry(reference: &str, keyring: &Keyring) -> Result<Self, OciError> {
        let pulled = Registry::of(reference, keyring)?.pull(reference).await?;
        let (digest, config, layers) = pulled;
        Ok(Self { digest, name: reference.to_owned(), config, layers })
    }
}

fn wrong(layout: &Utf8Path, reason: impl Into<String>) -> OciError {
    OciError::Layout { layout: layout.to_string(), reason: reason.into() }
}

fn read(layout: &Utf8Path, file: &str) -> Result<Vec<u8>, OciError> {
    fs_err::read(layout.join(file)).map_err(|error| wrong(layout, error.to_string()))
}

fn parse(layout: &Utf8Path, bytes: &[u8]) -> Result<Value, OciError> {
    serde_json::from_slice(bytes).map_err(|error| wrong(layout, error.to_string()))
}

fn digest(layout: &Utf8Path, descriptor: &Value) -> Result<Digest, OciError> {
    let text = descriptor["digest"].as_str().unwrap_or_default();
    text.parse().map_err(|error| wrong(layout, format!("{error}")))
}

fn blob(layout: &Utf8Path, digest: &Digest) -> Result<Vec<u8>, OciError> {
    let bytes = read(layout, &format!("blobs/sha256/{}", digest.hex()))?;
    let found = Digest::of(&bytes);
    if found == *digest {
        return Ok(bytes);
    }
    Err(damaged(layout, &found, digest))
}

fn damaged(layout: &Utf8Path, found: &Digest, expected: &Digest) -> OciError {
    OciError::Digest {
        name: format!("a blob in {layout}"),
        found: found.to_string(),
        expected: expected.to_string(),
    }
}

fn read_layer(layout: &Utf8Path, descriptor: &Value) -> Result<Blob, OciError> {
    let digest = digest(layout, descriptor)?;
    let media_type = descriptor["mediaType"].as_str().unwrap_or_default().to_owned();
    let path = layout.join("blobs/sha256").join(digest.hex());
    let unreadable = |error: std::io::Error| wrong(layout, error.to_string());
    let file = fs_err::File::open(&path).map_err(unreadable)?;
    let data = Data::file(file.into_file()).map_err(unreadable)?;
    let found = Digest::read(data.reader()).map_err(unreadable)?;
    if found == digest {
        return Ok(Blob { media_type, digest, data });
    }
    Err(damaged(layout, &found, &digest))
}
