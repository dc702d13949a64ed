//! Change sets: described, listed, executed, deleted.

use std::sync::Arc;

use serde_json::{Value, json};

use super::nested_change_sets::of_root_only;
use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::drift;
use crate::proxy::cloudformation::engine::{Engine, Run};
use crate::proxy::cloudformation::form::{Form, page};
use crate::proxy::cloudformation::state::{ChangeSet, ChangeSetKind, OnFailure, Stack, State};

fn find<'a>(state: &'a State, form: &Form) -> Result<(&'a Stack, &'a ChangeSet), Fault> {
    let name = form.required("ChangeSetName")?;
    let matches = |set: &&ChangeSet| set.id == name || set.name == name;
    let missing = || Fault {
        status: 404,
        ..Fault::new("ChangeSetNotFound", format!("ChangeSet [{name}] does not exist"))
    };
    if let Some(stack_name) = form.text("StackName") {
        let stack = state
            .find(stack_name)
            .ok_or_else(|| Fault::validation(format!("Stack [{stack_name}] does not exist")))?;
        return Ok((stack, stack.change_sets.iter().find(matches).ok_or_else(missing)?));
    }
    if !name.starts_with("arn:") {
        return Err(Fault::validation(
            "StackName must be specified if ChangeSetName is not specified as an ARN.",
        ));
    }
    let mut all = state
        .stacks
        .iter()
        .filter_map(|stack| Some((stack, stack.change_sets.iter().find(matches)?)));
    all.next().ok_or_else(missing)
}

/// `DescribeChangeSet`.
pub(super) fn describe(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let (stack, set) = find(&state, form)?;
    let values = form.flag("IncludePropertyValues").unwrap_or(false);
    let (changes, next) = page(&set.changes, form.text("NextToken"), 100)?;
    let changes: Value = changes
        .into_iter()
        .map(|change| if values { change } else { without_values(change) })
        .collect();
    Ok(json!({
        "ChangeSetName": set.name,
        "ChangeSetId": set.id,
        "StackId": stack.id,
        "StackName": stack.name,
        "Description": set.description,
        "Parameters": shared::parameters(&set.desired),
        "CreationTime": shared::time(set.created),
        "ExecutionStatus": set.execution,
        "Status": set.status,
        "StatusReason": set.reason,
        "NotificationARNs": set.desired.notifications,
        "RollbackConfiguration": {},
        "Capabilities": set.desired.capabilities,
        "Tags": shared::tags(&set.desired.tags),
        "Changes": changes,
        "NextToken": next,
        "IncludeNestedStacks": set.nested,
        "ParentChangeSetId": set.above.as_ref().map(|above| &above.parent),
        "RootChangeSetId": set.above.as_ref().map(|above| &above.root),
        "DeploymentMode": set.drift.as_ref().map(|_| "REVERT_DRIFT"),
        "StackDriftStatus": set.drift.as_ref().map(drift::drift_status),
        "OnStackFailure": set.on_failure.map(|on_failure| match on_failure {
            OnFailure::Rollback => "ROLLBACK",
            OnFailure::Delete => "DELETE",
            OnFailure::Nothing => "DO_NOTHING",
        }),
    }))
}

const VALUES: [&str; 7] = [
    "Path",
    "BeforeValue",
    "AfterValue",
    "BeforeValueFrom",
    "AfterValueFrom",
    "Drift",
    "AttributeChangeType",
];

/// Values are shown only when they are asked for.
fn without_values(mut change: Value) -> Value {
    let resource = &mut change["ResourceChange"];
    for context in ["BeforeContext", "AfterContext", "PreviousDeploymentContext"] {
        resource[context] = Value::Null;
    }
    for detail in resource["Details"].as_array_mut().into_iter().flatten() {
        for value in VALUES {
            detail["Target"][value] = Value::Null;
        }
    }
    change
}

/// `ExecuteChangeSet`.
pub(super) async fn execute(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let Some((set, stack_id, name)) = executable(engine, form)? else {
        return Ok(json!({}));
    };
    let model = engine.model(&set.desired, (&name, &stack_id)).await?;
    let run = {
        let mut state = engine.state();
        let stack = state.stack_mut(&stack_id)?;
        stack.change_sets.retain(|one| one.id == set.id);
        let Some(own) = stack.change_sets.first_mut().filter(|own| own.execution == "AVAILABLE")
        else {
            return Err(not_executable(&set));
        };
        own.execution = "EXECUTE_COMPLETE";
        stack.executed_change_set = Some(set.id.clone());
        stack.disable_rollback = shared::keeps_what_failed(form);
        stack.policy_during_update = None;
        stack.retain_except_on_create = form.flag("RetainExceptOnCreate").unwrap_or(false);
        let token = form.owned("ClientRequestToken");
        begin(stack, &set, token)
    };
    let engine = Arc::clone(engine);
    match set.kind {
        ChangeSetKind::Create => tokio::spawn(engine.create(run, model)),
        ChangeSetKind::Update => tokio::spawn(engine.update(run, model)),
        ChangeSetKind::Import => tokio::spawn(engine.import(run, model, set.imports)),
    };
    Ok(json!({}))
}

