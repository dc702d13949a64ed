//! Makes, changes and deletes resources in the emulator.
//!
//! The emulator's Cloud Control is the ordinary way. The types it does not make real go through
//! their service's own API (see [`way`]); what neither can do is kept by the proxy alone and
//! listed by [`Provisioner::simulated`].

mod attributes;
mod cloud_control;
mod containers;
mod database;
mod dynamic;
mod network;
mod obstacles;
mod records;
mod repairs;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::proxy::upstream::{Upstream, UpstreamError};

use super::schema;
use super::state::Resource;

use dynamic::references as dynamic_references;
pub(super) use obstacles::is_taken;
pub(super) use way::gaps;
use way::{Way, way};

/// A resource that was made or changed.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Made {
    pub(super) handle: String,
    pub(super) physical_id: String,
    pub(super) attributes: Map<String, Value>,
}

impl Made {
    fn named(id: &str) -> Self {
        Self { handle: id.to_owned(), physical_id: id.to_owned(), attributes: Map::new() }
    }

    fn with(mut self, attribute: &str, value: impl Into<Value>) -> Self {
        self.attributes.insert(attribute.to_owned(), value.into());
        self
    }
}

/// Why a resource could not be made, changed or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    message: String,
    code: &'static str,
}

impl Refusal {
    pub(super) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self { message: message.into(), code }
    }

    /// What the service said.
    pub(super) fn sentence(&self) -> &str {
        &self.message
    }

    /// The reason as CloudFormation shows it in events.
    pub(super) fn reason(&self) -> String {
        let Self { message, code } = self;
        format!(
            "Resource handler returned message: \"{message}\" (RequestToken: {}, HandlerErrorCode: {code})",
            Uuid::new_v4()
        )
    }

    fn is_missing(&self) -> bool {
        self.code == "NotFound"
    }
}

impl From<UpstreamError> for Refusal {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Service { code, message, status } => {
                let kind = if code.contains("NotFound") || code.contains("NoSuch") {
                    "NotFound"
                } else {
                    "InvalidRequest"
                };
                Self::new(
                    kind,
                    format!("{message} (Service: Emulator, Status Code: {status}, Code: {code})"),
                )
            }
            UpstreamError::Unreachable(_) => Self::new("ServiceInternalError", error.to_string()),
        }
    }
}

/// Makes, changes and deletes resources.
#[derive(Clone)]
pub(super) struct Provisioner {
    upstream: Upstream,
    account: String,
    kept: Arc<Mutex<BTreeMap<String, String>>>,
}

impl Provisioner {
    pub(super) fn new(upstream: Upstream, account: &str) -> Self {
        Self { upstream, account: account.to_owned(), kept: Arc::default() }
    }

