//! The data gate: no change set that deletes or replaces data is executed by accident.

use std::collections::BTreeSet;

use super::{
    changes::{Action, ResourceDelta},
    nested,
};
use crate::{
    diagnose::{Class, Diagnose},
    ids::StackName,
};

/// Types whose resources hold data that cannot be made again.
const DATA_TYPES: [&str; 10] = [
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::RDS::GlobalCluster",
    "AWS::EFS::FileSystem",
    "AWS::S3::Bucket",
    "AWS::KMS::Key",
    "AWS::DynamoDB::Table",
    "AWS::Backup::BackupVault",
    "AWS::Route53::HostedZone",
    "AWS::SecretsManager::Secret",
];

/// Which data resources a person has agreed to lose, by `stack/LogicalId`.
#[derive(Debug, Clone, Default)]
pub struct Approvals(BTreeSet<String>);

impl Approvals {
    /// Approvals for exactly these resources, each `stack/LogicalId`.
    #[must_use]
    pub fn for_resources(names: impl IntoIterator<Item = String>) -> Self {
        Self(names.into_iter().collect())
    }

    /// Whether nothing was approved.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What was approved, each `stack/LogicalId`.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    pub(super) fn covers(&self, stack: &StackName, logical_id: &str) -> bool {
        self.0.contains(&format!("{stack}/{logical_id}"))
    }
}

/// A change that would lose data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stack {stack}: {what} {} ({}) is refused, because {}", .delta.logical_id, .delta.resource_type, why(.delta))]
pub struct Denied {
    /// Stack.
    pub stack: StackName,
    /// What would have happened, as a verb phrase.
    pub what: &'static str,
    /// The resource.
    pub delta: Box<ResourceDelta>,
}

fn why(delta: &ResourceDelta) -> &'static str {
    if is_unseen(delta) { "nobody says what happens to the data in it" } else { "it holds data" }
}

impl Diagnose for Denied {
    fn class(&self) -> Class {
        Class::Denied
    }

    fn hints(&self) -> Vec<String> {
        let (stack, resource) = (&self.stack, &self.delta.logical_id);
        vec![
            format!(
                "Change the setting back if this was not meant; nothing of {stack} was changed."
            ),
            format!(
                "If it was: take a snapshot or a copy, then plan with \
                 `--approve-data-loss {stack}/{resource}`."
            ),
        ]
    }
}

/// Types whose data must stay when the resource leaves its stack. A hosted zone and a secret are
/// made again from what is known elsewhere; losing one is refused all the same.
pub(super) fn must_be_kept(resource_type: &str) -> bool {
    holds_data(resource_type)
        && !matches!(resource_type, "AWS::Route53::HostedZone" | "AWS::SecretsManager::Secret")
}

/// Whether a type holds data.
#[must_use]
pub fn holds_data(resource_type: &str) -> bool {
    DATA_TYPES.contains(&resource_type)
}

/// Whether something happens to a nested stack, and nobody says what that does inside.
#[must_use]
pub fn is_unseen(delta: &ResourceDelta) -> bool {
    delta.resource_type == nested::TYPE && delta.action == Action::Unknown
}

/// The data resources that these changes would lose, each `stack/LogicalId`; nested stacks that
/// [cannot be seen into](is_unseen) as well.
pub(super) fn lost(stack: &StackName, deltas: &[ResourceDelta]) -> Vec<String> {
    let lost = deltas.iter().filter(|delta| loss(delta).is_some());
    lost.map(|delta| format!("{stack}/{}", delta.logical_id)).collect()
}

/// How data would be lost, as a verb phrase; none when it would not.
fn loss(delta: &ResourceDelta) -> Option<&'static str> {
    if !holds_data(&delta.resource_type) && !is_unseen(delta) {
        return None;
    }
    match (delta.action, delta.policy_action.as_deref()) {
        // What becomes of the old one is said: it is kept as it is.
        (Action::Remove, Some("Retain")) => None,
        (Action::Add, _) => None,
        (Action::Modify, None) => None,
        (Action::Remove, _) => Some("removing"),
        (Action::Replace, _) => Some("replacing"),
        (Action::MayReplace, _) => Some("possibly replacing"),
        (Action::Modify | Action::Unknown, _) => Some("an unknown change of"),
    }
}

/// Checks the changes of a stack.
///
/// # Errors
/// [`Denied`] for the first data resource that would be removed, replaced, or touched in a way
/// that is not known, and for the first nested stack that [cannot be seen into](is_unseen), unless
/// it was approved by name.
pub fn check(
    stack: &StackName,
    deltas: &[ResourceDelta],
    approvals: &Approvals,
) -> Result<(), Denied> {
    for delta in deltas {
        if let Some(what) = loss(delta)
            && !approvals.covers(stack, &delta.logical_id)
        {
            return Err(Denied { stack: stack.clone(), what, delta: Box::new(delta.clone()) });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn delta(resource_type: &str, action: Action) -> ResourceDelta {
        ResourceDelta {
            logical_id: "Cluster".to_owned(),
            physical_id: None,
            resource_type: resource_type.to_owned(),
            action,
            policy_action: None,
            changes: Vec::new(),
            dynamic: false,
        }
    }

    #[test]
    fn data_is_not_lost_without_an_approval_by_name() {
        let stack: StackName = "acme-live-data".parse().unwrap();
        let none = Approvals::default();
        for action in [Action::Remove, Action::Replace, Action::MayReplace, Action::Unknown] {
            let deltas = [delta("AWS::RDS::DBCluster", action)];
            let denied = check(&stack, &deltas, &none).unwrap_err();
            assert_eq!(denied.class(), Class::Denied);
            let approved = Approvals::for_resources(["acme-live-data/Cluster".to_owned()]);
            assert_eq!(check(&stack, &deltas, &approved), Ok(()));
            let other = Approvals::for_resources(["acme-qa-data/Cluster".to_owned()]);
            assert!(check(&stack, &deltas, &other).is_err());
        }
        assert_eq!(check(&stack, &[delta("AWS::RDS::DBCluster", Action::Modify)], &none), Ok(()));
        assert_eq!(check(&stack, &[delta("AWS::EC2::Route", Action::Replace)], &none), Ok(()));
    }

    #[test]
    fn a_nested_stack_that_nobody_can_see_into_is_refused_until_it_is_approved_by_name() {
        let stack: StackName = "acme-live".parse().unwrap();
        let child = |action| ResourceDelta {
            logical_id: "Child".to_owned(),
            ..delta(nested::TYPE, action)
        };
        let denied = check(&stack, &[child(Action::Unknown)], &Approvals::default()).unwrap_err();
        assert_eq!(
            denied.to_string(),
            "stack acme-live: an unknown change of Child (AWS::CloudFormation::Stack) is refused, \
             because nobody says what happens to the data in it"
        );
        assert_eq!(lost(&stack, &[child(Action::Unknown)]), ["acme-live/Child"]);
        let approved = Approvals::for_resources(["acme-live/Child".to_owned()]);
        assert_eq!(check(&stack, &[child(Action::Unknown)], &approved), Ok(()));
        // What is in one that goes, or is seen into, is judged by itself.
        for action in [Action::Add, Action::Modify, Action::Replace, Action::Remove] {
            assert_eq!(check(&stack, &[child(action)], &Approvals::default()), Ok(()));
        }
    }
}
