//! One request: credentials, retries, and errors that say what was tried.

use std::{error::Error as _, time::Duration};

use bytes::Bytes;
use reqwest::{
    Body, Method, Response, StatusCode,
    header::{AUTHORIZATION, HeaderMap, RETRY_AFTER},
};
use serde::Deserialize;
use url::Url;

use super::{Registry, RegistryError, auth::header_value};
use crate::wait;

/// Tries of a request or an upload.
pub(super) const TRIES: u32 = 5;
/// First pause between two tries; it doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// Longest pause that a registry may ask for.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// What is sent. It can be sent again, unlike a stream.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// What it is for, for people: "look for blob ...".
    pub(super) action: String,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) repository: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// Whether trying again may help, and after which pause.
pub(super) enum Failure {
    Final(RegistryError),
    Passing {
        error: RegistryError,
        pause: Option<Duration>,
    },
}

#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    errors: Vec<Reason>,
}

#[derive(Deserialize)]
struct Reason {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

impl Registry {
    /// A call without headers and body.
    pub(super) fn call(
        &self,
        method: Method,
        repository: &str,
        path: &str,
        action: String,
    ) -> Result<Call, RegistryError> {
        let url = self.0.base.join(&format!("{repository}/{path}"));
        let url = url.map_err(|error| RegistryError::Host {
            host: self.host().to_owned(),
            reason: format!("{repository}: {error}"),
        })?;
        Ok(Call {
            action,
            method,
            url,
            repository: repository.to_owned(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
        })
    }

    /// Sends a call until the registry gives an answer that does not mean "later".
    pub(super) async fn send(&self, call: &Call) -> Result<Response, RegistryError> {
        let mut tries = 0;
        loop {
            tries += 1;
            match self.once(call, None).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => self.again(failure, tries).await?,
            }
        }
    }

    /// Sends once, or twice when the first answer asks for (other) credentials. A stream takes
    /// the place of the call's body; it can be sent only once, so that the second time is left to
    /// whoever can make another stream.
    pub(super) async fn once(
        &self,
        call: &Call,
        mut stream: Option<Body>,
    ) -> Result<Response, Failure> {
        let streams = stream.is_some();
        let mut logged_in = false;
        loop {
            let used = self.authorization(&call.repository).await;
            let mut request = self.0.http.request(call.method.clone(), call.url.clone());
            request = request.headers(call.headers.clone());
            // An upload may lead to another host, which must not see the credentials.
            let ours = call.url.origin() == self.0.base.origin();
            if let Some(value) = used.header.as_ref().filter(|_| ours).and_then(header_value) {
                request = request.header(AUTHORIZATION, value);
            }
            let body = stream.take().unwrap_or_else(|| call.body.clone().into());
            let answer = request
                .body(body)
                .send()
                .await
                .map_err(|error| Failure::Passing {
                    error: self.unreachable(&call.action, &error),
                    pause: None,
                })?;
            if answer.status() != StatusCode::UNAUTHORIZED || logged_in || !ours {
                return self.judge(call, answer).await;
            }
            logged_in = true;
            let done = self.log_in(&call.repository, &used, answer.headers()).await;
            done.map_err(Failure::Final)?;
            if streams {
                let error = self.refused(&call.action, answer).await;
                return Err(Failure::Passing {
                    error,
                    pause: Some(Duration::ZERO),
                });
            }
        }
    }

    /// Sorts out the answers that mean "later" and "not you".
    async fn judge(&self, call: &Call, answer: Response) -> Result<Response, Failure> {
        let status = answer.status();
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            let pause = retry_after(answer.headers());
            let error = self.refused(&call.action, answer).await;
            return Err(Failure::Passing { error, pause });
        }
        if status == StatusCode::UNAUTHORIZED {
            return Err(Failure::Final(self.refused(&call.action, answer).await));
        }
        Ok(answer)
    }

    /// Pauses before the next try, or gives the error up.
    pub(super) async fn again(&self, failure: Failure, tries: u32) -> Result<(), RegistryError> {
        let (error, pause) = match failure {
            Failure::Passing { error, pause } if tries < TRIES => (error, pause),
            Failure::Passing { error, .. } | Failure::Final(error) => return Err(error),
        };
        tracing::debug!(%error, tries, "trying again");
        let pause = pause.unwrap_or(FIRST_PAUSE * 2u32.saturating_pow(tries - 1));
        Ok(wait::sleep(pause.min(LONGEST_PAUSE), &self.0.cancel).await?)
    }

    pub(super) fn unreachable(&self, action: &str, error: &reqwest::Error) -> RegistryError {
        // Reqwest's own text is "error sending request"; the cause is at the end of the chain.
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let reason = if error.source().is_some() {
            cause.to_string()
        } else {
            error.to_string()
        };
        RegistryError::Unreachable {
            host: self.host().to_owned(),
            action: action.to_owned(),
            reason,
        }
    }

    /// The error of an answer that is not the one that was hoped for.
    pub(super) async fn refused(&self, action: &str, answer: Response) -> RegistryError {
        let (host, action) = (self.host().to_owned(), action.to_owned());
        let status = answer.status();
        let message = message(&answer.bytes().await.unwrap_or_default());
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => RegistryError::Credentials {
                host,
                action,
                message,
            },
            _ => RegistryError::Refused {
                host,
                action,
                status: status.as_u16(),
                message,
            },
        }
    }
}

/// The reasons in the answer of a registry: `CODE: message`, at most 300 characters.
fn message(body: &[u8]) -> String {
    let text = match serde_json::from_slice::<Answer>(body) {
        Ok(answer) => {
            let reasons = answer
                .errors
                .iter()
                .map(|reason| format!("{}: {}", reason.code, reason.message));
            reasons.collect::<Vec<_>>().join("; ")
        }
        Err(_) => String::from_utf8_lossy(body)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
    };
    text.chars().take(300).collect()
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}
