//! What is read from a registry. Everything is compared with the digest and the size that it was
//! asked for by, and nothing is read beyond them.

use bytes::Bytes;
use futures::TryStreamExt as _;
use oci_client::{Reference, manifest::OciDescriptor};
use reqwest::{
    Method, Response, StatusCode,
    header::{CONTENT_LENGTH, HeaderMap},
};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::{
    answer,
    auth::Scope,
    content::Data,
    descriptor::{DOCKER_LIST, DOCKER_MANIFEST, INDEX, MANIFEST},
    error::OciError,
    http::{Ask, Fault},
    registry::{Registry, stated},
    wire::Wire,
};
use crate::ids::Digest;

/// Media types of manifests and indexes.
const MANIFESTS: [&str; 4] = [MANIFEST, INDEX, DOCKER_MANIFEST, DOCKER_LIST];

/// What registries accept as a manifest at most (distribution specification), and what a
/// configuration may have.
const SMALL: u64 = 4 << 20;

/// A manifest or an index as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) bytes: Bytes,
    /// Digest of the bytes.
    pub(super) digest: Digest,
}

/// What a look for a blob finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    /// The registry does not know it.
    Missing,
    /// It is there.
    There,
    /// The registry has something else under its digest, by its number of bytes.
    OtherSize(u64),
}

impl Registry {
    /// Digest that a tag points at, if there is such a tag.
    pub(super) async fn tagged(&self, target: &Reference) -> Result<Option<Digest>, OciError> {
        let wire = self.wire()?;
        // Asked for as a pull: registries that tell the two apart need another token for it.
        let scope = Scope::pull(target.repository());
        let found = wire.tried("looking up", target, |_| async {
            let ask = Ask::new(Method::HEAD, manifest_url(wire, target)?).accepting(&MANIFESTS);
            wire.send(ask, &scope, &[StatusCode::OK, StatusCode::NOT_FOUND]).await
        });
        let found = found.await?;
        if found.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        match stated(found.headers()) {
            Some(digest) => Ok(Some(digest)),
            None => Ok(Some(self.fetch_manifest(target).await?.digest)),
        }
    }

    /// Fetches a manifest or an index, by tag or digest.
    ///
    /// # Errors
    /// [`OciError::Untrue`] when it is not what was asked for, or too large to be one.
    pub(super) async fn fetch_manifest(&self, from: &Reference) -> Result<Stored, OciError> {
        let wire = self.wire()?;
        let scope = Scope::pull(from.repository());
        let fetched = wire.tried("pulling", from, |_| async {
            let ask = Ask::new(Method::GET, manifest_url(wire, from)?).accepting(&MANIFESTS);
            let response = wire.send(ask, &scope, &[StatusCode::OK]).await?;
            let headers = response.headers().clone();
            Ok((headers, answer::read(response, SMALL).await?))
        });
        let (headers, bytes) = fetched.await?;
        let name = from.digest().or(from.tag()).unwrap_or("latest");
        let untrue = |reason: String| self.untrue(from, name, reason);
        let bytes = bytes.ok_or_else(|| {
            untrue(format!("it gives a manifest of more than {} MiB", SMALL >> 20))
        })?;
        let digest = Digest::of(&bytes);
        if from.digest().is_some_and(|asked| asked != digest.as_str()) {
            return Err(untrue(format!("it gives a manifest with the digest {digest}")));
        }
        match stated(&headers) {
            Some(stated) if stated != digest => Err(untrue(format!(
                "it says that it gives {stated}, and gives a manifest with the digest {digest}"
            ))),
            _ => Ok(Stored { bytes, digest }),
        }
    }

    /// Fetches a blob into a file without a name, and compares it with its descriptor.
    ///
    /// # Errors
    /// [`OciError::Untrue`] when it is something else.
    pub(super) async fn pull_blob(
        &self,
        source: &Reference,
        blob: &OciDescriptor,
    ) -> Result<Data, OciError> {
        let broken = |reason: String| OciError::Reference {
            reference: source.to_string(),
            reason: format!("its manifest is broken: {reason}"),
        };
        let digest: Digest = blob.digest.parse().map_err(|error| broken(format!("{error}")))?;
        let size = u64::try_from(blob.size)
            .map_err(|_| broken(format!("{digest} has {} bytes", blob.size)))?;
        let wire = self.wire()?;
        let scope = Scope::pull(source.repository());
        wire.tried("pulling a layer of", source, |_| async {
            let url = wire.url(&format!("{}/blobs/{digest}", source.repository()))?;
            let ask = Ask::new(Method::GET, url).unlimited();
            let response = wire.send(ask, &scope, &[StatusCode::OK]).await?;
            self.read_blob(source, response, &digest, size).await
        })
        .await
    }

