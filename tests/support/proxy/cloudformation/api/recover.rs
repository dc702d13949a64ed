//! The ways out of a stuck stack.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::engine::{Engine, Skipped};
use crate::proxy::cloudformation::form::Form;
use crate::proxy::cloudformation::nested;
use crate::proxy::cloudformation::state::{Stack, State};

fn stack<'a>(state: &'a mut State, form: &Form) -> Result<&'a mut Stack, Fault> {
    let name = form.required("StackName")?;
    state.find_mut(name).ok_or_else(|| Fault::validation(format!("Stack [{name}] does not exist")))
}

/// `CancelUpdateStack`.
pub(super) fn cancel_update(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let mut state = engine.state();
    let stack = stack(&mut state, form)?;
    if stack.status != "UPDATE_IN_PROGRESS" {
        return Err(Fault::validation(
            "CancelUpdateStack cannot be called from current stack status",
        ));
    }
    // A cancelled update goes back, whatever was said about rolling back.
    stack.disable_rollback = false;
    stack.cancel.cancel();
    Ok(json!({}))
}

/// `ContinueUpdateRollback`.
pub(super) fn continue_rollback(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let skipped: BTreeSet<String> = form.list("ResourcesToSkip").into_iter().collect();
    let run = {
        let mut state = engine.state();
        let nested = skippable_in_nested(&state, form, &skipped);
        let stack = stack(&mut state, form)?;
        if stack.above.is_some() {
            return Err(Fault::validation(
                "RollbackUpdatedStack cannot be invoked on child stacks",
            ));
        }
        if shared::repeated(stack, form, "CONTINUE_ROLLBACK")? {
            return Ok(json!({}));
        }
        if stack.status != "UPDATE_ROLLBACK_FAILED" {
            return Err(Fault::validation(format!(
                "Stack:{} is in {} state and can not continue update rollback.",
                stack.id, stack.status
            )));
        }
        let nested = nested?;
        let failed = |name: &&String| {
            let own = stack.resources.get(*name);
            !nested.contains(*name) && own.is_none_or(|one| one.status != "UPDATE_FAILED")
        };
        let wrong: Vec<&str> = skipped.iter().filter(failed).map(String::as_str).collect();
        if !wrong.is_empty() {
            return Err(Fault::validation(format!(
                "ResourcesToSkip can only contain resources that are in the UPDATE_FAILED state: [{}]",
                wrong.join(", ")
            )));
        }
        let run = stack.begin("CONTINUE_ROLLBACK", form.owned("ClientRequestToken"));
        stack.is(&run, "UPDATE_ROLLBACK_IN_PROGRESS", Some("User Initiated".to_owned()));
        run
    };
    tokio::spawn(Arc::clone(engine).continue_back(run, Skipped(skipped)));
    Ok(json!({}))
}

/// Those of `skipped` that are in nested stacks and failed there, as `NestedStackName.LogicalId`,
/// and the nested stacks themselves that may be skipped.
fn skippable_in_nested(
    state: &State,
    form: &Form,
    skipped: &BTreeSet<String>,
) -> Result<BTreeSet<String>, Fault> {
    let root = state.find(form.required("StackName")?);
    let mut found = BTreeSet::new();
    for entry in skipped {
        let Some((name, logical_id)) = entry.split_once('.') else {
            whole_stack(state, root, entry)?;
            continue;
        };
        let below = |stack: &&Stack| {
            stack.above.as_ref().map(|above| &above.root) == root.map(|root| &root.id)
        };
        let stack = state.find(name).filter(below);
        let stack =
            stack.ok_or_else(|| Fault::validation(format!("Stack [{name}] does not exist")))?;
        let resource = stack.resources.get(logical_id);
        if let Some(resource) = resource.filter(|one| one.status == "UPDATE_FAILED") {
            whole_stack(state, Some(stack), &resource.logical_id)?;
            found.insert(entry.clone());
        }
    }
    Ok(found)
}

/// A nested stack can be skipped as a whole only while it is deleted, or was.
fn whole_stack(state: &State, stack: Option<&Stack>, logical_id: &str) -> Result<(), Fault> {
    let resource = stack.and_then(|stack| stack.resources.get(logical_id));
    let nested = resource.filter(|one| one.resource_type == nested::TYPE);
    let id = nested.and_then(|one| one.physical_id.as_deref());
    match id.and_then(|id| state.find(id)) {
        Some(stack) if !stack.status.starts_with("DELETE_") => {
            Err(Fault::validation("Nested stacks could not be skipped"))
        }
        _ => Ok(()),
    }
}

/// `RollbackStack`.
pub(super) fn rollback(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let (run, creation, id) = {
        let mut state = engine.state();
        let stack = stack(&mut state, form)?;
        if shared::repeated(stack, form, "ROLLBACK")? {
            return Ok(json!({"StackId": stack.id}));
        }
        let creation = match stack.status {
            "CREATE_FAILED" => true,
            "UPDATE_FAILED" => false,
            status => {
                return Err(Fault::validation(format!(
                    "Stack:{} is in {status} state and can not be rolled back.",
                    stack.id
                )));
            }
        };
        let run = stack.begin("ROLLBACK", form.owned("ClientRequestToken"));
        let status = if creation { "ROLLBACK_IN_PROGRESS" } else { "UPDATE_ROLLBACK_IN_PROGRESS" };
        stack.is(&run, status, Some("User Initiated".to_owned()));
        (run, creation, stack.id.clone())
    };
    let (engine, operation) = (Arc::clone(engine), run.operation.clone());
    if creation {
        tokio::spawn(engine.roll_back_creation(run));
    } else {
        tokio::spawn(engine.continue_back(run, Skipped::default()));
    }
    Ok(json!({"StackId": id, "OperationId": operation}))
}
