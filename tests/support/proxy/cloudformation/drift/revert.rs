//! Drift-aware change sets: the template is compared with what the service has, not with what was
//! deployed last.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::compare;
use crate::proxy::cloudformation::diff;
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::model::{self, Model};
use crate::proxy::cloudformation::state::{Difference, Drift, Resource};

/// What the service says about each resource.
pub(in crate::proxy::cloudformation) type Found = BTreeMap<String, Drift>;

/// Asks for all resources.
pub(in crate::proxy::cloudformation) async fn look(
    engine: &Engine,
    resources: &BTreeMap<String, Resource>,
) -> Found {
    let mut found = Found::new();
    for (name, resource) in resources {
        found.insert(name.clone(), compare(engine, resource).await);
    }
    found
}

/// Whether any resource is not as it was deployed.
pub(in crate::proxy::cloudformation) fn status(found: &Found) -> &'static str {
    let drifted = found.values().any(|drift| matches!(drift.status, "MODIFIED" | "DELETED"));
    if drifted { "DRIFTED" } else { "IN_SYNC" }
}

/// Puts what the service has in the place of what was deployed. A resource that is gone is to be
/// made anew.
pub(in crate::proxy::cloudformation) fn lay_over(
    resources: &mut BTreeMap<String, Resource>,
    found: &Found,
) {
    for (name, drift) in found {
        let Some(resource) = resources.get_mut(name) else {
            continue;
        };
        resource.drift = None;
        if drift.status == "DELETED" {
            resource.physical_id = None;
        }
        for difference in &drift.differences {
            put(&mut resource.properties, difference);
        }
    }
}

fn put(properties: &mut Value, difference: &Difference) {
    let Some((parent, name)) = difference.path.rsplit_once('/') else {
        return;
    };
    match properties.pointer_mut(parent) {
        Some(Value::Object(map)) if difference.kind == "REMOVE" => {
            map.remove(name);
        }
        Some(Value::Object(map)) => {
            map.insert(name.to_owned(), difference.actual.clone());
        }
        Some(Value::Array(items)) => {
            let place = name.parse().ok().and_then(|index: usize| items.get_mut(index));
            if let Some(item) = place {
                *item = difference.actual.clone();
            }
        }
        _ => {}
    }
}

/// Completes the changes with what AWS says about drift, and adds the resources that only their
/// record changes for.
pub(in crate::proxy::cloudformation) fn annotate(
    changes: &mut Vec<Value>,
    deployed: &BTreeMap<String, Resource>,
    found: &Found,
    model: &Model,
) {
    for (name, drift) in found {
        let Some(resource) = deployed.get(name) else {
            continue;
        };
        let synced = synced(resource, drift, model, deployed);
        let place =
            changes.iter().position(|one| one["ResourceChange"]["LogicalResourceId"] == *name);
        let place = match place {
            Some(place) => place,
            None if synced.is_empty() => continue,
            None => {
                changes.push(only_synced(resource));
                changes.len() - 1
            }
        };
        let Some(change) = changes.get_mut(place).map(|one| &mut one["ResourceChange"]) else {
            continue;
        };
        change["ResourceDriftStatus"] =
            json!(if drift.status == "NOT_CHECKED" { "UNSUPPORTED" } else { drift.status });
        change["PreviousDeploymentContext"] =
            json!(json!({"Properties": resource.properties}).to_string());
        if let Some(details) = change["Details"].as_array_mut() {
            details.iter_mut().for_each(|detail| explain(detail, drift));
            details.extend(synced);
        }
    }
}

/// Where a value comes from, and what it was before somebody else changed it.
fn explain(detail: &mut Value, drift: &Drift) {
    let target = &mut detail["Target"];
    let Some(path) = target["Path"].as_str().map(|path| path.replacen("/Properties", "", 1)) else {
        return;
    };
    let read = matches!(drift.status, "IN_SYNC" | "MODIFIED");
    target["BeforeValueFrom"] =
        json!(if read { "ACTUAL_STATE" } else { "PREVIOUS_DEPLOYMENT_STATE" });
    target["AfterValueFrom"] = json!("TEMPLATE");
    let Some(difference) = drift.differences.iter().find(|one| one.path == path) else {
        return;
    };
    target["Drift"] = live(difference, drift);
    let as_deployed = target["AfterValue"] == json!(plain(&difference.expected));
    if as_deployed && detail["ChangeSource"] == "DirectModification" {
        detail["ChangeSource"] = json!("NoModification");
    }
}

fn live(difference: &Difference, drift: &Drift) -> Value {
    json!({
        "PreviousValue": plain(&difference.expected),
        "ActualValue": plain(&difference.actual),
        "DriftDetectionTimestamp": drift.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    })
}

/// Properties that the template now wants as the service has them already.
fn synced(
    resource: &Resource,
    drift: &Drift,
    model: &Model,
    deployed: &BTreeMap<String, Resource>,
) -> Vec<Value> {
    let wanted = model
        .resources
        .get(&resource.logical_id)
        .and_then(|planned| model.properties_with(planned, model::known(deployed)).ok());
    let Some(wanted) = wanted else {
        return Vec::new();
    };
    let same = |one: &&Difference| {
        let now = wanted.pointer(&one.path).cloned().unwrap_or_default();
        diff::compare(&resource.resource_type, &now, &one.actual).is_empty()
    };
    let found = drift.differences.iter().filter(same);
    found
        .map(|difference| {
            let name = difference.path.split('/').nth(1).unwrap_or_default();
            json!({
                "Target": {
                    "Attribute": "Properties",
                    "Name": name,
                    "RequiresRecreation": "Never",
                    "Path": format!("/Properties{}", difference.path),
                    "BeforeValue": plain(&difference.actual),
                    "AfterValue": plain(&difference.actual),
                    "BeforeValueFrom": "ACTUAL_STATE",
                    "AfterValueFrom": "TEMPLATE",
                    "Drift": live(difference, drift),
                    "AttributeChangeType": "SyncWithActual",
                },
                "Evaluation": "Static",
                "ChangeSource": "DirectModification",
            })
        })
        .collect()
}

fn only_synced(resource: &Resource) -> Value {
    json!({"Type": "Resource", "ResourceChange": {
        "Action": "SyncWithActual",
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.resource_type,
        "Replacement": "False",
        "Scope": ["Properties"],
        "Details": [],
    }})
}

fn plain(value: &Value) -> String {
    crate::proxy::cloudformation::intrinsics::text(value).unwrap_or_else(|| value.to_string())
}
