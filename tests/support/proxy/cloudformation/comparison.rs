//! What differs between a stack and what is wanted of it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::answer::Fault;
use super::changes::{self, Now};
use super::engine::Engine;
use super::model::Model;
use super::state::{Desired, Output, Resource, Stack};

/// A stack as it is before an update.
#[derive(Default)]
pub(super) struct Snapshot {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) desired: Option<Desired>,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) outputs: Vec<Output>,
}

impl Snapshot {
    pub(super) fn of(stack: &Stack) -> Self {
        Self {
            id: stack.id.clone(),
            name: stack.name.clone(),
            desired: stack.desired.clone(),
            resources: stack.resources.clone(),
            outputs: stack.outputs.clone(),
        }
    }
}

/// What differs between a stack and what is wanted of it.
pub(super) struct Difference {
    pub(super) changes: Vec<Value>,
    other: bool,
}

impl Difference {
    pub(super) fn is_any(&self) -> bool {
        self.other || !self.changes.is_empty()
    }
}

/// Compares a stack with what is wanted of it.
pub(super) async fn difference(
    engine: &Engine,
    before: &Snapshot,
    model: &Model,
    desired: &Desired,
) -> Result<Difference, Fault> {
    difference_without(engine, before, model, desired, &BTreeSet::new()).await
}

/// As [`difference`], where nothing changes in the nested stacks with these logical ids.
pub(super) async fn difference_without(
    engine: &Engine,
    before: &Snapshot,
    model: &Model,
    desired: &Desired,
    quiet: &BTreeSet<String>,
) -> Result<Difference, Fault> {
    let mut resources = before.resources.clone();
    // What a creation failed at is made anew.
    resources.retain(|_, one| one.exists());
    engine.complete_attributes(model, &mut resources).await;
    let retyped: Vec<&str> = resources
        .values()
        .filter(|one| {
            model
                .resources
                .get(&one.logical_id)
                .is_some_and(|new| new.resource_type != one.resource_type)
        })
        .map(|one| one.logical_id.as_str())
        .collect();
    if !retyped.is_empty() {
        return Err(Fault::validation(format!(
            "Update of resource type is not permitted. The new template modifies resource type of the following resources: [{}]",
            retyped.join(", ")
        )));
    }
    let now = Now { resources: &resources, desired: before.desired.as_ref(), quiet };
    let changes = changes::compute(&now, model, desired).map_err(Fault::validation)?;
    let outputs = model.outputs(&resources);
    let other = outputs.is_ok_and(|outputs| outputs != before.outputs)
        || before.desired.as_ref().is_some_and(|old| old.tags != desired.tags);
    Ok(Difference { changes, other })
}
