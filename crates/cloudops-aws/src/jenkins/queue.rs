//! Starting a build, and finding it again.

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    events::EventSink,
    jenkins::{
        Build, ItemPath, Jenkins, JenkinsError, RUN_PARAMETER,
        client::Body,
        queue_json::{Builds, Candidate, Item, Queue, has_run},
    },
    wait::{self, Pace},
};

/// How often neither queue nor builds may know a build before it counts as lost: between the
/// end of the queue item and the listing of the build is a moment.
const LOOKS: u32 = 4;

/// A place in the queue. It holds until about five minutes after the build has started; `run`
/// finds the build for as long as the job keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueItem {
    /// Number of the item; the build carries it as `queueId`.
    pub id: u64,
    /// The job.
    pub job: ItemPath,
    /// Value of [`RUN_PARAMETER`].
    pub run: String,
}

impl Jenkins {
    /// Starts a build with parameters. The job must declare [`RUN_PARAMETER`], as jobs of
    /// [`super::PipelineJob`] do: give a value that belongs to the step at hand, and the same call
    /// after a crash finds the build instead of starting another; without one, a new value is
    /// made. An answer that is lost is not repeated blindly, but looked for.
    ///
    /// Jenkins silently drops parameters that the job does not declare.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] without such a job, [`JenkinsError::Refused`] for a job that is
    /// disabled or has no parameters; those of the requests.
    pub async fn trigger(
        &self,
        path: &ItemPath,
        parameters: &[(String, String)],
    ) -> Result<QueueItem, JenkinsError> {
        let mut form = parameters.to_vec();
        let given = form.iter().find(|(name, _)| name == RUN_PARAMETER).map(|(_, run)| run.clone());
        if let Some(run) = &given
            && let Some(item) = self.find_run(path, run).await?
        {
            return Ok(item);
        }
        let run = given.unwrap_or_else(|| {
            let run = Uuid::now_v7().to_string();
            form.push((RUN_PARAMETER.to_owned(), run.clone()));
            run
        });
        let error = match self.start(path, &run, form.clone()).await {
            Err(error) if error.is_transient() => error,
            other => return other,
        };
        tracing::debug!(%error, %path, "the answer to a trigger is lost");
        match self.find_run(path, &run).await? {
            Some(item) => Ok(item),
            // The server is there and does not know it: it never arrived.
            None => self.start(path, &run, form).await,
        }
    }

    async fn start(
        &self,
        path: &ItemPath,
        run: &str,
        form: Vec<(String, String)>,
    ) -> Result<QueueItem, JenkinsError> {
        let mut url = path.url(self.base(), &["buildWithParameters"]);
        url.query_pairs_mut().append_pair("delay", "0sec");
        let action = format!("start {path}");
        let answer = self.post(action.clone(), url, Body::Form(form)).await?;
        let location = answer.header("Location").unwrap_or_default();
        let id = queue_id(location).ok_or_else(|| JenkinsError::Answer {
            action,
            reason: format!("HTTP {}, and `{location}` is not a queue item", answer.status),
        })?;
        Ok(QueueItem { id, job: path.clone(), run: run.to_owned() })
    }

    /// The place in the queue, past or present, of the build with this value of
    /// [`RUN_PARAMETER`]: [`Jenkins::build_of`] finds the build.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] without such a job; those of the requests.
    pub async fn find_run(
        &self,
        path: &ItemPath,
        run: &str,
    ) -> Result<Option<QueueItem>, JenkinsError> {
        // First the queue, then the builds: a build that starts in between is in both.
        if let Some(waiting) = self.queued(path, run).await? {
            return Ok(Some(waiting));
        }
        let candidates = self.candidates(path).await?;
        let ours = candidates.iter().find(|build| has_run(&build.actions, run));
        Ok(ours.map(|build| QueueItem {
            id: build.queue_id.unwrap_or_default(),
            job: path.clone(),
            run: run.to_owned(),
        }))
    }

    /// The place of a run that waits.
    pub(super) async fn queued(
        &self,
        path: &ItemPath,
        run: &str,
    ) -> Result<Option<QueueItem>, JenkinsError> {
        let mut url = ItemPath::root().url(self.base(), &["queue", "api", "json"]);
        let tree = "items[id,actions[parameters[name,value]]]";
        url.query_pairs_mut().append_pair("tree", tree);
        let queue: Queue = self.get_json("read the queue", url).await?;
        let waiting = queue.items.iter().find(|item| has_run(&item.actions, run));
        Ok(waiting.map(|item| QueueItem { id: item.id, job: path.clone(), run: run.to_owned() }))
    }

