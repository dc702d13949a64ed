//! Container images without a container daemon: layers, base images, images and registries.
//!
//! A layer is written with sorted entries, fixed times and fixed owners, so that the same content
//! always has the same digest ([`LayerWriter`]). A [`Base`] comes from an image layout directory
//! or from a registry. An [`ImageSpec`] puts layers on a base and becomes an [`Image`], which is
//! pushed by [`Registry::push`] or written to a directory by [`layout::write`].

pub mod base;
pub mod content;
pub mod image;
pub mod layer;
pub mod layout;
pub mod platform;
pub mod registry;
mod spool;

pub use base::Base;
pub use content::Content;
pub use image::{Image, ImageError, ImageSpec};
pub use layer::{Layer, LayerError, LayerOptions, LayerWriter};
pub use layout::LayoutError;
pub use platform::Platform;
pub use registry::{
    CredentialSource, Credentials, PushReport, PushRequest, Registry, RegistryError,
    RegistryOptions,
};

use crate::diagnose::{Class, Diagnose};

/// Why work with images failed.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// A layer could not be written.
    #[error(transparent)]
    Layer(#[from] LayerError),
    /// An image layout directory could not be read or written.
    #[error(transparent)]
    Layout(#[from] LayoutError),
    /// An image could not be put together.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A registry did not do what was asked.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl Diagnose for OciError {
    fn class(&self) -> Class {
        match self {
            Self::Layer(error) => error.class(),
            Self::Layout(error) => error.class(),
            Self::Image(error) => error.class(),
            Self::Registry(error) => error.class(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Layer(error) => error.hints(),
            Self::Layout(error) => error.hints(),
            Self::Image(error) => error.hints(),
            Self::Registry(error) => error.hints(),
        }
    }
}

/// The bytes of a document with sorted keys. The maps of `oci-spec` are hash maps: without the
/// sort, one image would have another digest in every run.
fn canonical_json<T: serde::Serialize>(document: &T) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = serde_json::to_value(document)?;
    value.sort_all_objects();
    serde_json::to_vec(&value)
}
