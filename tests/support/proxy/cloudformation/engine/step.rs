//! One resource: made, changed, settled, deleted.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Engine, Happened, Run};
use crate::proxy::cloudformation::faults::FaultAction;
use crate::proxy::cloudformation::model::{Model, Planned};
use crate::proxy::cloudformation::provision::Made;
use crate::proxy::cloudformation::state::Resource;
use crate::proxy::cloudformation::{drift, names, nested, schema};

/// What happens to a resource that is no longer wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Farewell {
    Delete,
    Snapshot,
    Retain,
}

impl Farewell {
    /// What a policy says. `undoing` is true when a stack's creation is undone.
    pub(super) fn of(policy: &str, undoing: bool) -> Self {
        match policy {
            "Retain" => Self::Retain,
            "RetainExceptOnCreate" if !undoing => Self::Retain,
            "Snapshot" => Self::Snapshot,
            _ => Self::Delete,
        }
    }
}

impl Engine {
    /// Makes a resource and waits until it is stable. True when all went well.
    pub(super) async fn create_one(&self, run: &Run, model: &Model, name: &str) -> bool {
        let Some(planned) = model.resources.get(name) else {
            return false;
        };
        let fresh = fresh(planned);
        self.with(run, |stack| stack.resources.insert(name.to_owned(), fresh));
        self.resource_is(run, name, "CREATE_IN_PROGRESS", None);
        let outcome = self.make(run, model, planned, "CREATE_IN_PROGRESS").await;
        self.concluded(run, name, outcome, "CREATE_COMPLETE", "CREATE_FAILED")
    }

    /// Records how it went.
    pub(super) fn concluded(
        &self,
        run: &Run,
        name: &str,
        outcome: Result<(), String>,
        good: &'static str,
        bad: &'static str,
    ) -> bool {
        match outcome {
            Ok(()) => {
                self.resource_is(run, name, good, None);
                true
            }
            Err(reason) => {
                self.resource_is(run, name, bad, Some(reason));
                false
            }
        }
    }

    /// Makes the resource behind an entry of the stack.
    pub(super) async fn make(
        &self,
        run: &Run,
        model: &Model,
        planned: &Planned,
        status: &'static str,
    ) -> Result<(), String> {
        let (name, kind) = (planned.logical_id.as_str(), planned.resource_type.as_str());
        let declared = model.properties(planned, &self.resources(run))?;
        if kind == nested::TYPE {
            return self.make_nested(run, name, declared, status).await;
        }
        let (stack, tags) = self.stack_name_and_tags(run);
        let generated = names::generated(kind, &stack, name)
            .filter(|(property, _)| declared.get(property).is_none());
        let sent = Self::sent(kind, &declared, generated.as_ref(), &tags);
        self.with(run, |stack| {
            if let Some(resource) = stack.resources.get_mut(name) {
                resource.properties = declared;
                resource.generated = generated;
                resource.tags = tags;
            }
        });
        let action =
            if status == "CREATE_IN_PROGRESS" { FaultAction::Create } else { FaultAction::Update };
        well_formed(name, kind, &sent)?;
        self.forced(run, (name, kind), action)?;
        let made = self.provisioner.create(kind, sent.clone()).await;
        let made = made.map_err(|refusal| refusal.reason())?;
        let physical_id = made.physical_id.clone();
        let network = sent["VpcId"].as_str().unwrap_or_default().to_owned();
        self.with(run, |stack| {
            if let Some(resource) = stack.resources.get_mut(name) {
                Self::adopt(resource, made);
            }
        });
        self.resource_is(run, name, status, Some("Resource creation Initiated".to_owned()));
        self.settle(run, kind, &physical_id, sent, "creation").await?;
        self.remember_attributes(run, name, &model.attributes_of(name)).await;
        if kind == "AWS::EC2::VPCCidrBlock" {
            self.renew_ranges(run, model, &network).await;
        }
        Ok(())
    }

    /// A network has one range more than when it was made.
    async fn renew_ranges(&self, run: &Run, model: &Model, network: &str) {
        let found = self.with(run, |stack| {
            let mut all = stack.resources.iter_mut();
            let (name, resource) = all.find(|(_, one)| one.handle == network)?;
            resource.attributes.retain(|attribute, _| !attribute.ends_with("CidrBlocks"));
            Some(name.clone())
        });
        if let Some(name) = found.flatten() {
            self.remember_attributes(run, &name, &model.attributes_of(&name)).await;
        }
    }

    /// Waits as long as the type takes, and for what the hook waits for.
    pub(super) async fn settle(
        &self,
        run: &Run,
        kind: &str,
        physical_id: &str,
        properties: Value,
        doing: &str,
    ) -> Result<(), String> {
        let settled = async {
            tokio::time::sleep(self.duration(run, kind)).await;
            self.hooks.stabilize(kind.to_owned(), physical_id.to_owned(), properties).await
        };
        let outcome = tokio::select! {
            biased;
            outcome = settled => outcome,
            () = run.cancel.cancelled() => return Err(format!("Resource {doing} cancelled")),
        };
        outcome.map_err(|reason| handler_reason(&reason))
    }

