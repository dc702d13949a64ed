//! Why an image could not be made, read or pushed.

use super::login::LoginError;
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
    /// The registry could not be reached or failed, however often it was tried.
    #[error("{verb} {name}: {reason}")]
    Registry {
        /// What was tried, such as `pushing`.
        verb: &'static str,
        /// Image or blob.
        name: String,
        /// What happened, and how often it was tried.
        reason: String,
    },
    /// The registry refused.
    #[error("{verb} {name}: {reason}")]
    Refused {
        /// What was tried, such as `pushing`.
        verb: &'static str,
        /// Image or blob.
        name: String,
        /// Status of its answer.
        status: u16,
        /// What the registry says.
        reason: String,
    },
    /// There is no login for the registry, or it does not take it.
    #[error("{verb} {name}: {error}")]
    Login {
        /// What was tried, such as `pushing`.
        verb: &'static str,
        /// Image or blob, with its registry.
        name: String,
        /// What is wrong.
        error: LoginError,
    },
    /// The registry says or gives something that is not true.
    #[error("the registry {registry} cannot be relied on for {digest} in {repository}: {reason}")]
    Untrue {
        /// Host of the registry.
        registry: String,
        /// Repository.
        repository: String,
        /// Digest, or the tag, of what it is about.
        digest: String,
        /// What is not true.
        reason: String,
    },
    /// The registry sends us to a place that is not safe.
    #[error("the registry {registry} is not safe to use: {reason}")]
    Unsafe {
        /// Host of the registry.
        registry: String,
        /// What it does.
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
            | Self::Platform { .. }
            | Self::Digest { .. }
            | Self::Unsafe { .. } => Class::Configuration,
            Self::Refused { status: 403, .. } => Class::Denied,
            Self::Refused { .. } => Class::Configuration,
            Self::Layer(_) | Self::TagTaken { .. } | Self::NotBasedOn { .. } => {
                Class::NeedsOperator
            }
            Self::Login { error, .. } => error.class(),
            Self::Registry { .. } | Self::Untrue { .. } => Class::Unavailable,
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
            Self::Login { error, .. } => error.hints(),
            Self::Refused { status: 403, .. } => {
                vec!["The login is known there, but may not do this.".to_owned()]
            }
            Self::Untrue { .. } => vec![
                "Show this to whoever runs the registry, or what stands before it.".to_owned(),
                "No tag was written after this.".to_owned(),
            ],
            Self::Unsafe { .. } => vec![
                "Whoever runs the registry must set its own address, with https.".to_owned(),
                "Neither a login nor an image was sent there.".to_owned(),
            ],
            _ => Vec::new(),
        }
    }
}

fn or_none(list: &str) -> &str {
    if list.is_empty() { "none of ours" } else { list }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_that_misbehaves_is_told_apart_from_a_wrong_request() {
        let (verb, name, reason) = ("pushing", "r/a:1".to_owned(), "no".to_owned());
        let refused =
            |status| OciError::Refused { verb, name: name.clone(), status, reason: reason.clone() };
        assert_eq!(refused(404).class(), Class::Configuration);
        assert_eq!(refused(403).class(), Class::Denied);
        let failed = OciError::Registry { verb, name: name.clone(), reason: reason.clone() };
        assert_eq!(failed.class(), Class::Unavailable);
        let class = Class::Credentials;
        let error = LoginError { reason, class, hints: vec!["Log in.".to_owned()] };
        let login = OciError::Login { verb, name, error };
        assert_eq!((login.class(), login.hints().len()), (Class::Credentials, 1));
        assert_eq!(login.to_string(), "pushing r/a:1: no");
    }
}
