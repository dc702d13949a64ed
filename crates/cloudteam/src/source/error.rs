//! Why something is not a source distribution, or cannot be had.

use camino::Utf8PathBuf;
use cloudops_aws::{
    diagnose::{Class, Diagnose},
    objects::ObjectError,
};

use crate::git::GitError;

/// Why something is not a source distribution, or cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// What was given names no source.
    #[error("`{text}` is not a source: {why}")]
    Spec {
        /// What was given, without secrets.
        text: String,
        /// Why.
        why: String,
    },
    /// Things that every distribution has are missing.
    #[error(
        "{what} is not a commerce source distribution: {} missing; at its top it has {}",
        .missing.join(", "), top(found)
    )]
    Missing {
        /// What was given.
        what: String,
        /// All that it lacks.
        missing: Vec<&'static str>,
        /// What is at its top.
        found: Vec<String>,
    },
    /// It does not say its version.
    #[error("{path}/VERSION gives no usable version: `{text}`")]
    Version {
        /// The folder.
        path: Utf8PathBuf,
        /// What the file says.
        text: String,
    },
    /// A file that git cannot keep, or that is not safe to keep.
    #[error("{path} cannot be taken over: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A file changed while it was read.
    #[error("{path} changed while it was read")]
    Changed {
        /// The file.
        path: Utf8PathBuf,
    },
    /// The archive cannot be read at all.
    #[error("{archive} is damaged, or not the kind of archive that its name says: {reason}")]
    Archive {
        /// The archive.
        archive: String,
        /// Why.
        reason: String,
    },
    /// An entry of an archive is refused.
    #[error("{archive}: entry `{entry}` is refused: {reason}")]
    Entry {
        /// The archive.
        archive: String,
        /// The entry.
        entry: String,
        /// Why.
        reason: String,
    },
    /// The archive holds more than any distribution does.
    #[error("{archive} is too large, at entry `{entry}`: {reason}")]
    TooLarge {
        /// The archive.
        archive: String,
        /// The entry that was one too many.
        entry: String,
        /// Which limit it passes.
        reason: String,
    },
    /// The object in S3 cannot be had.
    #[error(transparent)]
    Object(#[from] ObjectError),
    /// The repository that the distribution is in cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The run was told to stop.
    #[error("reading the source was interrupted")]
    Interrupted,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

fn top(found: &[String]) -> String {
    if found.is_empty() { "nothing".to_owned() } else { found.join(", ") }
}

impl Diagnose for SourceError {
    fn class(&self) -> Class {
        match self {
            Self::Object(error) => error.class(),
            Self::Git(error) => error.class(),
            Self::Interrupted => Class::Interrupted,
            _ => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Object(error) => return error.hints(),
            Self::Git(error) => return error.hints(),
            Self::Spec { .. } => {
                "Give a folder, a .zip, .tar.gz, .tgz or .tar.zst file, s3://BUCKET/KEY of such a \
                 file, or the address of a git repository with #REF."
            }
            Self::Missing { .. } => {
                "Give the distribution as its vendor delivers it: a folder, an archive, or a git \
                 repository with those files at its top."
            }
            Self::Version { .. } => {
                "The file is a version alone, such as `8.5.0`, or has a line `version=8.5.0`."
            }
            Self::File { .. } => "Remove it from the distribution, or give it another name.",
            Self::Changed { .. } => "Run the same command again when nothing writes to the folder.",
            Self::Archive { .. } => {
                "Get the archive again, and compare its checksum with the vendor's."
            }
            Self::Entry { .. } | Self::TooLarge { .. } => {
                "If you trust the archive, unpack it yourself and give the folder with --source."
            }
            Self::Interrupted | Self::Io(_) => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}
