//! The verbs of CloudTeam.

mod agents;
mod cache;
pub mod import;
pub mod init;
pub mod jobs;
pub mod package;
pub mod source;
mod workshop;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    connect::Aws,
    state::{
        self,
        init::InitState,
        lock::{Owner, Request},
        store::Store,
    },
};

pub use workshop::Machine;

use crate::error::TeamError;

/// Scope of the lock that everything which changes the pipeline holds.
pub const SCOPE: &str = "team";

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
/// [`TeamError::Init`]; that nothing was initialized names the command to run.
pub async fn foundation(aws: &Aws, config: &CloudOpsConfig) -> Result<InitState, TeamError> {
    Ok(state::init::require_foundation(aws, &store(aws, config), config).await?)
}

/// A request for the lock of the pipeline.
fn lock_request(owner: &Owner, verb: &str) -> Request {
    Request {
        scope: SCOPE.to_owned(),
        owner: owner.clone(),
        command: format!("cloudteam {verb}"),
        program: "cloudteam".to_owned(),
    }
}
