//! The record in the parent zone that delegates a domain, where Route 53 has that zone.

use std::time::Duration;

use aws_sdk_route53::{
    Client,
    types::{
        Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
    },
};
use jiff::Timestamp;
use serde::Serialize;

use super::{
    hops::{names, plain},
    record::Delegation,
};
use crate::{
    connect::{Assume, Aws, broken},
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    error::AwsError,
    state::lock::Locked,
    wait::{self, Pace, WaitError},
};

/// Seconds that resolvers may keep the record: short, so that a correction is soon seen.
const TTL: i64 = 300;
/// Route 53 takes about a minute to tell all its servers.
const SPREAD: Duration = Duration::from_secs(10 * 60);

/// Where the parent zone is looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ParentAt {
    /// Its id, where its name alone does not tell.
    pub zone_id: Option<String>,
    /// Role to take on in the account that has it.
    pub role: Option<Assume>,
}

/// The parent zone in Route 53, and what it says about the domain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParentZone {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Values of the domain's NS record in it.
    pub values: Vec<String>,
    /// Seconds that resolvers may keep that record.
    pub ttl: i64,
}

/// What is to be done in the parent zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "action")]
pub enum DelegationPlan {
    /// Route 53 does not have the parent zone where we may look.
    NoZone,
    /// The record says the right thing.
    Nothing {
        /// The zone.
        zone: ParentZone,
    },
    /// There is no record: make one.
    Create {
        /// The zone.
        zone: ParentZone,
    },
    /// The record is one that we wrote, with servers of before.
    Renew {
        /// The zone.
        zone: ParentZone,
    },
    /// The record is somebody else's: it is replaced only when that is approved by name.
    Foreign {
        /// The zone.
        zone: ParentZone,
    },
}

/// Why delegating did not work.
#[derive(Debug, thiserror::Error)]
pub enum DelegationError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// Route 53 did not tell its servers in time, or the run was stopped.
    #[error("Route 53 has not told all its servers about the record yet: {0}")]
    Wait(#[from] WaitError),
    /// The record of somebody else is not replaced.
    #[error(
        "the zone {zone} delegates {domain} to other name servers: {}",
        .values.join(", ")
    )]
    Foreign {
        /// The parent zone.
        zone: String,
        /// The domain.
        domain: String,
        /// What its record says.
        values: Vec<String>,
    },
    /// The zone that was named is not above the domain.
    #[error("the zone {id} is {zone}, which is not above {domain}")]
    NotAbove {
        /// Its id.
        id: String,
        /// Its name.
        zone: String,
        /// The domain.
        domain: String,
    },
    /// More than one public zone has the name of the parent.
    #[error("more than one public zone is called {zone}: {}", .ids.join(", "))]
    Ambiguous {
        /// The name.
        zone: String,
        /// Their ids.
        ids: Vec<String>,
    },
}

impl Diagnose for DelegationError {
    fn class(&self) -> Class {
        match self {
            Self::Aws(error) => error.class(),
            Self::Wait(WaitError::Deadline(_)) => Class::TimedOut,
            Self::Wait(WaitError::Cancelled) => Class::Interrupted,
            Self::Foreign { .. } => Class::Denied,
            Self::NotAbove { .. } | Self::Ambiguous { .. } => Class::Configuration,
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Aws(error) => error.hints(),
            Self::Wait(_) => vec!["Run the same command again.".to_owned()],
            Self::Foreign { domain, .. } => vec![
                format!(
                    "If nothing uses them any more, delete the NS record of {domain} there, and try again."
                ),
                "To leave the parent zone alone, set `dns: {delegate: false}` in cloudops.yaml."
                    .to_owned(),
            ],
            Self::NotAbove { .. } => {
                vec!["Correct `dns.parent-zone` in cloudops.yaml, or leave it away.".to_owned()]
            }
            Self::Ambiguous { .. } => {
                vec![
                    "Name the one that is in use as `dns.parent-zone` in cloudops.yaml.".to_owned(),
                ]
            }
        }
    }
}

