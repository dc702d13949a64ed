//! Why a verb of CloudTeam failed.

use cloudops_aws::{
    build_server::BuildServerError,
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
    /// The build on this machine.
    #[error(transparent)]
    Build(#[from] crate::build::BuildError),
    /// The jobs on the build server.
    #[error(transparent)]
    BuildServer(#[from] BuildServerError),
    /// No published package, or more than one, has this id.
    #[error("{}", unknown_package(text, known))]
    UnknownPackage {
        /// What was asked for; empty for the newest.
        text: String,
        /// Ids of those that are there.
        known: Vec<String>,
    },
    /// There is no such job.
    #[error("{}", unknown_job(name, known))]
    UnknownJob {
        /// What was asked for.
        name: String,
        /// Names of those that are defined.
        known: Vec<String>,
    },
    /// A parameter that the job does not declare, or of another form.
    #[error("`{text}` is not a parameter of job {job} and its value; it has {}", .declared.join(", "))]
    Parameter {
        /// What was given.
        text: String,
        /// The job.
        job: String,
        /// Names of its parameters.
        declared: Vec<String>,
    },
    /// A job without a build.
    #[error("job {job} has not been built yet")]
    NeverBuilt {
        /// The job.
        job: String,
    },
    /// A setting that this verb needs is missing.
    #[error("cloudops.yaml does not say `{key}`")]
    MissingSetting {
        /// Key in `cloudops.yaml`.
        key: &'static str,
        /// What to do, as a sentence.
        hint: &'static str,
    },
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
            Self::Build(error) => error.class(),
            Self::BuildServer(error) => error.class(),
            Self::UnknownPackage { .. } | Self::NeverBuilt { .. } => Class::NotReady,
            Self::UnknownJob { .. } | Self::Parameter { .. } => Class::Usage,
            Self::Definition(_) | Self::Path(_) | Self::Name(_) | Self::MissingSetting { .. } => {
                Class::Configuration
            }
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
            Self::Build(error) => error.hints(),
            Self::BuildServer(error) => error.hints(),
            Self::UnknownPackage { known, .. } => match known.is_empty() {
                true => vec!["Run `cloudteam package build` first.".to_owned()],
                false => vec!["See `cloudteam package list`.".to_owned()],
            },
            Self::MissingSetting { hint, .. } => vec![(*hint).to_owned()],
            Self::NoPackage { .. } => {
                vec![
                    "Check `source.build.output` in cloudops.yaml and the log of the build."
                        .to_owned(),
                ]
            }
            Self::Parameter { .. } => vec!["Write it as NAME=VALUE.".to_owned()],
            Self::NeverBuilt { .. } => vec!["Start it by `cloudteam jobs run`.".to_owned()],
            Self::UnknownJob { .. } => vec!["See `cloudteam jobs list`.".to_owned()],
            Self::Definition(_) | Self::Path(_) | Self::Name(_) => Vec::new(),
        }
    }
}

fn unknown_package(text: &str, known: &[String]) -> String {
    if known.is_empty() {
        return "no package is published yet".to_owned();
    }
    let fitting = known.iter().filter(|id| id.starts_with(text)).count();
    match fitting {
        0 => format!("no published package begins with `{text}`"),
        _ => format!("{fitting} published packages begin with `{text}`"),
    }
}

fn unknown_job(name: &str, known: &[String]) -> String {
    match known.is_empty() {
        true => format!("there is no job `{name}`"),
        false => format!("there is no job `{name}`; there are {}", known.join(", ")),
    }
}
