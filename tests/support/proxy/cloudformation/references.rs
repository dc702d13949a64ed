//! Names that a part of a template refers to.

use std::collections::BTreeSet;

use serde_json::Value;

/// A `Ref`, or an attribute by `Fn::GetAtt`; `Fn::Sub` makes both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Reference {
    pub(super) name: String,
    pub(super) attribute: Option<String>,
}

/// Everything that `value` refers to.
pub(super) fn find(value: &Value) -> BTreeSet<Reference> {
    let mut found = BTreeSet::new();
    walk(value, &mut found);
    found
}

/// Names that `value` imports, where they are literal.
pub(super) fn imports(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().flat_map(imports).collect(),
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, inner)| {
                let mut found = imports(inner);
                if key == "Fn::ImportValue" {
                    found.push(inner);
                }
                found
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn walk(value: &Value, found: &mut BTreeSet<Reference>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
        Value::Object(map) => {
            for (key, inner) in map {
                match (key.as_str(), inner) {
                    ("Ref", Value::String(name)) => {
                        found.insert(Reference { name: name.clone(), attribute: None });
                    }
                    ("Fn::GetAtt", Value::Array(parts)) => attribute(parts, found),
                    ("Fn::Sub", Value::String(template)) => substitution(template, None, found),
                    ("Fn::Sub", Value::Array(parts)) => {
                        let template = parts.first().and_then(Value::as_str).unwrap_or_default();
                        substitution(template, parts.get(1), found);
                    }
                    _ => {}
                }
                walk(inner, found);
            }
        }
        _ => {}
    }
}

fn attribute(parts: &[Value], found: &mut BTreeSet<Reference>) {
    if let Some(name) = parts.first().and_then(Value::as_str) {
        let attribute = parts.get(1).and_then(Value::as_str).map(str::to_owned);
        found.insert(Reference { name: name.to_owned(), attribute });
    }
}

fn substitution(template: &str, own: Option<&Value>, found: &mut BTreeSet<Reference>) {
    for part in template.split("${").skip(1) {
        let Some((name, _)) = part.split_once('}') else {
            continue;
        };
        let name = name.trim();
        if name.starts_with('!') || own.is_some_and(|own| own.get(name).is_some()) {
            continue;
        }
        let (name, attribute) = match name.split_once('.') {
            Some((name, attribute)) => (name, Some(attribute.to_owned())),
            None => (name, None),
        };
        found.insert(Reference { name: name.to_owned(), attribute });
    }
}
