//! The next safe action for every status.

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

use crate::{
    cfn::{quirks, status::StackStatus},
    ids::StackName,
};

/// The next safe action for a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "remedy", rename_all = "kebab-case")]
pub enum Remedy {
    /// It is usable.
    Nothing,
    /// Somebody works on it: watch until that ends, then look again.
    Watch,
    /// Only the shell of a change set that was never executed: delete it.
    DeleteShell,
    /// Its first creation failed: delete the remains. The next ordinary run creates it.
    DeleteRemains {
        /// Resources that could not be deleted before, and are left behind now.
        retain: BTreeSet<String>,
    },
    /// A change failed and was not undone: undo it (`RollbackStack`).
    RollBack,
    /// Undoing a change failed: go on with it (`ContinueUpdateRollback`), first with nothing
    /// skipped. What is skipped in the end is compared with its template afterwards.
    ContinueRollback {
        /// Resources to skip if it fails once more.
        skip: BTreeSet<String>,
    },
    /// Its deletion failed: delete it again.
    DeleteAgain {
        /// Resources that are left behind if it fails once more. Data is never among them without
        /// being kept.
        retain: BTreeSet<String>,
    },
    /// It is nested in another stack, and only that one may be repaired.
    OfRoot {
        /// The stack that has no other above it.
        root: StackName,
    },
    /// Only a person can decide.
    Refuse {
        /// What to do, as a sentence.
        recipe: &'static str,
    },
}

/// A resource of a stack, as far as a repair needs to know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceState {
    /// Logical id.
    pub logical_id: String,
    /// Physical id; of a nested stack its stack id.
    pub physical_id: String,
    /// Type.
    pub resource_type: String,
    /// Status, such as `UPDATE_FAILED`.
    pub status: String,
    /// CloudFormation's reason for it.
    pub reason: Option<String>,
}

/// The next safe action for a stack in this status. Total: every status has one.
#[must_use]
pub fn remedy(status: StackStatus, resources: &[ResourceState]) -> Remedy {
    use StackStatus as S;
    let failed = |status: &str| -> BTreeSet<String> {
        let failed = resources.iter().filter(|one| one.status == status);
        // What was only cancelled did not fail: CloudFormation refuses to skip it.
        let failed =
            failed.filter(|one| !one.reason.as_deref().is_some_and(quirks::is_consequence));
        failed.map(|one| one.logical_id.clone()).collect()
    };
    match status {
        S::CreateComplete
        | S::UpdateComplete
        | S::ImportComplete
        | S::UpdateRollbackComplete
        | S::ImportRollbackComplete
        | S::DeleteComplete => Remedy::Nothing,
        S::CreateInProgress
        | S::UpdateInProgress
        | S::ImportInProgress
        | S::DeleteInProgress
        | S::RollbackInProgress
        | S::UpdateRollbackInProgress
        | S::ImportRollbackInProgress
        | S::UpdateCompleteCleanupInProgress
        | S::UpdateRollbackCompleteCleanupInProgress => Remedy::Watch,
        S::ReviewInProgress => Remedy::DeleteShell,
        S::RollbackComplete => Remedy::DeleteRemains { retain: BTreeSet::new() },
        S::RollbackFailed => Remedy::DeleteRemains { retain: failed("DELETE_FAILED") },
        S::CreateFailed | S::UpdateFailed => Remedy::RollBack,
        S::UpdateRollbackFailed => Remedy::ContinueRollback { skip: failed("UPDATE_FAILED") },
        S::DeleteFailed => Remedy::DeleteAgain { retain: failed("DELETE_FAILED") },
        S::ImportRollbackFailed => Remedy::Refuse {
            recipe: "An import could not be undone: remove the imported resources from the stack in \
                     the CloudFormation console (with DeletionPolicy Retain), then run this again.",
        },
    }
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |names: &BTreeSet<String>| names.iter().cloned().collect::<Vec<_>>().join(", ");
        match self {
            Self::Nothing => f.write_str("nothing to repair"),
            Self::Watch => f.write_str("watch what is going on, then look again"),
            Self::DeleteShell => f.write_str("delete the empty shell of a change set"),
            Self::DeleteRemains { retain } if retain.is_empty() => {
                f.write_str("delete the remains of a failed creation")
            }
            Self::DeleteRemains { retain } => write!(
                f,
                "delete the remains of a failed creation, and leave behind {}",
                names(retain)
            ),
            Self::RollBack => f.write_str("undo the change that failed"),
            Self::ContinueRollback { skip } if skip.is_empty() => {
                f.write_str("go on undoing the change that failed")
            }
            Self::ContinueRollback { skip } => write!(
                f,
                "go on undoing the change that failed; if that fails again, skip {} and compare \
                 with the template afterwards",
                names(skip)
            ),
            Self::DeleteAgain { retain } if retain.is_empty() => f.write_str("delete it again"),
            Self::DeleteAgain { retain } => {
                write!(f, "delete it again; if that fails, leave behind {}", names(retain))
            }
            Self::OfRoot { root } => write!(f, "it is nested in {root}: repair that one"),
            Self::Refuse { recipe } => f.write_str(recipe),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resource(logical_id: &str, status: &str) -> ResourceState {
        ResourceState {
            logical_id: logical_id.to_owned(),
            physical_id: format!("{logical_id}-1"),
            resource_type: "AWS::EC2::SecurityGroup".to_owned(),
            status: status.to_owned(),
            reason: None,
        }
    }

    #[test]
    fn every_status_has_a_remedy() {
        let resources = [
            resource("Good", "UPDATE_COMPLETE"),
            resource("Stuck", "UPDATE_FAILED"),
            resource("Left", "DELETE_FAILED"),
        ];
        let table: String = StackStatus::all()
            .map(|status| format!("{status}: {}\n", remedy(status, &resources)))
            .collect();
        insta::assert_snapshot!(table, @r"
        CREATE_IN_PROGRESS: watch what is going on, then look again
        CREATE_FAILED: undo the change that failed
        CREATE_COMPLETE: nothing to repair
        ROLLBACK_IN_PROGRESS: watch what is going on, then look again
        ROLLBACK_FAILED: delete the remains of a failed creation, and leave behind Left
        ROLLBACK_COMPLETE: delete the remains of a failed creation
        DELETE_IN_PROGRESS: watch what is going on, then look again
        DELETE_FAILED: delete it again; if that fails, leave behind Left
        DELETE_COMPLETE: nothing to repair
        UPDATE_IN_PROGRESS: watch what is going on, then look again
        UPDATE_COMPLETE_CLEANUP_IN_PROGRESS: watch what is going on, then look again
        UPDATE_COMPLETE: nothing to repair
        UPDATE_FAILED: undo the change that failed
        UPDATE_ROLLBACK_IN_PROGRESS: watch what is going on, then look again
        UPDATE_ROLLBACK_FAILED: go on undoing the change that failed; if that fails again, skip Stuck and compare with the template afterwards
        UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS: watch what is going on, then look again
        UPDATE_ROLLBACK_COMPLETE: nothing to repair
        REVIEW_IN_PROGRESS: delete the empty shell of a change set
        IMPORT_IN_PROGRESS: watch what is going on, then look again
        IMPORT_COMPLETE: nothing to repair
        IMPORT_ROLLBACK_IN_PROGRESS: watch what is going on, then look again
        IMPORT_ROLLBACK_FAILED: An import could not be undone: remove the imported resources from the stack in the CloudFormation console (with DeletionPolicy Retain), then run this again.
        IMPORT_ROLLBACK_COMPLETE: nothing to repair
        ");
    }
}
