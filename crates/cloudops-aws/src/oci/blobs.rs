//! Blobs on their way into a registry: none is sent twice, whatever the number of images that need
//! it at the same moment.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use oci_client::Reference;
use reqwest::{Method, StatusCode, Url};

use super::{
    auth::Scope,
    content::Data,
    error::OciError,
    fetch::Look,
    http::{Ask, Body, Fault},
    registry::{Registry, TAKEN},
    wire::Wire,
};
use crate::ids::Digest;

/// Looks for a blob that was acknowledged: some registries need a moment.
const LOOKS: u32 = 4;

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
pub(super) struct Places {
    places: Mutex<HashMap<Digest, Place>>,
    /// What repositories said when they were asked beforehand.
    looks: Mutex<HashMap<(String, Digest), Look>>,
}

/// A repository that has a blob. It is locked while somebody sends it.
type Place = Arc<tokio::sync::Mutex<Option<Reference>>>;

impl Places {
    fn of(&self, digest: &Digest) -> Place {
        let mut all = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(digest.clone()).or_default().clone()
    }

    /// What a repository said of a blob, once: it may have it at the next question.
    fn told(&self, target: &Reference, digest: &Digest) -> Option<Look> {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.remove(&(target.repository().to_owned(), digest.clone()))
    }

    fn tell(&self, target: &Reference, digest: &Digest, look: Look) {
        let mut looks = self.looks.lock().unwrap_or_else(PoisonError::into_inner);
        looks.insert((target.repository().to_owned(), digest.clone()), look);
    }

    /// Remembers that a repository of this registry has a blob.
    pub(super) async fn seen(&self, digest: &Digest, repository: &Reference) {
        self.of(digest).lock().await.get_or_insert_with(|| repository.clone());
    }
}

/// What a registry makes of the wish to take a blob over.
enum Mount {
    Done,
    /// It wants the bytes, here.
    Started(Url),
    /// It does not want to.
    Refused,
}

impl Registry {
    /// Brings a blob into the repository of `target`: looks first, then takes it over from another
    /// repository, and sends it only when nobody has it. `data` is asked for its `size` bytes only
    /// then.
    pub(super) async fn bring(
        &self,
        target: &Reference,
        digest: &Digest,
        size: u64,
        data: impl Future<Output = Result<Data, OciError>>,
    ) -> Result<Moved, OciError> {
        let wire = self.wire()?;
        let place = self.places().of(digest);
        let found = match self.places().told(target, digest) {
            Some(told) => told,
            None => self.looked(wire, target, digest, size).await?,
        };
        if found == Look::There {
            return Ok(Moved::There);
        }
        let mut place = place.lock().await;
        let mut started = None;
        // What the registry has under this digest is something else: ours must be sent.
        if let Some(from) = place.as_ref().filter(|_| found == Look::Missing) {
            match self.mount(wire, target, from, digest).await? {
                Mount::Done => return Ok(Moved::Mounted),
                Mount::Started(location) => started = Some(location),
                Mount::Refused => {}
            }
        }
        let (data, started) = (data.await?, started.as_ref());
        let once = |calls| self.upload_once(wire, target, (digest, &data), started, calls);
        wire.tried("pushing a layer of", target, once).await?;
        let once = |calls| self.confirm(wire, target, digest, size, calls);
        wire.tried("looking up a layer of", target, once).await?;
        *place = Some(target.clone());
        Ok(Moved::Uploaded)
    }

    /// Asks a repository for a blob before anything is sent. When several images are pushed, those
    /// that lack it can take it over from the one that has it, whichever comes first.
    pub(super) async fn look_ahead(
        &self,
        target: &Reference,
        digest: &Digest,
        size: u64,
    ) -> Result<(), OciError> {
        let look = self.looked(self.wire()?, target, digest, size).await?;
        self.places().tell(target, digest, look);
        Ok(())
    }

    async fn looked(
        &self,
        wire: &Wire,
        target: &Reference,
        digest: &Digest,
        size: u64,
    ) -> Result<Look, OciError> {
        let look = |_| self.look(wire, target, digest, size);
        let found = wire.tried("looking up a layer of", target, look).await?;
        if found == Look::There {
            self.places().seen(digest, target).await;
        }
        Ok(found)
    }

