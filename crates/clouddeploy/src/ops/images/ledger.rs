//! Images that were made become a release.

use std::collections::BTreeMap;

use cloudops_aws::{
    ctx::Ctx,
    ids::Digest,
    oci::{Base, Image},
    package::sbom::MEDIA_TYPE,
    state::{
        releases::{self, ImageProvenance, Provenance, Release},
        store::Store,
    },
};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{
    BuiltImage,
    account::{Account, digest_of},
};
use crate::{error::DeployError, ops::VERSION};

/// Tags at once.
const AT_ONCE: usize = 4;

/// What a new release is made of.
pub(super) struct Draft<'a> {
    /// Id and version of the package, and what is known of where it comes from.
    pub(super) package: (String, String),
    pub(super) package_digest: Digest,
    pub(super) revision: Option<String>,
    /// The base, as the settings name it.
    pub(super) base_name: String,
    pub(super) base: &'a Base,
    pub(super) rebased_from: Option<String>,
    pub(super) images: &'a BTreeMap<String, BuiltImage>,
    pub(super) provenance: BTreeMap<String, ImageProvenance>,
}

impl Draft<'_> {
    /// Adds the release to the ledger, unless the newest one has the same images, and marks its
    /// images in the registry, so that no rule removes them.
    pub(super) async fn append(
        self,
        ctx: &Ctx,
        store: &Store,
        account: &Account<'_>,
    ) -> Result<(Release, bool), DeployError> {
        let provenance = Provenance {
            package_digest: self.package_digest,
            revision: self.revision,
            base: self.base_name,
            platforms: self.base.image.platforms().map(|one| one.to_string()).collect(),
            builder: format!("clouddeploy {VERSION}"),
            rebased_from: self.rebased_from,
            images: self.provenance,
        };
        let (package, version) = self.package;
        let draft = Release {
            id: String::new(),
            package,
            version,
            images: references(self.images),
            base: self.base.digest().clone(),
            created_at: Timestamp::now(),
            created_by: ctx.aws.caller().to_owned(),
            provenance: Some(provenance),
            previous: None,
        };
        let (release, new) = releases::append(store, draft).await?;
        mark(account, account.instance(), &release).await?;
        Ok((release, new))
    }
}

fn references(images: &BTreeMap<String, BuiltImage>) -> BTreeMap<String, String> {
    images.iter().map(|(name, image)| (name.clone(), image.reference.clone())).collect()
}

/// Tag of an image of a release: it has the digest, so that it never has to move, whatever becomes
/// of the ledger.
pub(super) fn tag(instance: &str, release: &str, reference: &str) -> String {
    let digest = digest_of(reference).trim_start_matches("sha256:");
    format!("release-{instance}-{release}-{}", digest.get(..12).unwrap_or(digest))
}

/// Tags the images of a release, which the rules of the repositories never remove.
async fn mark(account: &Account<'_>, instance: &str, release: &Release) -> Result<(), DeployError> {
    let one = async |reference: &String| {
        account.registry.tag(reference, &tag(instance, &release.id, reference)).await
    };
    let tags = stream::iter(release.images.values().map(one)).buffer_unordered(AT_ONCE);
    Ok(tags.try_collect::<()>().await?)
}

/// What is known of an image that was made.
pub(super) fn known(image: &Image, kept_from: Option<String>) -> ImageProvenance {
    let sbom = image.attachments.iter().find(|attached| attached.artifact_type == MEDIA_TYPE);
    ImageProvenance {
        content: image.content(),
        sbom: sbom.map(|attached| attached.content.digest.clone()),
        kept_from,
    }
}

/// The image of a release that runs exactly what this one does, with the release that it was first
/// made for: another package that changed nothing of a service is no reason to restart it.
pub(super) fn same<'a>(
    release: Option<&'a Release>,
    name: &str,
    image: &Image,
) -> Option<(&'a String, String)> {
    let release = release?;
    let known = release.provenance.as_ref()?.images.get(name)?;
    let reference = release.images.get(name)?;
    let from = known.kept_from.clone().unwrap_or_else(|| release.id.clone());
    (known.content == image.content()).then_some((reference, from))
}
