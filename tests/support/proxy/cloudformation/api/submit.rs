//! `CreateStack`, `UpdateStack`, and what they share with change sets.

use std::sync::Arc;

use cloudops_aws::cfn::template::Template;
use serde_json::{Value, json};

use super::shared;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::comparison::{Snapshot, difference};
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::form::Form;
use crate::proxy::cloudformation::state::{Desired, Stack};
use crate::proxy::cloudformation::{parameters, stored_template, validate};

/// `CreateStack`.
pub(super) async fn create_stack(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let name = form.required("StackName")?;
    shared::check_name(name, "stackName")?;
    if let Some(stack) = engine.state().find(name) {
        if shared::repeated(stack, form, "CREATE_STACK")? {
            return Ok(json!({"StackId": stack.id}));
        }
        return Err(exists(name));
    }
    let desired = desired(engine, form, None).await?;
    validate::acknowledged(&desired.template, &desired.capabilities)?;
    let id = engine.place.stack(name);
    let model = engine.model(&desired, (name, &id)).await?;
    let mut stack = Stack::new(id.clone(), name.to_owned(), "CREATE_IN_PROGRESS");
    stack.desired = Some(desired);
    stack.disable_rollback = shared::keeps_what_failed(form);
    stack.on_failure = shared::on_failure(form, "OnFailure").unwrap_or_default();
    stack.termination_protection = form.flag("EnableTerminationProtection").unwrap_or(false);
    stack.policy = shared::policy(form, "StackPolicyBody")?;
    stack.timeout_minutes = form.text("TimeoutInMinutes").and_then(|text| text.parse().ok());
    let run = stack.begin("CREATE_STACK", form.owned("ClientRequestToken"));
    stack.is(&run, "CREATE_IN_PROGRESS", Some("User Initiated".to_owned()));
    {
        let mut state = engine.state();
        // Another call may have been faster while this one asked the emulator.
        if state.find(name).is_some() {
            return Err(exists(name));
        }
        state.stacks.push(stack);
    }
    let operation = run.operation.clone();
    tokio::spawn(Arc::clone(engine).create(run, model));
    Ok(json!({"StackId": id, "OperationId": operation}))
}

fn exists(name: &str) -> Fault {
    Fault::new("AlreadyExistsException", format!("Stack [{name}] already exists"))
}

/// `UpdateStack`.
pub(super) async fn update_stack(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let name = form.required("StackName")?;
    let before = match current(engine, form, name, "UPDATE_STACK")? {
        Current::Repeated(id) => return Ok(json!({"StackId": id})),
        Current::Ready(before) => before,
    };
    let lasting = shared::policy(form, "StackPolicyBody")?;
    let during = shared::policy(form, "StackPolicyDuringUpdateBody")?;
    let desired = desired(engine, form, before.desired.as_ref()).await?;
    validate::acknowledged(&desired.template, &desired.capabilities)?;
    let model = engine.model(&desired, (&before.name, &before.id)).await?;
    let difference = difference(engine, &before, &model, &desired).await?;
    if !difference.is_any() {
        return Err(Fault::validation("No updates are to be performed."));
    }
    let run = {
        let mut state = engine.state();
        let stack = state.stack_mut(&before.id)?;
        shared::updatable(stack, form)?;
        stack.disable_rollback = shared::keeps_what_failed(form);
        stack.policy_during_update = during;
        if let Some(policy) = lasting {
            stack.policy = Some(policy);
        }
        stack.outdate_change_sets();
        stack.turn_to(desired);
        let run = stack.begin("UPDATE_STACK", form.owned("ClientRequestToken"));
        stack.is(&run, "UPDATE_IN_PROGRESS", Some("User Initiated".to_owned()));
        run
    };
    let operation = run.operation.clone();
    tokio::spawn(Arc::clone(engine).update(run, model));
    Ok(json!({"StackId": before.id, "OperationId": operation}))
}

enum Current {
    Repeated(String),
    Ready(Box<Snapshot>),
}

fn current(engine: &Engine, form: &Form, name: &str, kind: &str) -> Result<Current, Fault> {
    let state = engine.state();
    let stack = state
        .find(name)
        .filter(|stack| stack.status != "DELETE_COMPLETE")
        .ok_or_else(|| Fault::validation(format!("Stack [{name}] does not exist")))?;
    if shared::repeated(stack, form, kind)? {
        return Ok(Current::Repeated(stack.id.clone()));
    }
    shared::updatable(stack, form)?;
    Ok(Current::Ready(Box::new(Snapshot::of(stack))))
}

/// What a submission wants, completed by what the stack was before.
pub(super) async fn desired(
    engine: &Engine,
    form: &Form,
    before: Option<&Desired>,
) -> Result<Desired, Fault> {
    let template = template(engine, form, before).await?;
    let previous = before.map(|before| &before.parameters);
    let mut parameters = parameters::read(form, &template, previous)?;
    parameters::look_up(&engine.upstream, &template, &mut parameters).await?;
    let tags = form.tags().or_else(|| before.map(|before| before.tags.clone()));
    let role = form.owned("RoleARN").or_else(|| before.and_then(|before| before.role.clone()));
    Ok(Desired {
        template,
        parameters,
        tags: tags.unwrap_or_default(),
        capabilities: form.list("Capabilities"),
        notifications: form.list("NotificationARNs"),
        role,
    })
}

async fn template(
    engine: &Engine,
    form: &Form,
    before: Option<&Desired>,
) -> Result<Arc<Template>, Fault> {
    if form.flag("UsePreviousTemplate") == Some(true)
        && let Some(before) = before
    {
        return Ok(Arc::clone(&before.template));
    }
    validate::read(&text(engine, form).await?)
}

/// The text of the template that a request brings or names.
pub(super) async fn text(engine: &Engine, form: &Form) -> Result<String, Fault> {
    if let Some(body) = form.text("TemplateBody") {
        return Ok(body.to_owned());
    }
    let address = form.text("TemplateURL").ok_or_else(|| {
        Fault::validation("Either Template URL or Template Body must be specified.")
    })?;
    stored_template::read(&engine.upstream, address).await
}
