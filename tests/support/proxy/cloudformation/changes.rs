//! What a change set says: additions, modifications and removals, with their causes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::diff::{self, Change};
use super::intrinsics::{Known, UNKNOWN};
use super::model::{self, Model, Planned};
use super::nested;
use super::references;
use super::schema::{self, Recreation};
use super::state::{Desired, Resource};

/// Attributes of a declaration whose changes a change set lists beside properties and tags.
const DECLARED: &[&str] =
    &["Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy"];

/// Why a nested stack is listed that the template says nothing new of: its own template may be
/// another, which is found out when it is updated.
pub(super) const AUTOMATIC: &str = "Automatic";

/// The stack as it is, for the comparison.
pub(super) struct Now<'a> {
    pub(super) resources: &'a BTreeMap<String, Resource>,
    pub(super) desired: Option<&'a Desired>,
    /// Nested stacks in which nothing is known to change.
    pub(super) quiet: &'a BTreeSet<String>,
}

/// Whether a resource is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Replacement {
    True,
    False,
    Conditional,
}

impl Replacement {
    fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Conditional => "Conditional",
        }
    }
}

/// The `Changes` of a change set by logical id, removals last.
pub(super) fn compute(
    now: &Now<'_>,
    model: &Model,
    wanted: &Desired,
) -> Result<Vec<Value>, String> {
    let mut known = model::known(now.resources);
    for name in model.resources.keys().filter(|name| !now.resources.contains_key(*name)) {
        known.insert(name.clone(), Known { unknown: true, ..Known::default() });
    }
    let mut modified: BTreeSet<String> = BTreeSet::new();
    let mut changes = BTreeMap::new();
    for name in order(model) {
        let Some(planned) = model.resources.get(&name) else {
            continue;
        };
        let Some(resource) = now.resources.get(&name) else {
            changes.insert(name, added(model, planned, &known)?);
            continue;
        };
        let comparison = Comparison { now, model, wanted, planned, resource, modified: &modified };
        if let Some((change, replacement)) = comparison.change(&known)? {
            if replacement == Replacement::False {
                unknown_outputs(model, planned, &mut known);
                modified.insert(name.clone());
            } else {
                known.insert(name.clone(), Known { unknown: true, ..Known::default() });
            }
            changes.insert(name, change);
        }
    }
    let removed = now.resources.iter().filter(|(name, _)| !model.resources.contains_key(*name));
    let removals = removed.map(|(_, resource)| removed_change(resource)).collect::<Vec<_>>();
    Ok(changes.into_values().chain(removals).collect())
}

/// Outputs that a nested stack is asked for and does not have yet.
fn unknown_outputs(model: &Model, planned: &Planned, known: &mut BTreeMap<String, Known>) {
    if planned.resource_type != nested::TYPE {
        return;
    }
    if let Some(known) = known.get_mut(&planned.logical_id) {
        for attribute in model.attributes_of(&planned.logical_id) {
            known.attributes.entry(attribute).or_insert_with(|| json!(UNKNOWN));
        }
    }
}

/// Names with what they need before them.
fn order(model: &Model) -> Vec<String> {
    let mut waiting = model.needs();
    let mut order = Vec::new();
    while !waiting.is_empty() {
        let ready: Vec<String> = waiting
            .iter()
            .filter(|(_, needs)| needs.iter().all(|name| order.contains(name)))
            .map(|(name, _)| name.clone())
            .collect();
        if ready.is_empty() {
            break;
        }
        for name in ready {
            waiting.remove(&name);
            order.push(name);
        }
    }
    order
}

fn resource_change(change: Value) -> Value {
    json!({"Type": "Resource", "ResourceChange": change})
}

fn added(
    model: &Model,
    planned: &Planned,
    known: &BTreeMap<String, Known>,
) -> Result<Value, String> {
    let properties = model.properties_with(planned, known.clone())?;
    Ok(resource_change(json!({
        "Action": "Add",
        "LogicalResourceId": planned.logical_id,
        "ResourceType": planned.resource_type,
        "Scope": [],
        "Details": [],
        "AfterContext": json!({"Properties": properties}).to_string(),
    })))
}

