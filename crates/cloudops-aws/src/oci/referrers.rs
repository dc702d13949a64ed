//! What is attached to an image: artifacts that name it as their subject (OCI distribution
//! specification 1.1, referrers).

use std::collections::BTreeMap;

use oci_client::Reference;
use serde_json::json;

use super::{
    OciError,
    blobs::Moved,
    descriptor::{Blob, Descriptor, EMPTY, INDEX, MANIFEST},
    push::by_digest,
    registry::Registry,
};
use crate::ids::Digest;

/// Something that is attached to an image, such as the list of what is in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Attachment {
    /// What it is for: its media type, as a rule.
    pub artifact_type: String,
    /// Its content.
    pub content: Blob,
    /// What is said of it.
    pub annotations: BTreeMap<String, String>,
}

impl Attachment {
    /// Content whose media type says what it is for.
    #[must_use]
    pub fn new(media_type: &str, content: Vec<u8>) -> Self {
        Self {
            artifact_type: media_type.to_owned(),
            content: Blob::of(media_type, content),
            annotations: BTreeMap::new(),
        }
    }

    /// What has to be in a repository before the artifact is.
    pub(super) fn blobs(&self) -> [Blob; 2] {
        [self.content.clone(), Blob::of(EMPTY, b"{}".to_vec())]
    }

    /// The artifact, as a manifest.
    pub(super) fn manifest(&self, subject: &Blob) -> Blob {
        let [content, empty] = self.blobs();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": self.artifact_type,
            "config": empty.descriptor(),
            "layers": [content.descriptor()],
            "subject": subject.descriptor(),
            "annotations": self.annotations,
        });
        Blob::of(MANIFEST, manifest.to_string().into_bytes())
    }

    fn entry(&self, manifest: &Blob) -> Descriptor {
        let mut entry = manifest.descriptor();
        entry.artifact_type = Some(self.artifact_type.clone());
        entry.annotations = self.annotations.clone();
        entry
    }
}

impl Registry {
    /// Artifacts that name this image as their subject. `image` has a digest.
    pub(super) async fn referrers(&self, image: &Reference) -> Result<Vec<Descriptor>, OciError> {
        let entries = |index: &[u8]| -> Option<Vec<Descriptor>> {
            let mut index: serde_json::Value = serde_json::from_slice(index).ok()?;
            serde_json::from_value(index["manifests"].take()).ok()
        };
        let told = self.fetch_referrers(image).await?;
        if let Some(entries) = told.as_deref().and_then(entries) {
            return Ok(entries);
        }
        let tag = fallback(image, image.digest().unwrap_or_default());
        match self.fetch_manifest(&tag).await {
            Ok(index) => Ok(entries(&index.bytes).unwrap_or_default()),
            Err(OciError::Refused { .. }) => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    /// Attaches an artifact to an image that is in the repository.
    pub(super) async fn attach(
        &self,
        target: &Reference,
        subject: &Blob,
        attachment: &Attachment,
    ) -> Result<(), OciError> {
        let manifest = attachment.manifest(subject);
        self.put_blob_manifest(&by_digest(target, &manifest.digest), &manifest).await?;
        self.refer(target, &subject.digest, attachment.entry(&manifest)).await
    }

    /// Makes sure that an artifact is found from its subject: a registry that knows referrers does
    /// it on its own; for others the specification has a tag with an index.
    pub(super) async fn refer(
        &self,
        target: &Reference,
        subject: &Digest,
        entry: Descriptor,
    ) -> Result<(), OciError> {
        if self.knows_referrers() {
            return Ok(());
        }
        let image = target.clone_with_digest(subject.to_string());
        let mut entries = self.referrers(&image).await?;
        if entries.iter().any(|known| known.digest == entry.digest) {
            return Ok(());
        }
        entries.push(entry);
        entries.sort_by(|a, b| a.digest.cmp(&b.digest));
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        let index = Blob::of(INDEX, index.to_string().into_bytes());
        self.put_blob_manifest(&fallback(target, subject.as_str()), &index).await
    }

    /// What is attached to an image, by what it is for.
    ///
    /// # Errors
    /// [`OciError::Registry`], [`OciError::Digest`].
    pub async fn attachments(&self, reference: &str) -> Result<Vec<Attachment>, OciError> {
        let image = super::registry::parse(reference)?;
        let mut attachments = Vec::new();
        for entry in self.referrers(&image).await? {
            attachments.extend(self.attachment(&image, &entry).await?);
        }
        Ok(attachments)
    }

    async fn attachment(
        &self,
        image: &Reference,
        entry: &Descriptor,
    ) -> Result<Option<Attachment>, OciError> {
        let place = image.clone_with_digest(entry.digest.to_string());
        let bytes = self.manifest(&place).await?;
        let document: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let content = serde_json::from_value::<Descriptor>(document["layers"][0].clone());
        let Ok(content) = content else {
            return Ok(None);
        };
        let data = self.pull_blob(image, &content.pulled()).await?;
        let annotations = document["annotations"].clone();
        Ok(Some(Attachment {
            artifact_type: document["artifactType"].as_str().unwrap_or_default().to_owned(),
            content: Blob { media_type: content.media_type, digest: content.digest, data },
            annotations: serde_json::from_value(annotations).unwrap_or_default(),
        }))
    }
}

/// The tag for what is attached to an image, where a registry knows no referrers (OCI
/// distribution specification 1.1, referrers tag schema).
fn fallback(target: &Reference, subject: &str) -> Reference {
    Reference::with_tag(
        target.resolve_registry().to_owned(),
        target.repository().to_owned(),
        subject.replace(':', "-"),
    )
}

/// What a push of attachments has to bring along.
pub(super) fn blobs(attachments: &[Attachment]) -> Vec<Blob> {
    let mut all: Vec<Blob> = attachments.iter().flat_map(Attachment::blobs).collect();
    all.sort_by(|a, b| a.digest.cmp(&b.digest));
    all.dedup();
    all
}

/// An empty configuration is no more than two bytes, and tells nothing of what was moved.
pub(super) fn counts(blob: &Blob, moved: Moved) -> bool {
    blob.media_type != EMPTY || moved == Moved::Uploaded
}
