//! What a graph of stacks comes to: its resources with parameters, conditions and functions worked
//! out, across stacks, before any of them is there.
//!
//! A reference to a resource stays a reference ([`reference()`]), whichever stack it leads to, so
//! that one can follow who names whom. What only a running stack knows stays as the template says
//! it. Pure: calls nothing.

mod functions;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    graph::{GraphError, StackGraph},
    inputs,
    template::{ParameterSpec, Template},
};
use crate::ids::{Region, StackName};

/// The key of a value that stands for a resource.
const RESOURCE: &str = "cloudops:resource";

/// Conditions and values that name each other deeper than this name each other in a circle.
const DEEPEST: usize = 50;

/// A resource that exists once the graph is applied.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Its stack.
    pub stack: StackName,
    /// Its name in the template.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Its properties, worked out as far as that is possible.
    pub properties: Value,
}

impl Resolved {
    /// How references name it.
    #[must_use]
    pub fn key(&self) -> String {
        key(&self.stack, &self.logical_id)
    }
}

fn key(stack: &StackName, logical_id: &str) -> String {
    format!("{stack}/{logical_id}")
}

/// The key of the resource that a value stands for, `stack/LogicalId`, if it stands for one: by
/// `Ref` or by an attribute.
#[must_use]
pub fn reference(value: &Value) -> Option<&str> {
    value.as_object()?.get(RESOURCE)?.as_str()
}

/// The resources of all stacks of a graph, in the order of their stacks and templates. Resources
/// whose condition does not hold are left out; one whose condition nobody can know is left in.
///
/// # Errors
/// [`GraphError`] for a parameter without a value or with one that is not allowed.
pub fn resources(graph: &StackGraph, region: &Region) -> Result<Vec<Resolved>, GraphError> {
    Ok(by(graph, &inputs::of(graph)?, region))
}

/// The same of a graph that may be incomplete: a parameter without a value stays a reference.
#[must_use]
pub fn as_known(graph: &StackGraph, region: &Region) -> Vec<Resolved> {
    by(graph, &inputs::as_known(graph), region)
}

fn by(
    graph: &StackGraph,
    inputs: &BTreeMap<StackName, inputs::Inputs>,
    region: &Region,
) -> Vec<Resolved> {
    let world = World { graph, inputs, region };
    let mut found = Vec::new();
    for spec in graph.stacks() {
        let scope = Scope { world: &world, stack: &spec.name, template: &spec.template, depth: 0 };
        found.extend(scope.resources());
    }
    found
}

/// All stacks and where their parameters come from.
struct World<'a> {
    graph: &'a StackGraph,
    inputs: &'a BTreeMap<StackName, inputs::Inputs>,
    region: &'a Region,
}

/// One template of them.
#[derive(Clone, Copy)]
struct Scope<'a> {
    world: &'a World<'a>,
    stack: &'a StackName,
    template: &'a Template,
    depth: usize,
}

impl<'a> Scope<'a> {
    fn resources(self) -> Vec<Resolved> {
        let resources = self.template.body()["Resources"].as_object();
        let existing = resources.into_iter().flatten().filter(|(_, body)| {
            let condition = body["Condition"].as_str();
            condition.and_then(|name| self.condition(name)) != Some(false)
        });
        let resolved = existing.map(|(logical_id, body)| Resolved {
            stack: self.stack.clone(),
            logical_id: logical_id.clone(),
            resource_type: body["Type"].as_str().unwrap_or_default().to_owned(),
            properties: self.value(&body["Properties"]).unwrap_or_default(),
        });
        resolved.collect()
    }

    /// The same template, one step further inside; none when that goes on for ever.
    fn deeper(self) -> Option<Self> {
        (self.depth < DEEPEST).then_some(Self { depth: self.depth + 1, ..self })
    }

