//! Why images could not be made of a package.

use cloudops_aws::{
    diagnose::{Class, Diagnose},
    oci::{self, LayerError},
    package::PackageError,
};

/// Why images could not be made of a package.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The package, or an archive in it, cannot be read.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The package lacks something that the topology names.
    #[error("image {image}: the package has no {what} `{artifact}` (it has {})", .found.join(", "))]
    Missing {
        /// Image.
        image: String,
        /// What, such as `web application`.
        what: &'static str,
        /// Artifact id.
        artifact: String,
        /// What the package has.
        found: Vec<String>,
    },
    /// Two files want the same place in an image.
    #[error("`/{path}` is both in {first} and in {second}")]
    Conflict {
        /// Path in the image.
        path: String,
        /// Where the first one comes from.
        first: String,
        /// Where the second one comes from.
        second: String,
    },
    /// A layer could not be written.
    #[error("layer \"{layer}\": {source}")]
    Layer {
        /// Description of the layer.
        layer: String,
        /// Cause.
        source: LayerError,
    },
    /// An image could not be put together.
    #[error("image {image}: {source}")]
    Image {
        /// Image.
        image: String,
        /// Cause.
        source: oci::ImageError,
    },
    /// The work was stopped.
    #[error("interrupted")]
    Interrupted,
}

impl Diagnose for ImageError {
    fn class(&self) -> Class {
        match self {
            Self::Package(error) => error.class(),
            Self::Missing { .. } | Self::Conflict { .. } => Class::Configuration,
            Self::Layer { source, .. } => source.class(),
            Self::Image { source, .. } => source.class(),
            Self::Interrupted => Class::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Package(error) => error.hints(),
            Self::Missing { .. } => vec![
                "Build the package with this module, or take the service out of the topology."
                    .to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}
