//! A registry that speaks the OCI distribution protocol.

use std::time::Instant;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{ClientConfig, ClientProtocol},
    errors::OciDistributionError,
    manifest::OciDescriptor,
    secrets::RegistryAuth,
};
use serde_json::Value;
use tokio::io::AsyncWriteExt as _;

use super::{
    Image, OciError,
    blobs::{Moved, Places},
    content::Data,
    image::Blob,
};
use crate::{
    events::{EventKind, EventSink},
    ids::Digest,
    redact::Secret,
};

/// Uploads at once: more does not help a registry, and keeps memory bounded.
const UPLOADS: usize = 4;

/// A registry and how to log in to it.
pub struct Registry {
    client: Client,
    host: String,
    auth: RegistryAuth,
    places: Places,
}

/// What a push moved.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PushReport {
    /// Bytes that were uploaded.
    pub uploaded_bytes: u64,
    /// Bytes that the registry had already.
    pub reused_bytes: u64,
    /// Blobs that were uploaded.
    pub uploaded_blobs: usize,
    /// Seconds it took.
    pub seconds: f64,
}

impl Registry {
    /// A registry at a host, with user and password. Loopback addresses are spoken to without
    /// TLS, as all OCI clients do.
    #[must_use]
    pub fn new(host: &str, user: &str, password: &Secret) -> Self {
        let auth = RegistryAuth::Basic(user.to_owned(), password.expose().to_owned());
        Self { client: client(host), host: host.to_owned(), auth, places: Places::default() }
    }

    /// The registry of a reference, without a login.
    ///
    /// # Errors
    /// [`OciError::Reference`].
    pub fn anonymous(reference: &str) -> Result<Self, OciError> {
        let host = parse(reference)?.resolve_registry().to_owned();
        let (client, auth) = (client(&host), RegistryAuth::Anonymous);
        Ok(Self { client, host, auth, places: Places::default() })
    }

