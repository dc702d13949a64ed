//! Functions of templates.

use serde_json::{Map, Value, json};

use super::{Scope, reference};

/// The function that a mapping calls, if it is a call.
pub(super) fn call(map: &Map<String, Value>) -> Option<(&str, &Value)> {
    let (name, argument) = map.iter().next().filter(|_| map.len() == 1)?;
    (name == "Ref" || name.starts_with("Fn::")).then_some((name.as_str(), argument))
}

/// Whether two values are the same; none when nobody knows. A resource's id is never empty.
pub(super) fn equal(left: &Value, right: &Value) -> Option<bool> {
    match (text(left), text(right)) {
        (Some(left), Some(right)) => Some(left == right),
        (Some(text), None) | (None, Some(text)) if text.is_empty() => Some(false),
        _ => (reference(left).is_some() && left == right).then_some(true),
    }
}

/// Text, a number or a truth value as text.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}

impl Scope<'_> {
    /// What a call comes to; `whole` is the call, which stays where nobody knows.
    pub(super) fn function(self, name: &str, argument: &Value, whole: &Value) -> Option<Value> {
        let known = match (name, argument) {
            ("Ref", Value::String(target)) => return self.reference(target),
            ("Fn::If", Value::Array(parts)) => return self.choose(parts, whole),
            ("Fn::GetAtt", Value::Array(parts)) => self.attribute(parts),
            ("Fn::Sub", argument) => self.substitute(argument),
            ("Fn::Join", Value::Array(parts)) => return Some(self.join(parts, whole)),
            ("Fn::Split", Value::Array(parts)) => self.split(parts),
            ("Fn::Select", Value::Array(parts)) => self.select(parts),
            ("Fn::FindInMap", Value::Array(parts)) => self.find_in_map(parts),
            _ => None,
        };
        Some(known.unwrap_or_else(|| whole.clone()))
    }

    fn choose(self, parts: &[Value], whole: &Value) -> Option<Value> {
        let [Value::String(condition), then, otherwise] = parts else {
            return Some(whole.clone());
        };
        match self.condition(condition) {
            Some(true) => self.value(then),
            Some(false) => self.value(otherwise),
            None => Some(whole.clone()),
        }
    }

    fn attribute(self, parts: &[Value]) -> Option<Value> {
        self.resource(parts.first()?.as_str()?)
    }

    fn substitute(self, argument: &Value) -> Option<Value> {
        let (template, own) = match argument {
            Value::String(text) => (text.as_str(), &Value::Null),
            Value::Array(parts) => (parts.first()?.as_str()?, parts.get(1)?),
            _ => return None,
        };
        let (mut filled, mut rest) = (String::new(), template);
        while let Some((before, after)) = rest.split_once("${") {
            filled.push_str(before);
            let (name, remaining) = after.split_once('}')?;
            match name.strip_prefix('!') {
                Some(literal) => filled.push_str(&format!("${{{literal}}}")),
                None => filled.push_str(&self.named(name.trim(), own)?),
            }
            rest = remaining;
        }
        filled.push_str(rest);
        Some(Value::from(filled))
    }

    fn named(self, name: &str, own: &Value) -> Option<String> {
        let value = match own.get(name) {
            Some(value) => self.value(value)?,
            None => self.reference(name)?,
        };
        text(&value)
    }

    /// A joined text, or the call with its items worked out.
    fn join(self, parts: &[Value], whole: &Value) -> Value {
        let [Value::String(between), items] = parts else {
            return whole.clone();
        };
        let items = self.value(items).unwrap_or_default();
        let texts: Option<Vec<String>> =
            items.as_array().and_then(|items| items.iter().map(text).collect());
        match texts {
            Some(texts) => Value::from(texts.join(between)),
            None => json!({ "Fn::Join": [between, items] }),
        }
    }

    fn split(self, parts: &[Value]) -> Option<Value> {
        let between = parts.first()?.as_str().filter(|between| !between.is_empty())?;
        let whole = text(&self.value(parts.get(1)?)?)?;
        Some(whole.split(between).map(Value::from).collect())
    }

    fn select(self, parts: &[Value]) -> Option<Value> {
        let index: usize = text(&self.value(parts.first()?)?)?.parse().ok()?;
        self.value(parts.get(1)?)?.as_array()?.get(index).cloned()
    }

    fn find_in_map(self, parts: &[Value]) -> Option<Value> {
        let mut found = &self.template.body()["Mappings"];
        for part in parts.get(..3)? {
            found = found.get(text(&self.value(part)?)?)?;
        }
        self.value(found)
    }
}
