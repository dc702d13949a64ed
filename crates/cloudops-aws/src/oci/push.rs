//! An image on its way into a registry: blobs, manifests by digest, what is attached, and, last,
//! the tag. Who finds the tag finds everything.

use std::time::Instant;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use oci_client::Reference;

use super::{
    Image, OciError,
    blobs::Moved,
    descriptor::Blob,
    referrers,
    registry::{Registry, http_value, parse},
};
use crate::{
    events::{EventKind, EventSink},
    ids::Digest,
};

/// Uploads at once: more does not help a registry, and keeps memory bounded.
const UPLOADS: usize = 4;

/// What a push moved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PushReport {
    /// Bytes that were uploaded.
    pub uploaded_bytes: u64,
    /// Bytes that the registry had already.
    pub reused_bytes: u64,
    /// Blobs that were uploaded.
    pub uploaded_blobs: usize,
    /// Blobs that the registry had already.
    pub reused_blobs: usize,
    /// Seconds it took.
    pub seconds: f64,
}

impl PushReport {
    pub(super) fn add(&mut self, bytes: u64, moved: Moved) {
        if moved == Moved::Uploaded {
            self.uploaded_bytes += bytes;
            self.uploaded_blobs += 1;
        } else {
            self.reused_bytes += bytes;
            self.reused_blobs += 1;
        }
    }

    /// What is said of an image that is there already, of which nothing was sent.
    #[must_use]
    pub fn nothing_of(image: &Image) -> Self {
        Self::reused(&image.blobs())
    }

    fn reused(blobs: &[Blob]) -> Self {
        let mut report = Self::default();
        for blob in blobs {
            report.add(blob.data.len(), Moved::There);
        }
        report
    }
}

impl Registry {
    /// Pushes an image: only the blobs that the registry lacks, then the manifests by their
    /// digests, what is attached and, last, the tag. Several images may be pushed at the same
    /// time; what they share is sent once.
    ///
    /// # Errors
    /// [`OciError::Registry`]; [`OciError::TagTaken`] when the tag points at another image.
    pub async fn push(
        &self,
        image: &Image,
        repository: &str,
        tag: &str,
        events: &EventSink,
    ) -> Result<PushReport, OciError> {
        let begin = Instant::now();
        let target = parse(&format!("{}/{repository}:{tag}", self.host()))?;
        self.log_in_to_push(&target).await?;
        let blobs = image.blobs();
        if self.tagged(&target).await?.as_ref() == Some(image.digest()) {
            return Ok(PushReport::reused(&blobs));
        }
        let mut report = self.push_blobs(&target, blobs, repository, events).await?;
        for blob in referrers::blobs(&image.attachments) {
            let (bytes, data) = (blob.data.len(), std::future::ready(Ok(blob.data.clone())));
            let moved = self.bring(&target, &blob.digest, bytes, data).await?;
            if referrers::counts(&blob, moved) {
                report.add(bytes, moved);
            }
        }
        self.push_manifests(&target, image).await?;
        report.seconds = begin.elapsed().as_secs_f64();
        Ok(report)
    }

    /// Finds out which layers of an image the registry has already, before anything is sent of it
    /// or of others that share them.
    ///
    /// # Errors
    /// As [`Registry::push`].
    pub async fn look_for(
        &self,
        image: &Image,
        repository: &str,
        tag: &str,
    ) -> Result<(), OciError> {
        let target = parse(&format!("{}/{repository}:{tag}", self.host()))?;
        self.log_in_to_push(&target).await?;
        if self.tagged(&target).await?.as_ref() == Some(image.digest()) {
            return Ok(());
        }
        let look = async |blob: Blob| self.look_ahead(&target, &blob.digest, blob.data.len()).await;
        let looks = stream::iter(image.blobs().into_iter().map(look));
        looks.buffer_unordered(UPLOADS).try_collect().await
    }