fn removed_change(resource: &Resource) -> Value {
    let action = match resource.deletion_policy.as_str() {
        "Retain" | "RetainExceptOnCreate" => "Retain",
        "Snapshot" => "Snapshot",
        _ => "Delete",
    };
    resource_change(json!({
        "PolicyAction": action,
        "Action": "Remove",
        "LogicalResourceId": resource.logical_id,
        "PhysicalResourceId": resource.physical_id,
        "ResourceType": resource.resource_type,
        "Scope": [],
        "Details": [],
        "BeforeContext": json!({"Properties": resource.properties}).to_string(),
    }))
}

struct Comparison<'a> {
    now: &'a Now<'a>,
    model: &'a Model,
    wanted: &'a Desired,
    planned: &'a Planned,
    resource: &'a Resource,
    modified: &'a BTreeSet<String>,
}

impl Comparison<'_> {
    fn change(
        &self,
        known: &BTreeMap<String, Known>,
    ) -> Result<Option<(Value, Replacement)>, String> {
        let after = self.model.properties_with(self.planned, known.clone())?;
        let found = diff::compare(&self.planned.resource_type, &self.resource.properties, &after);
        let mut details: Vec<Value> =
            found.iter().flat_map(|change| self.details(change)).collect();
        details.extend(self.dynamic_details(&found));
        let mut scope = Vec::new();
        if !details.is_empty() {
            scope.push("Properties");
        }
        if let Some(detail) = self.tag_detail() {
            scope.push("Tags");
            details.push(detail);
        }
        for (attribute, detail) in self.declared_details() {
            scope.push(attribute);
            details.push(detail);
        }
        let may_differ = self.planned.resource_type == nested::TYPE
            && !self.now.quiet.contains(&self.planned.logical_id);
        if details.is_empty() && may_differ {
            let target = json!({
                "Attribute": "Properties",
                "RequiresRecreation": Recreation::Never.as_str(),
            });
            scope.push("Properties");
            details.push(detail(&target, "Dynamic", AUTOMATIC, None));
        }
        if details.is_empty() {
            return Ok(None);
        }
        let replacement = replacement(&details);
        let change = self.body(&after, scope, &details, replacement);
        Ok(Some((resource_change(change), replacement)))
    }

    fn body(
        &self,
        after: &Value,
        scope: Vec<&str>,
        details: &[Value],
        replacement: Replacement,
    ) -> Value {
        let policy = match (replacement, self.planned.update_replace_policy.as_str()) {
            (Replacement::False, _) => Value::Null,
            (_, "Retain") => json!("ReplaceAndRetain"),
            (_, "Snapshot") => json!("ReplaceAndSnapshot"),
            _ => json!("ReplaceAndDelete"),
        };
        json!({
            "PolicyAction": policy,
            "Action": "Modify",
            "LogicalResourceId": self.planned.logical_id,
            "PhysicalResourceId": self.resource.physical_id,
            "ResourceType": self.planned.resource_type,
            "Replacement": replacement.as_str(),
            "Scope": scope,
            "Details": details,
            "BeforeContext": json!({"Properties": self.resource.properties}).to_string(),
            "AfterContext": json!({"Properties": after}).to_string(),
        })
    }

    /// A change with its causes: parameters, references, or the template itself.
    fn details(&self, change: &Change) -> Vec<Value> {
        let declared = &self.planned.properties[change.property()];
        let target = target(change);
        let same_text = self.old_declaration(change.property()).as_ref() == Some(declared);
        let mut details = Vec::new();
        for found in references::find(declared) {
            let parameter = self.changed_parameter(&found.name);
            let unknown = change.is_unknown() && self.model.resources.contains_key(&found.name);
            if parameter {
                details.push(detail(&target, "Static", "ParameterReference", Some(&found.name)));
            } else if unknown {
                let (source, cause) = match &found.attribute {
                    None => ("ResourceReference", found.name.clone()),
                    Some(attribute) => ("ResourceAttribute", format!("{}.{attribute}", found.name)),
                };
                details.push(detail(&target, "Dynamic", source, Some(&cause)));
            }
        }
        if !same_text || details.is_empty() {
            let evaluation = if change.is_unknown() { "Dynamic" } else { "Static" };
            details.push(detail(&target, evaluation, "DirectModification", None));
        }
        details
    }

    /// Attributes of resources that change in place may change with them; AWS says so, and finds
    /// out when it carries the change out.
    fn dynamic_details(&self, found: &[Change]) -> Vec<Value> {
        let empty = Map::new();
        let properties = self.planned.properties.as_object().unwrap_or(&empty);
        let mut details = Vec::new();
        for (name, declared) in properties {
            if found.iter().any(|change| change.property() == name) {
                continue;
            }
            for reference in references::find(declared) {
                let Some(attribute) = reference.attribute else {
                    continue;
                };
                if self.modified.contains(&reference.name) {
                    let recreation = schema::recreation(&self.planned.resource_type, name);
                    let target = json!({
                        "Attribute": "Properties",
                        "Name": name,
                        "RequiresRecreation": recreation.as_str(),
                    });
                    let cause = format!("{}.{attribute}", reference.name);
                    details.push(detail(&target, "Dynamic", "ResourceAttribute", Some(&cause)));
                }
            }
        }
        details
    }

    fn tag_detail(&self) -> Option<Value> {
        let takes = schema::of(&self.planned.resource_type)?.tags.is_some();
        let target = json!({"Attribute": "Tags", "RequiresRecreation": "Never"});
        (takes && self.resource.tags != self.wanted.tags)
            .then(|| detail(&target, "Static", "DirectModification", None))
    }

    fn declared_details(&self) -> Vec<(&'static str, Value)> {
        let changed = DECLARED.iter().filter(|name| {
            self.resource.declaration.get(**name) != self.planned.declaration.get(**name)
        });
        changed
            .map(|name| {
                let target = json!({"Attribute": name, "RequiresRecreation": "Never"});
                (*name, detail(&target, "Static", "DirectModification", None))
            })
            .collect()
    }

    fn changed_parameter(&self, name: &str) -> bool {
        let before = self.now.desired.and_then(|desired| desired.parameters.get(name));
        let after = self.wanted.parameters.get(name);
        after.is_some() && before.is_some() && before != after
    }

    fn old_declaration(&self, property: &str) -> Option<Value> {
        let template = &self.now.desired?.template;
        let body = template.body()["Resources"].get(&self.planned.logical_id)?;
        let pruned = super::intrinsics::prune(body, &self.model.scope.conditions);
        pruned["Properties"].get(property).cloned()
    }
}

