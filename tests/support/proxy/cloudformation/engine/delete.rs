//! The deletion of a stack.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::step::Farewell;
use super::{Engine, Run};

impl Engine {
    /// Deletes the resources of a stack whose status says so already. With `force`, what cannot be
    /// deleted is left behind.
    pub(in crate::proxy::cloudformation) async fn delete(
        self: Arc<Self>,
        run: Run,
        retain: BTreeSet<String>,
        force: bool,
    ) {
        self.delete_whole(&run, &retain, force).await;
    }

    pub(super) async fn delete_whole(&self, run: &Run, retain: &BTreeSet<String>, force: bool) {
        let _busy = run.busy.lock().await;
        if let Some(reason) = self.exports_in_use(run) {
            return self.stack_is(run, "DELETE_FAILED", Some(reason));
        }
        let resources = self.resources(run);
        let failed = self
            .delete_all(run, &resources, |resource| {
                if retain.contains(&resource.logical_id) {
                    Farewell::Retain
                } else {
                    Farewell::of(&resource.deletion_policy, false)
                }
            })
            .await;
        if failed.is_empty() || force {
            return self.stack_is(run, "DELETE_COMPLETE", None);
        }
        let names = failed.join(", ");
        let reason = format!("The following resource(s) failed to delete: [{names}]. ");
        self.stack_is(run, "DELETE_FAILED", Some(reason));
    }

    fn exports_in_use(&self, run: &Run) -> Option<String> {
        let state = self.state();
        let stack = state.find(&run.stack_id)?;
        stack.outputs.iter().find_map(|output| {
            let export = output.export.as_ref()?;
            let users = state.importers(export);
            let users = (!users.is_empty()).then(|| users.join(", "))?;
            Some(format!(
                "Delete canceled. Cannot delete export {export} as it is in use by {users}."
            ))
        })
    }
}
