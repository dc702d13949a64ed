//! Copying an image from one registry to another, by digest: nothing is built again.

use std::time::Instant;

use oci_client::manifest::{OCI_IMAGE_MEDIA_TYPE, OciDescriptor, OciImageManifest};

use super::{
    blobs::Moved,
    error::OciError,
    registry::{PushReport, Registry, http_value, parse},
};
use crate::ids::Digest;

impl Registry {
    /// Copies an image to a repository here: only the blobs that it lacks, then the manifest, byte
    /// by byte, and, last, the tag. `reference` names the image by its digest in `source`.
    ///
    /// # Errors
    /// As [`Registry::push`]; [`OciError::Untrue`] when the source gives something else;
    /// [`OciError::TagTaken`] when the tag points at another image.
    pub async fn copy(
        &self,
        source: &Registry,
        reference: &str,
        repository: &str,
        tag: &str,
    ) -> Result<PushReport, OciError> {
        let begin = Instant::now();
        let from = parse(reference)?;
        let to = parse(&format!("{}/{repository}:{tag}", self.host()))?;
        let found = source.fetch_manifest(&from).await?;
        let (bytes, digest) = (found.bytes, found.digest);
        self.log_in_to_push(&to).await?;
        let mut report = PushReport::default();
        if self.tagged(&to).await?.as_ref() == Some(&digest) {
            return Ok(report);
        }
        let manifest = image(&bytes, reference)?;
        for blob in manifest.layers.iter().chain([&manifest.config]) {
            let (size, moved) = self.copy_blob(source, &from, &to, blob).await?;
            report.add(size, moved);
        }
        let media_type = manifest.media_type.as_deref().unwrap_or(OCI_IMAGE_MEDIA_TYPE);
        let media_type = http_value(media_type, &to)?;
        self.put_manifest(&to, bytes, media_type, &digest).await?;
        report.seconds = begin.elapsed().as_secs_f64();
        Ok(report)
    }

    async fn copy_blob(
        &self,
        source: &Registry,
        from: &oci_client::Reference,
        to: &oci_client::Reference,
        blob: &OciDescriptor,
    ) -> Result<(u64, Moved), OciError> {
        let size = u64::try_from(blob.size).unwrap_or_default();
        let digest: Digest = blob.digest.parse().map_err(|error| OciError::Reference {
            reference: from.to_string(),
            reason: format!("{error}"),
        })?;
        Ok((size, self.bring(to, &digest, size, source.pull_blob(from, blob)).await?))
    }
}

fn image(bytes: &[u8], reference: &str) -> Result<OciImageManifest, OciError> {
    serde_json::from_slice(bytes).map_err(|error| OciError::Reference {
        reference: reference.to_owned(),
        reason: format!("it is not an image of one platform: {error}"),
    })
}
