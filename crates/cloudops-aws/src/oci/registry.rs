//! A registry that speaks the OCI distribution protocol.

use bytes::Bytes;
use oci_client::Reference;
use reqwest::{
    Method, Response, StatusCode,
    header::{HeaderMap, HeaderValue},
};

use super::{
    OciError,
    auth::Scope,
    blobs::Places,
    http::{Ask, Body},
    login::{Keyring, Login, Logins},
    wire::Wire,
};
use crate::{ids::Digest, redact::Secret};

/// How a registry says that it has taken something; the specification knows 201 only.
pub(super) const TAKEN: [StatusCode; 3] =
    [StatusCode::CREATED, StatusCode::OK, StatusCode::NO_CONTENT];

/// A registry and how to log in to it.
pub struct Registry {
    /// Or why its host cannot be one.
    wire: Result<Wire, String>,
    host: String,
    places: Places,
}

impl Registry {
    /// A registry at a host, with user and password. Loopback addresses are spoken to without
    /// TLS, as all OCI clients do.
    #[must_use]
    pub fn new(host: &str, user: &str, password: &Secret) -> Self {
        let login = Login::Password { user: user.to_owned(), password: password.clone() };
        Self::with_logins(host, Logins::fixed(login))
    }

    /// A registry at a host, with somebody to ask for a login: when the registry first wants one,
    /// and again when it does not take the old one any more.
    #[must_use]
    pub fn with_logins(host: &str, logins: Logins) -> Self {
        let wire = Wire::new(host, logins);
        Self { wire, host: host.to_owned(), places: Places::default() }
    }

    /// The registry of a reference, with the logins of its host.
    ///
    /// # Errors
    /// [`OciError::Reference`].
    pub fn of(reference: &str, keyring: &Keyring) -> Result<Self, OciError> {
        let reference = parse(reference)?;
        let host = reference.resolve_registry();
        Ok(Self::with_logins(host, keyring.of(host)))
    }

    pub(super) fn places(&self) -> &Places {
        &self.places
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn wire(&self) -> Result<&Wire, OciError> {
        self.wire.as_ref().map_err(|reason| OciError::Reference {
            reference: self.host.clone(),
            reason: format!("its registry cannot be spoken to: {reason}"),
        })
    }

    /// More patience or less, for tests.
    #[cfg(test)]
    pub(super) fn with_patience(mut self, patience: super::retry::Patience) -> Self {
        if let Ok(wire) = &mut self.wire {
            wire.patience = patience;
        }
        self
    }

    /// The error for something that the registry says and that is not so.
    pub(super) fn untrue(
        &self,
        target: &Reference,
        what: impl Into<String>,
        reason: impl Into<String>,
    ) -> OciError {
        OciError::Untrue {
            registry: self.host.clone(),
            repository: target.repository().to_owned(),
            digest: what.into(),
            reason: reason.into(),
        }
    }

    /// Whether it finds what is attached to an image on its own: ECR does. Of others we look.
    pub(super) fn knows_referrers(&self) -> bool {
        self.host.contains(".dkr.ecr.")
    }

    /// Gets a login to push with, so that a missing one shows before anything is sent.
    pub(super) async fn log_in_to_push(&self, target: &Reference) -> Result<(), OciError> {
        let wire = self.wire()?;
        let scope = Scope::push(target.repository());
        wire.tried("logging in to push", target, |_| wire.log_in(&scope)).await
    }

    /// Puts a manifest under a tag, which may be immutable, or under its digest.
    pub(super) async fn put_manifest(
        &self,
        target: &Reference,
        body: Bytes,
        media_type: HeaderValue,
        digest: &Digest,
    ) -> Result<(), OciError> {
        let wire = self.wire()?;
        let scope = Scope::push(target.repository());
        let name = target.digest().or(target.tag()).unwrap_or("latest");
        let put = wire.tried("pushing", target, |_| async {
            let url = wire.url(&format!("{}/manifests/{name}", target.repository()))?;
            let body = Body::Bytes(body.clone(), media_type.clone());
            wire.send(Ask::new(Method::PUT, url).with(body), &scope, &TAKEN).await
        });
        match put.await {
            Ok(response) => self.check_stored(target, digest, &response),
            Err(error @ OciError::Refused { .. }) => {
                self.why_refused(target, &body, digest, error).await
            }
            Err(error) => Err(error),
        }
    }

    /// What a registry says that it stored must be what it got.
    pub(super) fn check_stored(
        &self,
        target: &Reference,
        digest: &Digest,
        response: &Response,
    ) -> Result<(), OciError> {
        match stated(response.headers()) {
            Some(stored) if stored != *digest => {
                let reason = format!("it acknowledges it as {stored}");
                Err(self.untrue(target, digest.as_str(), reason))
            }
            _ => Ok(()),
        }
    }

    /// What is behind the refusal of a manifest: it is there already, a blob that was
    /// acknowledged is not, or the tag is taken.
    async fn why_refused(
        &self,
        target: &Reference,
        manifest: &[u8],
        digest: &Digest,
        error: OciError,
    ) -> Result<(), OciError> {
        let found = self.tagged(target).await?;
        if found.as_ref() == Some(digest) {
            return Ok(());
        }
        self.check_blobs(target, manifest).await?;
        Err(match found {
            Some(found) => OciError::TagTaken { tag: target.to_string(), found: found.to_string() },
            None => error,
        })
    }
}

/// The digest that an answer states. Only the usual kind can be compared.
pub(super) fn stated(headers: &HeaderMap) -> Option<Digest> {
    headers.get("docker-content-digest")?.to_str().ok()?.parse().ok()
}

pub(super) fn parse(reference: &str) -> Result<Reference, OciError> {
    reference.parse().map_err(|error| OciError::Reference {
        reference: reference.to_owned(),
        reason: format!("{error}"),
    })
}

pub(super) fn http_value(text: &str, target: &Reference) -> Result<HeaderValue, OciError> {
    text.parse().map_err(|_| OciError::Reference {
        reference: target.to_string(),
        reason: "its media type is not a header value".to_owned(),
    })
}
