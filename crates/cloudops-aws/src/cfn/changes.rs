//! What a change set would do, as values.

use aws_sdk_cloudformation::types::{
    Change, EvaluationType, ResourceChange, ResourceTargetDefinition,
};
use serde::{Deserialize, Serialize};

use super::nested;

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
    /// Something that this version does not know. A nested stack whose change set nobody has is
    /// such a thing: what happens inside is not told.
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
    /// What differs.
    pub changes: Vec<PropertyDelta>,
    /// Whether it is only a guess of CloudFormation, which the execution may prove wrong.
    pub dynamic: bool,
}

/// One property of a resource that a change set touches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PropertyDelta {
    /// Path, such as `Properties.Engine` or `Tags`.
    pub path: String,
    /// Its value before; none where there was none or it is not told. CloudFormation masks
    /// parameters that are not to be echoed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Its value after.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<String>,
    /// Whether it needs a new resource: `never`, `conditionally` or `always`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requires_replacement: Option<String>,
}

/// The first change that was not planned: one of another resource, or one that does more to a
/// resource than was planned. What depends on the stacks before may turn out to be less.
pub(super) fn unplanned<'a>(
    planned: &[ResourceDelta],
    found: &'a [ResourceDelta],
) -> Option<&'a ResourceDelta> {
    let is_planned = |delta: &ResourceDelta| {
        planned.iter().any(|plan| {
            plan.logical_id == delta.logical_id
                && plan.resource_type == delta.resource_type
                && plan.action.includes(delta.action)
        })
    };
    found.iter().find(|delta| !is_planned(delta))
}

impl Action {
    /// Whether who agrees to this agrees to the other.
    fn includes(self, other: Self) -> bool {
        let is_replacing = matches!(self, Self::Replace | Self::MayReplace);
        self == other
            || (is_replacing && matches!(other, Self::Modify | Self::MayReplace))
            || (self == Self::MayReplace && other == Self::Replace)
    }
}

/// Reads the changes of a change set; entries without a resource change (hooks) are left out.
pub(super) fn read(changes: &[Change]) -> Vec<ResourceDelta> {
    changes.iter().filter_map(|change| change.resource_change()).map(read_one).collect()
}

pub(super) fn read_one(change: &ResourceChange) -> ResourceDelta {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    let mut changes: Vec<PropertyDelta> =
        change.details().iter().filter_map(|detail| detail.target()).map(property).collect();
    changes.sort();
    changes.dedup();
    let action = action(
        change.action().map_or("", |action| action.as_str()),
        change.replacement().map_or("", |replacement| replacement.as_str()),
    );
    let unseen = action == Action::Modify
        && change.resource_type() == Some(nested::TYPE)
        && change.change_set_id().is_none_or(str::is_empty);
    ResourceDelta {
        logical_id: text(change.logical_resource_id()),
        physical_id: change.physical_resource_id().map(str::to_owned).filter(|id| !id.is_empty()),
        resource_type: text(change.resource_type()),
        action: if unseen { Action::Unknown } else { action },
        policy_action: change.policy_action().map(|policy| policy.as_str().to_owned()),
        dynamic: change
            .details()
            .iter()
            .any(|detail| detail.evaluation() == Some(&EvaluationType::Dynamic)),
        changes,
    }
}

fn property(target: &ResourceTargetDefinition) -> PropertyDelta {
    let attribute = target.attribute().map_or("", |attribute| attribute.as_str());
    let path = match (target.path(), target.name()) {
        (Some(path), _) if !path.is_empty() => path.trim_start_matches('/').replace('/', "."),
        (_, Some(name)) => format!("{attribute}.{name}"),
        _ => attribute.to_owned(),
    };
    let replacement = target.requires_recreation().map(|needs| needs.as_str().to_lowercase());
    PropertyDelta {
        path,
        before: target.before_value().map(str::to_owned),
        after: target.after_value().map(str::to_owned),
        requires_replacement: replacement,
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
    fn a_property_is_named_by_its_path_and_has_both_values() {
        let target = ResourceTargetDefinition::builder()
            .attribute("Properties".into())
            .name("Engine")
            .path("/Properties/Engine")
            .before_value("8.0")
            .after_value("8.4")
            .requires_recreation("Never".into());
        let delta = property(&target.build());
        assert_eq!(delta.path, "Properties.Engine");
        assert_eq!((delta.before.as_deref(), delta.after.as_deref()), (Some("8.0"), Some("8.4")));
        assert_eq!(delta.requires_replacement.as_deref(), Some("never"));
        let tags = ResourceTargetDefinition::builder().attribute("Tags".into()).build();
        assert_eq!(property(&tags).path, "Tags");
    }

    #[test]
    fn less_than_planned_is_planned_and_more_is_not() {
        let delta = |id: &str, action| ResourceDelta {
            logical_id: id.to_owned(),
            physical_id: None,
            resource_type: "AWS::EC2::VPC".to_owned(),
            action,
            policy_action: None,
            changes: Vec::new(),
            dynamic: false,
        };
        let planned = [delta("A", Action::Modify), delta("B", Action::MayReplace)];
        let found = |id, action| unplanned(&planned, &[delta(id, action)]).is_none();
        assert!(found("A", Action::Modify) && found("B", Action::Modify));
        assert!(found("B", Action::Replace), "it was said that it may be");
        assert!(!found("A", Action::Replace) && !found("A", Action::Remove));
        assert!(!found("C", Action::Add));
        assert_eq!(unplanned(&planned, &[]), None);
    }

    #[test]
    fn a_nested_stack_without_a_change_set_of_its_own_changes_in_an_unknown_way() {
        let modified = |kind: &str, set: Option<&str>| {
            let change = ResourceChange::builder()
                .logical_resource_id("Child")
                .resource_type(kind)
                .action("Modify".into())
                .replacement("False".into())
                .set_change_set_id(set.map(str::to_owned));
            read_one(&change.build()).action
        };
        assert_eq!(modified(nested::TYPE, Some("set-2")), Action::Modify);
        assert_eq!(modified(nested::TYPE, Some("")), Action::Unknown);
        assert_eq!(modified(nested::TYPE, None), Action::Unknown);
        assert_eq!(modified("AWS::SQS::Queue", None), Action::Modify);
    }

    #[test]
    fn actions_come_from_action_and_replacement() {
        assert_eq!(action("Modify", "True"), Action::Replace);
        assert_eq!(action("Modify", "Conditional"), Action::MayReplace);
        assert_eq!(action("Modify", "False"), Action::Modify);
        assert_eq!(action("Dynamic", ""), Action::Unknown);
    }
}
