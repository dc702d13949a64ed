//! Container images without a container daemon: layers, images, and the registry they go to.
//!
//! Everything is content addressed and made without clocks and machines: the same input gives the
//! same digests (OCI image specification 1.1).

mod answer;
mod auth;
mod base;
mod blobs;
mod challenge;
mod content;
mod copy;
mod descriptor;
mod error;
mod fetch;
mod http;
mod image;
mod layer;
mod layout;
mod login;
mod platform;
mod push;
mod referrers;
mod registry;
mod retry;
mod source;
mod tar;
#[cfg(test)]
mod tests;
mod wire;

pub use base::Base;
pub use content::{Content, Data, DataReader, Later};
pub use descriptor::{Blob, Descriptor};
pub use error::OciError;
pub use image::{Image, ImageSpec, Variant};
pub use layer::{Compression, KnownLayer, Layer, LayerBuilder, LayerCache, write_layers};
pub use login::{Keyring, Login, LoginError, Logins};
pub use platform::{NotAPlatform, Platform};
pub use push::PushReport;
pub use referrers::Attachment;
pub use registry::Registry;
pub use source::Source;
