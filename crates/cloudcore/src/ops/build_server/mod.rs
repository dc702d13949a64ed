//! The build server: its image, and the server that runs of it.

mod assemble;
mod hold;
mod read;
mod status;
mod token;
mod upgrade;

pub(super) use assemble::Assembling;
pub(super) use hold::ImageHold;
pub use read::{Known, known};
pub use status::{BuildServerStatus, status};
pub use token::{TokenReport, token};
pub use upgrade::{UpgradePlan, UpgradeReport, plan, upgrade};

use cloudops_aws::{
    build_server, config_file::CloudOpsConfig, connect::Aws, jenkins::Jenkins,
    state::init::InitState,
};

use super::{PROGRAM, VERSION};
use crate::error::CoreError;

/// Connects to the build server with the password that its stack generated.
async fn connect(
    aws: &Aws,
    config: &CloudOpsConfig,
    state: &InitState,
) -> Result<Jenkins, CoreError> {
    Ok(build_server::connect(aws, config, state, format!("{PROGRAM}/{VERSION}")).await?)
}
