//! Finds what a part of a template points at.

use serde_json::Value;

use super::long_form::join;

/// What a reference is made with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// `Ref`, or `${Name}`: a parameter, a resource or a pseudo parameter.
    Ref(String),
    /// `Fn::GetAtt`, or `${Name.Attribute}`: a resource.
    Attribute(String),
    /// The first argument of `Fn::If`, or `Condition`.
    Condition(String),
    /// `Fn::FindInMap`: the mapping and those of its two keys that are literal.
    Mapping { map: String, keys: [Option<String>; 2], has_default: bool },
}

/// A reference and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) target: Target,
    pub(super) path: String,
}

/// All references in `value`. `in_conditions` says that `{"Condition": "X"}` is a function here,
/// as it is in the `Conditions` section; elsewhere it is a property.
pub(super) fn find(value: &Value, path: &str, in_conditions: bool) -> Vec<Reference> {
    let mut found = Vec::new();
    walk(value, path, in_conditions, &mut found);
    found
}

fn walk(value: &Value, path: &str, in_conditions: bool, found: &mut Vec<Reference>) {
    match value {
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                walk(item, &join(path, &index.to_string()), in_conditions, found);
            }
        }
        Value::Object(map) => {
            for (key, inner) in map {
                let inner_path = join(path, key);
                if map.len() == 1 {
                    function(key, inner, &inner_path, in_conditions, found);
                }
                walk(inner, &inner_path, in_conditions, found);
            }
        }
        _ => {}
    }
}

fn function(
    name: &str,
    argument: &Value,
    path: &str,
    in_conditions: bool,
    found: &mut Vec<Reference>,
) {
    let mut add = |target| found.push(Reference { target, path: path.to_owned() });
    match (name, argument) {
        ("Ref", Value::String(name)) => add(Target::Ref(name.clone())),
        ("Fn::GetAtt", Value::Array(parts)) => {
            if let Some(Value::String(resource)) = parts.first() {
                add(Target::Attribute(resource.clone()));
            }
        }
        ("Fn::If", Value::Array(parts)) => {
            if let Some(Value::String(condition)) = parts.first() {
                add(Target::Condition(condition.clone()));
            }
        }
        ("Condition", Value::String(condition)) if in_conditions => {
            add(Target::Condition(condition.clone()));
        }
        ("Fn::FindInMap", Value::Array(parts)) => find_in_map(parts, add),
        ("Fn::Sub", argument) => substitution(argument).into_iter().for_each(add),
        _ => {}
    }
}

fn find_in_map(parts: &[Value], mut add: impl FnMut(Target)) {
    let text = |index: usize| parts.get(index).and_then(Value::as_str).map(str::to_owned);
    if let Some(map) = text(0) {
        add(Target::Mapping { map, keys: [text(1), text(2)], has_default: parts.len() > 3 });
    }
}

fn substitution(argument: &Value) -> Vec<Target> {
    let (template, own) = match argument {
        Value::String(text) => (text.as_str(), None),
        Value::Array(parts) => (
            parts.first().and_then(Value::as_str).unwrap_or_default(),
            parts.get(1).and_then(Value::as_object),
        ),
        _ => return Vec::new(),
    };
    placeholders(template)
        .into_iter()
        .filter(|name| !own.is_some_and(|own| own.contains_key(*name)))
        .map(|name| match name.split_once('.') {
            Some((resource, _)) => Target::Attribute(resource.to_owned()),
            None => Target::Ref(name.to_owned()),
        })
        .collect()
}

/// The names in `${...}`; `${!literal}` is none.
fn placeholders(template: &str) -> Vec<&str> {
    let mut names = Vec::new();
    let mut rest = template;
    while let Some(start) = rest.find("${") {
        rest = &rest[start + 2..];
        let Some(end) = rest.find('}') else { break };
        if !rest.starts_with('!') {
            names.push(rest[..end].trim());
        }
        rest = &rest[end + 1..];
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn substitutions_know_literals_and_own_variables() {
        let targets = substitution(&json!(["${A}-${B.Arn}-${!C}-${Own}", {"Own": 1}]));
        let expect = [Target::Ref("A".to_owned()), Target::Attribute("B".to_owned())];
        assert_eq!(targets, expect);
    }

    #[test]
    fn a_condition_of_a_policy_statement_is_a_property() {
        let statement = json!({"Condition": "Name"});
        assert!(find(&statement, "", false).is_empty());
        assert_eq!(find(&statement, "", true).len(), 1);
    }
}
