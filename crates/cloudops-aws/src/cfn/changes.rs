//! What a change set would do, as values.

use aws_sdk_cloudformation::types::{Change, ResourceChange};
use serde::{Deserialize, Serialize};

/// What happens to a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// It is created.
    Add,
    /// It is changed in place.
    Modify,
    /// A new one takes its place.
    Replace,
    /// A new one may take its place; only the execution shows.
    MayReplace,
    /// It is removed.
    Remove,
    /// Something that this version does not know.
    Unknown,
}

/// One resource that a change set touches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResourceDelta {
    /// Logical id.
    pub logical_id: String,
    /// Physical id, where it exists already.
    pub physical_id: Option<String>,
    /// Type, such as `AWS::RDS::DBCluster`.
    pub resource_type: String,
    /// What happens to it.
    pub action: Action,
    /// What becomes of the old one: CloudFormation's `PolicyAction`, such as `ReplaceAndSnapshot`.
    pub policy_action: Option<String>,
    /// Properties that differ, such as `Properties.Engine`.
    pub properties: Vec<String>,
}

/// Reads the changes of a change set; entries without a resource change (hooks) are left out.
pub(super) fn read(changes: &[Change]) -> Vec<ResourceDelta> {
    changes.iter().filter_map(|change| change.resource_change()).map(read_one).collect()
}

fn read_one(change: &ResourceChange) -> ResourceDelta {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let mut properties: Vec<String> = change
        .details()
        .iter()
        .filter_map(|detail| detail.target())
        .map(|target| {
            let attribute = target.attribute().map_or("", |attribute| attribute.as_str());
            match target.name() {
                Some(name) => format!("{attribute}.{name}"),
                None => attribute.to_owned(),
            }
        })
        .collect();
    properties.sort();
    properties.dedup();
    ResourceDelta {
        logical_id: text(change.logical_resource_id()),
        physical_id: change.physical_resource_id().map(str::to_owned).filter(|id| !id.is_empty()),
        resource_type: text(change.resource_type()),
        action: action(
            change.action().map_or("", |action| action.as_str()),
            change.replacement().map_or("", |replacement| replacement.as_str()),
        ),
        policy_action: change.policy_action().map(|policy| policy.as_str().to_owned()),
        properties,
    }
}

fn action(action: &str, replacement: &str) -> Action {
    match (action, replacement) {
        ("Add", _) => Action::Add,
        ("Remove", _) => Action::Remove,
        ("Modify", "True") => Action::Replace,
        ("Modify", "Conditional") => Action::MayReplace,
        ("Modify", _) => Action::Modify,
        _ => Action::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_come_from_action_and_replacement() {
        assert_eq!(action("Modify", "True"), Action::Replace);
        assert_eq!(action("Modify", "Conditional"), Action::MayReplace);
        assert_eq!(action("Modify", "False"), Action::Modify);
        assert_eq!(action("Dynamic", ""), Action::Unknown);
    }
}
