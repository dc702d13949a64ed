//! The import of existing resources, and its undoing.

use std::sync::Arc;

use super::step::fresh;
use super::{Engine, Run};
use crate::proxy::cloudformation::faults::FaultAction;
use crate::proxy::cloudformation::model::{Model, Planned};
use crate::proxy::cloudformation::state::Import;

impl Engine {
    /// Takes resources into a stack whose status says so already.
    pub(in crate::proxy::cloudformation) async fn import(
        self: Arc<Self>,
        run: Run,
        model: Model,
        imports: Vec<Import>,
    ) {
        let _busy = run.busy.lock().await;
        let mut failed = Vec::new();
        for import in &imports {
            let Some(planned) = model.resources.get(&import.logical_id) else {
                continue;
            };
            let name = import.logical_id.as_str();
            self.with(&run, |stack| stack.resources.insert(name.to_owned(), fresh(planned)));
            self.resource_is(&run, name, "IMPORT_IN_PROGRESS", started());
            match self.take_in(&run, &model, planned, import).await {
                Ok(()) => self.resource_is(&run, name, "IMPORT_COMPLETE", completed()),
                Err(reason) => {
                    self.resource_is(&run, name, "IMPORT_FAILED", Some(reason));
                    failed.push(name);
                }
            }
        }
        let outcome = if failed.is_empty() {
            self.finish(&run, &model)
        } else {
            let names = failed.join(", ");
            Err(format!("The following resource(s) failed to import: [{names}]. "))
        };
        match outcome {
            Ok(()) => {
                self.with(&run, |stack| stack.before = None);
                self.stack_is(&run, "IMPORT_COMPLETE", None);
            }
            Err(reason) => self.undo_import(&run, &imports, reason),
        }
    }

    async fn take_in(
        &self,
        run: &Run,
        model: &Model,
        planned: &Planned,
        import: &Import,
    ) -> Result<(), String> {
        let (name, kind) = (planned.logical_id.as_str(), planned.resource_type.as_str());
        let declared = model.properties(planned, &self.resources(run))?;
        tokio::time::sleep(self.duration(run, kind)).await;
        self.forced(run, (name, kind), FaultAction::Import)?;
        let found = self.provisioner.find(kind, &import.identifier, &declared).await;
        let made = found.map_err(|refusal| refusal.reason())?;
        self.with(run, |stack| {
            if let Some(resource) = stack.resources.get_mut(name) {
                Self::adopt(resource, made);
                resource.properties = declared;
            }
        });
        self.remember_attributes(run, name, &model.attributes_of(name)).await;
        Ok(())
    }

    /// Lets go of what was imported; the resources themselves are left alone.
    fn undo_import(&self, run: &Run, imports: &[Import], reason: String) {
        self.stack_is(run, "IMPORT_ROLLBACK_IN_PROGRESS", Some(reason));
        let mut failed = Vec::new();
        for Import { logical_id, resource_type, .. } in imports.iter().rev() {
            self.resource_is(run, logical_id, "IMPORT_ROLLBACK_IN_PROGRESS", None);
            match self.forced(run, (logical_id, resource_type), FaultAction::Import) {
                Ok(()) => {
                    self.resource_is(run, logical_id, "IMPORT_ROLLBACK_COMPLETE", None);
                    self.with(run, |stack| stack.resources.remove(logical_id));
                }
                Err(reason) => {
                    self.resource_is(run, logical_id, "IMPORT_ROLLBACK_FAILED", Some(reason));
                    failed.push(logical_id.as_str());
                }
            }
        }
        self.with(run, |stack| {
            if let Some(before) = stack.before.take() {
                stack.desired = before.desired;
            }
        });
        if failed.is_empty() {
            return self.stack_is(run, "IMPORT_ROLLBACK_COMPLETE", None);
        }
        let names = failed.join(", ");
        let reason = format!("The following resource(s) failed to roll back: [{names}]. ");
        self.stack_is(run, "IMPORT_ROLLBACK_FAILED", Some(reason));
    }
}

fn started() -> Option<String> {
    Some("Resource import started.".to_owned())
}

fn completed() -> Option<String> {
    Some("Resource import completed.".to_owned())
}