fn target(change: &Change) -> Value {
    let value = |value: &Option<Value>| match value {
        None => Value::Null,
        Some(Value::String(text)) => json!(text),
        Some(other) => json!(other.to_string()),
    };
    let kind = match (&change.before, &change.after) {
        (None, _) => "Add",
        (_, None) => "Remove",
        _ => "Modify",
    };
    json!({
        "Attribute": "Properties",
        "Name": change.property(),
        "RequiresRecreation": change.recreation.as_str(),
        "Path": format!("/Properties/{}", change.path),
        "BeforeValue": value(&change.before),
        "AfterValue": value(&change.after),
        "AttributeChangeType": kind,
    })
}

fn detail(target: &Value, evaluation: &str, source: &str, cause: Option<&str>) -> Value {
    json!({
        "Target": target,
        "Evaluation": evaluation,
        "ChangeSource": source,
        "CausingEntity": cause,
    })
}

/// Certain only where a create-only property changes to something that is known.
fn replacement(details: &[Value]) -> Replacement {
    let mut replacement = Replacement::False;
    for detail in details {
        let recreation = detail["Target"]["RequiresRecreation"].as_str();
        if recreation == Some(Recreation::Never.as_str()) {
            continue;
        }
        let certain = recreation == Some(Recreation::Always.as_str());
        if certain && detail["Evaluation"] == "Static" {
            return Replacement::True;
        }
        replacement = Replacement::Conditional;
    }
    replacement
}
