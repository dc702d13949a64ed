//! Whether the server can work.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

use crate::{
    jenkins::{
        ItemPath, Jenkins, JenkinsError,
        answer::{Answer, json},
        client::{Body, Call},
    },
    redact::Secret,
    wait::{self, Pace},
};

/// What the server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Readiness {
    /// It takes jobs.
    Ready {
        /// Version of Jenkins, from its `X-Jenkins` header.
        version: String,
    },
    /// It starts, or the load balancer before it has no server yet.
    NotReady {
        /// What it said.
        reason: String,
    },
    /// It prepares for a shutdown and starts no new builds.
    QuietingDown,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Root {
    quieting_down: bool,
}

#[derive(Deserialize)]
struct TokenAnswer {
    data: TokenData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TokenData {
    token_value: String,
}

impl Jenkins {
    /// Asks once whether the server can work: `/api/json` answers 200 with an `X-Jenkins` header,
    /// and the server is not quieting down.
    ///
    /// # Errors
    /// [`JenkinsError::Unreachable`], [`JenkinsError::Unauthorized`],
    /// [`JenkinsError::Forbidden`], and [`JenkinsError::NotJenkins`] when something else answers.
    pub async fn ready(&self) -> Result<Readiness, JenkinsError> {
        let url = ItemPath::root().url(self.base(), &["api", "json"]);
        let action = "read the state of the server".to_owned();
        let call = Call { action, method: Method::GET, url, body: Body::Empty };
        let answer = self.send(&call).await?;
        self.readiness(&answer)
    }

    fn readiness(&self, answer: &Answer) -> Result<Readiness, JenkinsError> {
        let url = self.shown_url();
        match answer.status {
            StatusCode::OK => {}
            StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::BAD_GATEWAY
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS => {
                return Ok(Readiness::NotReady { reason: answer.reason() });
            }
            StatusCode::UNAUTHORIZED => {
                return Err(JenkinsError::Unauthorized { url, user: self.user().to_owned() });
            }
            StatusCode::FORBIDDEN => {
                return Err(JenkinsError::Forbidden {
                    user: self.user().to_owned(),
                    action: "read the state of the server".to_owned(),
                    reason: answer.reason(),
                });
            }
            status if status.is_redirection() => {
                let to = answer.header("Location").unwrap_or("nowhere");
                let reason = format!("it redirects to {to}");
                return Err(JenkinsError::NotJenkins { url, reason });
            }
            status => {
                let reason = format!("/api/json answers {status}");
                return Err(JenkinsError::NotJenkins { url, reason });
            }
        }
        answer.is_no_page(&url)?;
        let Some(version) = answer.header("X-Jenkins") else {
            let reason = "the answer has no X-Jenkins header".to_owned();
            return Err(JenkinsError::NotJenkins { url, reason });
        };
        let root: Root = serde_json::from_slice(&answer.body)
            .map_err(|error| JenkinsError::NotJenkins { url, reason: error.to_string() })?;
        Ok(if root.quieting_down {
            Readiness::QuietingDown
        } else {
            Readiness::Ready { version: version.to_owned() }
        })
    }

    /// Waits until the server can work, and gives its version. A server that cannot be reached
    /// is waited for; wrong credentials and something that is not Jenkins end the wait.
    ///
    /// # Errors
    /// As [`Jenkins::ready`]; [`JenkinsError::Wait`] at the deadline or on cancellation.
    pub async fn wait_ready(
        &self,
        pace: Pace,
        cancel: &CancellationToken,
    ) -> Result<String, JenkinsError> {
        let look = || async {
            match self.ready().await {
                Ok(Readiness::Ready { version }) => Ok(Some(version)),
                Ok(Readiness::NotReady { .. } | Readiness::QuietingDown) => Ok(None),
                Err(error) if error.is_transient() => Ok(None),
                Err(error) => Err(error),
            }
        };
        let found: Result<String, JenkinsError> = wait::until(pace, cancel, look).await;
        found.map_err(|error| {
            error.while_waiting_for(format!("Jenkins at {} to be ready", self.shown_url()))
        })
    }

    /// Asks once whether the server can work, and has these plugins: versions by name, such as
    /// [`PluginLock::versions`](super::plugins::PluginLock::versions).
    ///
    /// # Errors
    /// As [`Jenkins::ready`]; [`JenkinsError::Plugins`] names what is missing, has another
    /// version or is not active. Other plugins may be there too.
    pub async fn ready_with(
        &self,
        plugins: &BTreeMap<String, String>,
    ) -> Result<Readiness, JenkinsError> {
        let readiness = self.ready().await?;
        if matches!(readiness, Readiness::Ready { .. }) {
            self.has_plugins(plugins).await?;
        }
        Ok(readiness)
    }

    /// [`Jenkins::wait_ready`], and then [`Jenkins::ready_with`].
    ///
    /// # Errors
    /// Those of both.
    pub async fn wait_ready_with(
        &self,
        plugins: &BTreeMap<String, String>,
        pace: Pace,
        cancel: &CancellationToken,
    ) -> Result<String, JenkinsError> {
        let version = self.wait_ready(pace, cancel).await?;
        self.has_plugins(plugins).await?;
        Ok(version)
    }

    /// Restarts the server when its builds have ended. Pipelines go on after it: see
    /// [`Jenkins::follow`]. [`Jenkins::wait_ready`] waits for the end of the restart.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn safe_restart(&self) -> Result<(), JenkinsError> {
        let url = ItemPath::root().url(self.base(), &["safeRestart"]);
        self.post("restart the server", url, Body::Empty).await.map(drop)
    }

    /// Tells the server to start no new builds, before a shutdown or an upgrade.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn quiet_down(&self) -> Result<(), JenkinsError> {
        let url = ItemPath::root().url(self.base(), &["quietDown"]);
        self.post("prepare the shutdown", url, Body::Empty).await.map(drop)
    }

    /// Takes [`Jenkins::quiet_down`] back.
    ///
    /// # Errors
    /// Those of the request.
    pub async fn cancel_quiet_down(&self) -> Result<(), JenkinsError> {
        let url = ItemPath::root().url(self.base(), &["cancelQuietDown"]);
        self.post("take the shutdown back", url, Body::Empty).await.map(drop)
    }

    /// Makes an API token for the user of this connection. The server shows it only this once.
    ///
    /// # Errors
    /// Those of the request; [`JenkinsError::Answer`] when it holds no token.
    pub async fn create_api_token(&self, name: &str) -> Result<Secret, JenkinsError> {
        let descriptor = "jenkins.security.ApiTokenProperty";
        let rest = ["me", "descriptorByName", descriptor, "generateNewToken"];
        let url = ItemPath::root().url(self.base(), &rest);
        let action = format!("make API token {name}");
        let form = Body::Form(vec![("newTokenName".to_owned(), name.to_owned())]);
        let answer = self.post(action.clone(), url, form).await?;
        let token: TokenAnswer = json(action, &self.shown_url(), &answer)?;
        Ok(Secret::new(token.data.token_value))
    }
}