    /// Changes a resource of the service, if it is still there.
    pub(super) async fn change(
        &self,
        resource: &Resource,
        before: Value,
        after: Value,
    ) -> Result<Made, String> {
        if drift::is_gone(&self.upstream, resource).await {
            let (kind, id) = (&resource.resource_type, resource.physical_id.as_deref());
            return Err(format!(
                "Resource handler returned message: \"Resource of type '{kind}' with identifier '{}' was not found.\" (RequestToken: {}, HandlerErrorCode: NotFound)",
                id.unwrap_or_default(),
                Uuid::new_v4()
            ));
        }
        let made = self.provisioner.update(resource, before, after).await;
        made.map_err(|refusal| refusal.reason())
    }

    pub(super) async fn remember_attributes(
        &self,
        run: &Run,
        name: &str,
        wanted: &BTreeSet<String>,
    ) {
        let Some(resource) = self.with(run, |stack| stack.resources.get(name).cloned()).flatten()
        else {
            return;
        };
        let attributes = self.provisioner.attributes(&resource, wanted).await;
        self.with(run, |stack| {
            if let Some(resource) = stack.resources.get_mut(name) {
                resource.attributes = attributes;
            }
        });
    }

    pub(super) fn stack_name_and_tags(&self, run: &Run) -> (String, Vec<(String, String)>) {
        let found = self.with(run, |stack| {
            let tags = stack.desired.as_ref().map(|desired| desired.tags.clone());
            (stack.name.clone(), tags.unwrap_or_default())
        });
        found.unwrap_or_default()
    }

    /// Deletes a resource as its policy says. True when it is gone or kept on purpose.
    pub(super) async fn part_with(
        &self,
        run: &Run,
        resource: &Resource,
        farewell: Farewell,
    ) -> bool {
        if resource.physical_id.is_none() {
            // It was never made, so there is nothing to part with.
            return true;
        }
        let event = |status, reason| self.happened(run, Happened { resource, status, reason });
        if farewell == Farewell::Retain {
            event("DELETE_SKIPPED", None);
            return true;
        }
        let (tags, kind) = (&resource.tags, resource.resource_type.as_str());
        event("DELETE_IN_PROGRESS", None);
        tokio::time::sleep(self.duration(run, kind)).await;
        let sent = Self::sent(kind, &resource.properties, resource.generated.as_ref(), tags);
        let forced = self.forced(run, (&resource.logical_id, kind), FaultAction::Delete);
        let gone = match self.provisioner.may_delete(resource, &sent).await {
            _ if forced.is_err() => forced,
            Ok(()) if kind == nested::TYPE => self.delete_nested(resource).await,
            Ok(()) => {
                if farewell == Farewell::Snapshot {
                    self.snapshot(run, resource).await;
                }
                self.provisioner.delete(resource, sent).await.map_err(|refusal| refusal.reason())
            }
            Err(refusal) => Err(refusal.reason()),
        };
        match gone {
            Ok(()) => {
                event("DELETE_COMPLETE", None);
                true
            }
            Err(reason) => {
                event("DELETE_FAILED", Some(reason));
                false
            }
        }
    }

    /// Snapshots are taken of databases; other types have no data here.
    async fn snapshot(&self, run: &Run, resource: &Resource) {
        let (stack, _) = self.stack_name_and_tags(run);
        let random: String = Uuid::new_v4().simple().to_string().chars().take(12).collect();
        let name = format!("{stack}-snapshot-{}-{random}", resource.logical_id).to_lowercase();
        let (action, by, named) = match resource.resource_type.as_str() {
            "AWS::RDS::DBCluster" => {
                ("CreateDBClusterSnapshot", "DBClusterIdentifier", "DBClusterSnapshotIdentifier")
            }
            "AWS::RDS::DBInstance" if resource.properties.get("DBClusterIdentifier").is_none() => {
                ("CreateDBSnapshot", "DBInstanceIdentifier", "DBSnapshotIdentifier")
            }
            _ => return,
        };
        let form = [(by.to_owned(), resource.handle.clone()), (named.to_owned(), name)];
        // A snapshot that fails shows in the deletion that follows.
        let _ = self.upstream.query("rds", action, "2014-10-31", &form).await;
    }
}

/// Refuses properties that the model of the type does not have, or lacks.
pub(super) fn well_formed(name: &str, kind: &str, properties: &Value) -> Result<(), String> {
    let refusal = properties.as_object().and_then(|map| schema::refusals(kind, map));
    refusal.map_or(Ok(()), |sentence| {
        Err(format!("Properties validation failed for resource {name} with message:\n[{sentence}]"))
    })
}

/// What a resource handler says, in the words that CloudFormation puts around it.
pub(super) fn handler_reason(reason: &str) -> String {
    if reason.starts_with("Resource handler") {
        return reason.to_owned();
    }
    format!(
        "Resource handler returned message: \"{reason}\" (RequestToken: {}, HandlerErrorCode: GeneralServiceException)",
        Uuid::new_v4()
    )
}

/// An entry for a resource that is about to be made.
pub(super) fn fresh(planned: &Planned) -> Resource {
    Resource {
        logical_id: planned.logical_id.clone(),
        resource_type: planned.resource_type.clone(),
        changed: Timestamp::now(),
        properties: json!({}),
        deletion_policy: planned.deletion_policy.clone(),
        update_replace_policy: planned.update_replace_policy.clone(),
        depends_on: planned.depends_on.clone(),
        declaration: planned.declaration.clone(),
        ..Resource::default()
    }
}