/// Looks for the parent zone and says what is to be done in it (`ListHostedZonesByName` or
/// `GetHostedZone`, `ListResourceRecordSets`; `AssumeRole` where a role is named). `ours` is what
/// we wrote before. Changes nothing.
///
/// # Errors
/// [`DelegationError`].
pub async fn plan(
    aws: &Aws,
    at: &ParentAt,
    domain: &str,
    wanted: &[String],
    ours: Option<&Delegation>,
) -> Result<DelegationPlan, DelegationError> {
    let client = client(aws, at.role.as_ref()).await?;
    let Some((id, name)) = find(&client, at.zone_id.as_deref(), domain).await? else {
        return Ok(DelegationPlan::NoZone);
    };
    let (values, ttl) = values(&client, &id, domain).await?;
    Ok(decide(ParentZone { id, name, values, ttl }, wanted, ours))
}

/// What the values of the record mean.
fn decide(zone: ParentZone, wanted: &[String], ours: Option<&Delegation>) -> DelegationPlan {
    let is_ours = ours.is_some_and(|before| {
        before.zone_id == zone.id && names(before.name_servers.iter().cloned()) == zone.values
    });
    if zone.values.is_empty() {
        DelegationPlan::Create { zone }
    } else if zone.values == names(wanted.iter().cloned()) {
        DelegationPlan::Nothing { zone }
    } else if is_ours {
        DelegationPlan::Renew { zone }
    } else {
        DelegationPlan::Foreign { zone }
    }
}

/// What we are about to write, to be remembered before it is written.
#[must_use]
pub fn intended(aws: &Aws, at: &ParentAt, zone: &ParentZone, wanted: &[String]) -> Delegation {
    Delegation {
        zone_id: zone.id.clone(),
        zone_name: zone.name.clone(),
        role: at.role.as_ref().map(|role| role.arn.clone()),
        name_servers: names(wanted.iter().cloned()),
        by: aws.caller().to_owned(),
        at: Timestamp::now(),
    }
}

/// Writes the record (`ChangeResourceRecordSets`) and waits until all servers of Route 53 know it
/// (`GetChange`). What the plan saw there is named in the change: a record that somebody else
/// changed meanwhile is not overwritten.
///
/// # Errors
/// [`DelegationError`].
pub async fn write(
    ctx: &Ctx,
    _locked: &Locked,
    at: &ParentAt,
    zone: &ParentZone,
    domain: &str,
    wanted: &[String],
) -> Result<(), DelegationError> {
    let client = client(&ctx.aws, at.role.as_ref()).await?;
    let mut changes = Vec::new();
    if !zone.values.is_empty() {
        changes.push(change(ChangeAction::Delete, domain, &zone.values, zone.ttl)?);
    }
    changes.push(change(ChangeAction::Create, domain, wanted, TTL)?);
    run(ctx, &client, &zone.id, changes).await
}

/// Removes a record that we wrote, if it still says what we wrote. Says whether it did.
///
/// # Errors
/// [`DelegationError`].
pub async fn remove(
    ctx: &Ctx,
    _locked: &Locked,
    role: Option<&Assume>,
    ours: &Delegation,
    domain: &str,
) -> Result<bool, DelegationError> {
    let client = client(&ctx.aws, role).await?;
    let found = match values(&client, &ours.zone_id, domain).await {
        Err(error) if error.is_not_found() => return Ok(false),
        found => found?,
    };
    if found.0 != names(ours.name_servers.iter().cloned()) {
        return Ok(false);
    }
    let gone = change(ChangeAction::Delete, domain, &found.0, found.1)?;
    run(ctx, &client, &ours.zone_id, vec![gone]).await?;
    Ok(true)
}

async fn client(aws: &Aws, role: Option<&Assume>) -> Result<Client, AwsError> {
    match role {
        Some(role) => Ok(Client::new(&aws.assume(role).await?)),
        None => Ok(Client::new(aws.config())),
    }
}

