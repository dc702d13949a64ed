//! What names content: its kind, digest and size (OCI image specification 1.1, descriptors).

use std::collections::BTreeMap;

use oci_client::manifest::OciDescriptor;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::content::Data;
use crate::ids::Digest;

pub(super) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(super) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(super) const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
pub(super) const EMPTY: &str = "application/vnd.oci.empty.v1+json";
/// What Docker called the same two things before there was a specification.
pub(super) const DOCKER_MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub(super) const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// What names content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// Media type.
    #[serde(default)]
    pub media_type: String,
    /// Digest.
    pub digest: Digest,
    /// Number of bytes.
    pub size: u64,
    /// What it is for, where it is an artifact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact_type: Option<String>,
    /// Anything else that is said of it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    /// Platform, in an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) platform: Option<Value>,
}

impl Descriptor {
    /// As the client takes it.
    pub(super) fn pulled(&self) -> OciDescriptor {
        OciDescriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.to_string(),
            size: i64::try_from(self.size).unwrap_or(i64::MAX),
            ..OciDescriptor::default()
        }
    }
}

/// Content with its digest.
#[derive(Debug, Clone)]
pub struct Blob {
    /// Media type.
    pub media_type: String,
    /// Digest.
    pub digest: Digest,
    /// Bytes.
    pub data: Data,
}

impl PartialEq for Blob {
    /// The digest says it all.
    fn eq(&self, other: &Self) -> bool {
        (&self.media_type, &self.digest) == (&other.media_type, &other.digest)
    }
}

impl Blob {
    /// Bytes of a media type.
    #[must_use]
    pub fn of(media_type: &str, data: Vec<u8>) -> Self {
        let digest = Digest::of(&data);
        Self { media_type: media_type.to_owned(), digest, data: data.into() }
    }

    /// What names it.
    #[must_use]
    pub fn descriptor(&self) -> Descriptor {
        Descriptor {
            media_type: self.media_type.clone(),
            digest: self.digest.clone(),
            size: self.data.len(),
            artifact_type: None,
            annotations: BTreeMap::new(),
            platform: None,
        }
    }
}
