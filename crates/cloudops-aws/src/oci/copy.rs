//! Copying an image, by digest, with all its platforms and what is attached: nothing is built
//! again.

use std::time::Instant;

use bytes::Bytes;
use oci_client::Reference;
use serde::Deserialize;

use super::{
    OciError, Source,
    descriptor::Descriptor,
    image::is_index,
    layout,
    push::{PushReport, by_digest},
    registry::{Registry, parse},
};
use crate::ids::Digest;

/// What a manifest needs in its repository.
#[derive(Deserialize)]
struct Needs {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

impl Registry {
    /// Copies an image to a repository here: only the blobs that it lacks, then the manifests, byte
    /// by byte, what is attached and, last, the tag.
    ///
    /// # Errors
    /// As [`Registry::push`]; [`OciError::Untrue`] when the source gives something else.
    pub async fn copy(
        &self,
        source: &Source,
        repository: &str,
        tag: &str,
    ) -> Result<PushReport, OciError> {
        let begin = Instant::now();
        let to = parse(&format!("{}/{repository}:{tag}", self.host()))?;
        let digest = source.digest().await?;
        self.log_in_to_push(&to).await?;
        let mut report = PushReport::default();
        if self.tagged(&to).await?.as_ref() == Some(&digest) {
            return Ok(report);
        }
        let top = source.manifest(&digest).await?;
        if is_index(&top) {
            let entries = layout::manifests(&top).map_err(|error| broken(&to, error))?;
            for entry in entries {
                let manifest = source.manifest(&entry.digest).await?;
                self.copy_blobs(source, &to, &manifest, &mut report).await?;
                self.put_bytes(&by_digest(&to, &entry.digest), manifest, &entry.digest).await?;
            }
        } else {
            self.copy_blobs(source, &to, &top, &mut report).await?;
        }
        self.copy_referrers(source, &to, &digest, &top, &mut report).await?;
        self.put_bytes(&to, top, &digest).await?;
        report.seconds = begin.elapsed().as_secs_f64();
        Ok(report)
    }

    /// What is attached to an image in its source. What names it must be there before it.
    async fn copy_referrers(
        &self,
        source: &Source,
        to: &Reference,
        subject: &Digest,
        top: &Bytes,
        report: &mut PushReport,
    ) -> Result<(), OciError> {
        let attached = source.referrers(subject).await?;
        if !attached.is_empty() {
            self.put_bytes(&by_digest(to, subject), top.clone(), subject).await?;
        }
        for entry in attached {
            let manifest = source.manifest(&entry.digest).await?;
            self.copy_blobs(source, to, &manifest, report).await?;
            self.put_bytes(&by_digest(to, &entry.digest), manifest, &entry.digest).await?;
            self.refer(to, subject, entry).await?;
        }
        Ok(())
    }

    async fn copy_blobs(
        &self,
        source: &Source,
        to: &Reference,
        manifest: &Bytes,
        report: &mut PushReport,
    ) -> Result<(), OciError> {
        let Needs { config, layers } =
            serde_json::from_slice(manifest).map_err(|error| broken(to, error))?;
        for blob in layers.iter().chain([&config]) {
            if let Some(from) = source.repository_in(self) {
                self.places().seen(&blob.digest, from).await;
            }
            let moved = self.bring(to, &blob.digest, blob.size, source.fetch(blob)).await?;
            report.add(blob.size, moved);
        }
        Ok(())
    }
}

fn broken(to: &Reference, error: serde_json::Error) -> OciError {
    OciError::Reference { reference: to.to_string(), reason: format!("it is no image: {error}") }
}
