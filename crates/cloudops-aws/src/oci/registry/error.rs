//! What a registry may answer instead of doing what was asked.

use std::io;

use crate::{
    diagnose::{Class, Diagnose},
    ids::Digest,
    wait::WaitError,
};

/// Why a registry did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// The name of the registry cannot be one.
    #[error("`{host}` is not the address of a registry: {reason}")]
    Host {
        /// What was given.
        host: String,
        /// What is wrong.
        reason: String,
    },
    /// No connection, or it broke, and trying again did not help.
    #[error("cannot reach the registry {host} to {action}: {reason}")]
    Unreachable {
        /// Registry.
        host: String,
        /// What was tried.
        action: String,
        /// The innermost cause.
        reason: String,
    },
    /// The registry answered with an error.
    #[error("the registry {host} refuses to {action}: {status}{}", said(.message))]
    Refused {
        /// Registry.
        host: String,
        /// What was tried.
        action: String,
        /// HTTP status.
        status: u16,
        /// What the registry says, where it says something.
        message: String,
    },
    /// The registry does not accept the credentials, or wants some.
    #[error("the registry {host} does not accept the credentials to {action}{}", said(.message))]
    Credentials {
        /// Registry.
        host: String,
        /// What was tried.
        action: String,
        /// What the registry says, where it says something.
        message: String,
    },
    /// Asking for credentials failed.
    #[error("no credentials for the registry {host}: {reason}")]
    CredentialSource {
        /// Registry.
        host: String,
        /// What happened.
        reason: String,
    },
    /// What was asked for does not exist.
    #[error("the registry {host} has no {what}")]
    NotFound {
        /// Registry.
        host: String,
        /// What, such as `image repository:tag`.
        what: String,
    },
    /// The registry gives other content than the digest says.
    #[error("the registry {host} gives {what} with the digest {found} instead of {expected}")]
    Digest {
        /// Registry.
        host: String,
        /// What.
        what: String,
        /// Digest of what it gives.
        found: Digest,
        /// Digest that it should have.
        expected: Digest,
    },
    /// The tag belongs to another image and cannot be moved.
    #[error("the tag {repository}:{tag} belongs to the image {found} and cannot be moved")]
    TagTaken {
        /// Repository.
        repository: String,
        /// Tag.
        tag: String,
        /// Digest of the image that has the tag.
        found: Digest,
    },
    /// A document is larger than any manifest or configuration.
    #[error("the registry {host} gives {what} of more than {limit} bytes")]
    TooLarge {
        /// Registry.
        host: String,
        /// What.
        what: String,
        /// Limit in bytes.
        limit: usize,
    },
    /// The content of a blob cannot be read.
    #[error("cannot read the content of a blob: {0}")]
    Content(#[source] io::Error),
    /// Stopped between two requests.
    #[error(transparent)]
    Interrupted(#[from] WaitError),
}

fn said(message: &str) -> String {
    if message.is_empty() {
        String::new()
    } else {
        format!(" ({message})")
    }
}

impl Diagnose for RegistryError {
    fn class(&self) -> Class {
        match self {
            Self::Host { .. }
            | Self::NotFound { .. }
            | Self::TagTaken { .. }
            | Self::Content(_)
            | Self::TooLarge { .. } => Class::Configuration,
            Self::Credentials { .. } | Self::CredentialSource { .. } => Class::Credentials,
            Self::Refused { status, .. } if *status < 500 && *status != 429 => Class::Configuration,
            Self::Refused { .. } | Self::Unreachable { .. } | Self::Digest { .. } => {
                Class::Unavailable
            }
            Self::Interrupted(WaitError::Cancelled) => Class::Interrupted,
            Self::Interrupted(WaitError::Deadline(_)) => Class::TimedOut,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Unreachable { .. } | Self::Refused { .. } | Self::Interrupted(_) => {
                "Run the same command again; what was uploaded is not sent twice."
            }
            Self::TagTaken { .. } => "Push under another tag; tags of a release never move.",
            Self::Credentials { .. } => "Check the user and the password of the registry.",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