    /// Sentences about the types that were not made real.
    pub(super) fn simulated(&self) -> Vec<String> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|(name, why)| format!("{name}: {why}")).collect()
    }

    fn note(&self, resource_type: &str, why: &str) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.insert(resource_type.to_owned(), why.to_owned());
    }

    /// Makes a resource with these properties, functions and names resolved.
    pub(super) async fn create(
        &self,
        resource_type: &str,
        properties: Value,
    ) -> Result<Made, Refusal> {
        let properties = self.ready(resource_type, properties).await?;
        obstacles::before_create(&self.upstream, resource_type, &properties).await?;
        let made = match way(resource_type) {
            Way::CloudControl => self.cloud_control_create(resource_type, &properties).await,
            Way::Network => self.network_create(resource_type, &properties).await,
            Way::Containers => self.containers_create(resource_type, &properties).await,
            Way::RecordGroup => self.records_create(&properties).await,
            Way::Kept(why) => {
                self.note(resource_type, why);
                Ok(Made::named(&Uuid::new_v4().to_string()))
            }
        }?;
        let repaired = self.repair(resource_type, &made, &properties).await;
        let extras = match repaired {
            Ok(()) => self.database_extras(resource_type, made.clone(), &properties).await,
            Err(refusal) => Err(refusal),
        };
        let made = match extras {
            Ok(made) => made,
            Err(refusal) => {
                // Nothing may be left over that no stack knows.
                let orphan = Resource {
                    resource_type: resource_type.to_owned(),
                    handle: made.handle,
                    ..Resource::default()
                };
                let _ = self.delete(&orphan, properties).await;
                return Err(refusal);
            }
        };
        Ok(attributes::completed(resource_type, made, &properties))
    }

    /// A resource that is there already and is to become a stack's.
    pub(super) async fn find(
        &self,
        resource_type: &str,
        identifier: &str,
        properties: &Value,
    ) -> Result<Made, Refusal> {
        let made = self.cloud_control_read(resource_type, identifier, properties).await;
        let made = made.map_err(|_| {
            let sentence = format!(
                "Resource of type '{resource_type}' with identifier '{identifier}' was not found."
            );
            Refusal::new("NotFound", sentence)
        })?;
        Ok(attributes::completed(resource_type, made, properties))
    }

    /// Changes a resource in place.
    pub(super) async fn update(
        &self,
        resource: &Resource,
        before: Value,
        after: Value,
    ) -> Result<Made, Refusal> {
        let kind = resource.resource_type.as_str();
        let before = self.ready(kind, before).await?;
        let after = self.ready(kind, after).await?;
        let made = match way(kind) {
            Way::CloudControl => self.cloud_control_update(resource, &before, &after).await,
            Way::Network => self.network_update(resource, &after).await,
            Way::Containers => self.containers_update(resource, &before, &after).await,
            Way::RecordGroup => self.records_update(resource, &after).await,
            Way::Kept(_) => Ok(existing(resource)),
        }?;
        self.repair(kind, &made, &after).await?;
        let mut made = attributes::completed(kind, made, &after);
        attributes::keep(&mut made, resource, &after);
        Ok(made)
    }

    /// Refuses what AWS would not delete, before anything is done for the deletion.
    pub(super) async fn may_delete(
        &self,
        resource: &Resource,
        properties: &Value,
    ) -> Result<(), Refusal> {
        let properties = schema::coerced(&resource.resource_type, properties.clone());
        obstacles::before_delete(&self.upstream, &self.account, resource, &properties).await
    }

    /// Deletes a resource; one that is gone already is fine.
    pub(super) async fn delete(
        &self,
        resource: &Resource,
        properties: Value,
    ) -> Result<(), Refusal> {
        let kind = resource.resource_type.as_str();
        let properties = schema::coerced(kind, properties);
        let gone = match way(kind) {
            Way::CloudControl => self.cloud_control_delete(resource).await,
            Way::Network => self.network_delete(resource, &properties).await,
            Way::Containers => self.containers_delete(resource, &properties).await,
            Way::RecordGroup => self.records_delete(resource).await,
            Way::Kept(_) => Ok(()),
        };
        match gone {
            Err(refusal) if !refusal.is_missing() => Err(refusal),
            _ => {
                self.delete_database_extras(resource).await;
                Ok(())
            }
        }
    }

    /// Attributes that a template asks for, added to those that are known.
    pub(super) async fn attributes(
        &self,
        resource: &Resource,
        wanted: &BTreeSet<String>,
    ) -> Map<String, Value> {
        let mut known = resource.attributes.clone();
        for name in wanted {
            if !known.contains_key(name)
                && let Some(value) =
                    attributes::find(&self.upstream, &self.account, resource, name).await
            {
                known.insert(name.clone(), value);
            }
        }
        known
    }

    async fn ready(&self, resource_type: &str, properties: Value) -> Result<Value, Refusal> {
        let resolved = dynamic_references(&self.upstream, properties).await;
        let resolved = resolved.map_err(|sentence| Refusal::new("InvalidRequest", sentence))?;
        Ok(schema::coerced(resource_type, resolved))
    }
}

/// Whether existing resources of this type can be brought into a stack.
pub(super) fn can_import(resource_type: &str) -> bool {
    way(resource_type) == Way::CloudControl
}

fn existing(resource: &Resource) -> Made {
    Made {
        handle: resource.handle.clone(),
        physical_id: resource.physical_id.clone().unwrap_or_default(),
        attributes: resource.attributes.clone(),
    }
}

/// Text of the first `<tag>` in an XML answer.
fn tag(xml: &str, name: &str) -> Option<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let start = xml.find(&open)? + open.len();
    let end = xml[start..].find(&close)? + start;
    Some(xml[start..end].to_owned())
}

/// A property as text.
fn text(properties: &Value, name: &str) -> String {
    super::intrinsics::text(&properties[name]).unwrap_or_default()
}
