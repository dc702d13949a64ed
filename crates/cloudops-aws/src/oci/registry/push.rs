//! Pushing: look first, mount where possible, upload four blobs at a time, the tag last.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use futures::{StreamExt as _, TryStreamExt as _, stream};
use oci_spec::image::MediaType;
use reqwest::{
    Body, Method, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION},
};
use url::Url;

use super::{
    Registry, RegistryError,
    request::{Call, Failure},
};
use crate::{
    events::{EventKind, EventSink},
    ids::Digest,
    oci::{Content, Image, Layer},
};

/// Uploads at once: more does not help a registry, and keeps memory bounded.
const UPLOADS: usize = 4;
/// Bytes between two reports of progress.
const REPORT_EVERY: u64 = 1024 * 1024;

/// Where an image goes.
#[derive(Debug, Clone, Copy)]
pub struct PushRequest<'a> {
    /// Repository, which exists.
    pub repository: &'a str,
    /// Tag for people; none leaves the image known by its digest alone.
    pub tag: Option<&'a str>,
    /// Repositories of the same registry that may have some of the blobs.
    pub mount_from: &'a [String],
}

/// What a push moved.
#[derive(Debug, Clone, PartialEq)]
pub struct PushReport {
    /// Digest of the image.
    pub digest: Digest,
    /// Bytes that were uploaded.
    pub uploaded_bytes: u64,
    /// Bytes that the registry had already.
    pub reused_bytes: u64,
    /// Blobs that were uploaded.
    pub blobs_uploaded: usize,
    /// Blobs that the registry had already.
    pub blobs_reused: usize,
    /// Seconds it took.
    pub seconds: f64,
}

/// Progress of one image, summed over its blobs.
#[derive(Clone)]
struct Progress {
    name: String,
    total: u64,
    done: Arc<AtomicU64>,
    events: EventSink,
}

impl Progress {
    fn add(&self, bytes: u64) {
        let before = self.done.fetch_add(bytes, Ordering::Relaxed);
        let done = before + bytes;
        if done / REPORT_EVERY != before / REPORT_EVERY || done == self.total {
            self.send(done);
        }
    }

    /// Takes back what a failed upload had counted.
    fn take_back(&self, bytes: u64) {
        self.done.fetch_sub(bytes, Ordering::Relaxed);
    }

    fn send(&self, done: u64) {
        self.events.send(EventKind::Transfer {
            name: self.name.clone(),
            done,
            total: Some(self.total),
        });
    }
}

impl Registry {
    /// Pushes an image. Blobs that the registry has are not sent again, so a push that was
    /// interrupted goes on where it stopped. The tag is written last. A tag that points at this
    /// image already is success, also when tags cannot be moved.
    ///
    /// # Errors
    /// [`RegistryError`]; nothing is published then, though blobs may be stored.
    pub async fn push(
        &self,
        image: &Image,
        request: &PushRequest<'_>,
        events: &EventSink,
    ) -> Result<PushReport, RegistryError> {
        let begin = Instant::now();
        let progress = Progress {
            name: request.repository.to_owned(),
            total: image.size(),
            done: Arc::default(),
            events: events.clone(),
        };
        let mut report = PushReport {
            digest: image.digest.clone(),
            uploaded_bytes: 0,
            reused_bytes: 0,
            blobs_uploaded: 0,
            blobs_reused: 0,
            seconds: 0.0,
        };
        let known = self
            .find_manifest(request.repository, image.digest.as_str())
            .await?;
        if known.is_some() {
            // A registry takes a manifest only when it has all of its blobs.
            report.reused_bytes = image.size();
            report.blobs_reused = image.blobs().count();
            progress.send(progress.total);
        } else {
            self.push_blobs(image, request, &progress, &mut report)
                .await?;
        }
        let (tagged, by_digest) = (request.tag, image.digest.as_str());
        if known.is_none() || tagged.is_some() {
            self.publish(image, request.repository, tagged, by_digest)
                .await?;
        }
        report.seconds = begin.elapsed().as_secs_f64();
        Ok(report)
    }

