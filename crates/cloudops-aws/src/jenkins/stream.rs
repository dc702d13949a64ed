//! An answer that is read piece by piece, because it may be large.

use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;

use crate::{
    jenkins::{JenkinsError, error::chain},
    redact::SafeUrl,
};

/// Longest time of a transfer.
pub(super) const STREAM: Duration = Duration::from_secs(60 * 60);
/// Longest time between two pieces.
const IDLE: Duration = Duration::from_secs(30);

/// What is left of an answer.
pub(super) struct Stream {
    url: SafeUrl,
    response: reqwest::Response,
}

impl Stream {
    pub(super) fn new(url: SafeUrl, response: reqwest::Response) -> Self {
        Self { url, response }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// A header as text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// The next piece; nothing at the end.
    ///
    /// # Errors
    /// [`JenkinsError::Unreachable`] when the connection breaks or nothing comes for 30 seconds.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, JenkinsError> {
        let lost = |reason: String| JenkinsError::Unreachable { url: self.url.clone(), reason };
        match tokio::time::timeout(IDLE, self.response.chunk()).await {
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(lost(chain(&error))),
            Err(_) => Err(lost("nothing came for 30 seconds".to_owned())),
        }
    }
}
