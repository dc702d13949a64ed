//! The base image, which all others stand on.

use camino::Utf8Path;
use serde_json::Value;

use super::{Image, OciError, Platform, Source, image::Variant, layout::Layout};
use crate::ids::Digest;

/// A base image.
#[derive(Debug, Clone)]
pub struct Base {
    /// What people call it, for the annotation: a reference without digest.
    pub name: String,
    /// The image.
    pub image: Image,
}

impl Base {
    /// Reads a base image for the platforms that are wanted, or for all of ours that it has. Its
    /// layers stay where they are until a registry lacks them.
    ///
    /// # Errors
    /// [`OciError::Platform`] for one that it has not, and those of the source.
    pub async fn read(
        source: &Source,
        name: &str,
        wanted: &[Platform],
    ) -> Result<Self, OciError> {
        let image = Image::read(source, name, wanted).await?;
        Ok(Self { name: name.to_owned(), image })
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

    /// What tells the image in a layout from others, without reading it.
    ///
    /// # Errors
    /// [`OciError::Layout`].
    pub fn layout_digest(layout: &Utf8Path) -> Result<Digest, OciError> {
        Ok(Layout::open(layout)?.top)
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
