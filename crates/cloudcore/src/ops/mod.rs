//! The verbs of CloudCore.

pub mod build_server;
pub mod config;
pub mod delegate;
pub mod destroy;
pub mod dns;
pub mod doctor;
pub mod graph;
pub mod init;
pub mod list;
pub mod network;
pub mod new;
pub mod operate;
pub mod plan;
pub mod reach;
pub mod status;

pub use cloudops_aws::state::init::check_place;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    connect::Aws,
    ctx::Ctx,
    state::{
        self,
        init::InitState,
        lock::{Owner, Request},
        store::Store,
    },
};

/// Scope of the lock that everything which changes the foundation holds.
pub const SCOPE: &str = "instance";

/// Name of this program.
pub const PROGRAM: &str = "cloudcore";

/// Version of this tool, recorded in the state.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The state bucket of the configured instance.
#[must_use]
pub fn store(aws: &Aws, config: &CloudOpsConfig) -> Store {
    Store::of_instance(aws, config)
}

/// The initialization state of an instance about which nothing is known yet.
fn empty_state(config: &CloudOpsConfig) -> InitState {
    InitState {
        instance: config.instance.clone(),
        account: config.account.clone(),
        region: config.region.clone(),
        domain: config.domain.clone(),
        components: std::collections::BTreeMap::new(),
    }
}

/// A request for the lock of the foundation.
fn lock_request(owner: &Owner, verb: &str) -> Request {
    Request {
        scope: SCOPE.to_owned(),
        owner: owner.clone(),
        command: format!("cloudcore {verb}"),
        program: "cloudcore".to_owned(),
    }
}

/// Says what an earlier run left open, which this one now goes on with.
async fn report_interrupted(ctx: &Ctx, store: &Store) -> Result<(), state::store::StateError> {
    if let Some(log) = state::journal::interrupted(store, SCOPE).await? {
        ctx.events.note(format!(
            "`{}` was interrupted; going on with {}",
            log.command,
            log.open_steps().join(", ")
        ));
    }
    Ok(())
}