    /// A value worked out; none for `AWS::NoValue`.
    fn value(self, value: &Value) -> Option<Value> {
        let Some(scope) = self.deeper() else {
            return Some(value.clone());
        };
        match value {
            Value::Array(items) => {
                Some(items.iter().filter_map(|item| scope.value(item)).collect())
            }
            Value::Object(map) => match functions::call(map) {
                Some((name, argument)) => scope.function(name, argument, value),
                None => Some(Value::Object(scope.entries(map))),
            },
            plain => Some(plain.clone()),
        }
    }

    fn entries(self, map: &Map<String, Value>) -> Map<String, Value> {
        let entries = map.iter();
        entries.filter_map(|(key, value)| Some((key.clone(), self.value(value)?))).collect()
    }

    fn reference(self, name: &str) -> Option<Value> {
        match name {
            "AWS::NoValue" => return None,
            "AWS::Region" => return Some(json!(self.world.region)),
            "AWS::StackName" => return Some(json!(self.stack)),
            _ => {}
        }
        let mut parameters = self.template.parameters().into_iter();
        if let Some(parameter) = parameters.find(|parameter| parameter.name == name) {
            return Some(self.parameter(&parameter));
        }
        Some(self.resource(name).unwrap_or_else(|| json!({ "Ref": name })))
    }

    /// The value that stands for a resource of this template.
    fn resource(self, logical_id: &str) -> Option<Value> {
        self.template.body()["Resources"].get(logical_id)?;
        Some(json!({ RESOURCE: key(self.stack, logical_id) }))
    }

    fn parameter(self, parameter: &ParameterSpec) -> Value {
        let name = &parameter.name;
        let unknown = || json!({ "Ref": name });
        let Some(inputs) = self.world.inputs.get(self.stack) else {
            return unknown();
        };
        let is_plain = !parameter.no_echo && !parameter.is_stored();
        let given = inputs.given.get(name).or(parameter.default.as_ref()).filter(|_| is_plain);
        match (inputs.outputs.get(name), given) {
            (Some(stack), _) => self.output(stack, name).unwrap_or_else(unknown),
            (None, Some(text)) if parameter.is_list() => {
                text.split(',').map(|item| Value::from(item.trim())).collect()
            }
            (None, Some(text)) => json!(text),
            (None, None) => unknown(),
        }
    }

    /// The output of another stack. A list comes as a joined text, and goes as a list.
    fn output(self, stack: &'a StackName, name: &str) -> Option<Value> {
        let template = &self.world.graph.get(stack)?.template;
        let scope = Scope { stack, template, ..self }.deeper()?;
        let value = scope.value(&template.body()["Outputs"][name]["Value"])?;
        let joined = value.get("Fn::Join").and_then(Value::as_array);
        Some(match joined.map(Vec::as_slice) {
            Some([_, items]) => items.clone(),
            _ => value,
        })
    }

    /// Whether a condition holds; none when only a running stack knows.
    fn condition(self, name: &str) -> Option<bool> {
        let scope = self.deeper()?;
        scope.holds(self.template.body()["Conditions"].get(name)?)
    }

    fn holds(self, value: &Value) -> Option<bool> {
        let scope = self.deeper()?;
        let (function, argument) = value.as_object()?.iter().next()?;
        match (function.as_str(), argument) {
            ("Condition", Value::String(name)) => scope.condition(name),
            ("Fn::Equals", Value::Array(sides)) => {
                functions::equal(&scope.value(sides.first()?)?, &scope.value(sides.get(1)?)?)
            }
            ("Fn::Not", Value::Array(parts)) => Some(!scope.holds(parts.first()?)?),
            ("Fn::And", Value::Array(parts)) => scope.all(parts, true),
            ("Fn::Or", Value::Array(parts)) => scope.all(parts, false).map(|none| !none),
            _ => None,
        }
    }

    /// Whether all parts have this outcome: one that has not decides, whatever is unknown.
    fn all(self, parts: &[Value], outcome: bool) -> Option<bool> {
        let found: Vec<Option<bool>> = parts.iter().map(|part| self.holds(part)).collect();
        if found.contains(&Some(!outcome)) {
            return Some(false);
        }
        found.iter().all(Option::is_some).then_some(true)
    }
}

#[cfg(test)]
mod tests;
