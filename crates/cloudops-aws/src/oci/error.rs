//! Why an image could not be made, read or pushed.

use crate::diagnose::{Class, Diagnose};

/// Why an image could not be made, read or pushed.
#[derive(Debug, thiserror::Error)]
pub enum OciError {
    /// A folder is not an OCI image layout, or lacks something.
    #[error("the base image in {layout}: {reason}")]
    Layout {
        /// The folder.
        layout: String,
        /// What is wrong.
        reason: String,
    },
    /// A reference to an image cannot be understood.
    #[error("`{reference}` is not a reference to an image: {reason}")]
    Reference {
        /// The text.
        reference: String,
        /// What is wrong.
        reason: String,
    },
    /// There is no image of this name.
    #[error("there is no image {reference}")]
    Missing {
        /// What was looked for.
        reference: String,
    },
    /// An image is not for a platform that is wanted.
    #[error("{image} has no image for {platform}; it has {found}", found = or_none(found))]
    Platform {
        /// The image.
        image: String,
        /// What is wanted.
        platform: String,
        /// What it has.
        found: String,
    },
    /// An image does not stand on a base.
    #[error("the image {image} does not stand on the base {base}")]
    NotBasedOn {
        /// Digest of the image.
        image: String,
        /// Digest of the base.
        base: String,
    },
    /// A layer could not be written.
    #[error("a layer could not be written: {0}")]
    Layer(std::io::Error),
    /// The registry refused or could not be reached.
    #[error("{verb} {name}: {reason}")]
    Registry {
        /// What was tried, such as `pushing`.
        verb: &'static str,
        /// Image or blob.
        name: String,
        /// What the registry says.
        reason: String,
    },
    /// Content does not have the digest it should have.
    #[error("{name} has the digest {found} instead of {expected}")]
    Digest {
        /// What it is.
        name: String,
        /// Digest of the content.
        found: String,
        /// Digest it should have.
        expected: String,
    },
    /// A tag that must not move points at something else.
    #[error("the tag {tag} exists and points at {found}")]
    TagTaken {
        /// The tag, with its repository.
        tag: String,
        /// Digest it points at.
        found: String,
    },
}

impl Diagnose for OciError {
    fn class(&self) -> Class {
        match self {
            Self::Layout { .. }
            | Self::Reference { .. }
            | Self::Missing { .. }
            | Self::Platform { .. } => Class::Configuration,
            Self::Layer(_)
            | Self::Digest { .. }
            | Self::TagTaken { .. }
            | Self::NotBasedOn { .. } => Class::NeedsOperator,
            Self::Registry { .. } => Class::Unavailable,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Layout { .. } => {
                vec!["`images.base.layout` in cloudops.yaml names it.".to_owned()]
            }
            Self::Registry { .. } => {
                vec!["Run the same command again; what is uploaded is not sent twice.".to_owned()]
            }
            _ => Vec::new(),
        }
    }
}

fn or_none(list: &str) -> &str {
    if list.is_empty() { "none of ours" } else { list }
}
