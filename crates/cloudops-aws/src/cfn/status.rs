//! The 23 stack statuses, and what each means for the next step.

use std::{fmt, str::FromStr};

/// Status of a stack (CloudFormation API reference, `Stack`, `StackStatus`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "the names are CloudFormation's; its reference documents them")]
pub enum StackStatus {
    CreateInProgress,
    CreateFailed,
    CreateComplete,
    RollbackInProgress,
    RollbackFailed,
    RollbackComplete,
    DeleteInProgress,
    DeleteFailed,
    DeleteComplete,
    UpdateInProgress,
    UpdateCompleteCleanupInProgress,
    UpdateComplete,
    UpdateFailed,
    UpdateRollbackInProgress,
    UpdateRollbackFailed,
    UpdateRollbackCompleteCleanupInProgress,
    UpdateRollbackComplete,
    ReviewInProgress,
    ImportInProgress,
    ImportComplete,
    ImportRollbackInProgress,
    ImportRollbackFailed,
    ImportRollbackComplete,
}

use StackStatus as S;

/// Every status with CloudFormation's name of it.
const NAMES: [(S, &str); 23] = [
    (S::CreateInProgress, "CREATE_IN_PROGRESS"),
    (S::CreateFailed, "CREATE_FAILED"),
    (S::CreateComplete, "CREATE_COMPLETE"),
    (S::RollbackInProgress, "ROLLBACK_IN_PROGRESS"),
    (S::RollbackFailed, "ROLLBACK_FAILED"),
    (S::RollbackComplete, "ROLLBACK_COMPLETE"),
    (S::DeleteInProgress, "DELETE_IN_PROGRESS"),
    (S::DeleteFailed, "DELETE_FAILED"),
    (S::DeleteComplete, "DELETE_COMPLETE"),
    (S::UpdateInProgress, "UPDATE_IN_PROGRESS"),
    (S::UpdateCompleteCleanupInProgress, "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
    (S::UpdateComplete, "UPDATE_COMPLETE"),
    (S::UpdateFailed, "UPDATE_FAILED"),
    (S::UpdateRollbackInProgress, "UPDATE_ROLLBACK_IN_PROGRESS"),
    (S::UpdateRollbackFailed, "UPDATE_ROLLBACK_FAILED"),
    (S::UpdateRollbackCompleteCleanupInProgress, "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS"),
    (S::UpdateRollbackComplete, "UPDATE_ROLLBACK_COMPLETE"),
    (S::ReviewInProgress, "REVIEW_IN_PROGRESS"),
    (S::ImportInProgress, "IMPORT_IN_PROGRESS"),
    (S::ImportComplete, "IMPORT_COMPLETE"),
    (S::ImportRollbackInProgress, "IMPORT_ROLLBACK_IN_PROGRESS"),
    (S::ImportRollbackFailed, "IMPORT_ROLLBACK_FAILED"),
    (S::ImportRollbackComplete, "IMPORT_ROLLBACK_COMPLETE"),
];

/// What to do next with a stack that should exist in its wanted form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAction {
    /// It does not exist, or only as the shell of an unexecuted change set: create it.
    Create,
    /// It is usable: compare, and update it where it differs.
    Update,
    /// Somebody is working on it: watch until that ends, then look again.
    Attach,
    /// Its first creation failed and was undone: delete the remains, then create it.
    Recreate,
    /// It is stuck in a way that a plain run must not touch.
    Refuse,
}

impl StackStatus {
    /// All statuses.
    pub fn all() -> impl Iterator<Item = Self> {
        NAMES.iter().map(|(status, _)| *status)
    }

    /// CloudFormation's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(status, _)| *status == self).map_or("", |(_, name)| name)
    }

    /// Whether an operation is running.
    #[must_use]
    pub fn is_busy(self) -> bool {
        matches!(self.next_action(), NextAction::Attach)
    }

    /// What to do next.
    #[must_use]
    pub const fn next_action(self) -> NextAction {
        match self {
            S::DeleteComplete | S::ReviewInProgress => NextAction::Create,
            S::CreateComplete
            | S::UpdateComplete
            | S::ImportComplete
            | S::UpdateRollbackComplete
            | S::ImportRollbackComplete => NextAction::Update,
            S::CreateInProgress
            | S::UpdateInProgress
            | S::ImportInProgress
            | S::DeleteInProgress
            | S::RollbackInProgress
            | S::UpdateRollbackInProgress
            | S::ImportRollbackInProgress
            | S::UpdateCompleteCleanupInProgress
            | S::UpdateRollbackCompleteCleanupInProgress => NextAction::Attach,
            S::RollbackComplete => NextAction::Recreate,
            S::CreateFailed
            | S::UpdateFailed
            | S::RollbackFailed
            | S::UpdateRollbackFailed
            | S::DeleteFailed
            | S::ImportRollbackFailed => NextAction::Refuse,
        }
    }

    /// Whether an operation that ended so did what was asked.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, S::CreateComplete | S::UpdateComplete | S::ImportComplete)
    }

    /// Whether an operation that ended so was undone, and the stack is as it was before.
    #[must_use]
    pub const fn is_rolled_back(self) -> bool {
        matches!(self, S::RollbackComplete | S::UpdateRollbackComplete | S::ImportRollbackComplete)
    }
}

impl fmt::Display for StackStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A status that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a stack status that this version knows")]
pub struct UnknownStatus(pub String);

impl FromStr for StackStatus {
    type Err = UnknownStatus;

    fn from_str(text: &str) -> Result<Self, UnknownStatus> {
        let found = NAMES.iter().find(|(_, name)| *name == text);
        found.map(|(status, _)| *status).ok_or_else(|| UnknownStatus(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_reads_back() {
        for status in StackStatus::all() {
            assert_eq!(status.name().parse(), Ok(status));
        }
        assert!("SOMETHING_NEW".parse::<StackStatus>().is_err());
    }

    #[test]
    fn the_table_of_next_actions() {
        let table: String = StackStatus::all()
            .map(|status| format!("{status} -> {:?}\n", status.next_action()))
            .collect();
        insta::assert_snapshot!(table, @r"
        CREATE_IN_PROGRESS -> Attach
        CREATE_FAILED -> Refuse
        CREATE_COMPLETE -> Update
        ROLLBACK_IN_PROGRESS -> Attach
        ROLLBACK_FAILED -> Refuse
        ROLLBACK_COMPLETE -> Recreate
        DELETE_IN_PROGRESS -> Attach
        DELETE_FAILED -> Refuse
        DELETE_COMPLETE -> Create
        UPDATE_IN_PROGRESS -> Attach
        UPDATE_COMPLETE_CLEANUP_IN_PROGRESS -> Attach
        UPDATE_COMPLETE -> Update
        UPDATE_FAILED -> Refuse
        UPDATE_ROLLBACK_IN_PROGRESS -> Attach
        UPDATE_ROLLBACK_FAILED -> Refuse
        UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS -> Attach
        UPDATE_ROLLBACK_COMPLETE -> Update
        REVIEW_IN_PROGRESS -> Create
        IMPORT_IN_PROGRESS -> Attach
        IMPORT_COMPLETE -> Update
        IMPORT_ROLLBACK_IN_PROGRESS -> Attach
        IMPORT_ROLLBACK_FAILED -> Refuse
        IMPORT_ROLLBACK_COMPLETE -> Update
        ");
    }
}