    /// The newest builds of a job. Jenkins gives 100.
    pub(super) async fn candidates(&self, path: &ItemPath) -> Result<Vec<Candidate>, JenkinsError> {
        let mut url = path.url(self.base(), &["api", "json"]);
        let tree = "builds[number,queueId,actions[parameters[name,value]]]";
        url.query_pairs_mut().append_pair("tree", tree);
        let builds: Builds = self.get_json(format!("read at {path}"), url).await?;
        Ok(builds.builds)
    }

    /// Waits until the build starts. What it waits for is reported when it changes.
    ///
    /// # Errors
    /// [`JenkinsError::QueueCancelled`]; [`JenkinsError::QueueLost`] when the server knows
    /// neither the item nor its build; [`JenkinsError::Wait`] at the deadline or on cancellation.
    pub async fn build_of(
        &self,
        item: &QueueItem,
        pace: Pace,
        events: &EventSink,
        cancel: &CancellationToken,
    ) -> Result<Build, JenkinsError> {
        let told = std::sync::Mutex::new(String::new());
        let lost = std::sync::atomic::AtomicU32::new(0);
        let look = || async {
            match self.look_up(item).await {
                Ok(Look::Started(build)) => Ok(Some(build)),
                Ok(Look::Waits(why)) => {
                    report_change(&told, &item.job, why, events);
                    Ok(None)
                }
                Ok(Look::Unknown) => {
                    let looks = lost.fetch_add(1, std::sync::atomic::Ordering::Relaxed) + 1;
                    if looks < LOOKS {
                        Ok(None)
                    } else {
                        Err(JenkinsError::QueueLost(item.clone()))
                    }
                }
                Err(error) if error.is_transient() => Ok(None),
                Err(error) => Err(error),
            }
        };
        let found: Result<Build, JenkinsError> = wait::until(pace, cancel, look).await;
        found.map_err(|error| error.while_waiting_for(format!("{} to start", item.job)))
    }

    async fn look_up(&self, item: &QueueItem) -> Result<Look, JenkinsError> {
        let id = item.id.to_string();
        let url = ItemPath::root().url(self.base(), &["queue", "item", &id, "api", "json"]);
        let found: Result<Item, _> = self.get_json(format!("read at queue item {id}"), url).await;
        let build = |number| Build { job: item.job.clone(), number };
        match found {
            Ok(Item { executable: Some(started), .. }) => Ok(Look::Started(build(started.number))),
            Ok(Item { cancelled: true, .. }) => Err(JenkinsError::QueueCancelled(item.clone())),
            Ok(Item { why, .. }) => Ok(Look::Waits(why.unwrap_or_default())),
            Err(error) if error.is_not_found() => {
                let candidates = self.candidates(&item.job).await?;
                // Numbers of queue items begin again after a crash, so the run decides alone.
                let ours = candidates.iter().find(|build| has_run(&build.actions, &item.run));
                Ok(ours.map_or(Look::Unknown, |ours| Look::Started(build(ours.number))))
            }
            Err(error) => Err(error),
        }
    }

    /// Takes a build out of the queue. A build that has started goes on.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn cancel_queued(&self, item: &QueueItem) -> Result<(), JenkinsError> {
        let mut url = ItemPath::root().url(self.base(), &["queue", "cancelItem"]);
        url.query_pairs_mut().append_pair("id", &item.id.to_string());
        let action = format!("cancel at queue item {}", item.id);
        match self.post(action, url, Body::Empty).await {
            Err(error) if error.is_not_found() => Ok(()),
            other => other.map(drop),
        }
    }
}

enum Look {
    Started(Build),
    Waits(String),
    Unknown,
}

fn report_change(told: &std::sync::Mutex<String>, job: &ItemPath, why: String, events: &EventSink) {
    let mut told = told.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if !why.is_empty() && *told != why {
        events.note(format!("{job} waits in the queue of Jenkins: {why}"));
        *told = why;
    }
}

/// The number in `http://host/queue/item/12/`.
fn queue_id(location: &str) -> Option<u64> {
    let (_, rest) = location.rsplit_once("/queue/item/")?;
    rest.trim_end_matches('/').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::queue_id;

    #[test]
    fn a_location_gives_the_queue_item() {
        assert_eq!(queue_id("http://ci.example/jenkins/queue/item/12/"), Some(12));
        assert_eq!(queue_id("/queue/item/7"), Some(7));
        assert_eq!(queue_id("http://ci.example/job/x/"), None);
    }
}
