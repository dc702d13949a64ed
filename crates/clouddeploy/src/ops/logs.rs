//! `logs`: the lines of a service's tasks, merged by time.

use std::time::Duration;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    ids::EnvName,
    logs::{self, Line},
};
use jiff::{SignedDuration, Timestamp};

use super::{environment, initialized, store};
use crate::{error::DeployError, layout};

/// Which lines to show.
#[derive(Debug, Clone)]
pub struct LogsRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Environment.
    pub env: EnvName,
    /// Only this service; of all sides of the environment.
    pub service: Option<String>,
    /// How far back.
    pub since: Duration,
}

/// Reads the lines, oldest first.
///
/// # Errors
/// [`DeployError`].
pub async fn logs(ctx: &Ctx, request: &LogsRequest) -> Result<Vec<Line>, DeployError> {
    let config = &request.config;
    initialized(&ctx.aws, config).await?;
    let found = environment(&store(&ctx.aws, config), &request.env).await?.value;
    let group = layout::log_group(config, &request.env);
    let back = SignedDuration::try_from(request.since).unwrap_or(SignedDuration::ZERO);
    let now = Timestamp::now();
    let since = now.checked_sub(back).unwrap_or(now);
    let mut lines = Vec::new();
    for side in found.kind.sides() {
        let prefix = match &request.service {
            Some(service) => format!("{}-{service}/", side.name()),
            None => format!("{}-", side.name()),
        };
        match logs::lines(&ctx.aws, &group, Some(&prefix), since).await {
            Ok(found) => lines.extend(found),
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error.into()),
        }
    }
    lines.sort();
    Ok(lines)
}
