//! `DescribeStacks` and `ListStacks`.

use serde_json::{Value, json};

use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::form::{Form, page};
use crate::proxy::cloudformation::state::{Stack, State};

/// `DescribeStacks`.
pub(super) fn describe(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    if let Some(name) = form.text("StackName") {
        return Ok(json!({"Stacks": [shown(&state, state.stack(name)?)]}));
    }
    let live: Vec<Value> = state
        .stacks
        .iter()
        .rev()
        .filter(|stack| stack.status != "DELETE_COMPLETE")
        .map(|stack| shown(&state, stack))
        .collect();
    let (stacks, next) = page(&live, form.text("NextToken"), 100)?;
    Ok(json!({"Stacks": stacks, "NextToken": next}))
}

fn shown(state: &State, stack: &Stack) -> Value {
    let desired = stack.desired.as_ref();
    let description = desired.and_then(|desired| desired.template.body()["Description"].as_str());
    let operations = stack.operations.iter().rev().take(10);
    json!({
        "StackId": stack.id,
        "StackName": stack.name,
        "ChangeSetId": stack.executed_change_set,
        "Description": description,
        "Parameters": desired.map(shared::parameters),
        "CreationTime": shared::time(stack.created),
        "DeletionTime": stack.deleted.map(shared::time),
        "LastUpdatedTime": stack.updated.map(shared::time),
        "RollbackConfiguration": {},
        "StackStatus": stack.status,
        "StackStatusReason": stack.reason,
        "DisableRollback": stack.disable_rollback,
        "NotificationARNs": desired.map(|desired| desired.notifications.clone()).unwrap_or_default(),
        "TimeoutInMinutes": stack.timeout_minutes,
        "Capabilities": desired.map(|desired| desired.capabilities.clone()),
        "Outputs": outputs(stack),
        "RoleARN": desired.and_then(|desired| desired.role.clone()),
        "Tags": desired.map_or_else(|| json!([]), |desired| shared::tags(&desired.tags)),
        "EnableTerminationProtection": state.is_protected(stack),
        "ParentId": stack.above.as_ref().map(|above| &above.parent),
        "RootId": stack.above.as_ref().map(|above| &above.root),
        "RetainExceptOnCreate": stack.retain_except_on_create.then_some(true),
        "DriftInformation": drift(stack),
        "LastOperations": operations
            .map(|operation| json!({"OperationType": operation.kind, "OperationId": operation.id}))
            .collect::<Value>(),
    })
}

fn outputs(stack: &Stack) -> Value {
    if stack.outputs.is_empty() {
        return Value::Null;
    }
    let shown = stack.outputs.iter().map(|output| {
        json!({
            "OutputKey": output.key,
            "OutputValue": output.value,
            "Description": output.description,
            "ExportName": output.export,
        })
    });
    shown.collect()
}

fn drift(stack: &Stack) -> Value {
    match stack.drift {
        None => json!({"StackDriftStatus": "NOT_CHECKED"}),
        Some((status, at)) => {
            json!({"StackDriftStatus": status, "LastCheckTimestamp": shared::time(at)})
        }
    }
}

/// `ListStacks`.
pub(super) fn list(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let filter = form.list("StackStatusFilter");
    let state = engine.state();
    let wanted =
        |stack: &&Stack| filter.is_empty() || filter.iter().any(|status| status == stack.status);
    let summaries: Vec<Value> = state
        .stacks
        .iter()
        .rev()
        .filter(wanted)
        .map(|stack| {
            let desired = stack.desired.as_ref();
            json!({
                "StackId": stack.id,
                "StackName": stack.name,
                "TemplateDescription": desired.and_then(|desired| desired.template.body()["Description"].as_str()),
                "CreationTime": shared::time(stack.created),
                "LastUpdatedTime": stack.updated.map(shared::time),
                "DeletionTime": stack.deleted.map(shared::time),
                "StackStatus": stack.status,
                "StackStatusReason": stack.reason,
                "ParentId": stack.above.as_ref().map(|above| &above.parent),
                "RootId": stack.above.as_ref().map(|above| &above.root),
                "DriftInformation": drift(stack),
            })
        })
        .collect();
    let (summaries, next) = page(&summaries, form.text("NextToken"), 100)?;
    Ok(json!({"StackSummaries": summaries, "NextToken": next}))
}
