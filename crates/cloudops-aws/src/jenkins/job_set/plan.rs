//! What differs between the jobs that are there and those that are defined.

use super::{JobAction, JobChange, JobSet, JobsPlan, Prune, RETIRED, WITHDRAWN};
use crate::jenkins::{
    ItemPath, Jenkins, JenkinsError, Owner, job_xml,
    xml::{Element, differences},
};

impl Jenkins {
    /// Compares what is there with what is defined. Nothing is changed.
    ///
    /// # Errors
    /// A definition that cannot be written; those of the requests.
    pub async fn plan_jobs(&self, set: &JobSet, prune: Prune) -> Result<JobsPlan, JenkinsError> {
        let definitions = set.definitions()?;
        let folder = self.get_job(&set.folder).await?;
        let mut changes = vec![JobChange {
            path: set.folder.clone(),
            action: folder_action(&set.folder_owner, folder.as_ref()),
        }];
        let is_there = changes[0].action == JobAction::Keep;
        for (job, xml) in definitions {
            let wanted = Element::parse(&xml).map_err(|error| broken(&job.path, &error))?;
            let found = match is_there {
                true => self.get_job(&job.path).await?,
                false => None,
            };
            let action = job_action(&set.owner, found.as_ref(), &wanted);
            changes.push(JobChange { path: job.path.clone(), action });
        }
        if is_there {
            self.plan_vanished(set, prune, &mut changes).await?;
        }
        Ok(JobsPlan { changes })
    }

    /// Adds the jobs of ours in the folder that are not defined any more.
    async fn plan_vanished(
        &self,
        set: &JobSet,
        prune: Prune,
        changes: &mut Vec<JobChange>,
    ) -> Result<(), JenkinsError> {
        for item in self.list(&set.folder).await? {
            let path = set.folder.join(&item.name).map_err(|error| JenkinsError::Answer {
                action: format!("list in {}", set.folder),
                reason: error.to_string(),
            })?;
            if item.name == RETIRED || set.jobs.iter().any(|job| job.path == path) {
                continue;
            }
            let Some(found) = self.get_job(&path).await? else {
                continue;
            };
            if let Some(action) = vanished_action(&set.owner, &found, prune) {
                changes.push(JobChange { path, action });
            }
        }
        Ok(())
    }
}

fn folder_action(owner: &Owner, found: Option<&Element>) -> JobAction {
    match found {
        None => JobAction::Create,
        Some(found) if found.name != job_xml::FOLDER => {
            JobAction::Refuse { reason: "it is a job, not a folder".to_owned() }
        }
        Some(found) if !owner.marks(found) => JobAction::Refuse { reason: owner.why_not(found) },
        Some(_) => JobAction::Keep,
    }
}

/// What to do with a job that is defined.
pub(super) fn job_action(owner: &Owner, found: Option<&Element>, wanted: &Element) -> JobAction {
    let Some(found) = found else {
        return JobAction::Create;
    };
    if found.name != wanted.name {
        return JobAction::Refuse { reason: format!("it is a <{}>", found.name) };
    }
    if !owner.marks(found) {
        return JobAction::Refuse { reason: owner.why_not(found) };
    }
    let wanted = as_people_left_it(found, wanted);
    if found.same_meaning(&wanted) {
        return JobAction::Keep;
    }
    JobAction::Update { differences: differences(found, &wanted) }
}

/// The definition, disabled when a person disabled the job that is there.
pub(in crate::jenkins) fn as_people_left_it(found: &Element, wanted: &Element) -> Element {
    let mut wanted = wanted.clone();
    if found.child_text("disabled") == "true" && !is_withdrawn(found) {
        wanted.set_child_text("disabled", "true");
    }
    wanted
}

fn is_withdrawn(found: &Element) -> bool {
    found.child_text("description").contains(WITHDRAWN)
}

/// What to do with an item that is not defined; nothing when it is not ours, or as it should be.
fn vanished_action(owner: &Owner, found: &Element, prune: Prune) -> Option<JobAction> {
    if found.name == job_xml::FOLDER || !owner.marks(found) {
        return None;
    }
    match prune {
        Prune::Disable if is_withdrawn(found) => None,
        Prune::Disable => Some(JobAction::Disable),
        Prune::Retire => Some(JobAction::Retire),
        Prune::Delete => Some(JobAction::Delete),
    }
}

/// The definition of a job that is no longer defined: disabled, and marked by us.
pub(super) fn withdrawn(found: &Element) -> Element {
    let mut withdrawn = found.clone();
    let description = found.child_text("description");
    if !description.contains(WITHDRAWN) {
        let text = format!("{WITHDRAWN}\n\n{description}");
        withdrawn.set_child_text("description", &text);
    }
    withdrawn.set_child_text("disabled", "true");
    withdrawn
}

fn broken(path: &ItemPath, error: &crate::jenkins::xml::XmlError) -> JenkinsError {
    JenkinsError::Answer { action: format!("write {path}"), reason: error.to_string() }
}
