//! Blobs on their way into a registry: none is sent twice, whatever the number of images that need
//! it at the same moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::TryStreamExt as _;
use oci_client::{Reference, errors::OciDistributionError};
use tokio_util::sync::CancellationToken;

use super::{
    content::Data,
    error::OciError,
    registry::{Registry, refused},
};
use crate::{ids::Digest, wait};

/// Tries of one upload, with pauses that double.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(250);

/// What became of a blob.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moved {
    /// The repository had it.
    There,
    /// The registry had it in another repository, and knows it in this one now.
    Mounted,
    /// It was sent.
    Uploaded,
}

/// Where each blob is, as far as this connection has seen it.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<HashMap<Digest, Place>>);

/// A repository that has a blob. It is locked while somebody sends it.
type Place = Arc<tokio::sync::Mutex<Option<Reference>>>;

impl Places {
    fn of(&self, digest: &Digest) -> Place {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(digest.clone()).or_default().clone()
    }

    /// Remembers that a repository of this registry has a blob.
    pub(super) async fn seen(&self, digest: &Digest, repository: &Reference) {
        self.of(digest).lock().await.get_or_insert_with(|| repository.clone());
    }
}

impl Registry {
    /// Brings a blob into the repository of `target`: looks first, then takes it over from another
    /// repository, and sends it only when nobody has it. `data` is asked for its bytes only then.
    pub(super) async fn bring(
        &self,
        target: &Reference,
        digest: &Digest,
        data: impl Future<Output = Result<Data, OciError>>,
    ) -> Result<Moved, OciError> {
        let place = self.places().of(digest);
        let there = self.client().blob_exists(target, digest.as_str()).await;
        if there.map_err(|error| refused("looking up a layer of", target, &error))? {
            place.lock().await.get_or_insert_with(|| target.clone());
            return Ok(Moved::There);
        }
        let mut place = place.lock().await;
        if let Some(from) = place.as_ref() {
            // Not every registry can; then it is sent as if nobody had it.
            let mounted = self.client().mount_blob(target, from, digest.as_str()).await;
            if mounted.is_ok() {
                return Ok(Moved::Mounted);
            }
        }
        self.upload(target, digest, &data.await?).await?;
        *place = Some(target.clone());
        Ok(Moved::Uploaded)
    }

    async fn upload(
        &self,
        target: &Reference,
        digest: &Digest,
        data: &Data,
    ) -> Result<(), OciError> {
        let mut pause = PAUSE;
        let mut tried = 1;
        loop {
            let pieces = data.pieces().map_err(OciDistributionError::from);
            let (digest, length) = (digest.as_str(), data.len());
            let sent = self.client().push_blob_stream(target, pieces, digest, Some(length)).await;
            match sent {
                Ok(_) => return Ok(()),
                Err(error) if tried < TRIES && is_passing(&error) => {
                    tracing::debug!(%error, digest, "an upload is tried again");
                    // Who no longer wants the image drops the push, and this pause with it.
                    let _ = wait::sleep(pause, &CancellationToken::new()).await;
                    (tried, pause) = (tried + 1, pause * 2);
                }
                Err(error) => return Err(refused("pushing a layer of", target, &error)),
            }
        }
    }
}

/// Whether the same request may succeed a moment later.
fn is_passing(error: &OciDistributionError) -> bool {
    match error {
        OciDistributionError::ServerError { code, .. } => *code >= 500 || *code == 429,
        OciDistributionError::RequestError(error) => {
            error.is_connect() || error.is_timeout() || error.is_request() || error.is_body()
        }
        _ => false,
    }
}
