//! Drift detection: declared properties compared with what the service says.

mod actual;
mod revert;
mod rules;
mod services;
mod xml;

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::answer::Fault;
use super::diff;
use super::engine::Engine;
use super::form::{Form, page};
use crate::proxy::upstream::Upstream;

use super::state::{Difference, Drift, DriftRun, Resource, in_progress};

pub(super) use revert::{Found, annotate, lay_over, look, status as drift_status};

/// `DetectStackDrift`.
pub(super) fn detect(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let id = Uuid::new_v4().to_string();
    let stack_id = {
        let mut state = engine.state();
        let name = form.required("StackName")?;
        let stack = state.stack(name)?;
        if in_progress(stack.status)
            || stack.status == "REVIEW_IN_PROGRESS"
            || stack.deleted.is_some()
        {
            return Err(Fault::validation(format!(
                "Drift detection cannot be performed on stack [{}] while it is in [{}] state",
                stack.id, stack.status
            )));
        }
        let stack_id = stack.id.clone();
        state.drift_runs.push(DriftRun {
            id: id.clone(),
            stack_id: stack_id.clone(),
            status: "DETECTION_IN_PROGRESS",
            result: None,
            drifted: 0,
            at: Timestamp::now(),
        });
        stack_id
    };
    let only = form.list("LogicalResourceIds");
    tokio::spawn(run(Arc::clone(engine), id.clone(), stack_id, only));
    Ok(json!({"StackDriftDetectionId": id}))
}

async fn run(engine: Arc<Engine>, id: String, stack_id: String, only: Vec<String>) {
    let resources =
        engine.state().find(&stack_id).map(|stack| stack.resources.clone()).unwrap_or_default();
    let wanted = resources.into_iter().filter(|(name, _)| only.is_empty() || only.contains(name));
    let mut found = Vec::new();
    for (name, resource) in wanted {
        found.push((name, compare(&engine, &resource).await));
    }
    let drifted =
        found.iter().filter(|(_, drift)| matches!(drift.status, "MODIFIED" | "DELETED")).count();
    let result = if drifted > 0 { "DRIFTED" } else { "IN_SYNC" };
    let now = Timestamp::now();
    let mut state = engine.state();
    if let Some(stack) = state.find_mut(&stack_id) {
        stack.drift = Some((result, now));
        for (name, drift) in found {
            if let Some(resource) = stack.resources.get_mut(&name) {
                resource.drift = Some(drift);
            }
        }
    }
    if let Some(run) = state.drift_runs.iter_mut().find(|run| run.id == id) {
        run.status = "DETECTION_COMPLETE";
        run.result = Some(result);
        run.drifted = drifted;
        run.at = now;
    }
}

/// Whether the service says that the resource is not there. Types that cannot be read back are
/// taken to be there.
pub(super) async fn is_gone(upstream: &Upstream, resource: &Resource) -> bool {
    matches!(actual::read(upstream, resource, &[]).await, actual::Actual::Gone)
}

async fn compare(engine: &Engine, resource: &Resource) -> Drift {
    let at = Timestamp::now();
    let plain = |status| Drift { status, actual: Value::Null, differences: Vec::new(), at };
    let id = resource.physical_id.as_deref().unwrap_or_default();
    let rules = rules::of_others(&engine.state(), id);
    match actual::read(&engine.upstream, resource, &rules).await {
        actual::Actual::NotChecked => plain("NOT_CHECKED"),
        actual::Actual::Gone => plain("DELETED"),
        actual::Actual::Properties(actual) => {
            // Only what the template declares is compared, as on AWS.
            let mut expected = resource.properties.clone();
            if let Some(map) = expected.as_object_mut() {
                map.retain(|name, _| actual.get(name).is_some());
            }
            let expected = super::schema::coerced(&resource.resource_type, expected);
            let differences: Vec<Difference> =
                diff::compare(&resource.resource_type, &expected, &actual)
                    .into_iter()
                    .filter(|change| expected.get(change.property()).is_some())
                    .map(difference)
                    .collect();
            let status = if differences.is_empty() { "IN_SYNC" } else { "MODIFIED" };
            Drift { status, actual, differences, at }
        }
    }
}

fn difference(change: diff::Change) -> Difference {
    Difference {
        kind: match (&change.before, &change.after) {
            (None, _) => "ADD",
            (_, None) => "REMOVE",
            _ => "NOT_EQUAL",
        },
        path: format!("/{}", change.path),
        expected: change.before.unwrap_or_default(),
        actual: change.after.unwrap_or_default(),
    }
}

/// `DescribeStackDriftDetectionStatus`.
pub(super) fn status(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let id = form.required("StackDriftDetectionId")?;
    let state = engine.state();
    let run = state.drift_runs.iter().find(|run| run.id == id);
    let run =
        run.ok_or_else(|| Fault::validation(format!("Drift detection id {id} does not exist")))?;
    Ok(json!({
        "StackId": run.stack_id,
        "StackDriftDetectionId": run.id,
        "StackDriftStatus": run.result,
        "DetectionStatus": run.status,
        "DriftedStackResourceCount": run.result.map(|_| run.drifted),
        "Timestamp": run.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    }))
}

/// `DescribeStackResourceDrifts`.
pub(super) fn resources(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let stack = state.stack(form.required("StackName")?)?;
    let filter = form.list("StackResourceDriftStatusFilters");
    let drifts: Vec<Value> = stack
        .resources
        .values()
        .filter_map(|resource| Some((resource, resource.drift.as_ref()?)))
        .filter(|(_, drift)| {
            filter.is_empty() || filter.iter().any(|status| status == drift.status)
        })
        .map(|(resource, drift)| shown(&stack.id, resource, drift))
        .collect();
    let (drifts, next) = page(&drifts, form.text("NextToken"), 100)?;
    Ok(json!({"StackResourceDrifts": drifts, "NextToken": next}))
}

fn shown(stack_id: &str, resource: &Resource, drift: &Drift) -> Value {
    let plain = |value: &Value| super::intrinsics::text(value).unwrap_or_else(|| value.to_string());
    let differences = drift.differences.iter().map(|one| {
        json!({
            "PropertyPath": one.path,
            "ExpectedValue": plain(&one.expected),
            "ActualValue": plain(&one.actual),
            "DifferenceType": one.kind,
        })
    });
    let checked = matches!(drift.status, "IN_SYNC" | "MODIFIED");
    json!({
        "StackId": stack_id,
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.resource_type,
        "ExpectedProperties": checked.then(|| resource.properties.to_string()),
        "ActualProperties": checked.then(|| drift.actual.to_string()),
        "PropertyDifferences": differences.collect::<Value>(),
        "StackResourceDriftStatus": drift.status,
        "Timestamp": drift.at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
    })
}
