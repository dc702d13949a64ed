//! The jobs of a program as one planned thing: what is there is compared with what is defined, and
//! brought to it. A job of others is never touched.
//!
//! A job that vanished from the definition is disabled. It is deleted only when that is asked for,
//! and then its builds are kept in the folder [`RETIRED`], unless those are to go too.

mod apply;
mod plan;

pub(super) use plan::as_people_left_it;

use super::{DefinitionError, ItemPath, Owner, PathError, PipelineJob, xml::Difference};

/// Folder, below that of the jobs, of jobs that were taken away with their builds kept.
pub const RETIRED: &str = "retired";

/// Mark in the description of a job that we disabled: when it is defined again, it is enabled
/// again, unlike one that a person disabled.
const WITHDRAWN: &str = "Withdrawn: it is no longer defined.";

/// Jobs of one program in one folder.
#[derive(Debug, Clone)]
pub struct JobSet {
    /// Whose folder it is.
    pub folder_owner: Owner,
    /// Whose jobs they are.
    pub owner: Owner,
    /// The folder.
    pub folder: ItemPath,
    /// The jobs, in that folder.
    pub jobs: Vec<PipelineJob>,
}

/// What becomes of jobs of ours that are no longer defined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Prune {
    /// They are disabled.
    #[default]
    Disable,
    /// They are moved to the folder [`RETIRED`], with their builds.
    Retire,
    /// They are deleted with their builds.
    Delete,
}

/// What is to be done with a job or folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobAction {
    /// It is not there.
    Create,
    /// It is there with another definition.
    Update {
        /// What differs, from what is there to what is defined.
        differences: Vec<Difference>,
    },
    /// It is as defined.
    Keep,
    /// It is no longer defined.
    Disable,
    /// It is no longer defined, and is moved away with its builds.
    Retire,
    /// It is no longer defined, and is deleted with its builds.
    Delete,
    /// Something of others has its name.
    Refuse {
        /// Why it is not ours.
        reason: String,
    },
}

impl JobAction {
    /// One word: `create`, `update`, `keep`, `disable`, `retire`, `delete`, `refuse`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update { .. } => "update",
            Self::Keep => "keep",
            Self::Disable => "disable",
            Self::Retire => "retire",
            Self::Delete => "delete",
            Self::Refuse { .. } => "refuse",
        }
    }
}

/// A job and what is to be done with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobChange {
    /// The job or folder.
    pub path: ItemPath,
    /// What is to be done.
    pub action: JobAction,
}

/// What is to be done with the jobs of a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobsPlan {
    /// First the folder, then the jobs as they are defined, then those that no longer are.
    pub changes: Vec<JobChange>,
}

impl JobsPlan {
    /// Whether anything would be changed.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.changes.iter().any(|change| change.action != JobAction::Keep)
    }

    /// The first thing that stands in the way, and why.
    #[must_use]
    pub fn refused(&self) -> Option<(&ItemPath, &str)> {
        self.changes.iter().find_map(|change| match &change.action {
            JobAction::Refuse { reason } => Some((&change.path, reason.as_str())),
            _ => None,
        })
    }
}

impl JobSet {
    /// The folder of retired jobs.
    fn retired(&self) -> Result<ItemPath, PathError> {
        self.folder.join(RETIRED)
    }

    fn definitions(&self) -> Result<Vec<(&PipelineJob, String)>, DefinitionError> {
        self.jobs.iter().map(|job| Ok((job, job.config_xml()?))).collect()
    }
}
