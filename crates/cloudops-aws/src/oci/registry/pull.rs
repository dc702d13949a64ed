//! What a registry gives: manifests and blobs, checked against their digests.

use bytes::Bytes;
use futures::TryStreamExt as _;
use oci_spec::image::MediaType;
use reqwest::{
    Method, Response, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, HeaderValue},
};

use super::{Registry, RegistryError};
use crate::ids::Digest;

/// Largest manifest or configuration in bytes; registries allow 4 MiB.
const LARGEST_DOCUMENT: usize = 8 * 1024 * 1024;

/// The kinds of manifests that are understood.
const MANIFESTS: &str = "application/vnd.oci.image.manifest.v1+json, \
    application/vnd.oci.image.index.v1+json, \
    application/vnd.docker.distribution.manifest.v2+json, \
    application/vnd.docker.distribution.manifest.list.v2+json";

/// A manifest as a registry keeps it.
#[derive(Debug, Clone)]
pub struct StoredManifest {
    /// Digest of the bytes.
    pub digest: Digest,
    /// Media type.
    pub media_type: MediaType,
    /// The document.
    pub bytes: Bytes,
}

impl Registry {
    /// A manifest by tag or digest.
    ///
    /// # Errors
    /// [`RegistryError`]; `Digest` when the content is not what the digest says.
    pub async fn get_manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<StoredManifest, RegistryError> {
        let what = format!("image {repository}:{reference}");
        let path = format!("manifests/{reference}");
        let mut call = self.call(Method::GET, repository, &path, format!("read {what}"))?;
        call.headers
            .insert(ACCEPT, HeaderValue::from_static(MANIFESTS));
        let answer = self.send(&call).await?;
        let answer = self.found(answer, &what, &call.action).await?;
        let media_type = answer.headers().get(CONTENT_TYPE);
        let media_type = media_type
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let media_type = MediaType::from(media_type);
        let bytes = self.document(answer, &what).await?;
        let digest = Digest::of(&bytes);
        if let Ok(expected) = reference.parse::<Digest>() {
            self.check(&what, &digest, &expected)?;
        }
        Ok(StoredManifest {
            digest,
            media_type,
            bytes,
        })
    }

    /// Digest of the manifest that a tag or digest names, if there is one.
    ///
    /// # Errors
    /// [`RegistryError`] other than that it does not exist.
    pub async fn find_manifest(
        &self,
        repository: &str,
        reference: &str,
    ) -> Result<Option<Digest>, RegistryError> {
        let action = format!("look for image {repository}:{reference}");
        let path = format!("manifests/{reference}");
        let mut call = self.call(Method::HEAD, repository, &path, action)?;
        call.headers
            .insert(ACCEPT, HeaderValue::from_static(MANIFESTS));
        let answer = self.send(&call).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                let named = answer.headers().get("docker-content-digest");
                match named.and_then(|value| value.to_str().ok()?.parse().ok()) {
                    Some(digest) => Ok(Some(digest)),
                    // The header is optional in the protocol; the content is not.
                    None => Ok(Some(self.get_manifest(repository, reference).await?.digest)),
                }
            }
            _ => Err(self.refused(&call.action, answer).await),
        }
    }

    /// Whether a repository has a blob.
    ///
    /// # Errors
    /// [`RegistryError`].
    pub async fn has_blob(&self, repository: &str, digest: &Digest) -> Result<bool, RegistryError> {
        let action = format!("look for blob {} in {repository}", digest.short());
        let call = self.call(Method::HEAD, repository, &format!("blobs/{digest}"), action)?;
        let answer = self.send(&call).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(false),
            status if status.is_success() => Ok(true),
            _ => Err(self.refused(&call.action, answer).await),
        }
    }

    /// The bytes of a blob, as they come; whoever takes them checks the digest.
    pub(in crate::oci) async fn get_blob(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Response, RegistryError> {
        let what = format!("blob {digest} in {repository}");
        let path = format!("blobs/{digest}");
        let call = self.call(Method::GET, repository, &path, format!("read {what}"))?;
        let answer = self.send(&call).await?;
        self.found(answer, &what, &call.action).await
    }

    /// A blob that is a document, such as a configuration.
    ///
    /// # Errors
    /// [`RegistryError`]; `Digest` when the content is not what the digest says.
    pub async fn get_small_blob(
        &self,
        repository: &str,
        digest: &Digest,
    ) -> Result<Bytes, RegistryError> {
        let what = format!("blob {digest} in {repository}");
        let answer = self.get_blob(repository, digest).await?;
        let bytes = self.document(answer, &what).await?;
        self.check(&what, &Digest::of(&bytes), digest)?;
        Ok(bytes)
    }

    async fn found(
        &self,
        answer: Response,
        what: &str,
        action: &str,
    ) -> Result<Response, RegistryError> {
        match answer.status() {
            StatusCode::NOT_FOUND => Err(RegistryError::NotFound {
                host: self.host().to_owned(),
                what: what.to_owned(),
            }),
            status if status.is_success() => Ok(answer),
            _ => Err(self.refused(action, answer).await),
        }
    }

    async fn document(&self, answer: Response, what: &str) -> Result<Bytes, RegistryError> {
        let mut bytes = Vec::new();
        let mut pieces = answer.bytes_stream();
        let broken = |error| self.unreachable(&format!("read {what}"), &error);
        while let Some(piece) = pieces.try_next().await.map_err(broken)? {
            if bytes.len() + piece.len() > LARGEST_DOCUMENT {
                return Err(RegistryError::TooLarge {
                    host: self.host().to_owned(),
                    what: what.to_owned(),
                    limit: LARGEST_DOCUMENT,
                });
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes.into())
    }

    fn check(&self, what: &str, found: &Digest, expected: &Digest) -> Result<(), RegistryError> {
        if found == expected {
            return Ok(());
        }
        Err(RegistryError::Digest {
            host: self.host().to_owned(),
            what: what.to_owned(),
            found: found.clone(),
            expected: expected.clone(),
        })
    }
}
