//! `DeleteStack` and the protection against it.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::{Value, json};

use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::form::Form;

/// `DeleteStack`.
pub(super) fn delete_stack(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let name = form.required("StackName")?;
    let retain: BTreeSet<String> = form.list("RetainResources").into_iter().collect();
    let force = form.text("DeletionMode") == Some("FORCE_DELETE_STACK");
    let run = {
        let mut state = engine.state();
        // A stack that is not there is deleted already.
        let protected = state.find(name).is_some_and(|stack| state.is_protected(stack));
        let Some(stack) = state.find_mut(name) else {
            return Ok(json!({}));
        };
        let done = matches!(stack.status, "DELETE_COMPLETE" | "DELETE_IN_PROGRESS");
        if shared::repeated(stack, form, "DELETE_STACK")? || done {
            return Ok(json!({}));
        }
        if protected {
            return Err(Fault::validation(format!(
                "Stack [{}] cannot be deleted while TerminationProtection is enabled",
                stack.name
            )));
        }
        let creating = stack.status == "CREATE_IN_PROGRESS";
        let running =
            stack.status.ends_with("_IN_PROGRESS") && stack.status != "REVIEW_IN_PROGRESS";
        if running && !creating {
            return Err(Fault::validation(format!(
                "Stack [{}] cannot be deleted while in status {}",
                stack.id, stack.status
            )));
        }
        if !retain.is_empty() && stack.status != "DELETE_FAILED" {
            return Err(Fault::validation(format!(
                "Invalid operation on stack [{}]. When you delete a stack, specify which resources to retain only when the stack is in the DELETE_FAILED state.",
                stack.id
            )));
        }
        // A creation that is running stops, and the deletion waits for it.
        stack.cancel.cancel();
        let run = stack.begin("DELETE_STACK", form.owned("ClientRequestToken"));
        stack.is(&run, "DELETE_IN_PROGRESS", Some("User Initiated".to_owned()));
        run
    };
    tokio::spawn(Arc::clone(engine).delete(run, retain, force));
    Ok(json!({}))
}

/// `UpdateTerminationProtection`.
pub(super) fn update_termination_protection(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let name = form.required("StackName")?;
    let on = form.required("EnableTerminationProtection")?.eq_ignore_ascii_case("true");
    let mut state = engine.state();
    let stack = state
        .find_mut(name)
        .ok_or_else(|| Fault::validation(format!("Stack [{name}] does not exist")))?;
    if stack.above.is_some() {
        // AWS documents the rule and not its words.
        return Err(Fault::validation(format!(
            "Termination protection of nested stack [{}] can be changed on its root stack only",
            stack.name
        )));
    }
    stack.termination_protection = on;
    Ok(json!({"StackId": stack.id}))
}
