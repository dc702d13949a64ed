//! The way back after a failed update.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::step::Farewell;
use super::update::Garbage;
use super::{Engine, Run};
use crate::proxy::cloudformation::faults::FaultAction;
use crate::proxy::cloudformation::state::{Resource, Stack};
use crate::proxy::cloudformation::{nested, schedule};

/// Resources that a continued rollback leaves as they are: by their logical ids in the root stack,
/// with the name of their stack and a dot before it in a nested one.
#[derive(Debug, Clone, Default)]
pub(in crate::proxy::cloudformation) struct Skipped(
    pub(in crate::proxy::cloudformation) BTreeSet<String>,
);

impl Skipped {
    fn has(&self, stack: &Stack, name: &str) -> bool {
        match &stack.above {
            None => self.0.contains(name),
            Some(_) => self.0.contains(&format!("{}.{name}", stack.name)),
        }
    }
}

impl Engine {
    /// `ContinueUpdateRollback`, or `RollbackStack` of a failed update.
    pub(in crate::proxy::cloudformation) async fn continue_back(
        self: Arc<Self>,
        run: Run,
        skipped: Skipped,
    ) {
        let _busy = run.busy.lock().await;
        self.go_back(&run, &skipped).await;
    }

    /// `RollbackStack` of a failed creation.
    pub(in crate::proxy::cloudformation) async fn roll_back_creation(self: Arc<Self>, run: Run) {
        let _busy = run.busy.lock().await;
        self.undo_creation(&run, "ROLLBACK_COMPLETE", "ROLLBACK_FAILED").await;
    }

    /// Restores what the update touched, then deletes what it made.
    pub(super) async fn go_back(&self, run: &Run, skipped: &Skipped) {
        // What cancelled the update does not cancel the way back.
        let run = &Run { cancel: CancellationToken::new(), ..run.clone() };
        let Some((before, touched, replaced)) = self
            .with(run, |stack| {
                let before = stack.before.as_ref()?;
                Some((before.resources.clone(), before.touched.clone(), before.replaced.clone()))
            })
            .flatten()
        else {
            return self.stack_is(run, "UPDATE_ROLLBACK_COMPLETE", None);
        };
        // What the update let go of is still there: nothing was deleted yet.
        self.with(run, |stack| {
            for (name, resource) in &before {
                stack.resources.entry(name.clone()).or_insert_with(|| resource.clone());
            }
        });
        let mut garbage = self.made_by_the_update(run, &before, &replaced);
        let needs = before
            .iter()
            .filter(|(name, _)| touched.contains(*name))
            .map(|(name, resource)| (name.clone(), resource.depends_on.clone()))
            .collect();
        let failed = schedule::as_far_as_possible(&needs, |name| {
            let (old, is_replaced) = (before.get(&name), replaced.contains(&name));
            async move {
                match old {
                    Some(old) => self.restore(run, old, is_replaced, skipped).await,
                    None => true,
                }
            }
        })
        .await;
        if !failed.is_empty() {
            let names = failed.join(", ");
            let reason = format!("The following resource(s) failed to update: [{names}]. ");
            return self.stack_is(run, "UPDATE_ROLLBACK_FAILED", Some(reason));
        }
        self.stack_is(run, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", None);
        self.with(run, |stack| {
            stack.resources.retain(|name, _| before.contains_key(name));
            if let Some(before) = stack.before.take() {
                stack.desired = before.desired;
                stack.outputs = before.outputs;
                stack.imports = before.imports;
            }
        });
        garbage.retain(|_, (resource, _)| resource.physical_id.is_some());
        self.clean_up(run, &garbage).await;
        self.stack_is(run, "UPDATE_ROLLBACK_COMPLETE", None);
    }

    fn made_by_the_update(
        &self,
        run: &Run,
        before: &BTreeMap<String, Resource>,
        replaced: &BTreeSet<String>,
    ) -> Garbage {
        let now = self.resources(run).into_iter();
        now.filter_map(|(name, resource)| {
            let farewell = match before.get(&name) {
                // What its policy retains stays behind also when its creation is undone.
                None => Farewell::of(&resource.deletion_policy, true),
                Some(old)
                    if replaced.contains(&name) && old.physical_id != resource.physical_id =>
                {
                    Farewell::Delete
                }
                Some(_) => return None,
            };
            Some((name, (resource, farewell)))
        })
        .collect()
    }

    async fn restore(&self, run: &Run, old: &Resource, replaced: bool, skipped: &Skipped) -> bool {
        let name = old.logical_id.as_str();
        let Some(now) = self.resources(run).remove(name) else {
            return true;
        };
        if self.with(run, |stack| skipped.has(stack, name)).unwrap_or_default() {
            self.resource_is(run, name, "UPDATE_COMPLETE", None);
            return true;
        }
        let outcome = if replaced {
            // The old one is still there: nothing was deleted yet.
            self.resource_is(run, name, "UPDATE_IN_PROGRESS", None);
            self.forced(run, (name, &old.resource_type), FaultAction::Update).map(|()| {
                self.with(run, |stack| stack.resources.insert(name.to_owned(), old.clone()));
            })
        } else {
            self.resource_is(run, name, "UPDATE_IN_PROGRESS", None);
            match old.resource_type.as_str() {
                nested::TYPE => self.restore_nested(run, old, skipped).await,
                _ => self.revert(run, &now, old).await,
            }
        };
        self.concluded(run, name, outcome, "UPDATE_COMPLETE", "UPDATE_FAILED")
    }

    async fn revert(&self, run: &Run, now: &Resource, old: &Resource) -> Result<(), String> {
        let kind = old.resource_type.as_str();
        self.forced(run, (&old.logical_id, kind), FaultAction::Update)?;
        let current = Self::sent(kind, &now.properties, now.generated.as_ref(), &now.tags);
        let wanted = Self::sent(kind, &old.properties, old.generated.as_ref(), &old.tags);
        let made = self.change(now, current, wanted.clone()).await?;
        let physical_id = made.physical_id.clone();
        self.with(run, |stack| {
            let status = now.status;
            let mut restored = Resource { status, ..old.clone() };
            let attributes = std::mem::take(&mut restored.attributes);
            Self::adopt(&mut restored, made);
            restored.attributes.extend(attributes);
            stack.resources.insert(old.logical_id.clone(), restored);
        });
        self.settle(run, kind, &physical_id, wanted, "update").await
    }
}
