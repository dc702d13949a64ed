//! A registry that speaks the OCI distribution protocol.

use bytes::Bytes;
use oci_client::{
    Client, Reference, RegistryOperation,
    client::{ClientConfig, ClientProtocol},
    errors::OciDistributionError,
    manifest::OciDescriptor,
    secrets::RegistryAuth,
};
use tokio::io::AsyncWriteExt as _;

use super::{OciError, blobs::Places, content::Data};
use crate::{ids::Digest, redact::Secret};

/// A registry and how to log in to it.
pub struct Registry {
    client: Client,
    host: String,
    auth: RegistryAuth,
    places: Places,
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

    pub(super) fn auth(&self) -> RegistryAuth {
        self.auth.clone()
    }

    /// Whether it finds what is attached to an image on its own: ECR does. Of others we look.
    pub(super) fn knows_referrers(&self) -> bool {
        self.host.contains(".dkr.ecr.")
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

pub(super) fn is_missing(error: &OciDistributionError) -> bool {
    let text = error.to_string();
    matches!(error, OciDistributionError::ImageManifestNotFoundError(_))
        || text.contains("404")
        || text.contains("MANIFEST_UNKNOWN")
        || text.contains("manifest unknown")
        || text.contains("Not Found")
        || text.contains("NAME_UNKNOWN")
}
