//! Why a file is not a deployment package.

use std::io::ErrorKind;

use super::Limit;
use crate::{
    diagnose::{Class, Diagnose},
    ids::Digest,
};

const REBUILD: &str = "Build the package again, and look at what its build put there.";

/// Why a file is not a deployment package, or cannot be read as one.
#[derive(Debug, thiserror::Error)]
pub enum PackageError {
    /// It is not a zip file, or a damaged one.
    #[error("{name} is not a zip file, or is damaged: {reason}")]
    NotAZip {
        /// The file.
        name: String,
        /// What the reader says.
        reason: String,
    },
    /// Something that every package has is missing.
    #[error("{name} is not a deployment package: {missing} is missing (it holds {found})")]
    NotAPackage {
        /// The file.
        name: String,
        /// What is missing, as a noun phrase.
        missing: &'static str,
        /// What is at its top instead.
        found: String,
    },
    /// An entry that must not be there, or cannot be read.
    #[error("{name}: the entry `{entry}` is refused: {reason}")]
    Entry {
        /// The file.
        name: String,
        /// The entry.
        entry: String,
        /// Why.
        reason: String,
    },
    /// Something that a topology names is not in the package.
    #[error("{name} has no {what}, which {user} of the topology needs")]
    Lacks {
        /// The file.
        name: String,
        /// What is missing, as a noun phrase.
        what: String,
        /// Service or tool that needs it.
        user: String,
    },
    /// An entry passes one of the limits.
    #[error("{name}: the entry `{entry}` is refused: {reason}")]
    Limit {
        /// The file.
        name: String,
        /// The entry.
        entry: String,
        /// The limit.
        limit: Limit,
        /// By how much, with the limit in words.
        reason: String,
    },
    /// Its entries share their bytes.
    #[error("{name} is refused: its entries overlap")]
    Overlap {
        /// The file.
        name: String,
    },
    /// It is not what was published under its id.
    #[error("{name} has the digest {found} instead of {expected}, with which it was published")]
    Changed {
        /// The file.
        name: String,
        /// Its digest.
        found: Digest,
        /// The digest it should have.
        expected: Digest,
    },
    /// The file cannot be read.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Diagnose for PackageError {
    fn class(&self) -> Class {
        match self {
            // No room, or a disk that fails; without a word about the file that was named.
            Self::Io(error) if !is_of_the_name(error.kind()) => Class::NeedsOperator,
            _ => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotAPackage { .. } | Self::NotAZip { .. } => vec![
                "A deployment package is the zip that extensions/packager/ext-deployment-package builds."
                    .to_owned(),
            ],
            Self::Lacks { .. } => vec!["Build the package with all of its parts.".to_owned()],
            Self::Entry { .. } | Self::Overlap { .. } => vec![REBUILD.to_owned()],
            Self::Limit { limit, .. } => {
                let option = limit.option();
                vec![REBUILD.to_owned(), format!("If it is meant to be so, `{option}` raises the limit.")]
            }
            Self::Changed { .. } => {
                vec!["Publish the package again with `cloudteam package publish`.".to_owned()]
            }
            Self::Io(_) => Vec::new(),
        }
    }
}

/// Whether an error is about the file that was named.
fn is_of_the_name(kind: ErrorKind) -> bool {
    use ErrorKind::{InvalidInput, IsADirectory, NotADirectory, NotFound, PermissionDenied};
    matches!(kind, NotFound | PermissionDenied | IsADirectory | NotADirectory | InvalidInput)
}