    /// Pushes an image: only the blobs that the registry lacks, then the manifest by its digest
    /// and, last, the tag. Several images may be pushed at the same time; what they share is sent
    /// once.
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
        let target = parse(&format!("{}/{repository}:{tag}", self.host))?;
        self.log_in_to_push(&target).await?;
        if self.tagged(&target).await?.as_ref() == Some(image.digest()) {
            return Ok(PushReport { reused_bytes: image.size(), ..PushReport::default() });
        }
        let mut report = PushReport::default();
        let blobs: Vec<Blob> = image.layers.iter().chain([&image.config]).cloned().collect();
        let total: u64 = blobs.iter().map(|blob| blob.data.len()).sum();
        let push = async |blob: Blob| {
            let data = async { blob.data.made().await.map_err(OciError::Layer) };
            let moved = self.bring(&target, &blob.digest, data).await?;
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
        self.push_manifest(image, &target).await?;
        report.seconds = begin.elapsed().as_secs_f64();
        Ok(report)
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    /// Fetches a blob into a file without a name; the client compares the digest while it reads.
    pub(super) async fn pull_blob(
        &self,
        source: &Reference,
        blob: &OciDescriptor,
    ) -> Result<Data, OciError> {
        let file = tempfile::tempfile().map_err(OciError::Layer)?;
        let mut writer = tokio::fs::File::from_std(file);
        let pulled = self.client.pull_blob(source, blob, &mut writer).await;
        pulled.map_err(|error| refused("pulling a layer of", source, &error))?;
        writer.flush().await.map_err(OciError::Layer)?;
        Data::file(writer.into_std().await).map_err(OciError::Layer)
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn auth(&self) -> &RegistryAuth {
        &self.auth
    }

    pub(super) async fn log_in_to_push(&self, target: &Reference) -> Result<(), OciError> {
        let failed = |error| refused("logging in to push", target, &error);
        self.client
            .auth(target, &self.auth, RegistryOperation::Push)
            .await
            .map(drop)
            .map_err(failed)
    }

    /// Digest that a tag points at, if there is such a tag.
    pub(super) async fn tagged(&self, target: &Reference) -> Result<Option<Digest>, OciError> {
        // Asked for as a pull: registries that tell the two apart need another token for it.
        match self.client.fetch_manifest_digest(target, &self.auth).await {
            Ok(digest) => Ok(digest.parse().ok()),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(refused("looking up", target, &error)),
        }
    }

    async fn push_manifest(&self, image: &Image, target: &Reference) -> Result<(), OciError> {
        let media_type = http_value(&image.manifest.media_type, target)?;
        let body = image.manifest.data.bytes().map_err(OciError::Layer)?;
        self.put_manifest(target, body, media_type, image.digest()).await
    }

    /// Puts a manifest under a tag, which may be immutable.
    pub(super) async fn put_manifest(
        &self,
        target: &Reference,
        body: Bytes,
        media_type: reqwest::header::HeaderValue,
        digest: &Digest,
    ) -> Result<(), OciError> {
        match self.client.push_manifest_raw(target, body, media_type).await {
            Ok(_) => Ok(()),
            // An immutable tag: the same image under it is what we want.
            Err(error) => match self.tagged(target).await? {
                Some(found) if found == *digest => Ok(()),
                Some(found) => {
                    Err(OciError::TagTaken { tag: target.to_string(), found: found.to_string() })
                }
                None => Err(refused("pushing", target, &error)),
            },
        }
    }

    /// Fetches an image by digest: its digest, configuration and layers.
    pub(super) async fn pull(
        &self,
        reference: &str,
    ) -> Result<(Digest, Value, Vec<Blob>), OciError> {
        let source = parse(reference)?;
        let failed = |error| refused("pulling", &source, &error);
        let (manifest, digest, config) =
            self.client.pull_manifest_and_config(&source, &self.auth).await.map_err(failed)?;
        let broken =
            |reason: String| OciError::Reference { reference: reference.to_owned(), reason };
        let config = serde_json::from_str(&config).map_err(|error| broken(error.to_string()))?;
        let mut layers = Vec::new();
        for layer in &manifest.layers {
            let data = self.pull_blob(&source, layer).await?;
            let digest = layer.digest.parse().map_err(|error| broken(format!("{error}")))?;
            layers.push(Blob { media_type: layer.media_type.clone(), digest, data });
        }
        Ok((digest.parse().map_err(|error| broken(format!("{error}")))?, config, layers))
    }
}

impl PushReport {
    pub(super) fn add(&mut self, bytes: u64, moved: Moved) {
        if moved == Moved::Uploaded {
            self.uploaded_bytes += bytes;
            self.uploaded_blobs += 1;
        } else {
            self.reused_bytes += bytes;
        }
    }
}

fn client(host: &str) -> Client {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let plain = matches!(name, "localhost" | "[::1]") || name.starts_with("127.");
    let protocol = if plain { ClientProtocol::Http } else { ClientProtocol::Https };
    // One request for a blob: it is sent as a stream, and sent again from its begin.
    Client::new(ClientConfig { protocol, use_monolithic_push: true, ..ClientConfig::default() })
}

pub(super) fn parse(reference: &str) -> Result<Reference, OciError> {
    reference.parse().map_err(|error| OciError::Reference {
        reference: reference.to_owned(),
        reason: format!("{error}"),
    })
}

pub(super) fn http_value(
    text: &str,
    target: &Reference,
) -> Result<reqwest::header::HeaderValue, OciError> {
    text.parse().map_err(|_| OciError::Reference {
        reference: target.to_string(),
        reason: "its media type is not a header value".to_owned(),
    })
}

pub(super) fn refused(
    verb: &'static str,
    target: &Reference,
    error: &OciDistributionError,
) -> OciError {
    OciError::Registry { verb, name: target.to_string(), reason: error.to_string() }
}

fn is_missing(error: &OciDistributionError) -> bool {
    let text = error.to_string();
    matches!(error, OciDistributionError::ImageManifestNotFoundError(_))
        || text.contains("404")
        || text.contains("MANIFEST_UNKNOWN")
        || text.contains("manifest unknown")
        || text.contains("Not Found")
        || text.contains("NAME_UNKNOWN")
}
