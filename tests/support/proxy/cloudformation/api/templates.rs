//! Templates as they are stored, and what can be said about one.

use std::collections::BTreeSet;
use std::sync::Arc;

use cloudops_aws::cfn::template::Template;
use serde_json::{Value, json};

use super::submit;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::form::Form;
use crate::proxy::cloudformation::state::Desired;
use crate::proxy::cloudformation::validate;

fn stored(engine: &Engine, form: &Form) -> Result<Desired, Fault> {
    let state = engine.state();
    let name = form.text("StackName");
    if let Some(set) = form.text("ChangeSetName") {
        let stacks = state
            .stacks
            .iter()
            .filter(|stack| name.is_none_or(|name| stack.name == name || stack.id == name));
        let mut sets = stacks.flat_map(|stack| &stack.change_sets);
        let found = sets.find(|one| one.id == set || one.name == set);
        let missing = || Fault {
            status: 404,
            ..Fault::new("ChangeSetNotFound", format!("ChangeSet [{set}] does not exist"))
        };
        return found.map(|set| set.desired.clone()).ok_or_else(missing);
    }
    let stack = state.stack(form.required("StackName")?)?;
    stack
        .desired
        .clone()
        .ok_or_else(|| Fault::validation(format!("Stack with id {} does not exist", stack.name)))
}

/// `GetTemplate`: the text as it was given. A stack that is only reviewed has none yet, which is
/// no error.
pub(super) async fn get(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    if is_only_reviewed(engine, form) {
        return Ok(json!({"TemplateBody": "", "StagesAvailable": []}));
    }
    let desired = stored(engine, form)?;
    Ok(
        json!({"TemplateBody": desired.template.text(), "StagesAvailable": ["Original", "Processed"]}),
    )
}

fn is_only_reviewed(engine: &Engine, form: &Form) -> bool {
    let state = engine.state();
    let stack = form.text("StackName").and_then(|name| state.find(name));
    form.text("ChangeSetName").is_none()
        && stack.is_some_and(|stack| stack.status == "REVIEW_IN_PROGRESS")
}

async fn given(engine: &Engine, form: &Form) -> Result<Arc<Template>, Fault> {
    if form.text("StackName").is_some() {
        return Ok(stored(engine, form)?.template);
    }
    validate::read(&submit::text(engine, form).await?)
}

/// `GetTemplateSummary`.
pub(super) async fn summary(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let template = given(engine, form).await?;
    let resources = template.resources();
    let types: BTreeSet<&str> = resources.iter().map(|one| one.resource_type.as_str()).collect();
    let parameters: Value = template
        .parameters()
        .into_iter()
        .map(|spec| {
            let constraints = if spec.allowed_values.is_empty() {
                json!({})
            } else {
                json!({"AllowedValues": spec.allowed_values})
            };
            json!({
                "ParameterKey": spec.name,
                "DefaultValue": spec.default,
                "ParameterType": spec.parameter_type,
                "NoEcho": spec.no_echo,
                "Description": spec.description,
                "ParameterConstraints": constraints,
            })
        })
        .collect();
    let mut answer = about(&template);
    answer["Parameters"] = parameters;
    answer["ResourceTypes"] = json!(types);
    answer["Version"] = template.body()["AWSTemplateFormatVersion"].clone();
    answer["Metadata"] = match &template.body()["Metadata"] {
        Value::Null => Value::Null,
        metadata => json!(metadata.to_string()),
    };
    Ok(answer)
}

/// `ValidateTemplate`.
pub(super) async fn validate(engine: &Engine, form: &Form) -> Result<Value, Fault> {
    let template = validate::read(&submit::text(engine, form).await?)?;
    let mut answer = about(&template);
    answer["Parameters"] = template
        .parameters()
        .into_iter()
        .map(|spec| {
            json!({
                "ParameterKey": spec.name,
                "DefaultValue": spec.default,
                "NoEcho": spec.no_echo,
                "Description": spec.description,
            })
        })
        .collect();
    Ok(answer)
}

fn about(template: &Template) -> Value {
    let mut answer = json!({"Description": template.body()["Description"]});
    if let Some((needed, types)) = validate::capabilities(template) {
        answer["Capabilities"] = json!([needed]);
        answer["CapabilitiesReason"] = json!(format!(
            "The following resource(s) require capabilities: [{}]",
            types.join(", ")
        ));
    }
    answer
}
