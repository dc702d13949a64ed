//! The verbs of CloudDeploy.

pub mod deploy;
pub mod env;
pub mod images;
pub mod init;
pub mod jobs;
pub mod logs;
pub mod operate;
pub mod package;
pub mod plan;
mod population;
pub mod protect;
pub mod status;
mod verdict;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    connect::Aws,
    ids::EnvName,
    state::{
        self,
        environments::{self, Environment},
        init::{Component, InitState},
        lock::{Owner, Request},
        store::{Store, Versioned},
    },
};

use crate::error::DeployError;

/// Name of this program.
pub const PROGRAM: &str = "clouddeploy";

/// Version of this tool, recorded in the state.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The state bucket of the configured instance.
#[must_use]
pub fn store(aws: &Aws, config: &CloudOpsConfig) -> Store {
    Store::of_instance(aws, config)
}

/// The initialization state, in which CloudCore must be there.
///
/// # Errors
/// `NotInitialized` names the command to run.
pub async fn foundation(aws: &Aws, config: &CloudOpsConfig) -> Result<InitState, DeployError> {
    Ok(state::init::require_foundation(aws, &store(aws, config), config).await?)
}

/// The initialization state, in which CloudCore and CloudDeploy must be there.
///
/// # Errors
/// `NotInitialized` names the command to run.
pub async fn initialized(aws: &Aws, config: &CloudOpsConfig) -> Result<InitState, DeployError> {
    let state = foundation(aws, config).await?;
    state.require(Component::Deploy)?;
    Ok(state)
}

/// An environment that must be there.
///
/// # Errors
/// [`DeployError::Unknown`] lists the environments there are.
pub async fn environment(
    store: &Store,
    name: &EnvName,
) -> Result<Versioned<Environment>, DeployError> {
    match environments::find(store, name).await? {
        Some(found) => Ok(found),
        None => Err(DeployError::Unknown {
            what: "environment",
            name: name.to_string(),
            known: environments::names(store).await?,
        }),
    }
}

/// A request for a lock.
fn lock_request(scope: String, owner: &Owner, verb: &str) -> Request {
    Request {
        scope,
        owner: owner.clone(),
        command: format!("clouddeploy {verb}"),
        program: "clouddeploy".to_owned(),
    }
}

/// Scope of the lock of an environment: environments are worked on independently.
fn env_scope(name: &EnvName) -> String {
    format!("env-{name}")
}
