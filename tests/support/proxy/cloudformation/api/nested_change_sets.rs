//! Change sets of nested stacks, made with the one of the stack above.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::change_sets::NO_CHANGES;
use crate::proxy::cloudformation::answer::Fault;
use crate::proxy::cloudformation::changes::AUTOMATIC;
use crate::proxy::cloudformation::comparison::{self, Difference, Snapshot, difference_without};
use crate::proxy::cloudformation::engine::Engine;
use crate::proxy::cloudformation::model::Model;
use crate::proxy::cloudformation::nested;
use crate::proxy::cloudformation::state::{Above, ChangeSet, ChangeSetKind, Desired, State};

/// The change set that those of nested stacks are made for.
#[derive(Clone, Copy)]
pub(super) struct Outer<'a> {
    pub(super) name: &'a str,
    pub(super) id: &'a str,
    pub(super) root: &'a str,
    pub(super) desired: &'a Desired,
}

type Looked<'a> = Pin<Box<dyn Future<Output = Result<Difference, String>> + Send + 'a>>;

/// Makes the change sets of the nested stacks that the difference modifies, and names them there.
/// Leaves out the nested stacks in which nothing changes. Those that are about to be made get none.
pub(super) fn look_inside<'a>(
    engine: &'a Engine,
    outer: Outer<'a>,
    (before, model): (&'a Snapshot, &'a Model),
    difference: Difference,
) -> Looked<'a> {
    Box::pin(async move {
        let (mut sets, mut quiet) = (BTreeMap::new(), BTreeSet::new());
        for change in difference.changes.iter().map(|change| &change["ResourceChange"]) {
            if change["ResourceType"] != nested::TYPE || change["Action"] != "Modify" {
                continue;
            }
            let name = change["LogicalResourceId"].as_str().unwrap_or_default().to_owned();
            let (set_id, changed) = one(engine, outer, change).await?;
            if changed || !is_automatic(change) {
                sets.insert(name, set_id);
            } else {
                engine.state().forget_change_sets(&set_id);
                quiet.insert(name);
            }
        }
        let found = difference_without(engine, before, model, outer.desired, &quiet).await;
        let mut found = found.map_err(|fault| fault.message)?;
        for change in found.changes.iter_mut().map(|change| &mut change["ResourceChange"]) {
            if let Some(id) = change["LogicalResourceId"].as_str().and_then(|name| sets.get(name)) {
                change["ChangeSetId"] = json!(id);
            }
        }
        Ok(found)
    })
}

/// Whether the template says nothing new of a nested stack.
fn is_automatic(change: &Value) -> bool {
    let mut details = change["Details"].as_array().into_iter().flatten();
    details.all(|detail| detail["ChangeSource"] == AUTOMATIC)
}

/// The change set of one nested stack, and whether there is anything in it.
async fn one(engine: &Engine, outer: Outer<'_>, change: &Value) -> Result<(String, bool), String> {
    let id = change["PhysicalResourceId"].as_str().unwrap_or_default();
    let context = change["AfterContext"].as_str().unwrap_or("{}");
    let context: Value = serde_json::from_str(context).unwrap_or_default();
    let set_id = engine.place.change_set(outer.name);
    // AWS names the change set and leaves the reason to be read there.
    let failed = |fault: Fault| {
        format!(
            "Nested change set {set_id} was not successfully created: Currently in FAILED. {}",
            fault.message
        )
    };
    let before = engine.state().find(id).map(Snapshot::of).unwrap_or_default();
    let desired = engine.inner_desired(outer.desired, &context["Properties"], None).await;
    let desired = desired.map_err(failed)?;
    let model = engine.model(&desired, (&before.name, &before.id)).await.map_err(failed)?;
    let difference = comparison::difference(engine, &before, &model, &desired).await;
    let difference = difference.map_err(failed)?;
    let within = Outer { id: &set_id, desired: &desired, ..outer };
    let difference = look_inside(engine, within, (&before, &model), difference).await?;
    let changed = difference.is_any();
    let set = ChangeSet {
        id: set_id.clone(),
        name: outer.name.to_owned(),
        description: None,
        kind: ChangeSetKind::Update,
        imports: Vec::new(),
        drift: None,
        status: if changed { "CREATE_COMPLETE" } else { "FAILED" },
        execution: if changed { "AVAILABLE" } else { "UNAVAILABLE" },
        reason: (!changed).then(|| NO_CHANGES.to_owned()),
        created: Timestamp::now(),
        changes: difference.changes,
        desired,
        on_failure: None,
        token: None,
        operation: Uuid::new_v4().to_string(),
        nested: true,
        above: Some(Above { parent: outer.id.to_owned(), root: outer.root.to_owned() }),
    };
    if let Some(stack) = engine.state().find_mut(id) {
        stack.change_sets.push(set);
    }
    Ok((set_id, changed))
}

impl State {
    /// Removes a change set, and those of nested stacks that belong to it.
    pub(super) fn forget_change_sets(&mut self, id: &str) {
        let belongs = |set: &ChangeSet| {
            let above = set.above.as_ref();
            set.id == id || above.is_some_and(|above| above.root == id || above.parent == id)
        };
        for stack in &mut self.stacks {
            stack.change_sets.retain(|set| !belongs(set));
        }
    }
}

/// Refuses to act on the change set of a nested stack alone: it goes with the root's. AWS documents
/// the rule and not its words.
pub(super) fn of_root_only(set: &ChangeSet) -> Result<(), Fault> {
    match &set.above {
        None => Ok(()),
        Some(above) => Err(Fault::validation(format!(
            "ChangeSet [{}] belongs to a nested stack: use the root change set [{}]",
            set.id, above.root
        ))),
    }
}
