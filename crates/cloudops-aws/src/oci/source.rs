//! Where an image comes from: a registry, or an image layout.

use std::sync::Arc;

use bytes::Bytes;
use camino::Utf8Path;
use oci_client::Reference;

use super::{
    Keyring, OciError,
    content::Data,
    descriptor::{Blob, Descriptor},
    layout::Layout,
    registry::{Registry, parse},
};
use crate::{config_file::BaseImage, ids::Digest};

/// An image in a registry or in an image layout.
#[derive(Clone)]
pub struct Source(Kind);

#[derive(Clone)]
enum Kind {
    Layout(Layout),
    Registry { registry: Arc<Registry>, reference: Reference },
}

impl Source {
    /// The image in an OCI image layout: its only one, or the index of all that it has.
    ///
    /// # Errors
    /// [`OciError::Layout`].
    pub fn layout(folder: &Utf8Path) -> Result<Self, OciError> {
        Layout::open(folder).map(Kind::Layout).map(Self)
    }

    /// The image in a tar archive of an OCI image layout (`oci-archive:` of `skopeo copy`).
    ///
    /// # Errors
    /// [`OciError::Layout`].
    pub fn archive(file: &Utf8Path) -> Result<Self, OciError> {
        Layout::unpack(file).map(Kind::Layout).map(Self)
    }

    /// The image that a reference names, by tag or digest.
    ///
    /// # Errors
    /// [`OciError::Reference`].
    pub fn registry(registry: &Arc<Registry>, reference: &str) -> Result<Self, OciError> {
        let (registry, reference) = (Arc::clone(registry), parse(reference)?);
        Ok(Self(Kind::Registry { registry, reference }))
    }

    /// Where a base image is. Relative paths start from `folder`; a reference is read through
    /// `registry` where that is its registry, and with the logins of a keyring elsewhere.
    ///
    /// # Errors
    /// [`OciError::Layout`], [`OciError::Reference`].
    pub fn of(
        image: &BaseImage,
        folder: &Utf8Path,
        registry: Option<&Arc<Registry>>,
        keyring: &Keyring,
    ) -> Result<Self, OciError> {
        match image {
            BaseImage::Layout { folder: layout, .. } => Self::layout(&folder.join(layout)),
            BaseImage::Archive { file, .. } => Self::archive(&folder.join(file)),
            BaseImage::Reference(reference) => {
                let host = parse(reference)?.resolve_registry().to_owned();
                match registry.filter(|registry| registry.host() == host) {
                    Some(registry) => Self::registry(registry, reference),
                    None => Self::registry(&Arc::new(Registry::of(reference, keyring)?), reference),
                }
            }
        }
    }

    /// Digest of the image: its index, or its manifest where it is for one platform.
    ///
    /// # Errors
    /// [`OciError::Registry`]; [`OciError::Missing`] when there is no such image.
    pub async fn digest(&self) -> Result<Digest, OciError> {
        match &self.0 {
            Kind::Layout(layout) => Ok(layout.top.clone()),
            Kind::Registry { registry, reference } => match reference.digest() {
                Some(digest) => digest.parse().map_err(|error| OciError::Reference {
                    reference: reference.to_string(),
                    reason: format!("{error}"),
                }),
                None => registry
                    .tagged(reference)
                    .await?
                    .ok_or_else(|| OciError::Missing { reference: reference.to_string() }),
            },
        }
    }

    /// A manifest or an index. Its bytes have the digest.
    pub(super) async fn manifest(&self, digest: &Digest) -> Result<Bytes, OciError> {
        match &self.0 {
            Kind::Layout(layout) => layout.manifest(digest),
            Kind::Registry { registry, reference } => {
                registry.manifest(&reference.clone_with_digest(digest.to_string())).await
            }
        }
    }

    /// A small blob, now.
    pub(super) async fn small(&self, descriptor: &Descriptor) -> Result<Bytes, OciError> {
        let data = self.fetch(descriptor).await?;
        data.bytes().map_err(OciError::Layer)
    }

    /// A blob, now. Its bytes have the digest.
    pub(super) async fn fetch(&self, descriptor: &Descriptor) -> Result<Data, OciError> {
        match &self.0 {
            Kind::Layout(layout) => layout.blob(descriptor),
            Kind::Registry { registry, reference } => {
                registry.pull_blob(reference, &descriptor.pulled()).await
            }
        }
    }

    /// A blob that is fetched when somebody reads it: the registry may have it already where it is
    /// needed.
    pub(super) fn later(&self, descriptor: &Descriptor) -> Result<Blob, OciError> {
        let data = match &self.0 {
            Kind::Layout(layout) => layout.blob(descriptor)?,
            Kind::Registry { .. } => {
                let (source, wanted) = (self.clone(), descriptor.clone());
                let runtime = tokio::runtime::Handle::current();
                Data::later(descriptor.size, move || {
                    // Whoever reads does so in a thread that may block.
                    runtime.block_on(source.fetch(&wanted)).map_err(std::io::Error::other)
                })
            }
        };
        let (media_type, digest) = (descriptor.media_type.clone(), descriptor.digest.clone());
        Ok(Blob { media_type, digest, data })
    }

    /// What is attached to an image.
    pub(super) async fn referrers(&self, subject: &Digest) -> Result<Vec<Descriptor>, OciError> {
        match &self.0 {
            Kind::Layout(_) => Ok(Vec::new()),
            Kind::Registry { registry, reference } => {
                registry.referrers(&reference.clone_with_digest(subject.to_string())).await
            }
        }
    }

    /// The repository that it is in, where it is in this registry.
    pub(super) fn repository_in(&self, target: &Registry) -> Option<&Reference> {
        match &self.0 {
            Kind::Registry { registry, reference } if registry.host() == target.host() => {
                Some(reference)
            }
            _ => None,
        }
    }
}
