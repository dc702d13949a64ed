//! A template with its conditions decided: which resources there are, and what each needs.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::cfn::template::Template;
use serde_json::{Map, Value, json};

use super::answer::Fault;
use super::intrinsics::{self, Known, Scope};
use super::references;
use super::state::{Desired, Output, Resource};

/// What a stack should consist of.
#[derive(Debug, Clone)]
pub(super) struct Model {
    pub(super) scope: Scope,
    pub(super) resources: BTreeMap<String, Planned>,
    outputs: Value,
}

/// A resource that should be there.
#[derive(Debug, Clone)]
pub(super) struct Planned {
    pub(super) logical_id: String,
    pub(super) resource_type: String,
    /// Properties with functions not evaluated, except `Fn::If`.
    pub(super) properties: Value,
    pub(super) deletion_policy: String,
    pub(super) update_replace_policy: String,
    pub(super) depends_on: BTreeSet<String>,
    pub(super) declaration: Value,
}

impl Model {
    /// Decides the conditions and picks the resources. `scope` has parameters and pseudo
    /// parameters.
    pub(super) fn build(template: &Template, mut scope: Scope) -> Result<Self, Fault> {
        scope.mappings = template.body()["Mappings"].clone();
        intrinsics::conditions(&mut scope, &template.body()["Conditions"])
            .map_err(Fault::validation)?;
        let body = template.body()["Resources"].as_object().cloned().unwrap_or_default();
        let active: BTreeMap<String, Value> = body
            .into_iter()
            .filter(|(_, body)| holds(body, &scope.conditions))
            .map(|(name, body)| (name, intrinsics::prune(&body, &scope.conditions)))
            .collect();
        let names: BTreeSet<String> = active.keys().cloned().collect();
        let known = |name: &str| names.contains(name) || plain(&scope, name);
        let mut resources = BTreeMap::new();
        for (name, body) in &active {
            unresolved(&body["Properties"], &known, "Resources")?;
            resources.insert(name.clone(), planned(name, body, &names));
        }
        let outputs = outputs(template.body(), &scope.conditions);
        unresolved(&outputs, &known, "Outputs")?;
        Ok(Self { scope, resources, outputs })
    }

    /// Attributes of resource `name` that anything in the template asks for.
    pub(super) fn attributes_of(&self, name: &str) -> BTreeSet<String> {
        let bodies = self.resources.values().map(|resource| &resource.properties);
        bodies
            .chain([&self.outputs])
            .flat_map(references::find)
            .filter(|found| found.name == name)
            .filter_map(|found| found.attribute)
            .collect()
    }

    /// Properties of a resource with all functions evaluated, given what exists.
    pub(super) fn properties(
        &self,
        planned: &Planned,
        existing: &BTreeMap<String, Resource>,
    ) -> Result<Value, String> {
        self.properties_with(planned, known(existing))
    }

    /// As [`Self::properties`], where some resources are not known yet.
    pub(super) fn properties_with(
        &self,
        planned: &Planned,
        resources: BTreeMap<String, Known>,
    ) -> Result<Value, String> {
        let scope = Scope { resources, ..self.scope.clone() };
        let resolved = scope.resolve(&planned.properties)?;
        Ok(resolved.unwrap_or_else(|| Value::Object(Map::new())))
    }

    /// The outputs, given what exists.
    pub(super) fn outputs(
        &self,
        existing: &BTreeMap<String, Resource>,
    ) -> Result<Vec<Output>, String> {
        let scope = Scope { resources: known(existing), ..self.scope.clone() };
        let mut outputs = Vec::new();
        for (key, body) in self.outputs.as_object().into_iter().flatten() {
            let text = |value: &Value| -> Result<Option<String>, String> {
                Ok(scope.resolve(value)?.as_ref().and_then(intrinsics::text))
            };
            let value = text(&body["Value"])?.ok_or_else(|| {
                format!("Template format error: Output {key} is malformed. The Value field of every Outputs member must evaluate to a String.")
            })?;
            outputs.push(Output {
                key: key.clone(),
                value,
                description: text(&body["Description"])?,
                export: text(&body["Export"]["Name"])?,
            });
        }
        Ok(outputs)
    }

