//! The intrinsic functions, one after the other.

use base64::Engine as _;
use serde_json::Value;

use super::{Scope, UNKNOWN, cidr, text};

impl Scope {
    pub(super) fn call(&self, name: &str, argument: &Value) -> Result<Option<Value>, String> {
        if name == "Ref" {
            return self.reference(argument.as_str().unwrap_or_default());
        }
        if name == "Fn::If" {
            return self.choose(argument);
        }
        let value = match name {
            "Condition" => self.named(argument)?.into(),
            "Fn::GetAtt" => self.get_att(argument)?,
            "Fn::Sub" => self.sub(argument)?.into(),
            "Fn::Join" => self.join(argument)?.into(),
            "Fn::Select" => return self.select(argument),
            "Fn::Split" => self.split(argument)?,
            "Fn::FindInMap" => self.find_in_map(argument)?,
            "Fn::Cidr" => self.cidr(argument)?,
            "Fn::GetAZs" => self.zones.clone().into(),
            "Fn::ImportValue" => self.import(argument)?.into(),
            "Fn::Base64" => self.base64(argument)?.into(),
            "Fn::Equals" => self.equals(argument)?.into(),
            "Fn::And" => self.truths(argument)?.iter().all(|truth| *truth).into(),
            "Fn::Or" => self.truths(argument)?.iter().any(|truth| *truth).into(),
            "Fn::Not" => (!self.truths(argument)?.iter().all(|truth| *truth)).into(),
            other => return Err(format!("Template error: {other} is not supported")),
        };
        Ok(Some(value))
    }

    fn required(&self, value: &Value) -> Result<Value, String> {
        self.resolve(value)?.ok_or_else(|| "Template error: AWS::NoValue is not a value".to_owned())
    }

    fn text(&self, value: &Value, function: &str) -> Result<String, String> {
        text(&self.required(value)?)
            .ok_or_else(|| format!("Template error: every {function} object needs text here"))
    }

    fn list(&self, value: &Value, function: &str) -> Result<Option<Vec<Value>>, String> {
        match self.required(value)? {
            Value::Array(items) => Ok(Some(items)),
            Value::String(text) if text.contains(UNKNOWN) => Ok(None),
            _ => Err(format!("Template error: every {function} object requires a list")),
        }
    }

    fn choose(&self, argument: &Value) -> Result<Option<Value>, String> {
        let [Value::String(name), yes, no] = parts(argument) else {
            return Err(
                "Template error: Fn::If requires a list argument with three parameters".to_owned()
            );
        };
        let truth = self.conditions.get(name).copied().ok_or_else(|| no_condition(name))?;
        self.resolve(if truth { yes } else { no })
    }

    fn named(&self, argument: &Value) -> Result<bool, String> {
        let name = argument.as_str().unwrap_or_default();
        self.conditions.get(name).copied().ok_or_else(|| no_condition(name))
    }

    fn get_att(&self, argument: &Value) -> Result<Value, String> {
        let [resource, attribute] = parts(argument) else {
            return Err(
                "Template error: every Fn::GetAtt object requires two non-empty parameters"
                    .to_owned(),
            );
        };
        let attribute = self.text(attribute, "Fn::GetAtt")?;
        self.attribute(resource.as_str().unwrap_or_default(), &attribute)
    }

    fn sub(&self, argument: &Value) -> Result<String, String> {
        let (template, own) = match argument {
            Value::String(template) => (template.as_str(), None),
            Value::Array(items) => {
                let template = items.first().and_then(Value::as_str).unwrap_or_default();
                (template, items.get(1).and_then(Value::as_object))
            }
            _ => return Err("Template error: One or more Fn::Sub intrinsic functions don't specify expected arguments.".to_owned()),
        };
        let mut out = String::new();
        let mut rest = template;
        while let Some(start) = rest.find("${") {
            out.push_str(&rest[..start]);
            let after = &rest[start + 2..];
            let Some(end) = after.find('}') else {
                rest = &rest[start..];
                break;
            };
            let name = after[..end].trim();
            match (name.strip_prefix('!'), own.and_then(|own| own.get(name))) {
                (Some(literal), _) => out.push_str(&format!("${{{literal}}}")),
                (None, Some(value)) => out.push_str(&self.text(value, "Fn::Sub")?),
                (None, None) => out.push_str(&self.variable(name)?),
            }
            rest = &after[end + 1..];
        }
        out.push_str(rest);
        Ok(out)
    }

    fn variable(&self, name: &str) -> Result<String, String> {
        let value = match name.split_once('.') {
            Some((resource, attribute)) => Some(self.attribute(resource, attribute)?),
            None => self.reference(name)?,
        };
        value.as_ref().and_then(text).ok_or_else(|| {
            "Template error: variable names in Fn::Sub syntax must contain only text".to_owned()
        })
    }

