//! Container images without a container daemon: layers, images, and the registry they go to.
//!
//! Everything is content addressed and made without clocks and machines: the same input gives the
//! same digests (OCI image specification 1.1).

mod base;
mod blobs;
mod content;
mod copy;
mod error;
mod image;
mod layer;
mod registry;
mod tar;

pub use base::Base;
pub use content::{Content, Data, DataReader, Later};
pub use error::OciError;
pub use image::{Blob, Image, ImageSpec};
pub use layer::{Compression, KnownLayer, Layer, LayerBuilder, LayerCache, write_layers};
pub use registry::{PushReport, Registry};
