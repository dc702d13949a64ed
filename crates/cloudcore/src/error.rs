//! Why a verb of CloudCore failed.

use cloudops_aws::{
    certs::Unfit,
    cfn::{error::CfnError, graph::GraphError, plan_file::PlanFileError},
    config::ConfigError,
    diagnose::{Class, Diagnose},
    error::AwsError,
    ids::InvalidId,
    state::{init::InitError, lock::LockError, store::StateError},
    wait::WaitError,
};

/// Why a verb failed.
#[derive(Debug, thiserror::Error)]
pub enum CoreError {
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
    /// A composed name that AWS would refuse.
    #[error(transparent)]
    Name(#[from] InvalidId),
    /// A plan file.
    #[error(transparent)]
    PlanFile(#[from] PlanFileError),
    /// A certificate that exists already does not serve.
    #[error(transparent)]
    Certificate(#[from] Unfit),
    /// The zone of the instance does not exist yet.
    #[error("the instance has no DNS zone yet")]
    NoZone,
    /// A wait that ended without its condition.
    #[error("the delegation is not there yet: {0}")]
    Wait(#[from] WaitError),
    /// Configuration management.
    #[error(transparent)]
    Configuration(#[from] ConfigError),
    /// Environments still stand on the foundation.
    #[error("the instance still has environments: {}", .environments.join(", "))]
    InUse {
        /// Names of the environments.
        environments: Vec<String>,
    },
}

impl Diagnose for CoreError {
    fn class(&self) -> Class {
        match self {
            Self::Stacks(error) => error.class(),
            Self::Graph(error) => error.class(),
            Self::Init(error) => error.class(),
            Self::State(error) => error.class(),
            Self::Lock(error) => error.class(),
            Self::Aws(error) => error.class(),
            Self::PlanFile(error) => error.class(),
            Self::Certificate(error) => error.class(),
            Self::Configuration(error) => error.class(),
            Self::NoZone => Class::NotReady,
            Self::Wait(WaitError::Deadline(_)) => Class::TimedOut,
            Self::Wait(WaitError::Cancelled) => Class::Interrupted,
            Self::Name(_) => Class::Configuration,
            Self::InUse { .. } => Class::Denied,
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
            Self::PlanFile(error) => error.hints(),
            Self::Certificate(error) => error.hints(),
            Self::Configuration(error) => error.hints(),
            Self::NoZone => vec!["Run `cloudcore init` first.".to_owned()],
            Self::Wait(_) => vec!["`cloudcore dns status` says which hop is wrong.".to_owned()],
            Self::Name(_) => vec!["Shorten `instance` in cloudops.yaml.".to_owned()],
            Self::InUse { environments } => environments
                .iter()
                .map(|name| format!("Run `clouddeploy env destroy {name}` first."))
                .collect(),
        }
    }
}
