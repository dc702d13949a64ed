//! The builds of a job, and the one of a run.

use std::time::Duration;

use jiff::Timestamp;
use serde::Deserialize;

use crate::jenkins::{
    Build, BuildOutcome, ItemPath, Jenkins, JenkinsError,
    queue_json::{Candidate, has_run},
};

/// What `tree` asks for of each build.
pub(super) const FIELDS: &str = "number,result,building,timestamp,duration";

/// A build in a listing.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Raw")]
pub struct BuildSummary {
    /// Its number, from 1.
    pub number: u64,
    /// How it ended; nothing while it runs.
    pub outcome: Option<BuildOutcome>,
    /// When it started.
    pub started_at: Timestamp,
    /// How long it ran; zero while it runs.
    pub duration: Duration,
}

#[derive(Deserialize)]
struct Raw {
    number: u64,
    result: Option<BuildOutcome>,
    #[serde(default)]
    building: bool,
    /// Milliseconds since 1970.
    #[serde(default)]
    timestamp: i64,
    /// Milliseconds.
    #[serde(default)]
    duration: u64,
}

impl From<Raw> for BuildSummary {
    fn from(raw: Raw) -> Self {
        Self {
            number: raw.number,
            // A pipeline may have a result before it ends.
            outcome: raw.result.filter(|_| !raw.building),
            started_at: Timestamp::from_millisecond(raw.timestamp).unwrap_or_default(),
            duration: Duration::from_millis(raw.duration),
        }
    }
}

#[derive(Deserialize)]
struct History {
    #[serde(default)]
    builds: Vec<BuildSummary>,
}

impl Jenkins {
    /// The builds of a job, the newest first; Jenkins gives 100.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such job; those of the request.
    pub async fn builds(&self, path: &ItemPath) -> Result<Vec<BuildSummary>, JenkinsError> {
        let mut url = path.url(self.base(), &["api", "json"]);
        url.query_pairs_mut().append_pair("tree", &format!("builds[{FIELDS}]"));
        let history: History = self.get_json(format!("read at {path}: its builds"), url).await?;
        Ok(history.builds)
    }

    /// The newest build of a job, also when it still runs.
    ///
    /// # Errors
    /// As [`Jenkins::builds`].
    pub async fn last_build(&self, path: &ItemPath) -> Result<Option<BuildSummary>, JenkinsError> {
        Ok(self.builds(path).await?.into_iter().next())
    }

    /// The build with this value of [`crate::jenkins::RUN_PARAMETER`], among the newest 100.
    ///
    /// # Errors
    /// As [`Jenkins::builds`].
    pub async fn build_by_run(
        &self,
        path: &ItemPath,
        run: &str,
    ) -> Result<Option<Build>, JenkinsError> {
        let found = self.candidates(path).await?;
        let ours = found.iter().find(|build: &&Candidate| has_run(&build.actions, run));
        Ok(ours.map(|build| Build { job: path.clone(), number: build.number }))
    }

    /// Stops the build of a run, or takes it out of the queue. Says whether there was one that
    /// had not ended.
    ///
    /// # Errors
    /// As [`Jenkins::builds`]; those of the requests.
    pub async fn abort_run(&self, path: &ItemPath, run: &str) -> Result<bool, JenkinsError> {
        let queued = self.queued(path, run).await?;
        if let Some(item) = &queued {
            self.cancel_queued(item).await?;
        }
        // It may have started just before it was taken out of the queue.
        let Some(build) = self.build_by_run(path, run).await? else {
            return Ok(queued.is_some());
        };
        let runs = self.result(&build).await?.is_none();
        if runs {
            self.abort(&build).await?;
        }
        Ok(runs)
    }
}
