//! What is found out while a change set is made, before anything is.

use jiff::Timestamp;
use serde_json::Value;
use uuid::Uuid;

use super::Engine;
use crate::proxy::cloudformation::intrinsics::{self, UNKNOWN};
use crate::proxy::cloudformation::names::name_property;
use crate::proxy::cloudformation::state::{ChangeSet, Event, Operation, Stack, Validation};
use crate::proxy::cloudformation::{provision, schema};

impl Stack {
    /// The making of a change set is an operation of its own.
    pub(in crate::proxy::cloudformation) fn note_change_set(&mut self, set: &ChangeSet) {
        self.operations.push(Operation {
            id: set.operation.clone(),
            kind: "CREATE_CHANGESET",
            token: set.token.clone(),
            status: "IN_PROGRESS",
            started: Timestamp::now(),
            ended: None,
        });
    }

    fn end_operation(&mut self, id: &str, good: bool) {
        if let Some(operation) = self.operations.iter_mut().find(|one| one.id == id) {
            operation.status = if good { "SUCCEEDED" } else { "FAILED" };
            operation.ended = Some(Timestamp::now());
        }
    }
}

/// The path below the properties, and what is wrong there. A name that CloudFormation makes up is
/// not missing.
fn malformed(kind: &str, properties: &Value) -> Option<(String, String)> {
    let sentence = schema::refusals(kind, properties.as_object()?)?;
    let key = sentence.split(['[', ']']).nth(1).unwrap_or_default();
    if properties.get(key).is_some() {
        return Some((format!("/{key}"), sentence));
    }
    (name_property(kind) != Some(key)).then(|| (String::new(), sentence.clone()))
}

impl Engine {
    /// Waits as long as things of this type are scripted to take.
    pub(in crate::proxy::cloudformation) async fn pause(&self, resource_type: &str) {
        tokio::time::sleep(self.pace.of_type(resource_type)).await;
    }

    /// What an early validation finds wrong with a resource that is to be made or changed.
    pub(in crate::proxy::cloudformation) async fn validated_early(
        &self,
        change: &Value,
    ) -> Option<(Validation, String)> {
        let kind = change["ResourceType"].as_str().unwrap_or_default();
        let place = change["LogicalResourceId"].as_str().unwrap_or_default();
        let place = format!("/Resources/{place}/Properties");
        let context = change["AfterContext"].as_str().unwrap_or("{}");
        let context: Value = serde_json::from_str(context).unwrap_or_default();
        let properties = &context["Properties"];
        if let Some((below, sentence)) = malformed(kind, properties) {
            let path = format!("{place}{below}");
            return Some((Validation { name: "PROPERTY_VALIDATION", path }, sentence));
        }
        if change["Action"] != "Add" {
            return None;
        }
        let (property, name) = self.taken_name(kind, properties).await?;
        let sentence =
            format!("Resource of type '{kind}' with identifier '{name}' already exists.");
        let path = format!("{place}/{property}");
        Some((Validation { name: "NAME_CONFLICT_VALIDATION", path }, sentence))
    }

    /// Property and value of a literal name that another resource has already.
    pub(in crate::proxy::cloudformation) async fn taken_name(
        &self,
        resource_type: &str,
        properties: &Value,
    ) -> Option<(&'static str, String)> {
        let property = name_property(resource_type)?;
        let name =
            intrinsics::text(&properties[property]).filter(|name| !name.contains(UNKNOWN))?;
        let taken = provision::is_taken(&self.upstream, resource_type, &name).await;
        taken.then_some((property, name))
    }

    /// The making of a change set is over.
    pub(in crate::proxy::cloudformation) fn change_set_done(
        &self,
        stack: &str,
        set: &str,
        good: bool,
    ) {
        let mut state = self.state();
        let Some(stack) = state.find_mut(stack) else {
            return;
        };
        let operation =
            stack.change_sets.iter().find(|one| one.id == set).map(|one| one.operation.clone());
        if let Some(operation) = operation {
            stack.end_operation(&operation, good);
        }
    }

    /// The making of a change set ended in an early validation, which `DescribeEvents` shows.
    pub(in crate::proxy::cloudformation) fn refused_early(
        &self,
        stack: &str,
        set: &str,
        validation: Validation,
        sentence: &str,
    ) {
        let mut state = self.state();
        let Some(stack) = state.find_mut(stack) else {
            return;
        };
        let Some(set) = stack.change_sets.iter().find(|one| one.id == set).cloned() else {
            return;
        };
        stack.end_operation(&set.operation, false);
        let logical_id = validation.path.split('/').nth(2).unwrap_or_default().to_owned();
        let kinds = set.desired.template.resources().into_iter();
        let kind =
            kinds.filter(|one| one.logical_id == logical_id).map(|one| one.resource_type).next();
        stack.events.push(Event {
            id: Uuid::new_v4().to_string(),
            logical_id,
            physical_id: None,
            resource_type: kind.unwrap_or_default(),
            status: "FAILED".to_owned(),
            reason: Some(sentence.to_owned()),
            properties: None,
            token: set.token,
            operation: Some(set.operation),
            validation: Some(validation),
            at: Timestamp::now(),
        });
    }
}
