//! Why a verb of CloudTeam failed.

use cloudops_aws::{
    cfn::{error::CfnError, graph::GraphError},
    diagnose::{Class, Diagnose},
    error::AwsError,
    ids::InvalidId,
    jenkins::{DefinitionError, JenkinsError, PathError},
    state::{init::InitError, lock::LockError, store::StateError},
};

use crate::{git::GitError, source::SourceError};

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum TeamError {
    /// Stacks.
    #[error(transparent)]
    Stacks(#[from] CfnError),
    /// What the stacks should be.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// The initialization state.
    #[error(transparent)]
    Init(#[from] InitError),
    /// The state bucket.
    #[error(transparent)]
    State(#[from] StateError),
    /// The lock.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Another call.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The build server.
    #[error(transparent)]
    Jenkins(#[from] JenkinsError),
    /// A job that cannot be written.
    #[error(transparent)]
    Definition(#[from] DefinitionError),
    /// A job whose path is none.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A composed name that AWS would refuse.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// The source distribution.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The repository.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The package.
    #[error(transparent)]
    Package(#[from] cloudops_aws::package::PackageError),
    /// A setting that this verb needs is missing.
    #[error("cloudops.yaml does not say `{key}`")]
    MissingSetting {
        /// Key in `cloudops.yaml`.
        key: &'static str,
        /// What to do, as a sentence.
        hint: &'static str,
    },
    /// A job of the same name belongs to somebody else.
    #[error("{0}")]
    NotOurs(String),
    /// The build ended well, but published nothing.
    #[error("the build {url} ended well, but published no package")]
    NoPackage {
        /// Address of the build.
        url: String,
    },
}

impl Diagnose for TeamError {
    fn class(&self) -> Class {
        match self {
            Self::Stacks(error) => error.class(),
            Self::Graph(error) => error.class(),
            Self::Init(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Lock(error) => error.class(),
            Self::Aws(error) => error.class(),
            Self::Jenkins(error) => error.class(),
            Self::Source(error) => error.class(),
            Self::Git(error) => error.class(),
            Self::Package(error) => error.class(),
            Self::Definition(_) | Self::Path(_) | Self::Name(_) | Self::MissingSetting { .. } => {
                Class::Configuration
            }
            Self::NotOurs(_) => Class::Denied,
            Self::NoPackage { .. } => Class::NeedsOperator,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Stacks(error) => error.hints(),
            Self::Graph(error) => error.hints(),
            Self::Init(error) => error.hints(),
            Self::State(error) => error.hints(),
            Self::Lock(error) => error.hints(),
            Self::Aws(error) => error.hints(),
            Self::Jenkins(error) => error.hints(),
            Self::Source(error) => error.hints(),
            Self::Git(error) => error.hints(),
            Self::Package(error) => error.hints(),
            Self::MissingSetting { hint, .. } => vec![(*hint).to_owned()],
            Self::NotOurs(_) => {
                vec!["Rename that job, or choose another instance name.".to_owned()]
            }
            Self::NoPackage { .. } => {
                vec![
                    "Check `source.build.output` in cloudops.yaml and the log of the build."
                        .to_owned(),
                ]
            }
            Self::Definition(_) | Self::Path(_) | Self::Name(_) => Vec::new(),
        }
    }
}
