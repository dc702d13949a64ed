//! `DescribeStackEvents` and `DescribeEvents`.

use serde_json::{Value, json};

use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::form::{Form, page};
use crate::proxy::cloudformation::state::{Event, Operation, Stack, State};

/// Events on one page, as on AWS.
const PAGE: usize = 100;

/// `DescribeStackEvents`: newest first.
pub(super) fn stack_events(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let name = form.required("StackName")?;
    let stack = state
        .find(name)
        .ok_or_else(|| Fault::validation(format!("Stack [{name}] does not exist")))?;
    let shown: Vec<Value> = stack
        .events
        .iter()
        .rev()
        .filter(|event| event.validation.is_none())
        .map(|event| {
            let mut shown = common(stack, event);
            shown["StackName"] = json!(stack.name);
            shown
        })
        .collect();
    let (events, next) = page(&shown, form.text("NextToken"), PAGE)?;
    Ok(json!({"StackEvents": events, "NextToken": next}))
}

fn common(stack: &Stack, event: &Event) -> Value {
    json!({
        "StackId": stack.id,
        "EventId": event.id,
        "OperationId": event.operation,
        "LogicalResourceId": event.logical_id,
        "PhysicalResourceId": event.physical_id,
        "ResourceType": event.resource_type,
        "Timestamp": shared::time(event.at),
        "ResourceStatus": event.status,
        "ResourceStatusReason": event.reason,
        "ResourceProperties": event.properties,
        "ClientRequestToken": event.token,
    })
}

/// `DescribeEvents`: of a stack, a change set or an operation, newest first.
pub(super) fn operation_events(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let (stack, only) = subject(&state, form)?;
    let failed = form.flag("Filters.FailedEvents").unwrap_or(false);
    let of_operation = |operation: &Option<String>| only.is_none() || *operation == only;
    let mut shown: Vec<(jiff::Timestamp, Value)> = Vec::new();
    for event in stack.events.iter().filter(|event| of_operation(&event.operation)) {
        if !failed || event.validation.is_some() || event.status.ends_with("_FAILED") {
            shown.push((event.at, operation_event(stack, event)));
        }
    }
    let operations = stack.operations.iter().filter(|one| of_operation(&Some(one.id.clone())));
    for operation in operations.filter(|one| !failed || one.status == "FAILED") {
        shown.push((operation.ended.unwrap_or(operation.started), stack_event(stack, operation)));
    }
    // The sort is stable, so what happened at one instant keeps its order.
    shown.sort_by_key(|(at, _)| *at);
    let shown: Vec<Value> = shown.into_iter().rev().map(|(_, event)| event).collect();
    let (events, next) = page(&shown, form.text("NextToken"), PAGE)?;
    Ok(json!({"OperationEvents": events, "NextToken": next}))
}

fn subject<'a>(state: &'a State, form: &Form) -> Result<(&'a Stack, Option<String>), Fault> {
    if let Some(id) = form.text("OperationId") {
        let has = |stack: &&Stack| stack.operations.iter().any(|one| one.id == id);
        let stack = state.stacks.iter().find(has);
        let stack =
            stack.ok_or_else(|| Fault::validation(format!("Operation [{id}] does not exist")))?;
        return Ok((stack, Some(id.to_owned())));
    }
    if let Some(name) = form.text("ChangeSetName") {
        let mut sets = state
            .stacks
            .iter()
            .flat_map(|stack| stack.change_sets.iter().map(move |set| (stack, set)));
        let fits = |stack: &Stack| {
            form.text("StackName").is_none_or(|one| stack.id == one || stack.name == one)
        };
        let found = sets.find(|(stack, set)| (set.id == name || set.name == name) && fits(stack));
        let (stack, set) =
            found.ok_or_else(|| Fault::validation(format!("ChangeSet [{name}] does not exist")))?;
        return Ok((stack, Some(set.operation.clone())));
    }
    let name = form.text("StackName").ok_or_else(|| {
        Fault::validation("Either StackName, ChangeSetName or OperationId must be specified")
    })?;
    Ok((state.stack(name)?, None))
}

fn operation_event(stack: &Stack, event: &Event) -> Value {
    let operation = stack.operations.iter().find(|one| Some(&one.id) == event.operation.as_ref());
    let mut shown = common(stack, event);
    shown["OperationType"] = json!(operation.map(|one| one.kind));
    if let Some(validation) = &event.validation {
        shown["EventType"] = json!("VALIDATION_ERROR");
        shown["ValidationName"] = json!(validation.name);
        shown["ValidationStatus"] = json!("FAILED");
        shown["ValidationStatusReason"] = json!(event.reason);
        shown["ValidationPath"] = json!(validation.path);
        shown["ValidationFailureMode"] = json!("FAIL");
        shown["ResourceStatus"] = Value::Null;
        shown["ResourceStatusReason"] = Value::Null;
    } else {
        let failed = event.status.ends_with("_FAILED");
        shown["EventType"] = json!(if failed { "PROVISIONING_ERROR" } else { "PROGRESS_EVENT" });
    }
    shown
}

fn stack_event(stack: &Stack, operation: &Operation) -> Value {
    json!({
        "EventId": format!("{}-{}", operation.id, operation.status),
        "StackId": stack.id,
        "OperationId": operation.id,
        "OperationType": operation.kind,
        "OperationStatus": operation.status,
        "EventType": "STACK_EVENT",
        "LogicalResourceId": stack.name,
        "PhysicalResourceId": stack.id,
        "ResourceType": "AWS::CloudFormation::Stack",
        "Timestamp": shared::time(operation.ended.unwrap_or(operation.started)),
        "StartTime": shared::time(operation.started),
        "EndTime": operation.ended.map(shared::time),
        "ClientRequestToken": operation.token,
    })
}
