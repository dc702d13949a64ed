//! Evaluates intrinsic functions.

mod cidr;
mod functions;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Stands for a value that is known only once the change has been made, as on AWS.
pub(super) const UNKNOWN: &str = "{{changeSet:KNOWN_AFTER_APPLY}}";

/// What a reference to a resource gives.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// The value of `Ref`.
    pub(super) reference: String,
    /// The values of `Fn::GetAtt`.
    pub(super) attributes: Map<String, Value>,
    /// The resource is about to be made or replaced, so nothing of it is known yet.
    pub(super) unknown: bool,
}

/// Everything that functions look up.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    pub(super) parameters: BTreeMap<String, Value>,
    pub(super) pseudo: BTreeMap<String, Value>,
    pub(super) mappings: Value,
    pub(super) conditions: BTreeMap<String, bool>,
    pub(super) zones: Vec<String>,
    pub(super) exports: BTreeMap<String, String>,
    pub(super) resources: BTreeMap<String, Known>,
}

impl Scope {
    /// The value with all functions evaluated; none for `AWS::NoValue`.
    pub(super) fn resolve(&self, value: &Value) -> Result<Option<Value>, String> {
        match value {
            Value::Object(map) => match single(map) {
                Some((name, argument)) => self.call(name, argument),
                None => self.object(map).map(Some),
            },
            Value::Array(items) => {
                let mut resolved = Vec::with_capacity(items.len());
                for item in items {
                    resolved.extend(self.resolve(item)?);
                }
                Ok(Some(Value::Array(resolved)))
            }
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn object(&self, map: &Map<String, Value>) -> Result<Value, String> {
        let mut resolved = Map::with_capacity(map.len());
        for (key, inner) in map {
            if let Some(value) = self.resolve(inner)? {
                resolved.insert(key.clone(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    /// The value of `Ref`; none for `AWS::NoValue`.
    fn reference(&self, name: &str) -> Result<Option<Value>, String> {
        if name == "AWS::NoValue" {
            return Ok(None);
        }
        let plain = self.parameters.get(name).or_else(|| self.pseudo.get(name)).cloned();
        if plain.is_some() {
            return Ok(plain);
        }
        let known = self.resources.get(name).ok_or_else(|| unresolved(name))?;
        let text = if known.unknown { UNKNOWN.to_owned() } else { known.reference.clone() };
        Ok(Some(Value::String(text)))
    }

    fn attribute(&self, resource: &str, attribute: &str) -> Result<Value, String> {
        let known = self.resources.get(resource).ok_or_else(|| unresolved(resource))?;
        if known.unknown {
            return Ok(Value::String(UNKNOWN.to_owned()));
        }
        known.attributes.get(attribute).cloned().ok_or_else(|| {
            format!("Attribute '{attribute}' does not exist in the resource '{resource}'")
        })
    }
}

/// Evaluates the conditions of a template.
pub(super) fn conditions(scope: &mut Scope, declared: &Value) -> Result<(), String> {
    let names: Vec<&String> =
        declared.as_object().into_iter().flatten().map(|(name, _)| name).collect();
    for name in names {
        condition(scope, declared, name, 0)?;
    }
    Ok(())
}

fn condition(scope: &mut Scope, declared: &Value, name: &str, depth: usize) -> Result<(), String> {
    if scope.conditions.contains_key(name) || depth > 64 {
        return Ok(());
    }
    let body = &declared[name];
    for needed in named_conditions(body) {
        condition(scope, declared, &needed, depth + 1)?;
    }
    let truth = match scope.resolve(body)? {
        Some(Value::Bool(truth)) => truth,
        Some(Value::String(text)) => text == "true",
        _ => {
            return Err(format!("Template format error: condition {name} is not a condition"));
        }
    };
    scope.conditions.insert(name.to_owned(), truth);
    Ok(())
}

fn named_conditions(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(named_conditions).collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| match inner.as_str() {
                Some(name) if key == "Condition" => vec![name.to_owned()],
                _ => named_conditions(inner),
            })
            .collect(),
        _ => Vec::new(),
    }
}

/// Resolves `Fn::If` only, so that what is not taken no longer counts as a reference.
pub(super) fn prune(value: &Value, conditions: &BTreeMap<String, bool>) -> Value {
    match value {
        Value::Object(map) => {
            if let Some(("Fn::If", Value::Array(parts))) = single(map)
                && let [Value::String(name), yes, no] = parts.as_slice()
                && let Some(truth) = conditions.get(name)
            {
                return prune(if *truth { yes } else { no }, conditions);
            }
            Value::Object(
                map.iter().map(|(key, inner)| (key.clone(), prune(inner, conditions))).collect(),
            )
        }
        Value::Array(items) => {
            Value::Array(items.iter().map(|item| prune(item, conditions)).collect())
        }
        scalar => scalar.clone(),
    }
}

/// A scalar as CloudFormation writes it into text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

fn single(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = map.iter().next().filter(|_| map.len() == 1)?;
    let function = name == "Ref" || name.starts_with("Fn::");
    // `Condition` is a function only where its argument is a name.
    let condition = name == "Condition" && argument.is_string();
    (function || condition).then_some((name.as_str(), argument))
}

fn unresolved(name: &str) -> String {
    format!(
        "Template format error: Unresolved resource dependencies [{name}] in the Resources block of the template"
    )
}
