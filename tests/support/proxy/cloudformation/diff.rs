//! What differs between two sets of properties, and whether that replaces the resource.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::intrinsics::UNKNOWN;
use super::schema::{self, Recreation};

/// A property path that differs.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Change {
    /// Path such as `ContainerDefinitions/0/Image`.
    pub(super) path: String,
    pub(super) before: Option<Value>,
    pub(super) after: Option<Value>,
    pub(super) recreation: Recreation,
}

impl Change {
    /// The top-level property.
    pub(super) fn property(&self) -> &str {
        self.path.split('/').next().unwrap_or_default()
    }

    /// Whether the new value is known only once the change has been made.
    pub(super) fn is_unknown(&self) -> bool {
        self.after.as_ref().is_some_and(|after| after.to_string().contains(UNKNOWN))
    }
}

/// The differences between `before` and `after`.
pub(super) fn compare(resource_type: &str, before: &Value, after: &Value) -> Vec<Change> {
    let mut changes = Vec::new();
    walk("", Some(before), Some(after), &mut changes);
    for change in &mut changes {
        change.recreation = schema::recreation(resource_type, &change.path);
    }
    changes
}

/// Whether a change at hand replaces the resource. Properties that replace it only sometimes are
/// taken to replace it when they change from one value to another.
pub(super) fn replaces(changes: &[Change]) -> bool {
    changes.iter().any(|change| match change.recreation {
        Recreation::Always => true,
        Recreation::Conditionally => change.before.is_some() && change.after.is_some(),
        Recreation::Never => false,
    })
}

fn walk(path: &str, before: Option<&Value>, after: Option<&Value>, changes: &mut Vec<Change>) {
    match (before, after) {
        (Some(Value::Object(old)), Some(Value::Object(new))) => objects(path, old, new, changes),
        (Some(Value::Array(old)), Some(Value::Array(new)))
            if old.len() == new.len() && !is_set(old) =>
        {
            for (index, (old, new)) in old.iter().zip(new).enumerate() {
                walk(&below(path, &index.to_string()), Some(old), Some(new), changes);
            }
        }
        (old, new) if same(old, new) => {}
        (old, new) => changes.push(Change {
            path: path.to_owned(),
            before: old.cloned(),
            after: new.cloned(),
            recreation: Recreation::Never,
        }),
    }
}

fn objects(
    path: &str,
    old: &Map<String, Value>,
    new: &Map<String, Value>,
    changes: &mut Vec<Change>,
) {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for name in names {
        walk(&below(path, name), old.get(name), new.get(name), changes);
    }
}

/// Lists of plain values are compared as a whole.
fn is_set(items: &[Value]) -> bool {
    items.iter().all(|item| !item.is_object() && !item.is_array())
}

/// `80` and `"80"` are the same to CloudFormation.
fn same(old: Option<&Value>, new: Option<&Value>) -> bool {
    let text = |value: Option<&Value>| value.and_then(super::intrinsics::text);
    old == new || text(old).is_some_and(|old| Some(old) == text(new))
}

fn below(path: &str, step: &str) -> String {
    if path.is_empty() { step.to_owned() } else { format!("{path}/{step}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn paths(resource_type: &str, before: Value, after: Value) -> Vec<(String, Recreation)> {
        let changes = compare(resource_type, &before, &after);
        changes.into_iter().map(|change| (change.path, change.recreation)).collect()
    }

    #[test]
    fn differences_are_found_where_they_are() {
        let before = json!({"ContainerDefinitions": [{"Name": "a", "Image": "x:1"}], "Cpu": "256"});
        let after = json!({"ContainerDefinitions": [{"Name": "a", "Image": "x:2"}], "Cpu": 256});
        let found = paths("AWS::ECS::TaskDefinition", before, after);
        assert_eq!(found, [("ContainerDefinitions/0/Image".to_owned(), Recreation::Always)]);
    }

    #[test]
    fn tags_never_replace() {
        let before = json!({"CidrBlock": "10.0.0.0/16", "Tags": [{"Key": "a", "Value": "b"}]});
        let after = json!({"CidrBlock": "10.0.0.0/16"});
        let changes = compare("AWS::EC2::VPC", &before, &after);
        assert_eq!((changes.len(), replaces(&changes)), (1, false));
    }

    #[test]
    fn some_properties_replace_only_sometimes() {
        let before = json!({"MasterUsername": "a"});
        let changes = compare("AWS::RDS::DBCluster", &before, &json!({"MasterUsername": "b"}));
        assert!(replaces(&changes));
        assert!(!replaces(&compare("AWS::RDS::DBCluster", &json!({}), &before)));
    }
}
