//! `images gc`: images that no release in the rollback window needs are removed, after a plan was
//! shown.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::error::CfnError,
    config_file::{BaseImage, CloudOpsConfig},
    ctx::Ctx,
    events::Outcome,
    ids::Digest,
    images::{self, StoredImage},
    state::{lock::Owner, runs},
};
use jiff::{Span, Timestamp};

use super::{
    account::{Account, BASE, digest_of},
    list::{Known, Stored, listed_subject, stored},
};
use crate::{
    error::DeployError,
    ops::{initialized, lock_request, store},
};

/// What `images gc` needs to know.
#[derive(Debug, Clone)]
pub struct GcRequest {
    /// The settings of the instance.
    pub config: CloudOpsConfig,
    /// Who runs it.
    pub owner: Owner,
    /// Newest releases that stay deployable.
    pub keep: usize,
    /// Hours that an image stays at least: what is younger may belong to a build that is running,
    /// or to a promotion.
    pub min_age_hours: u32,
}

/// An image that is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unneeded {
    /// Image name.
    pub name: String,
    /// The image.
    pub image: StoredImage,
}

/// What `images gc` would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GcPlan {
    /// What is removed: an index before what it names.
    pub unneeded: Vec<Unneeded>,
    /// Images and artifacts that stay.
    pub kept: usize,
    /// Releases that stay deployable, the oldest first.
    pub releases: Vec<String>,
}

/// What `images gc` did.
#[derive(Debug, Clone)]
pub struct GcReport {
    /// What was planned.
    pub plan: GcPlan,
    /// What could not be removed: image name, digest, reason.
    pub failed: Vec<(String, Digest, String)>,
}

impl GcPlan {
    /// Bytes of what is removed. Layers that other images have stay, so that fewer bytes may be
    /// freed.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.unneeded.iter().map(|one| one.image.size).sum()
    }
}

/// Finds what can be removed. Nothing is changed.
///
/// # Errors
/// [`DeployError`].
pub async fn gc_plan(ctx: &Ctx, request: &GcRequest) -> Result<GcPlan, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let account = Account::open(ctx, &state, config)?;
    let known = Known::read(&store(&ctx.aws, config)).await?;
    let stored = stored(ctx, &account).await?;
    let pinned = config.images.base.as_ref().and_then(BaseImage::digest);
    let young = Timestamp::now() - Span::new().hours(i64::from(request.min_age_hours));
    Ok(plan(&stored, &known, request.keep, pinned.as_ref(), young))
}

/// Removes what a plan names, if the plan is still true.
///
/// # Errors
/// [`CfnError::StalePlan`] when something was deployed or released since.
pub async fn gc(ctx: &Ctx, request: &GcRequest, plan: GcPlan) -> Result<GcReport, DeployError> {
    let config = &request.config;
    let state = initialized(&ctx.aws, config).await?;
    let account = Account::open(ctx, &state, config)?;
    let store = store(&ctx.aws, config);
    let asked = lock_request("deploy".to_owned(), &request.owner, "images gc");
    runs::recorded(ctx, &store, asked, async |_locked| {
        let now = gc_plan(ctx, request).await?;
        // Time goes on: what has grown old meanwhile stays for the next call.
        if plan.unneeded.iter().any(|one| !now.unneeded.contains(one)) {
            let what = "something that was to be removed is needed now".to_owned();
            return Err(CfnError::StalePlan { what }.into());
        }
        let mut failed = Vec::new();
        for (name, digests) in by_name(&plan) {
            let repository = account.repository(name)?;
            let step = format!("image/{repository}");
            ctx.events.step(&step, format!("image {name}"));
            let refused = images::delete(&ctx.aws, &repository, &digests).await?;
            let outcome = if refused.is_empty() { Outcome::Done } else { Outcome::Failed };
            let removed = digests.len() - refused.len();
            ctx.events.step_done(&step, outcome, format!("{removed} removed"));
            failed.extend(refused.into_iter().map(|(digest, why)| (name.to_owned(), digest, why)));
        }
        Ok(GcReport { plan, failed })
    })
    .await
}

fn by_name(plan: &GcPlan) -> BTreeMap<&str, Vec<Digest>> {
    let mut all: BTreeMap<&str, Vec<Digest>> = BTreeMap::new();
    for one in &plan.unneeded {
        all.entry(&one.name).or_default().push(one.image.digest.clone());
    }
    all
}

