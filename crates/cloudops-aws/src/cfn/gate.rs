//! The data gate: no change set that deletes or replaces data is executed by accident.

use std::collections::BTreeSet;

use super::changes::{Action, ResourceDelta};
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

    fn covers(&self, stack: &StackName, delta: &ResourceDelta) -> bool {
        self.0.contains(&format!("{stack}/{}", delta.logical_id))
    }
}

/// A change that would lose data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("stack {stack}: {what} {} ({}) is refused, because it holds data", .delta.logical_id, .delta.resource_type)]
pub struct Denied {
    /// Stack.
    pub stack: StackName,
    /// What would have happened, as a verb phrase.
    pub what: &'static str,
    /// The resource.
    pub delta: Box<ResourceDelta>,
}

impl Diagnose for Denied {
    fn class(&self) -> Class {
        Class::Denied
    }

    fn hints(&self) -> Vec<String> {
        vec![format!(
            "Take a snapshot or a copy, and change the setting back if this was not meant; \
             nothing of {} was changed.",
            self.stack
        )]
    }
}

/// Whether a type holds data.
#[must_use]
pub fn holds_data(resource_type: &str) -> bool {
    DATA_TYPES.contains(&resource_type)
}

/// Checks the changes of a stack.
///
/// # Errors
/// [`Denied`] for the first data resource that would be removed, replaced, or touched in a way
/// that is not known, unless it was approved by name.
pub fn check(
    stack: &StackName,
    deltas: &[ResourceDelta],
    approvals: &Approvals,
) -> Result<(), Denied> {
    for delta in deltas.iter().filter(|delta| holds_data(&delta.resource_type)) {
        let what = match delta.action {
            Action::Add | Action::Modify => continue,
            Action::Remove => "removing",
            Action::Replace => "replacing",
            Action::MayReplace => "possibly replacing",
            Action::Unknown => "an unknown change of",
        };
        if !approvals.covers(stack, delta) {
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
            properties: Vec::new(),
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
}
