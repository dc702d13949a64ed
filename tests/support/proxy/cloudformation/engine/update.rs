//! The update of a stack, and the clean-up after it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::step::{Farewell, fresh, well_formed};
use super::{Engine, Run};
use crate::proxy::cloudformation::diff::{self, Change};
use crate::proxy::cloudformation::faults::FaultAction;
use crate::proxy::cloudformation::model::{Model, Planned};
use crate::proxy::cloudformation::state::{Before, Desired, Resource, Stack};
use crate::proxy::cloudformation::{names, nested, policy, schedule, schema};

const REPLACEMENT_WITHOUT_ROLLBACK: &str =
    "Replacement type updates not supported on stack with disable-rollback.";

/// Resources that are no longer wanted, by logical id.
pub(super) type Garbage = BTreeMap<String, (Resource, Farewell)>;

impl Stack {
    /// Keeps what the update can go back to, and makes the new wishes the stack's.
    pub(in crate::proxy::cloudformation) fn turn_to(&mut self, desired: Desired) {
        // After a failed update without rollback, what it went from is still what to go back to.
        if self.before.is_none() {
            self.before = Some(Box::new(Before {
                desired: self.desired.clone(),
                resources: self.resources.clone(),
                outputs: self.outputs.clone(),
                imports: self.imports.clone(),
                touched: BTreeSet::new(),
                replaced: BTreeSet::new(),
            }));
        }
        self.desired = Some(desired);
        self.updated = Some(jiff::Timestamp::now());
    }
}

