//! What can go wrong in the container program.

/// One failure, told in one line on standard error.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file, folder or program of this machine.
    #[error(transparent)]
    Io(#[from] std::io::Error),
    /// A document of ours or of a registry that does not read.
    #[error("unreadable document: {0}")]
    Json(#[from] serde_json::Error),
    /// The registry could not be talked to.
    #[error("registry: {0}")]
    Http(#[from] reqwest::Error),
    /// The command line is not one of docker's, or not one that is answered here.
    #[error("{0}")]
    Usage(String),
    /// docker's own words: callers look for them.
    #[error("No such container: {0}")]
    NoSuchContainer(String),
    /// docker's own words: callers look for them.
    #[error("No such image: {0}: not found")]
    NoSuchImage(String),
    /// The registry answered, and the answer is no.
    #[error("{0}")]
    Refused(String),
    /// A layer that would write outside of its root.
    #[error("layer entry leaves the root: {0}")]
    Escape(String),
    /// podman or the root's launcher failed.
    #[error("{0}")]
    Backend(String),
}

impl Error {
    /// docker answers 125 when the program itself fails.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage(_) => 125,
            _ => 1,
        }
    }
}
