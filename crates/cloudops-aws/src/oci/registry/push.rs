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
    Method,
    header::{CONTENT_TYPE, HeaderValue},
};

use super::{Registry, RegistryError};
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
pub(super) struct Progress {
    name: String,
    total: u64,
    done: Arc<AtomicU64>,
    events: EventSink,
}

impl Progress {
    pub(super) fn add(&self, bytes: u64) {
        let before = self.done.fetch_add(bytes, Ordering::Relaxed);
        let done = before + bytes;
        if done / REPORT_EVERY != before / REPORT_EVERY || done == self.total {
            self.send(done);
        }
    }

    /// Takes back what a failed upload had counted.
    pub(super) fn take_back(&self, bytes: u64) {
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