/// The nearest public zone above a domain: id and name.
async fn find(
    client: &Client,
    id: Option<&str>,
    domain: &str,
) -> Result<Option<(String, String)>, DelegationError> {
    if let Some(id) = id {
        let answer = client.get_hosted_zone().id(id).send().await;
        let answer = answer.map_err(|error| AwsError::new("Route 53", "GetHostedZone", error))?;
        let zone = answer.hosted_zone.map(|zone| plain(&zone.name)).unwrap_or_default();
        if !domain.strip_suffix(&zone).is_some_and(|rest| rest.ends_with('.')) {
            let (id, domain) = (id.to_owned(), domain.to_owned());
            return Err(DelegationError::NotAbove { id, zone, domain });
        }
        return Ok(Some((id.to_owned(), zone)));
    }
    let mut rest = domain;
    while let Some((_, above)) = rest.split_once('.') {
        let zones = super::zones_of(client, above).await?;
        let public = zones.into_iter().filter(|zone| !zone.private);
        let ids: Vec<String> = public.map(|zone| zone.id).collect();
        match ids.as_slice() {
            [] => rest = above,
            [id] => return Ok(Some((id.clone(), above.to_owned()))),
            _ => return Err(DelegationError::Ambiguous { zone: above.to_owned(), ids }),
        }
    }
    Ok(None)
}

/// Values and time to live of the NS record of a domain in a zone.
async fn values(
    client: &Client,
    zone_id: &str,
    domain: &str,
) -> Result<(Vec<String>, i64), AwsError> {
    let request = client
        .list_resource_record_sets()
        .hosted_zone_id(zone_id)
        .start_record_name(domain)
        .start_record_type(RrType::Ns)
        .max_items(1);
    let answer = request
        .send()
        .await
        .map_err(|error| AwsError::new("Route 53", "ListResourceRecordSets", error))?;
    let is_it = |set: &&ResourceRecordSet| plain(&set.name) == domain && set.r#type == RrType::Ns;
    let Some(set) = answer.resource_record_sets.iter().find(is_it) else {
        return Ok((Vec::new(), TTL));
    };
    let values = set.resource_records().iter().map(|record| record.value.clone());
    Ok((names(values), set.ttl.unwrap_or(TTL)))
}

fn change(
    action: ChangeAction,
    domain: &str,
    values: &[String],
    ttl: i64,
) -> Result<Change, AwsError> {
    let bad = |error: &dyn std::fmt::Display| broken("Route 53", "ChangeResourceRecordSets", error);
    let records: Result<Vec<_>, _> = values
        .iter()
        .map(|value| ResourceRecord::builder().value(format!("{value}.")).build())
        .collect();
    let set = ResourceRecordSet::builder()
        .name(domain)
        .r#type(RrType::Ns)
        .ttl(ttl)
        .set_resource_records(Some(records.map_err(|error| bad(&error))?))
        .build()
        .map_err(|error| bad(&error))?;
    Change::builder().action(action).resource_record_set(set).build().map_err(|error| bad(&error))
}

async fn run(
    ctx: &Ctx,
    client: &Client,
    zone_id: &str,
    changes: Vec<Change>,
) -> Result<(), DelegationError> {
    let batch = ChangeBatch::builder()
        .comment("CloudOps delegation")
        .set_changes(Some(changes))
        .build()
        .map_err(|error| broken("Route 53", "ChangeResourceRecordSets", &error))?;
    let request = client.change_resource_record_sets().hosted_zone_id(zone_id).change_batch(batch);
    let answer = request
        .send()
        .await
        .map_err(|error| AwsError::new("Route 53", "ChangeResourceRecordSets", error))?;
    let id = answer.change_info.map(|info| info.id).unwrap_or_default();
    let id = id.trim_start_matches("/change/");
    wait::until(Pace::within(SPREAD), &ctx.cancel, async || {
        let answer = client.get_change().id(id).send().await;
        let answer = answer.map_err(|error| AwsError::new("Route 53", "GetChange", error))?;
        let status = answer.change_info.map(|info| info.status);
        Ok((status == Some(ChangeStatus::Insync)).then_some(()))
    })
    .await
}

#[cfg(test)]
mod tests;
