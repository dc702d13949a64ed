//! What a deletion takes away, what stays, and what keeping that costs.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::{
    cfn::observe::{self, Observed},
    config_file::CloudOpsConfig,
    cost::{self, Monthly, Usd},
    ctx::Ctx,
    dns::records::{self, RecordSet},
    ids::StackName,
    remains::{self, OfStack, Priced},
    state::{
        environments, init,
        store::{Store, Usage},
    },
};
use futures::{StreamExt, TryStreamExt, stream};

use super::super::{check_place, store};
use super::clear::Ground;
use crate::error::CoreError;

/// Stacks that are read at once.
const AT_ONCE: usize = 8;

/// What `destroy` would do.
#[derive(Debug, Clone, Default)]
pub struct Survey {
    /// Stacks that go.
    pub stacks: Vec<StackLoss>,
    /// What stays, unless the data is to be deleted as well.
    pub data: Vec<Datum>,
    /// Records that others wrote into our zones, by zone.
    pub records: BTreeMap<String, Vec<RecordSet>>,
    pub(super) facts: Facts,
}

/// A stack that goes.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StackLoss {
    /// Its name.
    pub name: StackName,
    /// How many resources it has.
    pub resources: usize,
    /// What it costs a month, what stays of it left out.
    pub monthly: Usd,
}

/// Something that stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Datum {
    /// What it is, and what keeping it costs.
    pub what: Priced,
    /// What is in it, where that can be said.
    pub holds: Option<Usage>,
}

/// What the deletion itself needs of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    pub(super) stacks: Vec<Observed>,
    pub(super) clusters: BTreeSet<String>,
    pub(super) zones: BTreeMap<String, Vec<RecordSet>>,
    pub(super) ground: Option<Ground>,
}

impl Survey {
    /// What is saved a month when the stacks are gone, as far as it is known.
    #[must_use]
    pub fn saved(&self) -> Usd {
        self.stacks.iter().map(|stack| stack.monthly).sum()
    }

    /// What keeping the data costs a month, as far as it is known.
    #[must_use]
    pub fn kept(&self) -> Usd {
        self.data.iter().map(|datum| datum.what.monthly.known()).sum()
    }

    /// Whether there is nothing to delete and nothing that stays.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.stacks.is_empty() && self.data.is_empty()
    }

    /// Refuses to lose records that others wrote, unless the data may go.
    ///
    /// # Errors
    /// [`CoreError::ForeignRecords`].
    pub fn permits(&self, delete_data: bool) -> Result<(), CoreError> {
        if delete_data || self.records.is_empty() {
            return Ok(());
        }
        let one = |set: &RecordSet| format!("{} {}", set.name, set.kind);
        Err(CoreError::ForeignRecords {
            records: self.records.values().flatten().map(one).collect(),
        })
    }
}

