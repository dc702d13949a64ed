//! The operations: each checks what AWS checks and answers what AWS answers.

mod change_set_views;
mod change_sets;
mod events;
mod imports;
mod inspect;
mod nested_change_sets;
mod recover;
mod remove;
mod shared;
mod stacks;
mod submit;
mod templates;

use std::sync::Arc;

use serde_json::Value;

use super::answer::Fault;
use super::drift;
use super::engine::Engine;
use super::form::Form;

/// Answers one call.
pub(super) async fn dispatch(
    engine: &Arc<Engine>,
    action: &str,
    form: Form,
) -> Result<Value, Fault> {
    match action {
        "CreateStack" => submit::create_stack(engine, &form).await,
        "UpdateStack" => submit::update_stack(engine, &form).await,
        "CreateChangeSet" => change_sets::create(engine, &form).await,
        "DescribeChangeSet" => change_set_views::describe(engine, &form),
        "ExecuteChangeSet" => change_set_views::execute(engine, &form).await,
        "DeleteChangeSet" => change_set_views::delete(engine, &form),
        "ListChangeSets" => change_set_views::list(engine, &form),
        "DeleteStack" => remove::delete_stack(engine, &form),
        "UpdateTerminationProtection" => remove::update_termination_protection(engine, &form),
        "CancelUpdateStack" => recover::cancel_update(engine, &form),
        "ContinueUpdateRollback" => recover::continue_rollback(engine, &form),
        "RollbackStack" => recover::rollback(engine, &form),
        "DescribeStacks" => stacks::describe(engine, &form),
        "ListStacks" => stacks::list(engine, &form),
        "DescribeStackResource" => inspect::resource(engine, &form),
        "DescribeStackResources" => inspect::resources(engine, &form),
        "ListStackResources" => inspect::list_resources(engine, &form),
        "SetStackPolicy" => inspect::set_policy(engine, &form),
        "GetStackPolicy" => inspect::get_policy(engine, &form),
        "ListExports" => inspect::exports(engine, &form),
        "ListImports" => inspect::imports(engine, &form),
        "DescribeStackEvents" => events::stack_events(engine, &form),
        "DescribeEvents" => events::operation_events(engine, &form),
        "GetTemplate" => templates::get(engine, &form).await,
        "GetTemplateSummary" => templates::summary(engine, &form).await,
        "ValidateTemplate" => templates::validate(engine, &form).await,
        "DetectStackDrift" => drift::detect(engine, &form),
        "DescribeStackDriftDetectionStatus" => drift::status(engine, &form),
        "DescribeStackResourceDrifts" => drift::resources(engine, &form),
        other => Err(Fault::new(
            "InvalidAction",
            format!("Could not find operation {other} for version 2010-05-15"),
        )),
    }
}
