//! Facts about resource types, from the public resource schemas (see `schemas/generate.py`).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use serde::Deserialize;
use serde_json::{Map, Number, Value};

/// What is known of one resource type.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Schema {
    create_only: Vec<String>,
    conditional_create_only: Vec<String>,
    read_only: Vec<String>,
    required: Vec<String>,
    /// Property that takes tags.
    pub(super) tags: Option<String>,
    kinds: BTreeMap<String, String>,
}

/// Whether a change of a property replaces the resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Recreation {
    Never,
    Conditionally,
    Always,
}

impl Recreation {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Never => "Never",
            Self::Conditionally => "Conditionally",
            Self::Always => "Always",
        }
    }
}

fn table() -> &'static BTreeMap<String, Schema> {
    static TABLE: OnceLock<BTreeMap<String, Schema>> = OnceLock::new();
    TABLE.get_or_init(|| {
        serde_json::from_str(include_str!("schemas/createonly.json")).unwrap_or_default()
    })
}

/// The schema of a type, when the table has it.
pub(super) fn of(resource_type: &str) -> Option<&'static Schema> {
    table().get(resource_type)
}

/// Whether AWS knows the type at all.
pub(super) fn exists(resource_type: &str) -> bool {
    static NAMES: OnceLock<BTreeSet<&'static str>> = OnceLock::new();
    let names = NAMES.get_or_init(|| include_str!("schemas/types.txt").lines().collect());
    names.contains(resource_type) || resource_type.starts_with("Custom::")
}

/// What a change at `path` (such as `ContainerDefinitions/0/Image`) means for the resource.
pub(super) fn recreation(resource_type: &str, path: &str) -> Recreation {
    let Some(schema) = of(resource_type) else {
        return Recreation::Never;
    };
    let touches = |list: &[String]| list.iter().any(|one| touches(one, path));
    if touches(&schema.create_only) {
        Recreation::Always
    } else if touches(&schema.conditional_create_only) {
        Recreation::Conditionally
    } else {
        Recreation::Never
    }
}

/// A change below a create-only property touches it, and so does one of all that is around it.
fn touches(pattern: &str, path: &str) -> bool {
    let pattern = pattern.split('/').filter(|step| *step != "*");
    let path = path.split('/').filter(|step| step.parse::<usize>().is_err());
    pattern.zip(path).all(|(expect, step)| expect == step)
}

/// What the model of the resource refuses about its properties.
pub(super) fn refusals(resource_type: &str, properties: &Map<String, Value>) -> Option<String> {
    let schema = of(resource_type)?;
    let first = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let known: BTreeSet<String> = schema.kinds.keys().map(|path| first(path)).collect();
    if let Some(name) = properties.keys().find(|name| !known.contains(*name)) {
        return Some(format!("#: extraneous key [{name}] is not permitted"));
    }
    let missing = schema.required.iter().find(|name| !properties.contains_key(*name))?;
    Some(format!("#: required key [{missing}] not found"))
}

