//! Bringing the jobs that are there to those that are defined.

use super::{JobAction, JobChange, JobSet, JobsPlan, plan::withdrawn};
use crate::{
    events::{EventSink, Outcome},
    jenkins::{Applied, ItemPath, Jenkins, JenkinsError, PipelineJob, Trigger, xml::Element},
};

const FOLDER: &str = "Jobs of a CloudOps instance.";

impl Jenkins {
    /// Does what a plan says, one job after the other, and reports each as a step. It can be
    /// stopped and repeated at any point. A job whose trigger looks for new commits is built once
    /// when it has no build yet: before that, Jenkins does not know what to compare with.
    ///
    /// # Errors
    /// [`JenkinsError::NotOurs`] when something of others is in the way, before anything is
    /// changed; those of the requests.
    pub async fn apply_jobs(
        &self,
        set: &JobSet,
        plan: &JobsPlan,
        events: &EventSink,
    ) -> Result<(), JenkinsError> {
        if let Some((path, reason)) = plan.refused() {
            let (path, reason) = (path.clone(), reason.to_owned());
            return Err(JenkinsError::NotOurs { path, reason });
        }
        for change in &plan.changes {
            let step = format!("job/{}", change.path);
            events.step(&step, format!("job {}", change.path));
            match self.apply_change(set, change).await {
                Ok((outcome, detail)) => events.step_done(&step, outcome, detail),
                Err(error) => {
                    events.step_done(&step, Outcome::Failed, error.to_string());
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    async fn apply_change(
        &self,
        set: &JobSet,
        change: &JobChange,
    ) -> Result<(Outcome, &'static str), JenkinsError> {
        let path = &change.path;
        let done = |words| Ok((Outcome::Done, words));
        match &change.action {
            JobAction::Refuse { .. } => Ok((Outcome::Skipped, "not ours")),
            JobAction::Create if *path == set.folder => {
                self.create_folder(&set.folder_owner, path, FOLDER).await?;
                done("created")
            }
            JobAction::Keep if *path == set.folder => Ok((Outcome::Unchanged, "nothing to change")),
            JobAction::Create | JobAction::Update { .. } | JobAction::Keep => {
                self.bring(set, path).await
            }
            JobAction::Disable => {
                self.withdraw(set, path).await?;
                done("no longer defined: disabled")
            }
            JobAction::Retire => {
                self.withdraw(set, path).await?;
                let retired = set.retired().map_err(|error| JenkinsError::Answer {
                    action: format!("retire {path}"),
                    reason: error.to_string(),
                })?;
                self.create_folder(&set.folder_owner, &retired, "Jobs that were taken away.")
                    .await?;
                self.move_job(path, &retired).await?;
                done("no longer defined: moved away with its builds")
            }
            JobAction::Delete => {
                self.delete_job(&set.owner, path).await?;
                done("no longer defined: deleted with its builds")
            }
        }
    }

    /// Creates or updates a defined job, and builds it once where its trigger needs that.
    async fn bring(
        &self,
        set: &JobSet,
        path: &ItemPath,
    ) -> Result<(Outcome, &'static str), JenkinsError> {
        let Some(job) = set.jobs.iter().find(|job| job.path == *path) else {
            return Ok((Outcome::Unchanged, "nothing to change"));
        };
        let applied = self.apply_job(&set.owner, path, &job.config_xml()?).await?;
        if polls(job) && self.needs_a_first_build(path).await? {
            self.trigger(path, &[]).await?;
            return Ok((Outcome::Done, "created, and started once so that it knows its commits"));
        }
        match applied {
            Applied::Created => Ok((Outcome::Done, "created")),
            Applied::Updated => Ok((Outcome::Done, "updated")),
            Applied::Unchanged => Ok((Outcome::Unchanged, "nothing to change")),
            Applied::Refused { reason } => {
                Err(JenkinsError::NotOurs { path: path.clone(), reason })
            }
        }
    }

    /// Whether a job that looks for commits has never been built, and nobody disabled it.
    async fn needs_a_first_build(&self, path: &ItemPath) -> Result<bool, JenkinsError> {
        if self.last_build(path).await?.is_some() {
            return Ok(false);
        }
        let disabled = |job: Element| job.child_text("disabled") == "true";
        Ok(!self.get_job(path).await?.is_some_and(disabled))
    }

    /// Disables a job of ours and marks that it was us.
    async fn withdraw(&self, set: &JobSet, path: &ItemPath) -> Result<(), JenkinsError> {
        let Some(found) = self.get_job(path).await? else {
            return Ok(());
        };
        if !set.owner.marks(&found) {
            let reason = set.owner.why_not(&found);
            return Err(JenkinsError::NotOurs { path: path.clone(), reason });
        }
        self.update_job(path, &withdrawn(&found).to_string()).await
    }
}

fn polls(job: &PipelineJob) -> bool {
    job.triggers.iter().any(|trigger| matches!(trigger, Trigger::Poll(_)))
}
