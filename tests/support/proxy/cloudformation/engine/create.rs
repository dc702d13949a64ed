//! The creation of a stack, and its undoing.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::step::Farewell;
use super::{Engine, Run};
use crate::proxy::cloudformation::model::Model;
use crate::proxy::cloudformation::schedule;
use crate::proxy::cloudformation::state::{OnFailure, Output, Resource};

/// What AWS says of a resource that was not made because another failed.
pub(super) const CANCELLED: &str = "Resource creation cancelled";

impl Engine {
    /// Creates the resources of a stack whose status says so already.
    pub(in crate::proxy::cloudformation) async fn create(self: Arc<Self>, run: Run, model: Model) {
        self.create_all(&run, &model).await;
    }

    pub(super) async fn create_all(&self, run: &Run, model: &Model) {
        let _busy = run.busy.lock().await;
        let failed = schedule::in_order(&model.needs(), &run.cancel, |name| async move {
            self.create_one(run, model, &name).await
        })
        .await;
        if self.with(run, |stack| stack.status) != Some("CREATE_IN_PROGRESS") {
            return; // A deletion took over and waits for this to end.
        }
        let outcome = if !failed.is_empty() {
            Err(failures(&failed))
        } else if run.cancel.is_cancelled() {
            Err(CANCELLED.to_owned())
        } else {
            self.finish(run, model)
        };
        match outcome {
            Ok(()) => self.stack_is(run, "CREATE_COMPLETE", None),
            Err(reason) => self.create_failed(run, &reason).await,
        }
    }

    /// Computes outputs.
    pub(super) fn finish(&self, run: &Run, model: &Model) -> Result<(), String> {
        let outputs = model.outputs(&self.resources(run))?;
        let taken = self.state().exports();
        for output in &outputs {
            let other = taken.iter().find(|(name, _, stack)| {
                Some(name) == output.export.as_ref() && *stack != run.stack_id
            });
            if let Some((name, _, stack)) = other {
                let stack = stack.split('/').nth(1).unwrap_or_default();
                return Err(format!(
                    "Export with name {name} is already exported by stack {stack}. Rollback requested by user."
                ));
            }
        }
        if let Some(reason) = self.export_in_use(run, &outputs) {
            return Err(reason);
        }
        let imports = model.imports();
        self.with(run, |stack| {
            stack.outputs = outputs;
            stack.imports = imports;
        });
        Ok(())
    }

    /// Why the outputs cannot take the place of those that other stacks import.
    fn export_in_use(&self, run: &Run, outputs: &[Output]) -> Option<String> {
        let state = self.state();
        let stack = state.find(&run.stack_id)?;
        stack.outputs.iter().find_map(|old| {
            let export = old.export.as_ref()?;
            let users = state.importers(export).join(", ");
            let new = outputs.iter().find(|new| new.export.as_ref() == Some(export));
            match new {
                _ if users.is_empty() => None,
                None => Some(format!(
                    "Delete canceled. Cannot delete export {export} as it is in use by {users}."
                )),
                Some(new) if new.value != old.value => {
                    Some(format!("Cannot update export {export} as it is in use by {users}."))
                }
                Some(_) => None,
            }
        })
    }

    async fn create_failed(&self, run: &Run, reason: &str) {
        let (disabled, on_failure) =
            self.with(run, |stack| (stack.disable_rollback, stack.on_failure)).unwrap_or_default();
        if disabled || on_failure == OnFailure::Nothing {
            return self.stack_is(run, "CREATE_FAILED", Some(reason.to_owned()));
        }
        let (during, good, bad) = if on_failure == OnFailure::Delete {
            ("DELETE_IN_PROGRESS", "DELETE_COMPLETE", "DELETE_FAILED")
        } else {
            ("ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE", "ROLLBACK_FAILED")
        };
        let asked = format!("{} Rollback requested by user.", reason.trim_end());
        self.stack_is(run, during, Some(asked));
        self.undo_creation(run, good, bad).await;
    }

    /// Deletes everything that a failed creation made.
    pub(super) async fn undo_creation(&self, run: &Run, good: &'static str, bad: &'static str) {
        let resources = self.resources(run);
        let failed = self
            .delete_all(run, &resources, |resource| Farewell::of(&resource.deletion_policy, true))
            .await;
        if failed.is_empty() {
            self.stack_is(run, good, None);
        } else {
            let names = failed.join(", ");
            let reason = format!("The following resource(s) failed to delete: [{names}]. ");
            self.stack_is(run, bad, Some(reason));
        }
    }

    /// Deletes resources of the stack, those first that need others.
    pub(super) async fn delete_all(
        &self,
        run: &Run,
        resources: &BTreeMap<String, Resource>,
        farewell: impl Fn(&Resource) -> Farewell,
    ) -> Vec<String> {
        let needs = resources
            .iter()
            .filter(|(_, resource)| {
                !matches!(resource.status, "DELETE_COMPLETE" | "DELETE_SKIPPED")
            })
            .map(|(name, resource)| (name.clone(), resource.depends_on.clone()))
            .collect();
        schedule::as_far_as_possible(&schedule::reversed(&needs), |name| {
            let farewell = resources.get(&name).map(&farewell);
            async move {
                let (Some(resource), Some(farewell)) = (resources.get(&name), farewell) else {
                    return true;
                };
                let gone = self.part_with(run, resource, farewell).await;
                self.with(run, |stack| {
                    if let Some(resource) = stack.resources.get_mut(&name) {
                        resource.status = match (gone, farewell) {
                            (true, Farewell::Retain) => "DELETE_SKIPPED",
                            (true, _) => "DELETE_COMPLETE",
                            (false, _) => "DELETE_FAILED",
                        };
                    }
                });
                gone
            }
        })
        .await
    }
}

/// The reason of a stack whose resources failed.
fn failures(failed: &[String]) -> String {
    format!("The following resource(s) failed to create: [{}].", failed.join(", "))
}
