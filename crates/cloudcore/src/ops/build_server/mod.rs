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
    config_file::CloudOpsConfig,
    connect::Aws,
    jenkins::{Connect, Jenkins},
    secrets,
    state::init::{Component, InitState},
};

use super::{PROGRAM, VERSION};
use crate::error::CoreError;

/// Connects to the build server with the password that its stack generated.
async fn connect(
    aws: &Aws,
    config: &CloudOpsConfig,
    state: &InitState,
) -> Result<Jenkins, CoreError> {
    let url = state.build_server_url(config)?;
    let arn = state.output(Component::Core, "BuildServerSecretArn")?;
    let secret = secrets::field(aws, arn, "password").await?;
    let user_agent = format!("{PROGRAM}/{VERSION}");
    let user = config.build_server.user.clone();
    Ok(Jenkins::new(Connect { url, user, secret, user_agent })?)
}
