//! One try of an upload: open a session, send the bytes, say which digest they have.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use futures::TryStreamExt as _;
use reqwest::{
    Body, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION},
};
use url::Url;

use super::{
    Registry,
    push::Progress,
    request::{Call, Failure},
};
use crate::oci::Layer;

impl Registry {
    /// One try of an upload; false when the registry mounted the blob instead. A try starts over
    /// with a new session, because registries differ in what is left of an old one.
    pub(super) async fn upload(
        &self,
        blob: &Layer,
        repository: &str,
        from: Option<&str>,
        progress: &Progress,
    ) -> Result<bool, Failure> {
        let action = format!("upload blob {} to {repository}", blob.digest.short());
        let mut call = self
            .call(Method::POST, repository, "blobs/uploads/", action)
            .map_err(Failure::Final)?;
        if let Some(from) = from {
            call.url
                .query_pairs_mut()
                .append_pair("mount", blob.digest.as_str())
                .append_pair("from", from);
        }
        let answer = self.once(&call, None).await?;
        if answer.status() == StatusCode::CREATED {
            progress.add(blob.size);
            return Ok(false);
        }
        call.url = self.location(&call, answer, StatusCode::ACCEPTED).await?;
        call.method = Method::PATCH;
        let sent = Arc::new(AtomicU64::new(0));
        let done = self.send_content(blob, &call, progress, &sent).await;
        let done = match done {
            Ok(url) => self.commit(blob, &mut call, url).await,
            Err(failure) => Err(failure),
        };
        if done.is_err() {
            progress.take_back(sent.load(Ordering::Relaxed));
        }
        done.map(|()| true)
    }

    async fn send_content(
        &self,
        blob: &Layer,
        call: &Call,
        progress: &Progress,
        sent: &Arc<AtomicU64>,
    ) -> Result<Url, Failure> {
        let content = blob
            .content
            .open(&blob.digest)
            .await
            .map_err(Failure::Final)?;
        let (progress, sent) = (progress.clone(), sent.clone());
        let content = content.inspect_ok(move |piece| {
            sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
            progress.add(piece.len() as u64);
        });
        let mut call = call.clone();
        call.headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        call.headers
            .insert(CONTENT_LENGTH, HeaderValue::from(blob.size));
        let answer = self.once(&call, Some(Body::wrap_stream(content))).await?;
        self.location(&call, answer, StatusCode::ACCEPTED).await
    }

    async fn commit(&self, blob: &Layer, call: &mut Call, url: Url) -> Result<(), Failure> {
        call.url = url;
        call.method = Method::PUT;
        call.url
            .query_pairs_mut()
            .append_pair("digest", blob.digest.as_str());
        let answer = self.once(call, None).await?;
        match answer.status() {
            StatusCode::CREATED | StatusCode::NO_CONTENT => Ok(()),
            _ => Err(Failure::Final(self.refused(&call.action, answer).await)),
        }
    }

    /// Where the upload goes on.
    async fn location(
        &self,
        call: &Call,
        answer: reqwest::Response,
        expected: StatusCode,
    ) -> Result<Url, Failure> {
        let location = answer
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        match location.and_then(|location| call.url.join(location).ok()) {
            Some(url) if answer.status() == expected => Ok(url),
            _ => {
                let lost = answer.status() == StatusCode::NOT_FOUND && call.method == Method::PATCH;
                let error = self.refused(&call.action, answer).await;
                // A session may be lost when a registry restarts; a new one helps.
                Err(if lost {
                    Failure::Passing { error, pause: None }
                } else {
                    Failure::Final(error)
                })
            }
        }
    }
}
