//! Stacks that are resources of other stacks: made, changed, taken back and deleted with them.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use cloudops_aws::cfn::template::Template;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::create::CANCELLED;
use super::update::{Garbage, redeclare};
use super::{Engine, Run, Skipped};
use crate::proxy::cloudformation::comparison::{Snapshot, difference};
use crate::proxy::cloudformation::faults::FaultAction;
use crate::proxy::cloudformation::model::Model;
use crate::proxy::cloudformation::state::{Above, Desired, OnFailure, Resource, Stack, can_update};
use crate::proxy::cloudformation::{diff, names, nested};

type Done<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Nested stacks that are updated, with what that left over: it is there until the update of all
/// stacks above is sure.
#[derive(Debug, Default)]
pub(super) struct Unfinished(Mutex<BTreeMap<String, (Run, Garbage)>>);

impl Unfinished {
    fn put(&self, run: Run, garbage: Garbage) {
        self.with(|all| all.insert(run.stack_id.clone(), (run, garbage)));
    }

    fn take(&self, id: &str) -> Option<(Run, Garbage)> {
        self.with(|all| all.remove(id))
    }

    fn with<T>(&self, change: impl FnOnce(&mut BTreeMap<String, (Run, Garbage)>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a nested stack has of the one that it is in.
struct Outer {
    name: String,
    above: Above,
    desired: Desired,
    keeps_failures: bool,
}

impl Engine {
    fn outer(&self, run: &Run) -> Result<Outer, String> {
        let found = self.with(run, |stack| {
            let root = stack.above.as_ref().map_or(&stack.id, |above| &above.root);
            Some(Outer {
                name: stack.name.clone(),
                above: Above { parent: stack.id.clone(), root: root.clone() },
                desired: stack.desired.clone()?,
                keeps_failures: stack.disable_rollback,
            })
        });
        found.flatten().ok_or_else(|| format!("Stack with id {} does not exist", run.stack_id))
    }

    /// Creates the nested stack behind an entry of a stack.
    pub(super) fn make_nested<'a>(
        &'a self,
        run: &'a Run,
        name: &'a str,
        declared: Value,
        status: &'static str,
    ) -> Done<'a, Result<(), String>> {
        Box::pin(async move {
            self.forced(run, (name, nested::TYPE), FaultAction::Create)?;
            let outer = self.outer(run)?;
            let desired = self.inner_desired(&outer.desired, &declared, None).await;
            let desired = desired.map_err(|fault| fault.message)?;
            let own_name = names::nested(&outer.name, name);
            let id = self.place.stack(&own_name);
            let model =
                self.model(&desired, (&own_name, &id)).await.map_err(|fault| fault.message)?;
            let mut stack = Stack::new(id.clone(), own_name, "CREATE_IN_PROGRESS");
            stack.above = Some(outer.above);
            stack.desired = Some(desired);
            // What it made is deleted with it, by the stack above.
            stack.on_failure = OnFailure::Nothing;
            let inner = stack.begin_with("CREATE_STACK", None, run.cancel.child_token());
            stack.is(&inner, "CREATE_IN_PROGRESS", Some("User Initiated".to_owned()));
            self.state().stacks.push(stack);
            self.with(run, |stack| {
                if let Some(resource) = stack.resources.get_mut(name) {
                    resource.physical_id = Some(id.clone());
                    resource.handle.clone_from(&id);
                    resource.properties = declared;
                }
            });
            self.resource_is(run, name, status, Some("Resource creation Initiated".to_owned()));
            self.create_all(&inner, &model).await;
            match self.standing(&id) {
                ("CREATE_COMPLETE", _) => {
                    self.take_outputs(run, name, &id);
                    Ok(())
                }
                _ if run.cancel.is_cancelled() => Err(CANCELLED.to_owned()),
                (_, reason) => {
                    Err(format!("Embedded stack {id} was not successfully created: {reason}"))
                }
            }
        })
    }

    /// Updates a nested stack, if anything in it is to be another. True when all went well.
    pub(super) async fn update_nested(
        &self,
        run: &Run,
        model: &Model,
        current: &Resource,
        declared: Value,
    ) -> bool {
        let name = current.logical_id.as_str();
        let changes = diff::compare(nested::TYPE, &current.properties, &declared);
        let outcome = match self.refusal(run, current, &changes, false) {
            Some(reason) if !changes.is_empty() => Err(reason),
            _ => {
                self.touch(run, name, false);
                self.resource_is(run, name, "UPDATE_IN_PROGRESS", None);
                self.turn_nested(run, current, declared).await
            }
        };
        if let (Ok(()), Some(planned)) = (&outcome, model.resources.get(name)) {
            self.with(run, |stack| redeclare(stack, planned));
        }
        self.concluded(run, name, outcome, "UPDATE_COMPLETE", "UPDATE_FAILED")
    }

    fn turn_nested<'a>(
        &'a self,
        run: &'a Run,
        current: &'a Resource,
        declared: Value,
    ) -> Done<'a, Result<(), String>> {
        Box::pin(async move {
            let name = current.logical_id.as_str();
            self.forced(run, (name, nested::TYPE), FaultAction::Update)?;
            let id = current.physical_id.clone().unwrap_or_default();
            let outer = self.outer(run)?;
            let before = self.state().find(&id).map(Snapshot::of);
            let before = before.ok_or_else(|| format!("Stack [{id}] does not exist"))?;
            let reviewed = self.reviewed(&outer.above.root, &id);
            let desired = self.inner_desired(&outer.desired, &declared, reviewed).await;
            let desired = desired.map_err(|fault| fault.message)?;
            let model = self.model(&desired, (&before.name, &id)).await;
            let model = model.map_err(|fault| fault.message)?;
            let difference = difference(self, &before, &model, &desired).await;
            if difference.map_err(|fault| fault.message)?.is_any() {
                let inner = self.turn(&id, desired, &outer, &run.cancel)?;
                self.go_forward_nested(&inner, &model, run).await?;
            }
            self.with(run, |stack| {
                if let Some(resource) = stack.resources.get_mut(name) {
                    resource.properties = declared;
                }
            });
            self.take_outputs(run, name, &id);
            Ok(())
        })
    }

    /// The nested stack begins to be updated.
    fn turn(
        &self,
        id: &str,
        desired: Desired,
        outer: &Outer,
        cancel: &CancellationToken,
    ) -> Result<Run, String> {
        let mut state = self.state();
        let stack = state.stack_mut(id).map_err(|fault| fault.message)?;
        if !can_update(stack.status) {
            return Err(format!(
                "Stack:{} is in {} state and can not be updated.",
                stack.id, stack.status
            ));
        }
        stack.disable_rollback = outer.keeps_failures;
        stack.outdate_change_sets();
        stack.turn_to(desired);
        let run = stack.begin_with("UPDATE_STACK", None, cancel.child_token());
        stack.is(&run, "UPDATE_IN_PROGRESS", Some("User Initiated".to_owned()));
        Ok(run)
    }

    async fn go_forward_nested(
        &self,
        inner: &Run,
        model: &Model,
        outer: &Run,
    ) -> Result<(), String> {
        let _busy = inner.busy.lock().await;
        match self.go_forward(inner, model).await {
            Ok(garbage) => {
                self.stack_is(inner, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None);
                self.unfinished.put(inner.clone(), garbage);
                Ok(())
            }
            Err(reason) => {
                // It goes back when the stack above does.
                let kept = self.with(inner, |stack| stack.disable_rollback).unwrap_or_default();
                let status = if kept { "UPDATE_FAILED" } else { "UPDATE_ROLLBACK_IN_PROGRESS" };
                self.stack_is(inner, status, Some(reason));
                if outer.cancel.is_cancelled() {
                    return Err("Resource update cancelled".to_owned());
                }
                Err(self.not_updated(&inner.stack_id))
            }
        }
    }

    /// Ends the updates of the stacks nested in one whose own update is sure.
    pub(super) fn conclude_nested<'a>(&'a self, run: &'a Run) -> Done<'a, ()> {
        Box::pin(async move {
            for id in self.nested_in(run) {
                if let Some((inner, garbage)) = self.unfinished.take(&id) {
                    self.conclude(&inner, &garbage).await;
                }
            }
        })
    }

    fn nested_in(&self, run: &Run) -> Vec<String> {
        let resources = self.resources(run).into_values();
        resources
            .filter(|one| one.resource_type == nested::TYPE)
            .filter_map(|one| one.physical_id)
            .collect()
    }

    /// Takes a nested stack back to what it was, if the update came as far as it.
    pub(super) fn restore_nested<'a>(
        &'a self,
        run: &'a Run,
        old: &'a Resource,
        skipped: &'a Skipped,
    ) -> Done<'a, Result<(), String>> {
        Box::pin(async move {
            let name = old.logical_id.as_str();
            self.forced(run, (name, nested::TYPE), FaultAction::Update)?;
            let id = old.physical_id.clone().unwrap_or_default();
            self.unfinished.take(&id);
            let inner = {
                let mut state = self.state();
                let stack = state.find_mut(&id).filter(|stack| stack.before.is_some());
                stack.map(|stack| {
                    let inner = stack.begin("ROLLBACK", None);
                    if stack.status != "UPDATE_ROLLBACK_IN_PROGRESS" {
                        stack.is(&inner, "UPDATE_ROLLBACK_IN_PROGRESS", None);
                    }
                    inner
                })
            };
            if let Some(inner) = inner {
                let _busy = inner.busy.lock().await;
                self.go_back(&inner, skipped).await;
                if self.standing(&id).0 != "UPDATE_ROLLBACK_COMPLETE" {
                    return Err(self.not_updated(&id));
                }
            }
            self.with(run, |stack| {
                if let Some(resource) = stack.resources.get_mut(name) {
                    resource.properties = old.properties.clone();
                }
            });
            self.take_outputs(run, name, &id);
            Ok(())
        })
    }

    /// Deletes a nested stack; one that is gone already is fine.
    pub(super) fn delete_nested<'a>(
        &'a self,
        resource: &'a Resource,
    ) -> Done<'a, Result<(), String>> {
        Box::pin(async move {
            let id = resource.physical_id.clone().unwrap_or_default();
            self.unfinished.take(&id);
            let Some(inner) = self.begin_to_delete(&id) else {
                return Ok(());
            };
            self.delete_whole(&inner, &BTreeSet::new(), false).await;
            match self.standing(&id) {
                ("DELETE_COMPLETE", _) => Ok(()),
                (_, reason) => {
                    Err(format!("Embedded stack {id} was not successfully deleted: {reason}"))
                }
            }
        })
    }

    fn begin_to_delete(&self, id: &str) -> Option<Run> {
        let mut state = self.state();
        let stack = state.find_mut(id).filter(|stack| stack.status != "DELETE_COMPLETE")?;
        stack.cancel.cancel();
        let inner = stack.begin("DELETE_STACK", None);
        stack.is(&inner, "DELETE_IN_PROGRESS", Some("User Initiated".to_owned()));
        Some(inner)
    }

    fn not_updated(&self, id: &str) -> String {
        let (status, reason) = self.standing(id);
        format!(
            "Embedded stack {id} was not successfully updated. Currently in {status} with reason: {reason}"
        )
    }

    /// Status of a stack, and its reason.
    fn standing(&self, id: &str) -> (&'static str, String) {
        let state = self.state();
        let found = state.find(id);
        found.map_or(("", String::new()), |stack| {
            (stack.status, stack.reason.clone().unwrap_or_default())
        })
    }

    fn take_outputs(&self, run: &Run, name: &str, id: &str) {
        let attributes = nested::attributes(&self.state(), id);
        self.with(run, |stack| {
            if let Some(resource) = stack.resources.get_mut(name) {
                resource.attributes = attributes;
            }
        });
    }

    /// The template in the change set of a nested stack that belongs to the one which the root
    /// executes; it is executed with that.
    fn reviewed(&self, root: &str, id: &str) -> Option<Arc<Template>> {
        let mut state = self.state();
        let executed = state.find(root)?.executed_change_set.clone()?;
        let stack = state.find_mut(id)?;
        let own = stack.change_sets.iter_mut().find(|set| {
            let belongs = set.above.as_ref().is_some_and(|above| above.root == executed);
            belongs && set.execution == "AVAILABLE"
        })?;
        own.execution = "EXECUTE_COMPLETE";
        stack.executed_change_set = Some(own.id.clone());
        Some(Arc::clone(&own.desired.template))
    }
}