/// Looks what a deletion would take away and leave (`DescribeStacks`; of each stack `GetTemplate`
/// and `ListStackResources`; the state bucket; `ListResourceRecordSets` of our zones; what lies
/// outside of stacks; `ListObjectVersions` of the buckets). Changes nothing.
///
/// # Errors
/// [`CoreError::InUse`] while environments exist.
pub async fn survey(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Survey, CoreError> {
    check_place(&ctx.aws, config)?;
    let store = store(&ctx.aws, config);
    let has_state = store.exists().await?;
    if has_state {
        refuse_environments(&store).await?;
    }
    let stacks = ours(ctx, config).await?;
    let looks = stacks.iter().map(|stack| remains::of_stack(ctx, stack));
    let found: Vec<Option<OfStack>> = stream::iter(looks).buffered(AT_ONCE).try_collect().await?;
    let pairs: Vec<(&Observed, OfStack)> =
        stacks.iter().zip(found).filter_map(|(stack, of)| Some((stack, of?))).collect();
    let noted = if has_state { remains::noted(&store).await? } else { Vec::new() };
    let data = data(ctx, config, &pairs, noted).await?;
    let zones = zones(ctx, &pairs).await?;
    let foreign = foreign(&zones, &pairs);
    let ground = ground(config, &stacks, has_state.then_some(&store)).await?;
    let losses = pairs.iter().map(|(stack, of)| loss(stack, of)).collect();
    let clusters = containers(&pairs, "AWS::ECS::Cluster").map(str::to_owned).collect();
    let facts = Facts { clusters, zones, ground, stacks };
    Ok(Survey { stacks: losses, data, records: foreign, facts })
}

async fn refuse_environments(store: &Store) -> Result<(), CoreError> {
    let environments = environments::names(store).await?;
    if environments.is_empty() { Ok(()) } else { Err(CoreError::InUse { environments }) }
}

/// The stacks of the instance, of all tools.
async fn ours(ctx: &Ctx, config: &CloudOpsConfig) -> Result<Vec<Observed>, CoreError> {
    let mut stacks = observe::stacks(ctx, &format!("{}-", config.instance)).await?;
    stacks.retain(|stack| {
        stack.tags.get("cloudops:instance").map(String::as_str) == Some(config.instance.as_str())
    });
    Ok(stacks)
}

fn loss(stack: &Observed, of: &OfStack) -> StackLoss {
    let stays: Usd = of.remains.iter().map(|one| one.monthly.known()).sum();
    StackLoss {
        name: stack.name.clone(),
        resources: of.owned.len() - of.remains.len().min(of.owned.len()),
        monthly: of.estimate.total() - stays,
    }
}

/// What stays of the stacks that are there, of those that an interrupted deletion took, and what
/// never was in one.
async fn data(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    pairs: &[(&Observed, OfStack)],
    noted: Vec<remains::Remain>,
) -> Result<Vec<Datum>, CoreError> {
    let owned: BTreeSet<String> =
        pairs.iter().flat_map(|(_, of)| of.owned.iter().cloned()).collect();
    let mut all: Vec<Priced> = pairs.iter().flat_map(|(_, of)| of.remains.clone()).collect();
    all.extend(remains::outside(ctx, &config.instance, &owned).await?);
    for remain in noted {
        if !all.iter().any(|one| one.remain.id == remain.id)
            && remains::exists(ctx, &remain).await?
        {
            let monthly = cost::bare(&remain.resource_type, ctx.aws.region());
            all.push(Priced { remain, monthly });
        }
    }
    let filled = all.into_iter().map(async |what| {
        let holds = match what.remain.resource_type.as_str() {
            "AWS::S3::Bucket" => Some(Store::new(&ctx.aws, &what.remain.id).usage().await?),
            _ => None,
        };
        Ok::<_, CoreError>(Datum { what, holds })
    });
    let mut data: Vec<Datum> = stream::iter(filled).buffered(AT_ONCE).try_collect().await?;
    data.sort_by(|a, b| a.what.remain.cmp(&b.what.remain));
    Ok(data)
}

fn containers<'a>(
    pairs: &'a [(&Observed, OfStack)],
    wanted: &'static str,
) -> impl Iterator<Item = &'a str> {
    let all = pairs.iter().flat_map(|(_, of)| &of.containers);
    all.filter(move |(kind, _)| kind == wanted).map(|(_, id)| id.as_str())
}

async fn zones(
    ctx: &Ctx,
    pairs: &[(&Observed, OfStack)],
) -> Result<BTreeMap<String, Vec<RecordSet>>, CoreError> {
    let mut zones = BTreeMap::new();
    for zone in containers(pairs, "AWS::Route53::HostedZone") {
        zones.insert(zone.to_owned(), records::records(&ctx.aws, zone).await?);
    }
    Ok(zones)
}

fn foreign(
    zones: &BTreeMap<String, Vec<RecordSet>>,
    pairs: &[(&Observed, OfStack)],
) -> BTreeMap<String, Vec<RecordSet>> {
    let owned: BTreeSet<String> =
        pairs.iter().flat_map(|(_, of)| of.records.iter().cloned()).collect();
    let of_zone = |(zone, all): (&String, &Vec<RecordSet>)| {
        let foreign: Vec<RecordSet> = records::foreign(all, &owned).into_iter().cloned().collect();
        (!foreign.is_empty()).then(|| (zone.clone(), foreign))
    };
    zones.iter().filter_map(of_zone).collect()
}

/// The network of the instance: network interfaces in it may stand in the way.
async fn ground(
    config: &CloudOpsConfig,
    stacks: &[Observed],
    store: Option<&Store>,
) -> Result<Option<Ground>, CoreError> {
    // The stack with an adopted network is given its id.
    let given = stacks.iter().find(|stack| stack.name.as_str().ends_with("-core-network"));
    let given = given.and_then(|stack| stack.parameters.get("VpcId"));
    let named = config.network.adopt.as_ref().map(|adopt| &adopt.vpc);
    let vpc = vpc(stacks, store).await?;
    Ok(vpc.map(|vpc| {
        let is_adopted = [given, named].contains(&Some(&vpc));
        Ground { guest: is_adopted.then(|| config.instance.clone()), vpc }
    }))
}

async fn vpc(stacks: &[Observed], store: Option<&Store>) -> Result<Option<String>, CoreError> {
    let of_stack = stacks.iter().find_map(|stack| stack.outputs.get("VpcId"));
    if let Some(vpc) = of_stack {
        return Ok(Some(vpc.clone()));
    }
    let Some(store) = store else {
        return Ok(None);
    };
    let state = init::read(store).await?.map(|found| found.value);
    let core = state.and_then(|mut state| state.components.remove(&init::Component::Core));
    Ok(core.and_then(|core| core.outputs.get("VpcId").cloned()))
}

/// What is to be said of a price.
#[must_use]
pub fn price(monthly: &Monthly) -> String {
    match monthly {
        Monthly::Usd(usd) => usd.to_string(),
        Monthly::Usage(what) => format!("by use: {what}"),
        Monthly::Unknown(why) => format!("unknown: {why}"),
    }
}
