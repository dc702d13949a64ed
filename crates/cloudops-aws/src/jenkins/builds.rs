//! Builds: their facts, their end, what they leave.

use std::{fmt, time::Duration};

use bytes::Bytes;
use serde::Deserialize;
use url::Url;

use crate::jenkins::{ItemPath, Jenkins, JenkinsError, client::Body};

/// A build that has started.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Build {
    /// Its job.
    pub job: ItemPath,
    /// Its number, from 1.
    pub number: u64,
}

impl fmt::Display for Build {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} #{}", self.job, self.number)
    }
}

impl Build {
    pub(super) fn url(&self, base: &Url, rest: &[&str]) -> Url {
        let number = self.number.to_string();
        self.job.url(base, &[&[number.as_str()], rest].concat())
    }
}

/// How a build ended (`hudson.model.Result`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum BuildOutcome {
    /// No errors.
    Success,
    /// Errors that are not fatal, such as failed tests.
    Unstable,
    /// A fatal error.
    Failure,
    /// It was not built.
    NotBuilt,
    /// Somebody stopped it.
    Aborted,
}

impl fmt::Display for BuildOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Success => "SUCCESS",
            Self::Unstable => "UNSTABLE",
            Self::Failure => "FAILURE",
            Self::NotBuilt => "NOT_BUILT",
            Self::Aborted => "ABORTED",
        })
    }
}

/// A build that has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildResult {
    /// Number of the build.
    pub number: u64,
    /// How it ended.
    pub outcome: BuildOutcome,
    /// How long it ran.
    pub duration: Duration,
    /// Address of its page, as seen by this connection, with a slash at the end.
    pub url: String,
}

impl BuildResult {
    /// The result itself when the build succeeded.
    ///
    /// # Errors
    /// [`JenkinsError::BuildFailed`] for every other end.
    pub fn succeeded(self, job: &ItemPath) -> Result<Self, JenkinsError> {
        if self.outcome == BuildOutcome::Success {
            return Ok(self);
        }
        Err(JenkinsError::BuildFailed { job: job.clone(), result: self })
    }
}

/// A file that a build keeps.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Artifact {
    /// Last part of the path.
    pub file_name: String,
    /// Path in the workspace.
    pub relative_path: String,
}

/// What `<build>/api/json` says.
#[derive(Debug, Deserialize)]
pub(super) struct Facts {
    pub(super) building: bool,
    pub(super) result: Option<BuildOutcome>,
    /// Milliseconds; 0 while it runs.
    #[serde(default)]
    duration: u64,
    #[serde(default)]
    artifacts: Vec<Artifact>,
}

impl Jenkins {
    pub(super) async fn facts(&self, build: &Build) -> Result<Facts, JenkinsError> {
        let url = build.url(self.base(), &["api", "json"]);
        self.get_json(format!("read at {build}"), url).await
    }

    /// How a build ended; nothing while it runs.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such build; those of the request.
    pub async fn result(&self, build: &Build) -> Result<Option<BuildResult>, JenkinsError> {
        let facts = self.facts(build).await?;
        let Some(outcome) = facts.result.filter(|_| !facts.building) else {
            return Ok(None);
        };
        Ok(Some(BuildResult {
            number: build.number,
            outcome,
            duration: Duration::from_millis(facts.duration),
            url: build.url(&self.bare_url(), &[""]).to_string(),
        }))
    }

    /// Stops a build. It ends as [`BuildOutcome::Aborted`] in a moment; [`Jenkins::follow`] waits
    /// for that. A build that has ended stays as it is.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such build; those of the request.
    pub async fn abort(&self, build: &Build) -> Result<(), JenkinsError> {
        let url = build.url(self.base(), &["stop"]);
        self.post(format!("stop at {build}"), url, Body::Empty).await.map(drop)
    }

    /// The files that a build keeps.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such build; those of the request.
    pub async fn artifacts(&self, build: &Build) -> Result<Vec<Artifact>, JenkinsError> {
        Ok(self.facts(build).await?.artifacts)
    }

    /// The content of a file that a build keeps, read as a whole: meant for reports and small
    /// results. [`Jenkins::save_artifact`] takes files of any size.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such file, [`JenkinsError::TooLarge`] above 16
    /// MiB; those of the request.
    pub async fn artifact(&self, build: &Build, file: &Artifact) -> Result<Bytes, JenkinsError> {
        let parts: Vec<&str> =
            ["artifact"].into_iter().chain(file.relative_path.split('/')).collect();
        let url = build.url(self.base(), &parts);
        Ok(self.get(format!("read at {build}: {}", file.relative_path), url).await?.body)
    }

    /// The whole log of a build. [`Jenkins::last_lines`] gives its end, [`Jenkins::save_log`]
    /// writes it to a file.
    ///
    /// # Errors
    /// [`JenkinsError::NotFound`] when there is no such build, [`JenkinsError::TooLarge`] above 16
    /// MiB; those of the request.
    pub async fn log(&self, build: &Build) -> Result<String, JenkinsError> {
        let url = build.url(self.base(), &["consoleText"]);
        let answer = self.get(format!("read at {build}: the log"), url).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// The address without user and password, for people.
    fn bare_url(&self) -> Url {
        let mut url = self.base().clone();
        // These fail only for URLs without a host, which `Jenkins::new` refuses.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url
    }
}
