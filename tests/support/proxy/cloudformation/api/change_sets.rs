//! `CreateChangeSet`: the answer comes at once, the changes are found in the background.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::imports;
use super::nested_change_sets::{self, Outer};
use super::shared;
use super::submit;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::comparison::{self, Snapshot};
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::form::Form;
use crate::proxy::cloudformation::model::Model;
use crate::proxy::cloudformation::state::{
    ChangeSet, ChangeSetKind, Desired, Import, Stack, Validation, can_update,
};
use crate::proxy::cloudformation::{drift, validate};

pub(super) const NO_CHANGES: &str = "The submitted information didn't contain changes. Submit different information to create a change set.";

const IMPORT_REVIEW: &str = "Verify that resources and their properties defined in the template match the intended configuration of the resource import to avoid unexpected changes.";

/// Change sets of one stack that are kept; AWS does not publish its number.
const MOST_CHANGE_SETS: usize = 1_000;

/// Why a change set failed whose early validation failed.
fn refused_early(validation: &Validation) -> String {
    let hook = match validation.name {
        "PROPERTY_VALIDATION" => "PropertyValidation",
        _ => "ResourceExistenceCheck",
    };
    format!(
        "The following hook(s)/validation failed: [AWS::EarlyValidation::{hook}]. To troubleshoot Early Validation errors, use the DescribeEvents API for detailed failure information."
    )
}

/// `CreateChangeSet`.
pub(super) async fn create(engine: &Arc<Engine>, form: &Form) -> Result<Value, Fault> {
    let (stack_name, name) = (form.required("StackName")?, form.required("ChangeSetName")?);
    shared::check_name(name, "changeSetName")?;
    let kind = kind(form)?;
    if let Some(answer) = admitted(engine, form, stack_name, name, kind)? {
        return Ok(answer);
    }
    let reverts = reverts_drift(form, kind)?;
    let imports = if kind == ChangeSetKind::Import { imports::read(form)? } else { Vec::new() };
    let before = engine.state().find(stack_name).map(Snapshot::of);
    let desired =
        submit::desired(engine, form, before.as_ref().and_then(|before| before.desired.as_ref()))
            .await?;
    validate::acknowledged(&desired.template, &desired.capabilities)?;
    let stack_id =
        before.as_ref().map_or_else(|| engine.place.stack(stack_name), |before| before.id.clone());
    let plain_name = before.as_ref().map_or(stack_name, |before| before.name.as_str());
    let model = engine.model(&desired, (plain_name, &stack_id)).await?;
    let changes = if kind == ChangeSetKind::Import {
        import_changes(engine, &imports, before.as_ref(), (&model, &desired)).await?
    } else {
        Vec::new()
    };
    let set = ChangeSet {
        id: engine.place.change_set(name),
        name: name.to_owned(),
        description: form.owned("Description"),
        kind,
        imports,
        drift: None,
        status: "CREATE_PENDING",
        execution: "UNAVAILABLE",
        reason: None,
        created: Timestamp::now(),
        desired: desired.clone(),
        changes,
        on_failure: shared::on_failure(form, "OnStackFailure"),
        token: form.owned("ClientToken"),
        operation: Uuid::new_v4().to_string(),
        nested: form.flag("IncludeNestedStacks").unwrap_or(false),
        above: None,
    };
    let answer = json!({"Id": set.id, "StackId": stack_id});
    let set_id = set.id.clone();
    let before = insert(engine, &stack_id, plain_name, set)?;
    let making = Making { before, set_id, model, desired, reverts };
    tokio::spawn(fill(Arc::clone(engine), making));
    Ok(answer)
}

fn kind(form: &Form) -> Result<ChangeSetKind, Fault> {
    let kind = match form.text("ChangeSetType").unwrap_or("UPDATE") {
        "CREATE" => ChangeSetKind::Create,
        "UPDATE" => ChangeSetKind::Update,
        "IMPORT" => ChangeSetKind::Import,
        other => {
            return Err(Fault::validation(format!(
                "1 validation error detected: Value '{other}' at 'changeSetType' failed to satisfy constraint: Member must satisfy enum value set: [IMPORT, UPDATE, CREATE]"
            )));
        }
    };
    if kind != ChangeSetKind::Create && form.text("OnStackFailure") == Some("DELETE") {
        return Err(Fault::validation(
            "OnStackFailure DELETE is only valid when ChangeSetType is CREATE.",
        ));
    }
    Ok(kind)
}