/// The stack turns to what the change set wants.
fn begin(stack: &mut Stack, set: &ChangeSet, token: Option<String>) -> Run {
    if set.kind == ChangeSetKind::Create {
        stack.desired = Some(set.desired.clone());
        stack.on_failure = set.on_failure.unwrap_or_default();
    } else {
        if let Some(found) = &set.drift {
            drift::lay_over(&mut stack.resources, found);
        }
        stack.turn_to(set.desired.clone());
    }
    let run = stack.begin(operation(set.kind), token);
    let status = match set.kind {
        ChangeSetKind::Create => "CREATE_IN_PROGRESS",
        ChangeSetKind::Update => "UPDATE_IN_PROGRESS",
        ChangeSetKind::Import => "IMPORT_IN_PROGRESS",
    };
    stack.is(&run, status, Some("User Initiated".to_owned()));
    run
}

fn operation(kind: ChangeSetKind) -> &'static str {
    if kind == ChangeSetKind::Create { "CREATE_STACK" } else { "UPDATE_STACK" }
}

/// The change set, its stack's id and name; none when the same request did it before.
fn executable(engine: &Engine, form: &Form) -> Result<Option<(ChangeSet, String, String)>, Fault> {
    let state = engine.state();
    let (stack, set) = find(&state, form)?;
    of_root_only(set)?;
    if shared::repeated(stack, form, operation(set.kind))? {
        return Ok(None);
    }
    if set.execution != "AVAILABLE" {
        return Err(not_executable(set));
    }
    let begins = stack.status == "REVIEW_IN_PROGRESS";
    match set.kind {
        ChangeSetKind::Create if !begins => return Err(shared::not_updatable(stack)),
        ChangeSetKind::Import if begins => {}
        ChangeSetKind::Create => {}
        ChangeSetKind::Update | ChangeSetKind::Import => shared::updatable(stack, form)?,
    }
    Ok(Some((set.clone(), stack.id.clone(), stack.name.clone())))
}

fn not_executable(set: &ChangeSet) -> Fault {
    let status = match set.execution {
        "UNAVAILABLE" => format!("status of [{}]", set.status),
        execution => format!("execution status of [{execution}]"),
    };
    Fault::new(
        "InvalidChangeSetStatus",
        format!("ChangeSet [{}] cannot be executed in its current {status}", set.id),
    )
}

/// `DeleteChangeSet`.
pub(super) fn delete(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let mut state = engine.state();
    let id = match find(&state, form) {
        Ok((_, set)) if set.status.ends_with("_IN_PROGRESS") || set.status == "CREATE_PENDING" => {
            return Err(Fault::new(
                "InvalidChangeSetStatus",
                format!(
                    "ChangeSet [{}] cannot be deleted in its current status of [{}]",
                    set.id, set.status
                ),
            ));
        }
        Ok((_, set)) => {
            of_root_only(set)?;
            set.id.clone()
        }
        Err(fault) if fault.code == "ChangeSetNotFound" => return Ok(json!({})),
        Err(fault) => return Err(fault),
    };
    state.forget_change_sets(&id);
    Ok(json!({}))
}

/// `ListChangeSets`.
pub(super) fn list(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let state = engine.state();
    let name = form.required("StackName")?;
    let stack = state
        .find(name)
        .ok_or_else(|| Fault::validation(format!("Stack [{name}] does not exist")))?;
    let (sets, next) = page(&stack.change_sets, form.text("NextToken"), 100)?;
    let summaries = sets.iter().map(|set| {
        json!({
            "StackId": stack.id,
            "StackName": stack.name,
            "ChangeSetId": set.id,
            "ChangeSetName": set.name,
            "ExecutionStatus": set.execution,
            "Status": set.status,
            "StatusReason": set.reason,
            "CreationTime": shared::time(set.created),
            "Description": set.description,
            "IncludeNestedStacks": set.nested,
            "ParentChangeSetId": set.above.as_ref().map(|above| &above.parent),
            "RootChangeSetId": set.above.as_ref().map(|above| &above.root),
        })
    });
    Ok(json!({"Summaries": summaries.collect::<Value>(), "NextToken": next}))
}
