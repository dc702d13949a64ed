//! The base image, which all others stand on.

use std::sync::Arc;

use camino::Utf8Path;
use serde_json::Value;

use super::{Image, Keyring, OciError, Platform, Registry, Source, image::Variant, layout::Layout};
use crate::{config_file::BaseImage, ids::Digest};

/// A base image.
#[derive(Debug, Clone)]
pub struct Base {
    /// What people call it, for the annotation: a reference without digest.
    pub name: String,
    /// The image.
    pub image: Image,
}

impl Base {
    /// Reads a base image from a source, for the platforms that are wanted, or for all of ours that
    /// it has. `image` says what it is called and which digest it must have. Its layers stay where
    /// they are until a registry lacks them.
    ///
    /// # Errors
    /// [`OciError::Platform`] for one that it has not, [`OciError::Digest`] for another image, and
    /// those of the source.
    pub async fn read(
        source: &Source,
        image: &BaseImage,
        wanted: &[Platform],
    ) -> Result<Self, OciError> {
        let found = source.digest().await?;
        match image.digest() {
            Some(pinned) if pinned != found => Err(OciError::Digest {
                name: image.to_string(),
                found: found.to_string(),
                expected: pinned.to_string(),
            }),
            _ => {
                let read = Image::read(source, &image.to_string(), wanted).await?;
                Ok(Self { name: image.name(&found), image: read })
            }
        }
    }

    /// Reads a base image from where it is: a folder or file, which relative paths from `folder`
    /// name, or a registry: `registry`, where that is the one of a reference, or another one with
    /// the logins of a keyring.
    ///
    /// # Errors
    /// As [`Base::read`].
    pub async fn open(
        image: &BaseImage,
        folder: &Utf8Path,
        registry: Option<&Arc<Registry>>,
        keyring: &Keyring,
        wanted: &[Platform],
    ) -> Result<Self, OciError> {
        Self::read(&Source::of(image, folder, registry, keyring)?, image, wanted).await
    }

    /// Digest of its index, or of its manifest where it is for one platform.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        self.image.digest()
    }

    /// An environment variable that the base sets.
    #[must_use]
    pub fn variable(&self, name: &str) -> Option<String> {
        let mut variables = self.image.variants.first().into_iter().flat_map(Variant::variables);
        variables.find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// Digest of an image in a folder or a file, without reading it; none of one in a registry.
    ///
    /// # Errors
    /// [`OciError::Layout`].
    pub fn local_digest(image: &BaseImage, folder: &Utf8Path) -> Result<Option<Digest>, OciError> {
        let layout = match image {
            BaseImage::Layout { folder: layout, .. } => Layout::open(&folder.join(layout))?,
            BaseImage::Archive { file, .. } => Layout::unpack(&folder.join(file))?,
            BaseImage::Reference(_) => return Ok(None),
        };
        Ok(Some(layout.top))
    }
}

impl Variant {
    /// The variables that the image sets.
    pub(super) fn variables(&self) -> Vec<(String, String)> {
        let entries = self.settings["config"]["Env"].as_array().cloned().unwrap_or_default();
        let pair = |entry: &Value| {
            let (key, value) = entry.as_str()?.split_once('=')?;
            Some((key.to_owned(), value.to_owned()))
        };
        entries.iter().filter_map(pair).collect()
    }
}
