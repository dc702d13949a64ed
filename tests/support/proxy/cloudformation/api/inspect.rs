//! Resources, policies and exports of stacks.

use serde_json::{Value, json};

use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::form::{Form, page};
use crate::proxy::cloudformation::state::{Resource, Stack};

fn drift(resource: &Resource) -> Value {
    match &resource.drift {
        None => json!({"StackResourceDriftStatus": "NOT_CHECKED"}),
        Some(drift) => json!({
            "StackResourceDriftStatus": drift.status,
            "LastCheckTimestamp": shared::time(drift.at),
        }),
    }
}

fn common(resource: &Resource) -> Value {
    json!({
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.resource_type,
        "ResourceStatus": resource.status,
        "ResourceStatusReason": resource.reason,
        "DriftInformation": drift(resource),
    })
}

fn with_stack(stack: &Stack, resource: &Resource) -> Value {
    let mut shown = common(resource);
    shown["StackId"] = json!(stack.id);
    shown["StackName"] = json!(stack.name);
    shown
}

/// `DescribeStackResource`.
pub(super) fn resource(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let stack = state.stack(form.required("StackName")?)?;
    let name = form.required("LogicalResourceId")?;
    let resource = stack.resources.get(name).ok_or_else(|| {
        Fault::validation(format!("Resource {name} does not exist for stack {}", stack.name))
    })?;
    let mut shown = with_stack(stack, resource);
    shown["LastUpdatedTimestamp"] = json!(shared::time(resource.changed));
    shown["Metadata"] = match &resource.declaration["Metadata"] {
        Value::Null => Value::Null,
        metadata => json!(metadata.to_string()),
    };
    Ok(json!({"StackResourceDetail": shown}))
}

/// `DescribeStackResources`.
pub(super) fn resources(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let physical = form.text("PhysicalResourceId");
    let stack = match (form.text("StackName"), physical) {
        (Some(name), _) => state.stack(name)?,
        (None, Some(physical)) => {
            let has = |stack: &&Stack| {
                stack.resources.values().any(|one| one.physical_id.as_deref() == Some(physical))
            };
            let found = state.stacks.iter().rev().find(has);
            found
                .ok_or_else(|| Fault::validation(format!("Stack for {physical} does not exist")))?
        }
        (None, None) => {
            return Err(Fault::validation("Stack name or physical resource id is required"));
        }
    };
    let name = form.text("LogicalResourceId");
    let shown: Value = stack
        .resources
        .values()
        .filter(|one| name.is_none_or(|name| one.logical_id == name))
        .map(|one| {
            let mut shown = with_stack(stack, one);
            shown["Timestamp"] = json!(shared::time(one.changed));
            shown
        })
        .collect();
    Ok(json!({"StackResources": shown}))
}

/// `ListStackResources`.
pub(super) fn list_resources(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let stack = state.stack(form.required("StackName")?)?;
    let shown: Vec<Value> = stack
        .resources
        .values()
        .map(|one| {
            let mut shown = common(one);
            shown["LastUpdatedTimestamp"] = json!(shared::time(one.changed));
            shown
        })
        .collect();
    let (shown, next) = page(&shown, form.text("NextToken"), 100)?;
    Ok(json!({"StackResourceSummaries": shown, "NextToken": next}))
}

/// `SetStackPolicy`.
pub(super) fn set_policy(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    form.required("StackPolicyBody")?;
    let policy = shared::policy(form, "StackPolicyBody")?;
    let mut state = engine.state();
    state.stack_mut(form.required("StackName")?)?.policy = policy;
    Ok(json!({}))
}

/// `GetStackPolicy`.
pub(super) fn get_policy(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    Ok(json!({"StackPolicyBody": state.stack(form.required("StackName")?)?.policy}))
}

/// `ListExports`.
pub(super) fn exports(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let exports: Vec<Value> = engine
        .state()
        .exports()
        .into_iter()
        .map(
            |(name, value, stack)| json!({"ExportingStackId": stack, "Name": name, "Value": value}),
        )
        .collect();
    let (exports, next) = page(&exports, form.text("NextToken"), 100)?;
    Ok(json!({"Exports": exports, "NextToken": next}))
}

/// `ListImports`.
pub(super) fn imports(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let name = form.required("ExportName")?;
    let importers = engine.state().importers(name);
    if importers.is_empty() {
        return Err(Fault::validation(format!("Export '{name}' is not imported by any stack.")));
    }
    Ok(json!({"Imports": importers}))
}
