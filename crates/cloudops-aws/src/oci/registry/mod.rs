//! Registries: the OCI distribution protocol over plain HTTP requests, with retries, fresh
//! credentials when the old ones die, and no redirect that takes credentials to another host.

mod auth;
mod error;
mod pull;
mod push;
mod request;
mod upload;

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;
use url::Url;

pub use auth::{CredentialSource, Credentials};
pub use error::RegistryError;
pub use pull::StoredManifest;
pub use push::{PushReport, PushRequest};

use crate::ids::Digest;

/// Longest time until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest time without a byte of an answer.
const READ: Duration = Duration::from_secs(120);

/// How to talk to a registry.
#[derive(Debug, Clone)]
pub struct RegistryOptions {
    /// Whether to use plain HTTP. A loopback address is always spoken to in plain HTTP.
    pub insecure_http: bool,
    /// Where credentials come from.
    pub credentials: CredentialSource,
    /// Cancelled when work must stop at the next safe point.
    pub cancel: CancellationToken,
}

impl Default for RegistryOptions {
    fn default() -> Self {
        Self {
            insecure_http: false,
            credentials: CredentialSource::anonymous(),
            cancel: CancellationToken::new(),
        }
    }
}

/// A registry. Cheap to clone; clones share connections, credentials and what is known about
/// where blobs are.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    host: String,
    base: Url,
    http: reqwest::Client,
    credentials: CredentialSource,
    /// What tokens are asked for: `pull` until the first push.
    actions: &'static str,
    session: Mutex<auth::Session>,
    cancel: CancellationToken,
    /// Where each blob is known to be. The inner lock is held during an upload, so that two images
    /// with the same layer upload it once.
    blobs: Mutex<HashMap<Digest, Arc<Mutex<Vec<String>>>>>,
}

impl Registry {
    /// A registry at `host`, such as `123456789012.dkr.ecr.us-west-2.amazonaws.com` or
    /// `127.0.0.1:5000`, from which images are pulled and to which they are pushed. Nothing is
    /// sent yet.
    ///
    /// # Errors
    /// [`RegistryError::Host`].
    pub fn new(host: &str, options: RegistryOptions) -> Result<Self, RegistryError> {
        Self::with_actions(host, options, "pull,push")
    }

    /// A registry from which images are only pulled. Public registries give no token for pushing
    /// to somebody without an account.
    ///
    /// # Errors
    /// [`RegistryError::Host`].
    pub fn read_only(host: &str, options: RegistryOptions) -> Result<Self, RegistryError> {
        Self::with_actions(host, options, "pull")
    }

    fn with_actions(
        host: &str,
        options: RegistryOptions,
        actions: &'static str,
    ) -> Result<Self, RegistryError> {
        let wrong = |reason: String| RegistryError::Host {
            host: host.to_owned(),
            reason,
        };
        if host.is_empty() || host.contains(['/', '@', '?', '#']) {
            return Err(wrong(
                "a host name and a port are wanted, nothing else".to_owned(),
            ));
        }
        let base: Url = format!("http://{host}/v2/")
            .parse()
            .map_err(|error| wrong(format!("{error}")))?;
        let local = is_loopback(&base);
        let mut base = base;
        if !local && !options.insecure_http {
            base = format!("https://{host}/v2/")
                .parse()
                .map_err(|error| wrong(format!("{error}")))?;
        }
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT)
            .read_timeout(READ)
            .user_agent(concat!("cloudops/", env!("CARGO_PKG_VERSION")));
        if local {
            // A proxy of the company cannot reach this machine's own address.
            http = http.no_proxy();
        }
        let http = http.build().map_err(|error| wrong(error.to_string()))?;
        Ok(Self(Arc::new(Inner {
            host: host.to_owned(),
            base,
            http,
            credentials: options.credentials,
            actions,
            session: Mutex::default(),
            cancel: options.cancel,
            blobs: Mutex::default(),
        })))
    }

    /// Host and port.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.0.host
    }

    /// Where a blob is known to be, locked for whoever is about to change that.
    async fn places(&self, digest: &Digest) -> Arc<Mutex<Vec<String>>> {
        let mut blobs = self.0.blobs.lock().await;
        blobs.entry(digest.clone()).or_default().clone()
    }
}

impl fmt::Debug for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Registry({})", self.host())
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests;
