//! Databases, brokers and keys.

use super::{
    estimate::{Context, Line, Monthly, Resource, required},
    evaluate::Evaluated,
};

pub(super) fn instance(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    match instance_line(context, resource, properties) {
        Ok(line) => vec![line],
        Err(why) => vec![resource.unknown("database instance", why)],
    }
}

fn instance_line(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Result<Line, String> {
    let engine = required(properties.get("Engine"), "Engine")?;
    let class = required(properties.get("DBInstanceClass"), "DBInstanceClass")?;
    if engine != "aurora-mysql" {
        return Err(format!("no price is known for the engine {engine}"));
    }
    if let Some(cluster) = properties.get("DBClusterIdentifier").resource() {
        standard_storage(&context.evaluator.properties(cluster))?;
    }
    let what = format!("Aurora instance {class}");
    Ok(context.cost(resource, what, &format!("aurora-mysql:{class}"), 1.0))
}

/// Instances of a cluster with I/O-optimized storage have another price.
fn standard_storage(cluster: &Evaluated) -> Result<(), String> {
    match cluster.get("StorageType").text()? {
        None | Some("aurora") => Ok(()),
        Some(other) => Err(format!("no price is known with storage of type {other}")),
    }
}

/// What a database cluster costs besides its use.
pub(super) fn cluster_extras(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    let mut lines = Vec::new();
    if properties.get("ManageMasterUserPassword").is_true() {
        lines.push(context.cost(resource, "secret of the master user", "secret", 1.0));
    }
    if *properties.get("ServerlessV2ScalingConfiguration") != Evaluated::Absent {
        lines.push(resource.unknown("serverless capacity", "it follows the load"));
    }
    lines
}

pub(super) fn broker(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    let line = match broker_line(context, resource, properties) {
        Ok(line) => line,
        Err(why) => resource.unknown("message broker", why),
    };
    let storage = Monthly::Usage("stored messages".to_owned());
    vec![line, resource.line("storage of the broker", storage)]
}

fn broker_line(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Result<Line, String> {
    let engine = required(properties.get("EngineType"), "EngineType")?;
    if !engine.eq_ignore_ascii_case("ACTIVEMQ") {
        return Err(format!("no price is known for the engine {engine}"));
    }
    let instance = required(properties.get("HostInstanceType"), "HostInstanceType")?;
    let mode = required(properties.get("DeploymentMode"), "DeploymentMode")?;
    let (count, suffix) = match mode.as_str() {
        "SINGLE_INSTANCE" => (1.0, ""),
        "ACTIVE_STANDBY_MULTI_AZ" => (2.0, " with a standby"),
        other => return Err(format!("no price is known for the mode {other}")),
    };
    let what = format!("message broker {instance}{suffix}");
    Ok(context.cost(resource, what, &format!("activemq:{instance}"), count))
}

pub(super) fn key(
    context: &Context<'_>,
    resource: &Resource<'_>,
    properties: &Evaluated,
) -> Vec<Line> {
    let line = context.cost(resource, "encryption key", "kms-key", 1.0);
    let line = line.assuming("without requests");
    vec![match properties.get("EnableKeyRotation").is_true() {
        true => line.assuming("the first and the second yearly rotation add as much again"),
        false => line,
    }]
}
