//! The ways out of a stuck stack.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::engine::{Engine, Skipped};
use crate::proxy::cloudformation::form::Form;
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
        let stack = stack(&mut state, form)?;
        if shared::repeated(stack, form, "CONTINUE_ROLLBACK")? {
            return Ok(json!({}));
        }
        if stack.status != "UPDATE_ROLLBACK_FAILED" {
            return Err(Fault::validation(format!(
                "Stack:{} is in {} state and can not continue update rollback.",
                stack.id, stack.status
            )));
        }
        let failed = |name: &&String| {
            stack.resources.get(*name).is_none_or(|resource| resource.status != "UPDATE_FAILED")
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