fn reverts_drift(form: &Form, kind: ChangeSetKind) -> Result<bool, Fault> {
    match form.text("DeploymentMode") {
        None => Ok(false),
        Some("REVERT_DRIFT") if kind == ChangeSetKind::Update => Ok(true),
        Some("REVERT_DRIFT") => Err(Fault::validation(
            "DeploymentMode REVERT_DRIFT is only valid when ChangeSetType is UPDATE.",
        )),
        Some(other) => Err(Fault::validation(format!(
            "1 validation error detected: Value '{other}' at 'deploymentMode' failed to satisfy constraint: Member must satisfy enum value set: [REVERT_DRIFT]"
        ))),
    }
}

async fn import_changes(
    engine: &Engine,
    imports: &[Import],
    before: Option<&Snapshot>,
    (model, desired): (&Model, &Desired),
) -> Result<Vec<Value>, Fault> {
    let empty = Snapshot::default();
    let now = before.unwrap_or(&empty);
    let difference = comparison::difference(engine, now, model, desired).await?;
    imports::changes(imports, desired, before, &difference.changes)
}

/// Whether the change set can be made; the answer, when it was made by the same request before.
fn admitted(
    engine: &Engine,
    form: &Form,
    stack_name: &str,
    name: &str,
    kind: ChangeSetKind,
) -> Result<Option<Value>, Fault> {
    let state = engine.state();
    let stack = state.find(stack_name).filter(|stack| stack.status != "DELETE_COMPLETE");
    let Some(stack) = stack else {
        if kind != ChangeSetKind::Update {
            shared::check_name(stack_name, "stackName")?;
            return Ok(None);
        }
        return Err(Fault::validation(format!("Stack [{stack_name}] does not exist")));
    };
    if let Some(set) = stack.change_sets.iter().find(|set| set.name == name) {
        if set.token.is_some() && set.token.as_deref() == form.text("ClientToken") {
            return Ok(Some(json!({"Id": set.id, "StackId": stack.id})));
        }
        return Err(Fault::new(
            "AlreadyExistsException",
            format!(
                "ChangeSet {name} cannot be created due to a mismatch with existing attribute Template"
            ),
        ));
    }
    if stack.change_sets.len() >= MOST_CHANGE_SETS {
        return Err(Fault::new(
            "LimitExceededException",
            format!("ChangeSet limit exceeded for stack {}", stack.name),
        ));
    }
    match (kind, stack.status) {
        (ChangeSetKind::Create | ChangeSetKind::Import, "REVIEW_IN_PROGRESS") => Ok(None),
        (ChangeSetKind::Create, _) => Err(Fault::validation(format!(
            "Stack [{}] already exists and cannot be created again with the changeSet [{name}].",
            stack.name
        ))),
        (_, status) if can_update(status) => Ok(None),
        (_, _) => Err(shared::not_updatable(stack)),
    }
}

/// Puts the change set to its stack, which may have to be made for it.
fn insert(engine: &Engine, stack_id: &str, name: &str, set: ChangeSet) -> Result<Snapshot, Fault> {
    let mut state = engine.state();
    if state.find(stack_id).is_none() {
        let mut stack = Stack::new(stack_id.to_owned(), name.to_owned(), "REVIEW_IN_PROGRESS");
        let run = stack.begin("CREATE_CHANGESET", set.token.clone());
        stack.is(&run, "REVIEW_IN_PROGRESS", Some("User Initiated".to_owned()));
        stack.operations.clear();
        state.stacks.push(stack);
    }
    let stack = state.stack_mut(stack_id)?;
    let snapshot = Snapshot::of(stack);
    stack.note_change_set(&set);
    stack.change_sets.push(set);
    Ok(snapshot)
}

/// A change set that is being made.
struct Making {
    before: Snapshot,
    set_id: String,
    model: Model,
    desired: Desired,
    /// Whether what the service has is compared, instead of what was deployed.
    reverts: bool,
}

