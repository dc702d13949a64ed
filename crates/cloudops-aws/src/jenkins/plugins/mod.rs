//! Plugins of the build server: what is locked, what an archive says about itself, and whether
//! they fit together. Everything but [`PluginSource::fetch`] is pure.

mod fetch;
mod fit;
mod lock;
mod manifest;
mod version;

pub use fetch::{FetchedPlugin, PluginSource};
pub use fit::misfits;
pub use lock::{LockedPlugin, PluginChange, PluginLock};
pub use manifest::{Dependency, PluginManifest};

use crate::{
    diagnose::{Class, Diagnose},
    wait::WaitError,
};

/// Why plugins cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PluginError {
    /// A line of the lock file is not of its form.
    #[error("{place}: {reason}")]
    Lock {
        /// File and line.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A plugin cannot be had.
    #[error("plugin {name} {version} cannot be fetched from {from}: {reason}")]
    Fetch {
        /// Name.
        name: String,
        /// Version.
        version: String,
        /// Where it was looked for.
        from: String,
        /// Why.
        reason: String,
    },
    /// A plugin is not the one that is locked.
    #[error("plugin {name} {version} has the digest {found}, and {locked} is locked")]
    Digest {
        /// Name.
        name: String,
        /// Version.
        version: String,
        /// Digest of what was fetched.
        found: String,
        /// Digest in the lock file.
        locked: String,
    },
    /// An archive is no plugin.
    #[error("{name} is not a Jenkins plugin: {reason}")]
    NotAPlugin {
        /// Name in the lock file.
        name: String,
        /// Why.
        reason: String,
    },
    /// The plugins do not fit together: Jenkins would not start with them.
    #[error("the plugins do not fit together: {}", .0.join("; "))]
    Misfits(Vec<String>),
    /// The run was interrupted.
    #[error(transparent)]
    Wait(#[from] WaitError),
}

impl Diagnose for PluginError {
    fn class(&self) -> Class {
        match self {
            Self::Lock { .. } | Self::Misfits(_) | Self::NotAPlugin { .. } => Class::Configuration,
            Self::Digest { .. } => Class::Denied,
            Self::Fetch { .. } => Class::Unavailable,
            Self::Wait(WaitError::Cancelled) => Class::Interrupted,
            Self::Wait(WaitError::Deadline(_)) => Class::TimedOut,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Lock { .. } => {
                vec!["A line is `name version sha256`, such as `git 5.10.1 3f0e...`.".to_owned()]
            }
            Self::Digest { .. } => vec![
                "Somebody replaced the file, or the lock file is wrong. Compare with the digest \
                 that https://plugins.jenkins.io publishes before changing the lock file."
                    .to_owned(),
            ],
            Self::Fetch { .. } => vec![
                "Set `build-server.plugin-source` to a mirror, or to a folder with the files."
                    .to_owned(),
            ],
            Self::Misfits(_) => {
                vec!["Add what is missing to the lock file, or lock other versions.".to_owned()]
            }
            Self::NotAPlugin { .. } | Self::Wait(_) => Vec::new(),
        }
    }
}