/// Whether `Fn::GetAtt` has this attribute, as far as the model of the type tells.
pub(super) fn has_attribute(resource_type: &str, attribute: &str) -> bool {
    let Some(schema) = of(resource_type) else {
        return true;
    };
    let path = attribute.replace('.', "/");
    let begins = |known: &String| {
        known.strip_prefix(&path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    schema.kinds.keys().any(begins) || schema.read_only.iter().any(begins)
}

/// Gives scalars the kind that the model of the type expects: `"true"` becomes `true`, 80 may
/// become `"80"`. CloudFormation does the same before it calls a resource handler.
pub(super) fn coerced(resource_type: &str, properties: Value) -> Value {
    match of(resource_type) {
        Some(schema) => coerce(schema, "", properties),
        None => properties,
    }
}

fn coerce(schema: &Schema, path: &str, value: Value) -> Value {
    let below = |step: &str| {
        if path.is_empty() { step.to_owned() } else { format!("{path}/{step}") }
    };
    match value {
        Value::Object(map) => Value::Object(
            map.into_iter()
                .map(|(key, inner)| {
                    let inner = coerce(schema, &below(&key), inner);
                    (key, inner)
                })
                .collect(),
        ),
        Value::Array(items) => {
            Value::Array(items.into_iter().map(|item| coerce(schema, &below("*"), item)).collect())
        }
        scalar => match schema.kinds.get(path) {
            Some(kind) => scalar_of(kind, scalar),
            None => scalar,
        },
    }
}

fn scalar_of(kind: &str, value: Value) -> Value {
    match (kind, &value) {
        ("s", Value::Number(number)) => Value::String(number.to_string()),
        ("s", Value::Bool(truth)) => Value::String(truth.to_string()),
        ("i", Value::String(text)) => text.parse::<i64>().map_or(value, Value::from),
        ("n", Value::String(text)) => {
            let number = text.parse::<i64>().map(Number::from).ok();
            let number = number.or_else(|| text.parse::<f64>().ok().and_then(Number::from_f64));
            number.map_or(value, Value::Number)
        }
        ("b", Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => value,
        },
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_table_can_be_read() {
        assert!(table().len() > 90);
        assert!(exists("AWS::EC2::VPC") && exists("Custom::Thing") && !exists("AWS::EC2::Vpc"));
    }

    #[test]
    fn create_only_properties_replace() {
        let check = |resource_type, path, expect| {
            assert_eq!(recreation(resource_type, path), expect, "{resource_type} {path}");
        };
        check("AWS::EC2::VPC", "CidrBlock", Recreation::Always);
        check("AWS::EC2::VPC", "EnableDnsSupport", Recreation::Never);
        check("AWS::ECS::TaskDefinition", "ContainerDefinitions/0/Image", Recreation::Always);
        check("AWS::ECS::Service", "TaskDefinition", Recreation::Never);
        check("AWS::RDS::DBCluster", "SnapshotIdentifier", Recreation::Always);
        check("AWS::RDS::DBCluster", "MasterUsername", Recreation::Conditionally);
        check("AWS::Unknown::Type", "Anything", Recreation::Never);
    }

    #[test]
    fn attributes_are_those_of_the_model() {
        assert!(has_attribute("AWS::EC2::VPC", "DefaultSecurityGroup"));
        assert!(has_attribute("AWS::RDS::DBCluster", "Endpoint.Address"));
        assert!(has_attribute("AWS::RDS::DBCluster", "MasterUserSecret.SecretArn"));
        assert!(!has_attribute("AWS::EC2::VPC", "Nothing"));
        assert!(has_attribute("AWS::Rare::Type", "Anything"));
    }

    #[test]
    fn scalars_get_the_kind_of_the_model() {
        let properties = json!({"RetentionInDays": "30", "LogGroupName": 5, "Tags": [{"Key": 1}]});
        let expect = json!({"RetentionInDays": 30, "LogGroupName": "5", "Tags": [{"Key": "1"}]});
        assert_eq!(coerced("AWS::Logs::LogGroup", properties), expect);
        let vpc = json!({"EnableDnsSupport": "true"});
        assert_eq!(coerced("AWS::EC2::VPC", vpc), json!({"EnableDnsSupport": true}));
    }

    #[test]
    fn unknown_and_missing_properties_are_named() {
        let refused = |properties: Value| {
            refusals("AWS::EC2::SecurityGroup", properties.as_object().expect("an object"))
        };
        let extra = "#: extraneous key [Foo] is not permitted";
        assert_eq!(refused(json!({"Foo": 1})).as_deref(), Some(extra));
        let missing = "#: required key [GroupDescription] not found";
        assert_eq!(refused(json!({})).as_deref(), Some(missing));
        assert_eq!(refused(json!({"GroupDescription": "x"})), None);
    }
}