    async fn push_blobs(
        &self,
        target: &Reference,
        blobs: Vec<Blob>,
        repository: &str,
        events: &EventSink,
    ) -> Result<PushReport, OciError> {
        let mut report = PushReport::default();
        let total: u64 = blobs.iter().map(|blob| blob.data.len()).sum();
        let push = async |blob: Blob| {
            // Made before it is sent: when it cannot be, the registry is not to blame.
            let made = |error: std::io::Error| error.downcast().unwrap_or_else(OciError::Layer);
            let data = async { blob.data.made().await.map_err(made) };
            let moved = self.bring(target, &blob.digest, blob.data.len(), data).await?;
            Ok::<_, OciError>((blob.data.len(), moved))
        };
        let mut pushes = stream::iter(blobs.into_iter().map(push)).buffer_unordered(UPLOADS);
        while let Some((bytes, moved)) = pushes.try_next().await? {
            report.add(bytes, moved);
            events.send(EventKind::Transfer {
                name: repository.to_owned(),
                done: report.uploaded_bytes + report.reused_bytes,
                total: Some(total),
            });
        }
        Ok(report)
    }

    /// Manifests from the bottom to the top: a registry refuses one that names what it has not.
    async fn push_manifests(&self, target: &Reference, image: &Image) -> Result<(), OciError> {
        let below = image.variants.iter().map(|variant| &variant.manifest);
        let below = below.filter(|manifest| manifest.digest != *image.digest());
        for manifest in below {
            self.put_blob_manifest(&by_digest(target, &manifest.digest), manifest).await?;
        }
        if !image.attachments.is_empty() {
            self.put_blob_manifest(&by_digest(target, image.digest()), &image.top).await?;
        }
        for attachment in &image.attachments {
            self.attach(target, &image.top, attachment).await?;
        }
        self.put_blob_manifest(target, &image.top).await
    }

    /// Whether there is an image of this name.
    ///
    /// # Errors
    /// [`OciError::Registry`].
    pub async fn exists(&self, reference: &str) -> Result<bool, OciError> {
        Ok(self.tagged(&parse(reference)?).await?.is_some())
    }

    /// Remembers that an image is in this registry, so that its blobs are taken over from there
    /// and not sent. One in another registry is left alone.
    ///
    /// # Errors
    /// [`OciError::Reference`].
    pub async fn remember(&self, image: &Image, reference: &str) -> Result<(), OciError> {
        let place = parse(reference)?;
        if place.resolve_registry() == self.host() {
            for blob in image.blobs() {
                self.places().seen(&blob.digest, &place).await;
            }
        }
        Ok(())
    }

    /// Puts one more tag on an image that is in the repository.
    ///
    /// # Errors
    /// As [`Registry::push`].
    pub async fn tag(&self, reference: &str, tag: &str) -> Result<(), OciError> {
        let image = parse(reference)?;
        let target = Reference::with_tag(
            image.resolve_registry().to_owned(),
            image.repository().to_owned(),
            tag.to_owned(),
        );
        self.log_in_to_push(&target).await?;
        let bytes = self.manifest(&image).await?;
        let digest = Digest::of(&bytes);
        if self.tagged(&target).await?.as_ref() == Some(&digest) {
            return Ok(());
        }
        self.put_bytes(&target, bytes, &digest).await
    }

    pub(super) async fn put_blob_manifest(
        &self,
        target: &Reference,
        manifest: &Blob,
    ) -> Result<(), OciError> {
        let body = manifest.data.bytes().map_err(OciError::Layer)?;
        self.put_bytes(target, body, &manifest.digest).await
    }

    pub(super) async fn put_bytes(
        &self,
        target: &Reference,
        body: Bytes,
        digest: &Digest,
    ) -> Result<(), OciError> {
        let media_type = http_value(&super::image::kind(&body), target)?;
        self.put_manifest(target, body, media_type, digest).await
    }

    /// A manifest or an index as it is stored. A reference with a digest gets nothing else.
    pub(super) async fn manifest(&self, from: &Reference) -> Result<Bytes, OciError> {
        match self.fetch_manifest(from).await {
            Err(OciError::Refused { status: 404, .. }) => {
                Err(OciError::Missing { reference: from.to_string() })
            }
            found => Ok(found?.bytes),
        }
    }
}

/// The place of a manifest that has no tag.
pub(super) fn by_digest(target: &Reference, digest: &Digest) -> Reference {
    target.clone_with_digest(digest.to_string())
}
