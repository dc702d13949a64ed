//! What several operations need.

use serde_json::{Value, json};

use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::form::Form;
use crate::proxy::cloudformation::state::{Desired, OnFailure, Stack, can_update};

/// Whether a token was used before for this kind of operation. Another kind is refused.
pub(super) fn repeated(stack: &Stack, form: &Form, kind: &str) -> Result<bool, Fault> {
    let Some(known) = form.text("ClientRequestToken").and_then(|token| stack.tokens.get(token))
    else {
        return Ok(false);
    };
    if *known == kind {
        return Ok(true);
    }
    Err(Fault::new(
        "TokenAlreadyExistsException",
        format!(
            "A client request token already exists: {} was used for {known}",
            form.text("ClientRequestToken").unwrap_or_default()
        ),
    ))
}

/// Refuses names that CloudFormation refuses.
pub(super) fn check_name(name: &str, field: &str) -> Result<(), Fault> {
    let good = name.len() <= 128
        && name.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-');
    if good {
        return Ok(());
    }
    Err(Fault::validation(format!(
        "1 validation error detected: Value '{name}' at '{field}' failed to satisfy constraint: \
         Member must satisfy regular expression pattern: [a-zA-Z][-a-zA-Z0-9]*"
    )))
}

/// The refusal of an update in the wrong state.
pub(super) fn not_updatable(stack: &Stack) -> Fault {
    Fault::validation(format!(
        "Stack:{} is in {} state and can not be updated.",
        stack.id, stack.status
    ))
}

/// Refuses an update of a stack that cannot take one now.
pub(super) fn updatable(stack: &Stack, form: &Form) -> Result<(), Fault> {
    if !can_update(stack.status) {
        return Err(not_updatable(stack));
    }
    let failed = matches!(stack.status, "CREATE_FAILED" | "UPDATE_FAILED");
    if failed && !keeps_what_failed(form) {
        return Err(Fault::validation(format!(
            "This stack is currently in a non-terminal [{}] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API",
            stack.status
        )));
    }
    Ok(())
}

/// Whether a failure leaves everything as it is then.
pub(super) fn keeps_what_failed(form: &Form) -> bool {
    let asked = |name| form.flag(name).unwrap_or(false);
    asked("DisableRollback") || asked("DeploymentConfig.DisableRollback")
}

/// A stack policy of a request, refused when it is not JSON.
pub(super) fn policy(form: &Form, field: &str) -> Result<Option<String>, Fault> {
    let Some(policy) = form.owned(field) else {
        return Ok(None);
    };
    match serde_json::from_str::<Value>(&policy) {
        Ok(Value::Object(_)) => Ok(Some(policy)),
        _ => Err(Fault::validation("Error validating stack policy: Invalid stack policy")),
    }
}

/// What to do when a creation fails.
pub(super) fn on_failure(form: &Form, field: &str) -> Option<OnFailure> {
    match form.text(field)? {
        "DELETE" => Some(OnFailure::Delete),
        "DO_NOTHING" => Some(OnFailure::Nothing),
        _ => Some(OnFailure::Rollback),
    }
}

/// Parameters as they are shown; secret ones are masked.
pub(super) fn parameters(desired: &Desired) -> Value {
    let shown = desired.parameters.iter().map(|(name, parameter)| {
        let value = if parameter.no_echo { "****" } else { parameter.value.as_str() };
        let resolved = parameter.resolved.as_ref().filter(|_| !parameter.no_echo);
        json!({"ParameterKey": name, "ParameterValue": value, "ResolvedValue": resolved})
    });
    shown.collect()
}

/// Tags as they are shown.
pub(super) fn tags(tags: &[(String, String)]) -> Value {
    tags.iter().map(|(key, value)| json!({"Key": key, "Value": value})).collect()
}

/// A time as it is shown.
pub(super) fn time(at: jiff::Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}
