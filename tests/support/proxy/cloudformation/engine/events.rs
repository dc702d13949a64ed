//! Records events and statuses.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Engine, Run};
use crate::proxy::cloudformation::nested;
use crate::proxy::cloudformation::state::{Event, Resource, Stack};

/// Something that happened to a resource.
pub(in crate::proxy::cloudformation) struct Happened<'a> {
    pub(in crate::proxy::cloudformation) resource: &'a Resource,
    pub(in crate::proxy::cloudformation) status: &'static str,
    pub(in crate::proxy::cloudformation) reason: Option<String>,
}

impl Engine {
    /// The stack of a run gets a new status, and an event that says so.
    pub(in crate::proxy::cloudformation) fn stack_is(
        &self,
        run: &Run,
        status: &'static str,
        reason: Option<String>,
    ) {
        self.with(run, |stack| stack.is(run, status, reason));
    }

    /// Something happened to a resource that is no longer, or not yet, the stack's.
    pub(super) fn happened(&self, run: &Run, happened: Happened<'_>) {
        self.with(run, |stack| stack.record(run, happened));
    }

    /// A resource of the stack gets a new status, and an event that says so.
    pub(super) fn resource_is(
        &self,
        run: &Run,
        name: &str,
        status: &'static str,
        reason: Option<String>,
    ) {
        self.with(run, |stack| {
            let Some(resource) = stack.resources.get_mut(name) else {
                return;
            };
            resource.status = status;
            resource.reason.clone_from(&reason);
            resource.changed = Timestamp::now();
            let resource = resource.clone();
            stack.record(run, Happened { resource: &resource, status, reason });
        });
    }
}

impl Stack {
    pub(in crate::proxy::cloudformation) fn is(
        &mut self,
        run: &Run,
        status: &'static str,
        reason: Option<String>,
    ) {
        let now = Timestamp::now();
        self.status = status;
        self.reason.clone_from(&reason);
        if status == "DELETE_COMPLETE" {
            self.deleted = Some(now);
        }
        let ended = !status.ends_with("_IN_PROGRESS");
        if let Some(operation) = self.operations.iter_mut().find(|one| one.id == run.operation)
            && ended
        {
            let good = matches!(
                status,
                "CREATE_COMPLETE"
                    | "UPDATE_COMPLETE"
                    | "DELETE_COMPLETE"
                    | "IMPORT_COMPLETE"
                    | "REVIEW_IN_PROGRESS"
            ) || (operation.kind.contains("ROLLBACK")
                && status.ends_with("ROLLBACK_COMPLETE"));
            operation.status = if good { "SUCCEEDED" } else { "FAILED" };
            operation.ended = Some(now);
        }
        self.events.push(Event {
            id: Uuid::new_v4().to_string(),
            logical_id: self.name.clone(),
            physical_id: Some(self.id.clone()),
            resource_type: nested::TYPE.to_owned(),
            status: status.to_owned(),
            reason,
            properties: None,
            token: run.token.clone(),
            operation: Some(run.operation.clone()),
            validation: None,
            at: now,
        });
    }

    fn record(&mut self, run: &Run, happened: Happened<'_>) {
        let Happened { resource, status, reason } = happened;
        let now = Timestamp::now();
        self.events.push(Event {
            id: format!("{}-{status}-{}", resource.logical_id, Uuid::new_v4()),
            logical_id: resource.logical_id.clone(),
            physical_id: Some(resource.physical_id.clone().unwrap_or_default()),
            resource_type: resource.resource_type.clone(),
            status: status.to_owned(),
            reason,
            properties: Some(resource.properties.to_string()),
            token: run.token.clone(),
            operation: Some(run.operation.clone()),
            validation: None,
            at: now,
        });
    }
}