/// Finds out what the change set changes.
async fn fill(engine: Arc<Engine>, Making { mut before, set_id, model, desired, reverts }: Making) {
    let with = |change: &dyn Fn(&mut ChangeSet)| {
        let mut state = engine.state();
        let stack = state.find_mut(&before.id);
        if let Some(set) =
            stack.and_then(|stack| stack.change_sets.iter_mut().find(|set| set.id == set_id))
        {
            change(set);
        }
    };
    with(&|set| set.status = "CREATE_IN_PROGRESS");
    engine.pause("AWS::CloudFormation::ChangeSet").await;
    let imports = {
        let state = engine.state();
        let set = state
            .find(&before.id)
            .and_then(|stack| stack.change_sets.iter().find(|set| set.id == set_id));
        set.map(|set| set.imports.clone()).unwrap_or_default()
    };
    if !imports.is_empty() {
        let taken = engine.not_importable(&imports, &model).await;
        with(&|set| match &taken {
            Some(reason) => set.fail(reason),
            None => {
                set.status = "CREATE_COMPLETE";
                set.execution = "AVAILABLE";
                set.reason = Some(IMPORT_REVIEW.to_owned());
            }
        });
        return engine.change_set_done(&before.id, &set_id, taken.is_none());
    }
    let deployed = before.resources.clone();
    let found = if reverts { Some(drift::look(&engine, &deployed).await) } else { None };
    if let Some(found) = &found {
        drift::lay_over(&mut before.resources, found);
        with(&|set| set.drift = Some(found.clone()));
    }
    let mut outcome = comparison::difference(&engine, &before, &model, &desired).await;
    if let Some(name) = nested_name(&engine, &before.id, &set_id)
        && let Ok(difference) = outcome
    {
        let outer = Outer { name: &name, id: &set_id, root: &set_id, desired: &desired };
        let looked =
            nested_change_sets::look_inside(&engine, outer, (&before, &model), difference).await;
        outcome = looked.map_err(Fault::validation);
    }
    if let (Ok(difference), Some(found)) = (&mut outcome, &found) {
        drift::annotate(&mut difference.changes, &deployed, found, &model);
    }
    let refused = match &outcome {
        Ok(difference) => engine.early_validation(&difference.changes).await,
        Err(_) => None,
    };
    if let Some((validation, sentence)) = refused {
        with(&|set| set.fail(&refused_early(&validation)));
        return engine.refused_early(&before.id, &set_id, validation, &sentence);
    }
    match outcome {
        Ok(difference) if difference.is_any() || before.desired.is_none() => with(&|set| {
            set.status = "CREATE_COMPLETE";
            set.execution = "AVAILABLE";
            set.changes.clone_from(&difference.changes);
        }),
        Ok(_) => with(&|set| set.fail(NO_CHANGES)),
        Err(fault) => with(&|set| set.fail(&fault.message)),
    }
    let failed = {
        let state = engine.state();
        state.find(&before.id).is_some_and(|stack| {
            stack.change_sets.iter().any(|set| set.id == set_id && set.status == "FAILED")
        })
    };
    engine.change_set_done(&before.id, &set_id, !failed);
}

/// The name of the change set, if those of nested stacks belong to it.
fn nested_name(engine: &Engine, stack: &str, set: &str) -> Option<String> {
    let state = engine.state();
    let set = state.find(stack)?.change_sets.iter().find(|one| one.id == set)?;
    set.nested.then(|| set.name.clone())
}

impl ChangeSet {
    fn fail(&mut self, reason: &str) {
        self.status = "FAILED";
        self.execution = "UNAVAILABLE";
        self.reason = Some(reason.to_owned());
    }
}

impl Engine {
    /// Why the resources cannot be imported.
    async fn not_importable(&self, imports: &[Import], model: &Model) -> Option<String> {
        if let Some(reason) = imports::taken(imports, &self.state()) {
            return Some(reason);
        }
        for Import { logical_id, resource_type, identifier } in imports {
            let properties = &model.resources.get(logical_id)?.properties;
            if let Err(refusal) = self.provisioner.find(resource_type, identifier, properties).await
            {
                return Some(refusal.sentence().to_owned());
            }
        }
        None
    }

    /// What is wrong, found before anything is made.
    async fn early_validation(&self, changes: &[Value]) -> Option<(Validation, String)> {
        for change in changes {
            let found = self.validated_early(&change["ResourceChange"]).await;
            if found.is_some() {
                return found;
            }
        }
        None
    }
}
