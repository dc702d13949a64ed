//! Calls of Consul's HTTP interface.

use std::{fmt, sync::Arc, time::Duration};

use reqwest::{Method, StatusCode};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::wire::{Operation, Pair};
use crate::{
    diagnose::{Class, Diagnose},
    redact::Secret,
    wait::{self, Pace, WaitError},
};

/// How long a cluster may be without a leader before a read gives up. An election takes seconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// Why Consul could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ConsulError {
    /// It does not answer.
    #[error("Consul at {endpoint} does not answer: {reason}")]
    Unreachable {
        /// Address.
        endpoint: String,
        /// Why.
        reason: String,
    },
    /// It is there, and cannot work.
    #[error("Consul at {endpoint} cannot answer now: {reason}")]
    NotNow {
        /// Address.
        endpoint: String,
        /// What it says.
        reason: String,
    },
    /// The token may not do this.
    #[error("Consul refuses the token: {reason}")]
    Denied {
        /// What it says.
        reason: String,
    },
    /// Somebody else wrote it.
    #[error("the condition of a transaction does not hold")]
    Changed,
    /// Something else than an answer.
    #[error("Consul's answer cannot be used: {reason}")]
    Answer {
        /// Why.
        reason: String,
    },
    /// The run was stopped.
    #[error("interrupted")]
    Interrupted,
}

impl ConsulError {
    pub(super) fn unreadable(why: &dyn fmt::Display) -> Self {
        Self::Answer { reason: why.to_string() }
    }
}

impl From<WaitError> for ConsulError {
    fn from(error: WaitError) -> Self {
        match error {
            WaitError::Cancelled => Self::Interrupted,
            WaitError::Deadline(_) => {
                Self::NotNow { endpoint: "this address".to_owned(), reason: error.to_string() }
            }
        }
    }
}

