//! The images of the build server: `v1/build-server.json`.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    lock::Locked,
    store::{Document, ETag, StateError, Store},
};
use crate::ids::Digest;

/// Where it lies in the state bucket.
pub const BUILD_SERVER_KEY: &str = "v1/build-server.json";

/// Images that are remembered; the repository keeps as many.
const REMEMBERED: usize = 20;

/// An image that was assembled and pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerImage {
    /// Digest of the image.
    pub digest: Digest,
    /// Digest of everything that it was made from.
    pub recipe: Digest,
    /// The image that it builds on.
    pub base: String,
    /// Version of Jenkins, where the base says it.
    pub jenkins: Option<String>,
    /// Versions of the plugins, by name.
    pub plugins: BTreeMap<String, String>,
    /// When it was made.
    pub made_at: Timestamp,
    /// ARN of who made it.
    pub made_by: String,
}

/// The images of the build server of an instance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerImages {
    /// Digest of the image that the server has.
    pub current: Option<Digest>,
    /// Whether it was chosen by name: it stays, whatever the settings say.
    pub pinned: bool,
    /// All that were made, the newest first.
    pub images: Vec<ServerImage>,
}

impl Document for ServerImages {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "the images of the build server";
}

impl ServerImages {
    /// The image that the server has.
    #[must_use]
    pub fn current(&self) -> Option<&ServerImage> {
        self.find(self.current.as_ref()?.as_str())
    }

    /// An image by its digest, or by the first digits of it if no other begins with them.
    #[must_use]
    pub fn find(&self, text: &str) -> Option<&ServerImage> {
        let digits = text.trim_start_matches("sha256:");
        let mut found = self.images.iter().filter(|image| image.digest.hex().starts_with(digits));
        let first = found.next()?;
        (digits.len() >= 4 && found.next().is_none()).then_some(first)
    }

    /// The image that was made from a recipe.
    #[must_use]
    pub fn made_from(&self, recipe: &Digest) -> Option<&ServerImage> {
        self.images.iter().find(|image| image.recipe == *recipe)
    }

    /// Makes an image the one that the server has.
    pub fn choose(&mut self, image: ServerImage, pinned: bool) {
        self.current = Some(image.digest.clone());
        self.pinned = pinned;
        self.images.retain(|other| other.digest != image.digest);
        self.images.insert(0, image);
        self.images.truncate(REMEMBERED);
    }
}

/// Reads the images; none are remembered before the first was made (`GetObject`).
///
/// # Errors
/// [`StateError`].
pub async fn read(store: &Store) -> Result<(ServerImages, Option<ETag>), StateError> {
    let found = store.get::<ServerImages>(BUILD_SERVER_KEY).await?;
    Ok(found.map_or_else(Default::default, |found| (found.value, Some(found.etag))))
}

/// Remembers what `change` makes of the images (`GetObject`, `PutObject`).
///
/// # Errors
/// [`StateError`].
pub async fn update(
    store: &Store,
    _locked: &Locked,
    change: impl FnOnce(&mut ServerImages),
) -> Result<(), StateError> {
    let (before, etag) = read(store).await?;
    let mut after = before.clone();
    change(&mut after);
    if after != before {
        store.put(BUILD_SERVER_KEY, &after, etag.as_ref()).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(seed: &str) -> ServerImage {
        ServerImage {
            digest: Digest::of(seed.as_bytes()),
            recipe: Digest::of(b"recipe"),
            base: "base".to_owned(),
            jenkins: None,
            plugins: BTreeMap::new(),
            made_at: Timestamp::UNIX_EPOCH,
            made_by: "arn".to_owned(),
        }
    }

    #[test]
    fn an_earlier_image_can_be_chosen_again() {
        let mut images = ServerImages::default();
        assert_eq!(images.current(), None);
        images.choose(image("1"), false);
        images.choose(image("2"), false);
        let first = images.find(image("1").digest.short()).unwrap().clone();
        images.choose(first.clone(), true);
        assert_eq!((images.current(), images.images.len()), (Some(&first), 2));
        assert_eq!(images.find("sha256:"), None);
        assert_eq!(images.find("00"), None);
    }
}