    /// Asks the registry to take a blob over from another repository. Not every registry can;
    /// then it is sent as if nobody had it.
    async fn mount(
        &self,
        wire: &Wire,
        target: &Reference,
        from: &Reference,
        digest: &Digest,
    ) -> Result<Mount, OciError> {
        let once = |_| self.mount_once(wire, target, from, digest);
        match wire.tried("mounting a layer of", target, once).await {
            Err(OciError::Refused { .. }) => Ok(Mount::Refused),
            mounted => mounted,
        }
    }

    async fn mount_once(
        &self,
        wire: &Wire,
        target: &Reference,
        from: &Reference,
        digest: &Digest,
    ) -> Result<Mount, Fault> {
        let scope = Scope::mount(target.repository(), from.repository());
        let mut url = uploads(wire, target)?;
        url.query_pairs_mut()
            .append_pair("mount", digest.as_str())
            .append_pair("from", from.repository());
        let ask = Ask::new(Method::POST, url.clone());
        let response = wire.send(ask, &scope, &[StatusCode::CREATED, StatusCode::ACCEPTED]).await?;
        if response.status() == StatusCode::ACCEPTED {
            return Ok(Mount::Started(wire.http.location(&url, &response)?));
        }
        self.check_stored(target, digest, &response).map_err(Fault::Final)?;
        Ok(Mount::Done)
    }

    /// Sends a blob, to an upload that was `started` or to a new one. What was lost at an earlier
    /// call may have been the answer only.
    async fn upload_once(
        &self,
        wire: &Wire,
        target: &Reference,
        (digest, data): (&Digest, &Data),
        started: Option<&Url>,
        calls: u32,
    ) -> Result<(), Fault> {
        if calls > 0 && self.look(wire, target, digest, data.len()).await? == Look::There {
            return Ok(());
        }
        let scope = Scope::push(target.repository());
        let mut url = match started.filter(|_| calls == 0) {
            Some(url) => url.clone(),
            None => start(wire, target, &scope).await?,
        };
        url.query_pairs_mut().append_pair("digest", digest.as_str());
        let ask = Ask::new(Method::PUT, url).with(Body::Data(data)).unlimited();
        let response = wire.send(ask, &scope, &TAKEN).await.map_err(forgotten)?;
        self.check_stored(target, digest, &response).map_err(Fault::Final)
    }

    /// Makes sure that a blob that was acknowledged is there: whoever writes a tag trusts in it.
    async fn confirm(
        &self,
        wire: &Wire,
        target: &Reference,
        digest: &Digest,
        size: u64,
        calls: u32,
    ) -> Result<(), Fault> {
        let untrue = |reason| Err(Fault::Final(self.untrue(target, digest.as_str(), reason)));
        match self.look(wire, target, digest, size).await? {
            Look::There => Ok(()),
            Look::Missing if calls + 1 < LOOKS => {
                Err(Fault::passing("an acknowledged layer is not known"))
            }
            Look::Missing => untrue("it acknowledged this layer, and does not know it".to_owned()),
            Look::OtherSize(other) => {
                untrue(format!("it got {size} bytes and says that it has {other} of them"))
            }
        }
    }
}

fn uploads(wire: &Wire, target: &Reference) -> Result<Url, Fault> {
    wire.url(&format!("{}/blobs/uploads/", target.repository()))
}

/// A registry that was started again does not know the uploads from before: a new one is begun.
fn forgotten(fault: Fault) -> Fault {
    match fault {
        Fault::Refused { status, reason }
            if status == StatusCode::NOT_FOUND || reason.contains("BLOB_UPLOAD_") =>
        {
            Fault::passing(reason)
        }
        fault => fault,
    }
}

/// Begins an upload; gives where to send it.
async fn start(wire: &Wire, target: &Reference, scope: &Scope) -> Result<Url, Fault> {
    let url = uploads(wire, target)?;
    let ask = Ask::new(Method::POST, url.clone());
    let response = wire.send(ask, scope, &[StatusCode::ACCEPTED]).await?;
    wire.http.location(&url, &response)
}