/// What no release of the window, no environment and no build that may be running needs. Pure.
fn plan(
    stored: &Stored,
    known: &Known,
    keep: usize,
    pinned: Option<&Digest>,
    young: Timestamp,
) -> GcPlan {
    let newest = known.releases.len().saturating_sub(keep);
    let needed = known.releases.iter().enumerate().filter(|(place, release)| {
        *place >= newest || known.environments.contains_key(&release.id)
    });
    let needed: Vec<_> = needed.map(|(_, release)| release).collect();
    let (mut unneeded, mut kept) = (Vec::new(), 0);
    for (name, all) in stored {
        let mut roots: BTreeSet<String> = needed
            .iter()
            .filter_map(|release| release.images.get(name))
            .map(|reference| digest_of(reference).to_owned())
            .collect();
        if name == BASE {
            roots.extend(needed.iter().map(|release| release.base.to_string()));
            roots.extend(pinned.map(ToString::to_string));
        }
        let young = all.iter().filter(|image| image.pushed_at > young);
        roots.extend(young.map(|image| image.digest.to_string()));
        let wanted = reachable(all, roots);
        let (stay, go): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|image| wanted.contains(image.digest.as_str()));
        kept += stay.len();
        let mut go: Vec<_> =
            go.into_iter().map(|image| Unneeded { name: name.clone(), image }).collect();
        // A registry keeps what an index names.
        go.sort_by_key(|one| (one.image.names.is_empty(), one.image.digest.clone()));
        unneeded.extend(go);
    }
    let releases = needed.iter().map(|release| release.id.clone()).collect();
    GcPlan { unneeded, kept, releases }
}

/// The images, what they name, and what is attached to them.
fn reachable(all: &[StoredImage], mut wanted: BTreeSet<String>) -> BTreeSet<String> {
    loop {
        let before = wanted.len();
        for image in all {
            if wanted.contains(image.digest.as_str()) {
                wanted.extend(image.names.iter().map(ToString::to_string));
            }
            let subject = image.subject.as_ref().map(ToString::to_string);
            let of = subject.or_else(|| listed_subject(image));
            if of.is_some_and(|of| wanted.contains(&of)) {
                wanted.insert(image.digest.to_string());
            }
        }
        if wanted.len() == before {
            return wanted;
        }
    }
}

#[cfg(test)]
mod tests {
    use cloudops_aws::state::releases::Release;

    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(text.as_bytes())
    }

    fn image(text: &str, days_old: i64) -> StoredImage {
        StoredImage {
            repository: "acme/cm".to_owned(),
            digest: digest(text),
            tags: Vec::new(),
            size: 10,
            pushed_at: now() - Span::new().hours(days_old * 24),
            names: BTreeSet::new(),
            subject: None,
        }
    }

    fn now() -> Timestamp {
        Timestamp::from_second(2_000_000_000).unwrap()
    }

    fn release(number: usize, image: &str) -> Release {
        let reference = format!("host/acme/cm@{}", digest(image));
        Release {
            id: format!("r{number}"),
            package: "p".to_owned(),
            version: "8.5.0".to_owned(),
            images: [("cm".to_owned(), reference)].into(),
            base: digest(&format!("base of {image}")),
            created_at: now(),
            created_by: "arn".to_owned(),
            provenance: None,
            previous: None,
        }
    }

    fn removed(stored: &Stored, known: &Known, keep: usize) -> Vec<Digest> {
        let young = now() - Span::new().hours(24);
        let plan = plan(stored, known, keep, Some(&digest("pinned")), young);
        plan.unneeded.into_iter().map(|one| one.image.digest).collect()
    }

    fn known(deployed: &[&str]) -> Known {
        let releases = vec![release(1, "a"), release(2, "b"), release(3, "c")];
        let environments =
            deployed.iter().map(|id| ((*id).to_owned(), ["live".to_owned()].into())).collect();
        Known { releases, environments }
    }

    #[test]
    fn releases_of_the_window_and_of_environments_stay() {
        let all = ["a", "b", "c", "of no release"].map(|name| image(name, 30)).to_vec();
        let stored = Stored::from([("cm".to_owned(), all)]);
        let gone = |names: &[&str]| {
            let mut all: Vec<Digest> = names.iter().map(|name| digest(name)).collect();
            all.sort();
            all
        };
        assert_eq!(removed(&stored, &known(&[]), 1), gone(&["a", "b", "of no release"]));
        assert_eq!(removed(&stored, &known(&["r1"]), 1), gone(&["b", "of no release"]));
        assert_eq!(removed(&stored, &known(&[]), 10), gone(&["of no release"]));
    }

    #[test]
    fn what_belongs_to_an_image_stays_and_goes_with_it() {
        let mut c = image("c", 30);
        c.names = [digest("c amd64"), digest("c arm64")].into();
        let mut old = image("old", 30);
        old.names = [digest("old amd64"), digest("c arm64")].into();
        let mut sbom = image("sbom of c", 30);
        sbom.subject = Some(digest("c"));
        let mut list = image("list of c", 30);
        list.tags = vec![digest("c").as_str().replace(':', "-")];
        let rest = ["c amd64", "c arm64", "old amd64"].map(|name| image(name, 30));
        let all = [c, old, sbom, list].into_iter().chain(rest).collect();
        let stored = Stored::from([("cm".to_owned(), all)]);
        // The index first: what it names cannot go before it.
        assert_eq!(removed(&stored, &known(&[]), 1), [digest("old"), digest("old amd64")]);
    }

    #[test]
    fn what_was_just_pushed_and_bases_that_are_needed_stay() {
        let stored = Stored::from([
            ("cm".to_owned(), vec![image("being pushed", 0)]),
            (
                "base".to_owned(),
                ["base of c", "base of a", "pinned"].map(|name| image(name, 30)).to_vec(),
            ),
        ]);
        assert_eq!(removed(&stored, &known(&[]), 1), [digest("base of a")]);
    }
}