    fn join(&self, argument: &Value) -> Result<String, String> {
        let [separator, items] = parts(argument) else {
            return Err("Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.".to_owned());
        };
        let separator = self.text(separator, "Fn::Join")?;
        let Some(items) = self.list(items, "Fn::Join")? else {
            return Ok(UNKNOWN.to_owned());
        };
        let texts: Option<Vec<String>> = items.iter().map(text).collect();
        texts.map(|texts| texts.join(&separator)).ok_or_else(|| {
            "Template error: every Fn::Join object requires a list of strings".to_owned()
        })
    }

    fn select(&self, argument: &Value) -> Result<Option<Value>, String> {
        let [index, items] = parts(argument) else {
            return Err(
                "Template error: Fn::Select requires a list argument with two elements".to_owned()
            );
        };
        let index = self.text(index, "Fn::Select")?;
        let index = index.parse::<usize>().map_err(|_| {
            "Template error: Fn::Select requires a list argument with a valid index".to_owned()
        })?;
        let Some(items) = self.list(items, "Fn::Select")? else {
            return Ok(Some(UNKNOWN.into()));
        };
        items.get(index).cloned().map(Some).ok_or_else(|| {
            format!("Template error: Fn::Select cannot select nonexistent value at index {index}")
        })
    }

    fn split(&self, argument: &Value) -> Result<Value, String> {
        let [separator, value] = parts(argument) else {
            return Err("Template error: every Fn::Split object requires two parameters".to_owned());
        };
        let separator = self.text(separator, "Fn::Split")?;
        let value = self.text(value, "Fn::Split")?;
        if value.contains(UNKNOWN) {
            return Ok(UNKNOWN.into());
        }
        Ok(value.split(&separator).map(Value::from).collect())
    }

    fn find_in_map(&self, argument: &Value) -> Result<Value, String> {
        let items = parts(argument);
        let [map, first, second, default @ ..] = items else {
            return Err(
                "Template error: every Fn::FindInMap object requires three parameters".to_owned()
            );
        };
        let (map, first, second) = (
            self.text(map, "Fn::FindInMap")?,
            self.text(first, "Fn::FindInMap")?,
            self.text(second, "Fn::FindInMap")?,
        );
        if let Some(found) = self.mappings[&map][&first].get(&second) {
            return Ok(found.clone());
        }
        match default.first().and_then(|default| default.get("DefaultValue")) {
            Some(default) => self.required(default),
            None => {
                Err(format!("Template error: Unable to get mapping for {map}::{first}::{second}"))
            }
        }
    }

    fn cidr(&self, argument: &Value) -> Result<Value, String> {
        let items = parts(argument);
        let [block, count, bits @ ..] = items else {
            return Err(
                "Template error: every Fn::Cidr object requires two or three parameters".to_owned()
            );
        };
        let block = self.text(block, "Fn::Cidr")?;
        if block.contains(UNKNOWN) {
            return Ok(UNKNOWN.into());
        }
        let number = |value: &Value| -> Result<u32, String> {
            let text = self.text(value, "Fn::Cidr")?;
            text.parse().map_err(|_| format!("Template error: {text} is not a number for Fn::Cidr"))
        };
        let bits = bits.first().map(number).transpose()?;
        Ok(cidr::blocks(&block, number(count)?, bits)?.into())
    }

    fn import(&self, argument: &Value) -> Result<String, String> {
        let name = self.text(argument, "Fn::ImportValue")?;
        self.exports.get(&name).cloned().ok_or_else(|| format!("No export named {name} found."))
    }

    fn base64(&self, argument: &Value) -> Result<String, String> {
        let plain = self.text(argument, "Fn::Base64")?;
        if plain.contains(UNKNOWN) {
            return Ok(UNKNOWN.to_owned());
        }
        Ok(base64::engine::general_purpose::STANDARD.encode(plain))
    }

    fn equals(&self, argument: &Value) -> Result<bool, String> {
        let [left, right] = parts(argument) else {
            return Err(
                "Template error: every Fn::Equals object requires a list of 2 string parameters"
                    .to_owned(),
            );
        };
        let (left, right) = (self.resolve(left)?, self.resolve(right)?);
        // Text, numbers and booleans are compared as they are written.
        let plain = |value: &Option<Value>| value.as_ref().and_then(text);
        Ok(match (plain(&left), plain(&right)) {
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        })
    }

    fn truths(&self, argument: &Value) -> Result<Vec<bool>, String> {
        parts(argument)
            .iter()
            .map(|part| match self.required(part)? {
                Value::Bool(truth) => Ok(truth),
                Value::String(text) if text == "true" || text == "false" => Ok(text == "true"),
                _ => Err("Template error: conditions need conditions".to_owned()),
            })
            .collect()
    }
}

fn parts(argument: &Value) -> &[Value] {
    argument.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn no_condition(name: &str) -> String {
    format!(
        "Template format error: Unresolved condition dependency {name} in the Conditions block of the template"
    )
}
