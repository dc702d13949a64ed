//! `images list`: what is in the repositories, and which releases and environments need it.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    images::{self, StoredImage},
    state::{
        environments,
        releases::{self, Release},
        store::Store,
    },
};
use futures::{StreamExt as _, TryStreamExt as _, stream};

use super::account::{Account, BASE, digest_of};
use crate::{
    error::DeployError,
    ops::{initialized, store},
    topology::Topology,
};

/// Repositories that are looked at at the same time.
const AT_ONCE: usize = 4;

/// What `images list` needs to know.
#[derive(Debug, Clone)]
pub struct ListRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
}

/// What `images list` found.
#[derive(Debug, Clone)]
pub struct ListReport {
    /// Images by name, the newest first.
    pub images: BTreeMap<String, Vec<ListedImage>>,
}

/// An image in a repository. What is attached to it, and the images of an index, are not shown on
/// their own.
#[derive(Debug, Clone)]
pub struct ListedImage {
    /// The image.
    pub image: StoredImage,
    /// Bytes of all that belongs to it.
    pub size: u64,
    /// Releases that have it.
    pub releases: Vec<String>,
    /// Environments that it was deployed to last, or before that.
    pub environments: BTreeSet<String>,
}

/// Everything in the repositories of an instance, by image name.
pub(super) type Stored = BTreeMap<String, Vec<StoredImage>>;

/// Releases by what needs them.
pub(super) struct Known {
    /// All releases, the oldest first.
    pub(super) releases: Vec<Release>,
    /// Environments by the release that they have, had before, or are given now.
    pub(super) environments: BTreeMap<String, BTreeSet<String>>,
}

/// Lists the images of an instance.
///
/// # Errors
/// [`DeployError`].
pub async fn list(ctx: &Ctx, request: &ListRequest) -> Result<ListReport, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let account = Account::open(ctx, &state, config)?;
    let known = Known::read(&store(&ctx.aws, config)).await?;
    let stored = stored(ctx, &account).await?;
    let listed =
        |(name, all): (String, Vec<StoredImage>)| (name.clone(), shown(&name, all, &known));
    Ok(ListReport { images: stored.into_iter().map(listed).collect() })
}

/// Everything in the repositories of an instance.
pub(super) async fn stored(ctx: &Ctx, account: &Account<'_>) -> Result<Stored, DeployError> {
    let topology = Topology::commerce()?;
    let names: Vec<String> =
        topology.images().into_iter().chain([BASE]).map(str::to_owned).collect();
    let one = async |name: String| {
        let Ok(repository) = account.repository(&name) else {
            return Ok((name, Vec::new()));
        };
        let found = images::stored(&ctx.aws, &repository).await?;
        Ok::<_, DeployError>((name, found))
    };
    stream::iter(names.into_iter().map(one)).buffer_unordered(AT_ONCE).try_collect().await
}

fn shown(name: &str, all: Vec<StoredImage>, known: &Known) -> Vec<ListedImage> {
    let inside: BTreeSet<_> = all.iter().flat_map(|image| image.names.clone()).collect();
    let sizes: BTreeMap<_, _> =
        all.iter().map(|image| (image.digest.clone(), image.size)).collect();
    let on_its_own = |image: &StoredImage| {
        image.subject.is_none() && !inside.contains(&image.digest) && !is_list(image)
    };
    let mut images: Vec<StoredImage> = all.into_iter().filter(on_its_own).collect();
    images.sort_by(|a, b| (b.pushed_at, &b.digest).cmp(&(a.pushed_at, &a.digest)));
    let listed = |image: StoredImage| {
        let below: u64 = image.names.iter().filter_map(|digest| sizes.get(digest)).sum();
        let releases = known.releases_with(name, image.digest.as_str());
        let environments = releases.iter().filter_map(|id| known.environments.get(id));
        ListedImage {
            size: if image.names.is_empty() { image.size } else { below },
            environments: environments.flatten().cloned().collect(),
            releases,
            image,
        }
    };
    images.into_iter().map(listed).collect()
}

/// Whether this is the list of what is attached to another image, under the tag that the
/// specification has for it.
pub(super) fn is_list(image: &StoredImage) -> bool {
    listed_subject(image).is_some()
}

/// The image whose attachments this one lists.
pub(super) fn listed_subject(image: &StoredImage) -> Option<String> {
    let hex = image.tags.iter().find_map(|tag| tag.strip_prefix("sha256-"))?;
    (hex.len() == 64).then(|| format!("sha256:{hex}"))
}

impl Known {
    pub(super) async fn read(store: &Store) -> Result<Self, DeployError> {
        let releases = releases::list(store).await?;
        let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for name in environments::names(store).await? {
            let Ok(parsed) = name.parse() else { continue };
            if let Some(environment) = environments::find(store, &parsed).await? {
                for release in environment.value.needed_releases() {
                    found.entry(release).or_default().insert(name.clone());
                }
            }
        }
        Ok(Self { releases, environments: found })
    }

    /// Releases with an image, the oldest first. A base image is that of a release too.
    fn releases_with(&self, name: &str, digest: &str) -> Vec<String> {
        let has = |release: &&Release| {
            let image = release.images.get(name).map(|reference| digest_of(reference));
            image == Some(digest) || (name == BASE && release.base.as_str() == digest)
        };
        self.releases.iter().filter(has).map(|release| release.id.clone()).collect()
    }
}