    /// Names of the exports that the template imports.
    pub(super) fn imports(&self) -> BTreeSet<String> {
        let bodies = self.resources.values().map(|resource| &resource.properties);
        bodies
            .chain([&self.outputs])
            .flat_map(references::imports)
            .filter_map(|name| self.scope.resolve(name).ok()??.as_str().map(str::to_owned))
            .collect()
    }

    /// What each resource needs first.
    pub(super) fn needs(&self) -> BTreeMap<String, BTreeSet<String>> {
        let pairs = self.resources.iter();
        pairs.map(|(name, planned)| (name.clone(), planned.depends_on.clone())).collect()
    }
}

/// The model of what a submission wants.
pub(super) fn of(desired: &Desired, scope: Scope) -> Result<Model, Fault> {
    Model::build(&desired.template, scope)
}

/// What references to existing resources give.
pub(super) fn known(existing: &BTreeMap<String, Resource>) -> BTreeMap<String, Known> {
    existing
        .iter()
        .filter_map(|(name, resource)| {
            let known = Known {
                reference: resource.physical_id.clone()?,
                attributes: resource.attributes.clone(),
                unknown: false,
            };
            Some((name.clone(), known))
        })
        .collect()
}

fn holds(body: &Value, conditions: &BTreeMap<String, bool>) -> bool {
    body["Condition"].as_str().is_none_or(|name| conditions.get(name).copied().unwrap_or(false))
}

fn plain(scope: &Scope, name: &str) -> bool {
    name == "AWS::NoValue" || scope.parameters.contains_key(name) || scope.pseudo.contains_key(name)
}

fn unresolved(value: &Value, known: &dyn Fn(&str) -> bool, block: &str) -> Result<(), Fault> {
    let missing: BTreeSet<String> = references::find(value)
        .into_iter()
        .map(|found| found.name)
        .filter(|name| !known(name))
        .collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.into_iter().collect::<Vec<_>>().join(", ");
    Err(Fault::validation(format!(
        "Template format error: Unresolved resource dependencies [{names}] in the {block} block of the template"
    )))
}

fn planned(name: &str, body: &Value, names: &BTreeSet<String>) -> Planned {
    let resource_type = body["Type"].as_str().unwrap_or_default().to_owned();
    let explicit = match &body["DependsOn"] {
        Value::String(one) => vec![one.clone()],
        Value::Array(items) => {
            items.iter().filter_map(|one| one.as_str().map(str::to_owned)).collect()
        }
        _ => Vec::new(),
    };
    let implicit = references::find(&body["Properties"]).into_iter().map(|found| found.name);
    let depends_on =
        explicit.into_iter().chain(implicit).filter(|one| names.contains(one)).collect();
    let policy = |key: &str| {
        // AWS takes a snapshot of a cluster unless the template says otherwise.
        let default = if key == "DeletionPolicy" && resource_type == "AWS::RDS::DBCluster" {
            "Snapshot"
        } else {
            "Delete"
        };
        body[key].as_str().unwrap_or(default).to_owned()
    };
    let mut declaration = body.clone();
    if let Value::Object(map) = &mut declaration {
        map.remove("Properties");
        map.remove("DependsOn");
        map.remove("Condition");
    }
    Planned {
        logical_id: name.to_owned(),
        properties: body.get("Properties").cloned().unwrap_or_else(|| json!({})),
        deletion_policy: policy("DeletionPolicy"),
        update_replace_policy: policy("UpdateReplacePolicy"),
        depends_on,
        declaration,
        resource_type,
    }
}

fn outputs(body: &Value, conditions: &BTreeMap<String, bool>) -> Value {
    let declared = body["Outputs"].as_object().into_iter().flatten();
    Value::Object(
        declared
            .filter(|(_, body)| holds(body, conditions))
            .map(|(name, body)| {
                let mut body = intrinsics::prune(body, conditions);
                if let Value::Object(map) = &mut body {
                    map.remove("Condition");
                }
                (name.clone(), body)
            })
            .collect(),
    )
}