    async fn read_blob(
        &self,
        source: &Reference,
        response: Response,
        digest: &Digest,
        size: u64,
    ) -> Result<Data, Fault> {
        let untrue = |reason| Fault::Final(self.untrue(source, digest.as_str(), reason));
        let local = |error| Fault::Final(OciError::Layer(error));
        let announced = length(response.headers());
        if let Some(announced) = announced.filter(|announced| *announced != size) {
            return Err(untrue(format!("it gives {announced} bytes instead of {size}")));
        }
        if let Some(stated) = stated(response.headers()).filter(|stated| stated != digest) {
            return Err(untrue(format!("it says that it gives {stated}")));
        }
        let mut writer = tokio::fs::File::from_std(tempfile::tempfile().map_err(local)?);
        let (mut hasher, mut count) = (Sha256::new(), 0);
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.try_next().await.map_err(|error| answer::lost(&error))? {
            count += piece.len() as u64;
            if count > size {
                return Err(untrue(format!("it gives more than the {size} bytes it has")));
            }
            hasher.update(&piece);
            writer.write_all(&piece).await.map_err(local)?;
        }
        if count < size {
            return Err(Fault::passing(format!("its answer ends after {count} of {size} bytes")));
        }
        let found = Digest::from_hasher(hasher);
        if found != *digest {
            return Err(untrue(format!("it gives bytes with the digest {found}")));
        }
        writer.flush().await.map_err(local)?;
        Data::file(writer.into_std().await).map_err(local)
    }

    /// Looks for a blob, which has a number of bytes; once.
    pub(super) async fn look(
        &self,
        wire: &Wire,
        target: &Reference,
        digest: &Digest,
        size: u64,
    ) -> Result<Look, Fault> {
        let url = wire.url(&format!("{}/blobs/{digest}", target.repository()))?;
        let scope = Scope::pull(target.repository());
        let known = [StatusCode::OK, StatusCode::NOT_FOUND];
        let found = wire.send(Ask::new(Method::HEAD, url), &scope, &known).await?;
        if found.status() == StatusCode::NOT_FOUND {
            return Ok(Look::Missing);
        }
        Ok(match length(found.headers()) {
            Some(other) if other != size => Look::OtherSize(other),
            _ => Look::There,
        })
    }

    /// Checks that the registry knows the blobs of a manifest, for when it refused it.
    ///
    /// # Errors
    /// [`OciError::Untrue`] for the first one that it does not know.
    pub(super) async fn check_blobs(
        &self,
        target: &Reference,
        manifest: &[u8],
    ) -> Result<(), OciError> {
        let manifest: Value = serde_json::from_slice(manifest).unwrap_or_default();
        let layers = manifest["layers"].as_array().into_iter().flatten();
        for blob in layers.chain([&manifest["config"]]) {
            let text = blob["digest"].as_str().unwrap_or_default();
            let (Ok(digest), Some(size)) = (text.parse::<Digest>(), blob["size"].as_u64()) else {
                continue;
            };
            let wire = self.wire()?;
            let look = |_| self.look(wire, target, &digest, size);
            let reason = match wire.tried("looking up a layer of", target, look).await? {
                Look::There => continue,
                Look::Missing => "it acknowledged this layer, and does not know it".to_owned(),
                Look::OtherSize(other) => format!("it has {other} bytes of it instead of {size}"),
            };
            return Err(self.untrue(target, text, reason));
        }
        Ok(())
    }

    /// The index of what is attached to an image, as the registry tells it; none when it has no
    /// such interface. One without it answers what it likes to a path that it does not know.
    pub(super) async fn fetch_referrers(
        &self,
        image: &Reference,
    ) -> Result<Option<Bytes>, OciError> {
        let wire = self.wire()?;
        let scope = Scope::pull(image.repository());
        let digest = image.digest().unwrap_or_default();
        let fetched = wire.tried("looking up what is attached to", image, |_| async {
            let url = wire.url(&format!("{}/referrers/{digest}", image.repository()))?;
            let ask = Ask::new(Method::GET, url).accepting(&[INDEX]);
            match wire.send(ask, &scope, &[StatusCode::OK]).await {
                Ok(response) => answer::read(response, SMALL).await,
                Err(Fault::Refused { .. }) => Ok(None),
                Err(fault) => Err(fault),
            }
        });
        fetched.await
    }
}

fn manifest_url(wire: &Wire, reference: &Reference) -> Result<reqwest::Url, Fault> {
    let name = reference.digest().or(reference.tag()).unwrap_or("latest");
    wire.url(&format!("{}/manifests/{name}", reference.repository()))
}

/// The number of bytes that an answer states; that of an answer to HEAD is not of its own body.
fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}