    async fn push_blobs(
        &self,
        image: &Image,
        request: &PushRequest<'_>,
        progress: &Progress,
        report: &mut PushReport,
    ) -> Result<(), RegistryError> {
        let mut seen = std::collections::BTreeSet::new();
        let distinct = image
            .blobs()
            .filter(|blob| seen.insert(blob.digest.clone()));
        let distinct: Vec<Arc<Layer>> = distinct.cloned().collect();
        let mut pushes = stream::iter(distinct)
            .map(|blob| async move {
                let uploaded = self.push_blob(&blob, request, progress).await?;
                Ok::<_, RegistryError>((blob.size, uploaded))
            })
            .buffer_unordered(UPLOADS);
        while let Some((size, uploaded)) = pushes.try_next().await? {
            if uploaded {
                report.uploaded_bytes += size;
                report.blobs_uploaded += 1;
            } else {
                report.reused_bytes += size;
                report.blobs_reused += 1;
            }
        }
        Ok(())
    }

    /// Brings a blob into the repository; true when its bytes had to be sent.
    async fn push_blob(
        &self,
        blob: &Layer,
        request: &PushRequest<'_>,
        progress: &Progress,
    ) -> Result<bool, RegistryError> {
        let places = self.places(&blob.digest).await;
        let mut places = places.lock().await;
        let repository = request.repository;
        let here = places.iter().any(|place| place == repository);
        if here || self.has_blob(repository, &blob.digest).await? {
            remember(&mut places, repository);
            progress.add(blob.size);
            return Ok(false);
        }
        let from = self.elsewhere(blob, request, &places).await?;
        let mut tries = 0;
        let uploaded = loop {
            tries += 1;
            match self
                .upload(blob, repository, from.as_deref(), progress)
                .await
            {
                Ok(uploaded) => break uploaded,
                Err(failure) => self.again(failure, tries).await?,
            }
        };
        remember(&mut places, repository);
        Ok(uploaded)
    }

    /// Another repository of this registry that has the blob.
    async fn elsewhere(
        &self,
        blob: &Layer,
        request: &PushRequest<'_>,
        places: &[String],
    ) -> Result<Option<String>, RegistryError> {
        if let Content::Remote {
            registry,
            repository,
        } = &blob.content
            && registry.host() == self.host()
        {
            return Ok(Some(repository.clone()));
        }
        if let Some(known) = places.first() {
            return Ok(Some(known.clone()));
        }
        for candidate in request.mount_from {
            if candidate != request.repository && self.has_blob(candidate, &blob.digest).await? {
                return Ok(Some(candidate.clone()));
            }
        }
        Ok(None)
    }

    /// One try of an upload; false when the registry mounted the blob instead. A try starts over
    /// with a new session, because registries differ in what is left of an old one.
    async fn upload(
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

    /// Writes the manifest, by its tag where there is one.
    async fn publish(
        &self,
        image: &Image,
        repository: &str,
        tag: Option<&str>,
        by_digest: &str,
    ) -> Result<(), RegistryError> {
        if let Some(tag) = tag
            && self.find_manifest(repository, tag).await?.as_ref() == Some(&image.digest)
        {
            return Ok(());
        }
        let reference = tag.unwrap_or(by_digest);
        let action = format!("publish image {repository}:{reference}");
        let path = format!("manifests/{reference}");
        let mut call = self.call(Method::PUT, repository, &path, action)?;
        let media_type = HeaderValue::from_static("application/vnd.oci.image.manifest.v1+json");
        debug_assert_eq!(
            MediaType::ImageManifest.as_ref().as_bytes(),
            media_type.as_bytes()
        );
        call.headers.insert(CONTENT_TYPE, media_type);
        call.body = image.manifest.clone();
        let answer = self.send(&call).await?;
        if answer.status().is_success() {
            return Ok(());
        }
        let error = self.refused(&call.action, answer).await;
        let Some(tag) = tag else { return Err(error) };
        // Another push may have won the race for a tag that cannot be moved.
        match self.find_manifest(repository, tag).await? {
            Some(found) if found == image.digest => Ok(()),
            Some(found) => Err(RegistryError::TagTaken {
                repository: repository.to_owned(),
                tag: tag.to_owned(),
                found,
            }),
            None => Err(error),
        }
    }
}

fn remember(places: &mut Vec<String>, repository: &str) {
    if !places.iter().any(|place| place == repository) {
        places.push(repository.to_owned());
    }
}
