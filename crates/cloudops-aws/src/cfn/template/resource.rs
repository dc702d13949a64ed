//! What a template says about one resource.

use std::collections::BTreeSet;

use serde_json::Value;

use super::error::Location;
use super::references::{self, Target};

/// A resource of a template, without its properties.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceSpec {
    /// Name in the template.
    pub logical_id: String,
    /// Type such as `AWS::EC2::VPC`; empty when the template lacks it.
    pub resource_type: String,
    /// `DeletionPolicy`, where it is literal text.
    pub deletion_policy: Option<String>,
    /// `UpdateReplacePolicy`, where it is literal text.
    pub update_replace_policy: Option<String>,
    /// Logical ids that must exist first: `DependsOn`, `Ref`, `Fn::GetAtt` and `Fn::Sub`.
    pub depends_on: BTreeSet<String>,
    /// Condition under which the resource exists.
    pub condition: Option<String>,
    /// Where it is declared.
    pub location: Option<Location>,
}

impl ResourceSpec {
    pub(super) fn read(
        logical_id: &str,
        body: &Value,
        names: &BTreeSet<&str>,
        location: Option<Location>,
    ) -> Self {
        let text = |key: &str| body[key].as_str().map(str::to_owned);
        Self {
            logical_id: logical_id.to_owned(),
            resource_type: text("Type").unwrap_or_default(),
            deletion_policy: text("DeletionPolicy"),
            update_replace_policy: text("UpdateReplacePolicy"),
            depends_on: needs(body, names),
            condition: text("Condition"),
            location,
        }
    }
}

/// Names in `DependsOn`, with the step of the path that each has.
pub(super) fn depends_on(body: &Value) -> Vec<(String, &str)> {
    match &body["DependsOn"] {
        Value::String(name) => vec![("DependsOn".to_owned(), name)],
        Value::Array(items) => items
            .iter()
            .enumerate()
            .filter_map(|(index, item)| Some((format!("DependsOn.{index}"), item.as_str()?)))
            .collect(),
        _ => Vec::new(),
    }
}

fn needs(body: &Value, names: &BTreeSet<&str>) -> BTreeSet<String> {
    let explicit = depends_on(body).into_iter().map(|(_, name)| name.to_owned());
    let implicit =
        references::find(body, "", false).into_iter().filter_map(|found| match found.target {
            Target::Ref(name) | Target::Attribute(name) => Some(name),
            Target::Condition(_) | Target::Mapping { .. } => None,
        });
    explicit.chain(implicit).filter(|name| names.contains(name.as_str())).collect()
}
