//! Tagged YAML into CloudFormation's long-form JSON: `!Ref X` becomes `{"Ref": "X"}`.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value, json};

use super::error::{Location, TemplateErrorKind};
use super::yaml::{Content, Node, ReadError};

/// Short tags whose long form has the prefix `Fn::`.
const FUNCTIONS: &[&str] = &[
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "ToJsonString",
    "Transform",
];

/// Paths of a template, each with the place it stands at.
pub(super) type Locations = BTreeMap<String, Location>;

/// The long form of a tree, and where its values stood.
pub(super) fn convert(root: Node) -> Result<(Value, Locations), ReadError> {
    let mut locations = Locations::new();
    let value = Converter { locations: &mut locations }.node(root, "")?;
    Ok((value, locations))
}

struct Converter<'a> {
    locations: &'a mut Locations,
}

impl Converter<'_> {
    fn node(&mut self, node: Node, path: &str) -> Result<Value, ReadError> {
        let Some(tag) = node.tag else {
            return self.content(node.content, path);
        };
        let location = node.location;
        let name = long_name(&tag).ok_or((Some(location), TemplateErrorKind::UnknownTag(tag)))?;
        let inner = join(path, &name);
        self.locations.insert(inner.clone(), location);
        // The argument of a short function is text, except where its content says otherwise.
        let argument = self.content(node.content, &inner)?;
        Ok(json!({ name.as_str(): normal(&name, argument) }))
    }

    fn content(&mut self, content: Content, path: &str) -> Result<Value, ReadError> {
        match content {
            Content::Scalar { text, plain } => Ok(scalar(text, plain)),
            Content::Sequence(items) => {
                let mut values = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let inner = join(path, &index.to_string());
                    self.locations.insert(inner.clone(), item.location);
                    values.push(self.node(item, &inner)?);
                }
                Ok(Value::Array(values))
            }
            Content::Mapping(entries) => {
                let mut map = Map::with_capacity(entries.len());
                for entry in entries {
                    let inner = join(path, &entry.key);
                    let at = best_place(&entry.value, entry.key_location);
                    self.locations.insert(inner.clone(), at);
                    let value = self.node(entry.value, &inner)?;
                    let value = normal(&entry.key, value);
                    map.insert(entry.key, value);
                }
                Ok(Value::Object(map))
            }
        }
    }
}

/// A block is found by its key, a value by itself.
fn best_place(value: &Node, key: Location) -> Location {
    match value.content {
        Content::Scalar { .. } => value.location,
        _ if value.tag.is_some() => value.location,
        _ => key,
    }
}

/// `!Ref` and `!Condition` keep their name, the others get `Fn::`.
fn long_name(tag: &str) -> Option<String> {
    let name = tag.strip_prefix('!')?;
    match name {
        "Ref" | "Condition" => Some(name.to_owned()),
        name if FUNCTIONS.contains(&name) => Some(format!("Fn::{name}")),
        _ => None,
    }
}

/// `Fn::GetAtt` written as `name.attribute` becomes a list of two.
fn normal(name: &str, argument: Value) -> Value {
    match (name, &argument) {
        ("Fn::GetAtt", Value::String(text)) => match text.split_once('.') {
            Some((resource, attribute)) => json!([resource, attribute]),
            None => argument,
        },
        _ => argument,
    }
}

fn scalar(text: String, plain: bool) -> Value {
    if !plain {
        return Value::String(text);
    }
    match text.as_str() {
        "true" => Value::Bool(true),
        "false" => Value::Bool(false),
        "" | "~" | "null" => Value::Null,
        _ => number(&text).map_or(Value::String(text), Value::Number),
    }
}

/// JSON's numbers only: `0123` (an account id), `1_000` and `22:30` stay text.
fn number(text: &str) -> Option<Number> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let first = digits.chars().next()?;
    if !first.is_ascii_digit() || (digits.len() > 1 && first == '0' && !digits.starts_with("0.")) {
        return None;
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        let unsigned = text.parse::<u64>().map(Number::from);
        return unsigned.or_else(|_| text.parse::<i64>().map(Number::from)).ok();
    }
    let allowed =
        |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-');
    if !digits.contains('.') || !digits.bytes().all(allowed) || digits.ends_with('.') {
        return None;
    }
    text.parse::<f64>().ok().and_then(Number::from_f64)
}

/// A path with one more step.
pub(super) fn join(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}.{step}") }
}

#[cfg(test)]
mod tests {
    use super::scalar;
    use serde_json::{Value, json};

    fn check(text: &str, expect: Value) {
        assert_eq!(scalar(text.to_owned(), true), expect, "{text}");
    }

    #[test]
    fn only_true_and_false_are_booleans() {
        check("true", json!(true));
        check("false", json!(false));
        for text in ["Yes", "no", "on", "off", "True", "y"] {
            check(text, json!(text));
        }
    }

    #[test]
    fn numbers_are_those_of_json() {
        check("0", json!(0));
        check("-12", json!(-12));
        check("1.5", json!(1.5));
        for text in [
            "012345678901",
            "2012-10-17",
            "1_000",
            "22:30",
            "0x1F",
            "1e3",
            "+1",
            "10.0.0.0/16",
            "1.",
        ] {
            check(text, json!(text));
        }
    }
}