impl Engine {
    /// Updates the resources of a stack whose status says so already.
    pub(in crate::proxy::cloudformation) async fn update(self: Arc<Self>, run: Run, model: Model) {
        let _busy = run.busy.lock().await;
        match self.go_forward(&run, &model).await {
            Ok(garbage) => {
                self.stack_is(&run, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", None);
                self.conclude(&run, &garbage).await;
            }
            Err(reason) => self.update_failed(&run, reason).await,
        }
    }

    /// Makes and changes what the update wants. Gives back what is left over, or why it failed.
    pub(super) async fn go_forward(&self, run: &Run, model: &Model) -> Result<Garbage, String> {
        let mut failed = self.undeletable(run, model);
        if failed.is_empty() {
            failed = schedule::in_order(&model.needs(), &run.cancel, |name| async move {
                self.update_one(run, model, &name).await
            })
            .await;
        }
        if !failed.is_empty() || run.cancel.is_cancelled() {
            return Err(self.update_failures(run, &failed));
        }
        let garbage = self.garbage(run, model);
        self.finish(run, model).map(|()| garbage)
    }

    /// Ends an update that nothing can undo any more.
    pub(super) async fn conclude(&self, run: &Run, garbage: &Garbage) {
        self.with(run, |stack| stack.before = None);
        self.conclude_nested(run).await;
        self.clean_up(run, garbage).await;
        self.stack_is(run, "UPDATE_COMPLETE", None);
    }

    fn update_failures(&self, run: &Run, failed: &[String]) -> String {
        let resources = self.resources(run);
        let with = |status: &str| -> Vec<String> {
            let is = |name: &&String| resources.get(*name).is_some_and(|one| one.status == status);
            failed.iter().filter(is).cloned().collect()
        };
        let (created, updated) = (with("CREATE_FAILED"), with("UPDATE_FAILED"));
        let mut reason = String::new();
        if !created.is_empty() {
            reason +=
                &format!("The following resource(s) failed to create: [{}]. ", created.join(", "));
        }
        if !updated.is_empty() {
            reason +=
                &format!("The following resource(s) failed to update: [{}]. ", updated.join(", "));
        }
        if reason.is_empty() { "User Initiated".to_owned() } else { reason }
    }

    async fn update_failed(&self, run: &Run, reason: String) {
        let disabled = self.with(run, |stack| stack.disable_rollback).unwrap_or_default();
        if disabled {
            return self.stack_is(run, "UPDATE_FAILED", Some(reason));
        }
        self.stack_is(run, "UPDATE_ROLLBACK_IN_PROGRESS", Some(reason));
        self.go_back(run, &super::Skipped::default()).await;
    }

    async fn update_one(&self, run: &Run, model: &Model, name: &str) -> bool {
        let resources = self.resources(run);
        let Some(planned) = model.resources.get(name) else {
            return false;
        };
        let Some(current) = resources.get(name).filter(|one| one.exists()) else {
            if let Some(half) = resources.get(name) {
                self.part_with(run, half, Farewell::Delete).await;
            }
            return self.create_one(run, model, name).await;
        };
        let declared = match model.properties(planned, &resources) {
            Ok(declared) => declared,
            Err(reason) => {
                self.resource_is(run, name, "UPDATE_FAILED", Some(reason));
                return false;
            }
        };
        if planned.resource_type == nested::TYPE {
            return self.update_nested(run, model, current, declared).await;
        }
        let changes = diff::compare(&planned.resource_type, &current.properties, &declared);
        let (_, tags) = self.stack_name_and_tags(run);
        let takes_tags =
            schema::of(&planned.resource_type).is_some_and(|schema| schema.tags.is_some());
        let replaces = diff::replaces(&changes);
        if changes.is_empty() && !(takes_tags && tags != current.tags) {
            self.with(run, |stack| redeclare(stack, planned));
            self.remember_attributes(run, name, &model.attributes_of(name)).await;
            return true;
        }
        let outcome = match self.refusal(run, current, &changes, replaces) {
            Some(reason) => Err(reason),
            None if replaces => self.replace(run, model, planned).await,
            None => self.modify(run, model, current, declared, tags).await,
        };
        if outcome.is_ok() {
            self.with(run, |stack| redeclare(stack, planned));
        }
        self.concluded(run, name, outcome, "UPDATE_COMPLETE", "UPDATE_FAILED")
    }

    /// Why the change is not allowed, when it is not.
    pub(super) fn refusal(
        &self,
        run: &Run,
        current: &Resource,
        changes: &[Change],
        replaces: bool,
    ) -> Option<String> {
        let action = if replaces { "Update:Replace" } else { "Update:Modify" };
        let denied = self.with(run, |stack| {
            policy::denial(
                stack.policy_in_force(),
                action,
                &current.logical_id,
                &current.resource_type,
            )
        });
        if let Some(Some(reason)) = denied {
            return Some(reason);
        }
        let kept = self.with(run, |stack| stack.disable_rollback).unwrap_or_default();
        if replaces && kept {
            return Some(REPLACEMENT_WITHOUT_ROLLBACK.to_owned());
        }
        let property = names::unique_name_property(&current.resource_type)?;
        let name = current.properties.get(property)?;
        let renamed = changes.iter().any(|change| change.property() == property);
        (replaces && !renamed).then(|| {
            let name = name.as_str().unwrap_or_default();
            format!("CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename {name} and update the stack again.")
        })
    }

    async fn replace(&self, run: &Run, model: &Model, planned: &Planned) -> Result<(), String> {
        let name = planned.logical_id.as_str();
        self.touch(run, name, true);
        let why = "Requested update requires the creation of a new physical resource; hence creating one.";
        self.resource_is(run, name, "UPDATE_IN_PROGRESS", Some(why.to_owned()));
        self.with(run, |stack| stack.resources.insert(name.to_owned(), fresh(planned)));
        self.make(run, model, planned, "UPDATE_IN_PROGRESS").await
    }

    async fn modify(
        &self,
        run: &Run,
        model: &Model,
        current: &Resource,
        declared: serde_json::Value,
        tags: Vec<(String, String)>,
    ) -> Result<(), String> {
        let (name, kind) = (current.logical_id.as_str(), current.resource_type.as_str());
        self.touch(run, name, false);
        self.resource_is(run, name, "UPDATE_IN_PROGRESS", None);
        let named = current.generated.as_ref();
        self.forced(run, (name, kind), FaultAction::Update)?;
        let before = Self::sent(kind, &current.properties, named, &current.tags);
        let after = Self::sent(kind, &declared, named, &tags);
        well_formed(name, kind, &after)?;
        let made = self.change(current, before, after.clone()).await?;
        let physical_id = made.physical_id.clone();
        self.with(run, |stack| {
            if let Some(resource) = stack.resources.get_mut(name) {
                Self::adopt(resource, made);
                resource.properties = declared;
                resource.tags = tags;
            }
        });
        self.settle(run, kind, &physical_id, after, "update").await?;
        self.remember_attributes(run, name, &model.attributes_of(name)).await;
        Ok(())
    }

    pub(super) fn touch(&self, run: &Run, name: &str, replaced: bool) {
        self.with(run, |stack| {
            if let Some(before) = &mut stack.before {
                before.touched.insert(name.to_owned());
                if replaced {
                    before.replaced.insert(name.to_owned());
                }
            }
        });
    }

    /// What the update leaves over: replaced and removed resources, with what becomes of them.
    fn garbage(&self, run: &Run, model: &Model) -> Garbage {
        let found = self.with(run, |stack| {
            let mut garbage = Garbage::new();
            let removed = |name: &String| !model.resources.contains_key(name);
            let (old, replaced) = match &stack.before {
                Some(before) => (before.resources.clone(), before.replaced.clone()),
                None => Default::default(),
            };
            // A failed attempt before this one may have made what `old` does not have.
            let strays = stack.resources.clone().into_iter().chain(old.clone());
            for (name, resource) in strays.filter(|(name, _)| removed(name)) {
                let farewell = Farewell::of(&resource.deletion_policy, false);
                garbage.insert(name, (resource, farewell));
            }
            for (name, resource) in old.into_iter().filter(|(name, _)| replaced.contains(name)) {
                if let Some(planned) = model.resources.get(&name) {
                    let farewell = Farewell::of(&planned.update_replace_policy, false);
                    garbage.insert(name, (resource, farewell));
                }
            }
            stack.resources.retain(|name, _| !removed(name));
            garbage
        });
        found.unwrap_or_default()
    }

    /// Resources that the policy of the stack does not let go.
    fn undeletable(&self, run: &Run, model: &Model) -> Vec<String> {
        let resources = self.resources(run);
        let removed = resources.iter().filter(|(name, _)| !model.resources.contains_key(*name));
        removed
            .filter_map(|(name, resource)| {
                let denied = self.with(run, |stack| {
                    policy::denial(
                        stack.policy_in_force(),
                        "Update:Delete",
                        name,
                        &resource.resource_type,
                    )
                });
                self.resource_is(run, name, "UPDATE_FAILED", Some(denied??));
                Some(name.clone())
            })
            .collect()
    }

    /// Deletes what is left over. What cannot be deleted stays behind, as on AWS.
    pub(super) async fn clean_up(&self, run: &Run, garbage: &Garbage) {
        let needs =
            garbage.iter().map(|(name, (resource, _))| (name.clone(), resource.depends_on.clone()));
        schedule::as_far_as_possible(&schedule::reversed(&needs.collect()), |name| async move {
            match garbage.get(&name) {
                Some((resource, farewell)) => self.part_with(run, resource, *farewell).await,
                None => true,
            }
        })
        .await;
    }
}

/// What an update changes without calling the service.
pub(super) fn redeclare(stack: &mut Stack, planned: &Planned) {
    if let Some(resource) = stack.resources.get_mut(&planned.logical_id) {
        resource.deletion_policy.clone_from(&planned.deletion_policy);
        resource.update_replace_policy.clone_from(&planned.update_replace_policy);
        resource.depends_on.clone_from(&planned.depends_on);
        resource.declaration.clone_from(&planned.declaration);
    }
}