impl Diagnose for ConsulError {
    fn class(&self) -> Class {
        match self {
            Self::Unreachable { .. } | Self::NotNow { .. } => Class::Unavailable,
            Self::Denied { .. } => Class::Denied,
            Self::Changed => Class::StalePlan,
            Self::Answer { .. } => Class::NeedsOperator,
            Self::Interrupted => Class::Interrupted,
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::Unreachable { .. } => {
                "Look whether this address can be reached from here. A cluster that CloudOps runs is \
                 reached from its network and from `admin-cidrs`."
            }
            Self::NotNow { .. } => {
                "The cluster needs two of its three nodes; wait a minute and run this again."
            }
            Self::Denied { .. } => {
                "Look at the token in the secret that `configuration.token-secret` names (of a cluster \
                 that CloudOps runs: `ConsulTokenSecretArn` of `cloudcore outputs`), and at its \
                 policy: it needs `key_prefix \"cloudops/\" { policy = \"write\" }`."
            }
            Self::Changed | Self::Answer { .. } | Self::Interrupted => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

/// A connection to Consul.
#[derive(Debug, Clone)]
pub(super) struct Client {
    http: reqwest::Client,
    endpoint: Url,
    token: Arc<Secret>,
    cancel: CancellationToken,
}

struct Answer {
    status: StatusCode,
    body: bytes::Bytes,
}

impl Client {
    pub(super) fn new(
        endpoint: &Url,
        token: Secret,
        cancel: CancellationToken,
    ) -> Result<Self, ConsulError> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .timeout(Duration::from_secs(30))
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| ConsulError::unreadable(&error))?;
        Ok(Self { http, endpoint: endpoint.clone(), token: Arc::new(token), cancel })
    }

    /// One key (`GET /v1/kv/:key`).
    pub(super) async fn get(&self, key: &str) -> Result<Option<Pair>, ConsulError> {
        Ok(self.read::<Vec<Pair>>(key, &["consistent"]).await?.unwrap_or_default().pop())
    }

    /// All keys with values below a prefix (`GET /v1/kv/:prefix?recurse`).
    pub(super) async fn below(&self, prefix: &str) -> Result<Vec<Pair>, ConsulError> {
        Ok(self.read(prefix, &["recurse", "consistent"]).await?.unwrap_or_default())
    }

    /// The names of all keys below a prefix (`GET /v1/kv/:prefix?keys`).
    pub(super) async fn names_below(&self, prefix: &str) -> Result<Vec<String>, ConsulError> {
        Ok(self.read(prefix, &["keys", "consistent"]).await?.unwrap_or_default())
    }

    /// Does all operations or none (`PUT /v1/txn`).
    pub(super) async fn transaction(&self, operations: &[Operation]) -> Result<(), ConsulError> {
        let body = serde_json::to_vec(operations).map_err(|e| ConsulError::unreadable(&e))?;
        let answer = self.send(Method::PUT, self.url("txn", "", &[]), Some(body)).await?;
        match answer.status {
            StatusCode::CONFLICT => Err(conflict(&answer)),
            StatusCode::OK => Ok(()),
            _ => Err(self.failed(&answer)),
        }
    }

    /// Reads, again and again while the cluster elects a leader.
    async fn read<T: serde::de::DeserializeOwned>(
        &self,
        key: &str,
        flags: &[&str],
    ) -> Result<Option<T>, ConsulError> {
        let url = self.url("kv/", key, flags);
        let begin = std::time::Instant::now();
        let look = || async {
            let answer = self.send(Method::GET, url.clone(), None).await?;
            match answer.status {
                StatusCode::OK => serde_json::from_slice(&answer.body)
                    .map(|value| Some(Some(value)))
                    .map_err(|error| ConsulError::unreadable(&error)),
                StatusCode::NOT_FOUND => Ok(Some(None)),
                _ => match self.failed(&answer) {
                    ConsulError::NotNow { .. } if begin.elapsed() < PATIENCE => Ok(None),
                    error => Err(error),
                },
            }
        };
        let pace = Pace { deadline: PATIENCE * 2, ..Pace::within(PATIENCE) };
        wait::until(pace, &self.cancel, look).await
    }

    fn url(&self, what: &str, key: &str, flags: &[&str]) -> Url {
        let mut url = self.endpoint.clone();
        let before = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{before}/v1/{what}{key}"));
        url.set_query((!flags.is_empty()).then(|| flags.join("&")).as_deref());
        url
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ConsulError> {
        let unreachable = |error: reqwest::Error| ConsulError::Unreachable {
            endpoint: self.endpoint.to_string(),
            reason: cause(&error.without_url()),
        };
        let request = self.http.request(method, url).header("X-Consul-Token", self.token.expose());
        let request = match body {
            Some(body) => request.header("Content-Type", "application/json").body(body),
            None => request,
        };
        let asked = async {
            let answer = request.send().await.map_err(unreachable)?;
            let status = answer.status();
            Ok(Answer { status, body: answer.bytes().await.map_err(unreachable)? })
        };
        tokio::select! {
            answer = asked => answer,
            () = self.cancel.cancelled() => Err(ConsulError::Interrupted),
        }
    }

    fn failed(&self, answer: &Answer) -> ConsulError {
        let text: String = String::from_utf8_lossy(&answer.body).trim().chars().take(300).collect();
        let reason = if text.is_empty() { answer.status.to_string() } else { text };
        match answer.status {
            StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => ConsulError::Denied { reason },
            status if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS => {
                ConsulError::NotNow { endpoint: self.endpoint.to_string(), reason }
            }
            status => ConsulError::Answer { reason: format!("{status}: {reason}") },
        }
    }
}

/// A transaction that was undone: because of a condition, or because of the token.
fn conflict(answer: &Answer) -> ConsulError {
    let text = String::from_utf8_lossy(&answer.body);
    if text.contains("Permission denied") {
        return ConsulError::Denied { reason: "Permission denied".to_owned() };
    }
    ConsulError::Changed
}

/// The innermost cause, which says most.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}
