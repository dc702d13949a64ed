//! Names of stacks and of what people look for by name.

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ids::{EnvName, InvalidId, StackName},
    state::environments::Side,
};

/// What the names of all stacks of an environment begin with.
#[must_use]
pub fn prefix(config: &CloudOpsConfig, env: &EnvName) -> String {
    format!("{}-{env}-", config.instance)
}

/// A stack of an environment, such as `acme-shop-cluster`.
///
/// # Errors
/// [`InvalidId`] when the composed name is too long.
pub fn env_stack(
    config: &CloudOpsConfig,
    env: &EnvName,
    title: &str,
) -> Result<StackName, InvalidId> {
    format!("{}{title}", prefix(config, env)).parse()
}

/// The stack of the balancer.
///
/// # Errors
/// [`InvalidId`] when the composed name is too long.
pub fn edge_stack(config: &CloudOpsConfig, env: &EnvName) -> Result<StackName, InvalidId> {
    env_stack(config, env, "edge")
}

/// The stack of the data population of a side.
///
/// # Errors
/// [`InvalidId`] when the composed name is too long.
pub fn job_stack(
    config: &CloudOpsConfig,
    env: &EnvName,
    side: Side,
) -> Result<StackName, InvalidId> {
    env_stack(config, env, &format!("job-{}", side.name()))
}

/// The stack of a service, such as `acme-shop-svc-live-cortex`.
///
/// # Errors
/// [`InvalidId`] when the composed name is too long.
pub fn service_stack(
    config: &CloudOpsConfig,
    env: &EnvName,
    side: Side,
    service: &str,
) -> Result<StackName, InvalidId> {
    env_stack(config, env, &format!("svc-{}-{service}", side.name()))
}

/// Log group of the services of an environment.
#[must_use]
pub fn log_group(config: &CloudOpsConfig, env: &EnvName) -> String {
    format!("/cloudops/{}/{env}", config.instance)
}

/// How far a stack stands from the ground, by what follows the environment in its name: a stack
/// may use stacks of lower layers only, so deletion goes from the highest to the lowest.
#[must_use]
pub fn layer(title: &str) -> u8 {
    let role = title.split('-').next().unwrap_or_default();
    match role {
        "cluster" => 0,
        "svc" => 3,
        "job" => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn services_go_before_what_they_stand_on() {
        assert!(layer("svc-live-cortex") > layer("job-live"));
        assert!(layer("job-live") > layer("data-live"));
        assert!(layer("edge") > layer("cluster"));
    }
}
