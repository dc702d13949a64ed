//! The records of a hosted zone: to be kept as a file, and to be removed before the zone is.

use std::collections::BTreeSet;

use aws_sdk_route53::{
    Client,
    types::{Change, ChangeAction, ChangeBatch, ResourceRecordSet, RrType},
};
use serde::Serialize;

use super::hops::plain;
use crate::{connect::Aws, error::AwsError, state::lock::Locked};

/// Changes of one request; Route 53 allows 1000 records in it.
const AT_ONCE: usize = 100;

/// A set of records.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RecordSet {
    /// Its name, without a final dot.
    pub name: String,
    /// Its type, such as `CNAME`.
    pub kind: String,
    /// Seconds that it may be kept; an alias has none.
    pub ttl: Option<i64>,
    /// Its values; for an alias the name that it stands for.
    pub values: Vec<String>,
    #[serde(skip)]
    raw: ResourceRecordSet,
}

impl RecordSet {
    /// Whether ACM asked for it, to validate a certificate. The deletion of a certificate leaves it.
    #[must_use]
    pub fn validates(&self) -> bool {
        let ours = |value: &String| plain(value).ends_with(".acm-validations.aws");
        self.kind == "CNAME" && self.name.starts_with('_') && self.values.iter().any(ours)
    }
}

/// The records of a zone, without those that every zone has (`ListResourceRecordSets`, all pages).
/// A zone that is gone has none.
///
/// # Errors
/// [`AwsError`].
pub async fn records(aws: &Aws, zone_id: &str) -> Result<Vec<RecordSet>, AwsError> {
    let client = Client::new(aws.config());
    let (mut name, mut kind, mut identifier) = (None, None, None);
    let mut all = Vec::new();
    loop {
        let request = client
            .list_resource_record_sets()
            .hosted_zone_id(zone_id)
            .set_start_record_name(name)
            .set_start_record_type(kind)
            .set_start_record_identifier(identifier);
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) => match AwsError::new("Route 53", "ListResourceRecordSets", error) {
                error if error.is_not_found() => return Ok(Vec::new()),
                error => return Err(error),
            },
        };
        all.extend(answer.resource_record_sets);
        if !answer.is_truncated {
            break;
        }
        name = answer.next_record_name;
        kind = answer.next_record_type;
        identifier = answer.next_record_identifier;
    }
    // The start of authority has the name of the zone.
    let apex = all.iter().find(|set| set.r#type == RrType::Soa).map(|set| plain(&set.name));
    Ok(own(all, apex.as_deref()))
}

fn own(all: Vec<ResourceRecordSet>, apex: Option<&str>) -> Vec<RecordSet> {
    let required = |set: &ResourceRecordSet| {
        let at_apex = apex == Some(plain(&set.name).as_str());
        set.r#type == RrType::Soa || (set.r#type == RrType::Ns && at_apex)
    };
    all.into_iter().filter(|set| !required(set)).map(read).collect()
}

fn read(raw: ResourceRecordSet) -> RecordSet {
    let values = raw.resource_records().iter().map(|record| record.value.clone());
    let alias = raw.alias_target().map(|target| plain(&target.dns_name));
    RecordSet {
        name: plain(&raw.name),
        kind: raw.r#type.as_str().to_owned(),
        ttl: raw.ttl,
        values: values.chain(alias).collect(),
        raw,
    }
}

/// Records that no stack owns: neither by name, nor as a validation that was asked for by one.
#[must_use]
pub fn foreign<'a>(records: &'a [RecordSet], owned: &BTreeSet<String>) -> Vec<&'a RecordSet> {
    records.iter().filter(|one| !one.validates() && !owned.contains(&one.name)).collect()
}

/// Removes records from a zone, if they are still as they were read (`ChangeResourceRecordSets`).
///
/// # Errors
/// [`AwsError`].
pub async fn remove(
    aws: &Aws,
    _locked: &Locked,
    zone_id: &str,
    records: &[&RecordSet],
) -> Result<(), AwsError> {
    let client = Client::new(aws.config());
    for part in records.chunks(AT_ONCE) {
        let changes = part.iter().map(|one| {
            let change = Change::builder().action(ChangeAction::Delete);
            change.resource_record_set(one.raw.clone()).build()
        });
        let broken = |error| crate::connect::broken("Route 53", "ChangeResourceRecordSets", &error);
        let changes = changes.collect::<Result<Vec<_>, _>>().map_err(broken)?;
        let batch = ChangeBatch::builder().set_changes(Some(changes)).build().map_err(broken)?;
        client
            .change_resource_record_sets()
            .hosted_zone_id(zone_id)
            .change_batch(batch)
            .send()
            .await
            .map_err(|error| AwsError::new("Route 53", "ChangeResourceRecordSets", error))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use aws_sdk_route53::types::ResourceRecord;

    use super::*;

    fn set(name: &str, kind: RrType, value: &str) -> ResourceRecordSet {
        let record = ResourceRecord::builder().value(value).build().unwrap();
        let set = ResourceRecordSet::builder().name(name).r#type(kind).ttl(300);
        set.resource_records(record).build().unwrap()
    }

    #[test]
    fn records_of_others_are_those_that_no_stack_and_no_zone_needs() {
        let all = vec![
            set("shop.example.com.", RrType::Soa, "ns-1. admin. 1 1 1 1 1"),
            set("shop.example.com.", RrType::Ns, "ns-1."),
            set("eu.shop.example.com.", RrType::Ns, "ns-9."),
            set("build.shop.example.com.", RrType::A, "10.0.0.1"),
            set("_1a2b.shop.example.com.", RrType::Cname, "_3c.xyz.acm-validations.aws."),
            set("_dmarc.shop.example.com.", RrType::Txt, "\"v=DMARC1\""),
        ];
        let all = own(all, Some("shop.example.com"));
        let names = |records: Vec<&RecordSet>| -> Vec<String> {
            records.iter().map(|one| format!("{} {}", one.name, one.kind)).collect()
        };
        assert_eq!(all.len(), 4);
        let owned = BTreeSet::from(["build.shop.example.com".to_owned()]);
        let found = names(foreign(&all, &owned));
        assert_eq!(found, ["eu.shop.example.com NS", "_dmarc.shop.example.com TXT"]);
    }
}
