//! What is remembered about DNS in the state bucket: `v1/dns.json`.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::state::{
    lock::Locked,
    store::{Document, ETag, StateError, Store},
};

/// Where it lies in the state bucket.
pub const DNS_KEY: &str = "v1/dns.json";

/// What is remembered about DNS.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct DnsRecord {
    /// The domain.
    pub domain: String,
    /// Id of the public zone.
    pub zone_id: String,
    /// Its name servers.
    pub name_servers: Vec<String>,
    /// The record that we wrote into the parent zone.
    pub delegation: Option<Delegation>,
    /// ARN of the certificate that is used.
    pub certificate: Option<String>,
}

/// A record that we wrote into a parent zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delegation {
    /// Id of the parent zone.
    pub zone_id: String,
    /// Name of the parent zone.
    pub zone_name: String,
    /// Role that was taken on for it.
    pub role: Option<String>,
    /// Name servers that were written.
    pub name_servers: Vec<String>,
    /// ARN of who wrote it.
    pub by: String,
    /// When.
    pub at: Timestamp,
}

impl Document for DnsRecord {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "what is remembered about DNS";
}

/// Reads what is remembered; nothing is a record without content (`GetObject`).
///
/// # Errors
/// [`StateError`].
pub async fn read(store: &Store) -> Result<(DnsRecord, Option<ETag>), StateError> {
    let found = store.get::<DnsRecord>(DNS_KEY).await?;
    Ok(found.map_or_else(Default::default, |found| (found.value, Some(found.etag))))
}

/// Remembers what `change` makes of the record, when it is different (`GetObject`, `PutObject`).
///
/// # Errors
/// [`StateError`].
pub async fn update(
    store: &Store,
    _locked: &Locked,
    change: impl FnOnce(&mut DnsRecord),
) -> Result<(), StateError> {
    let (before, etag) = read(store).await?;
    let mut after = before.clone();
    change(&mut after);
    if after != before {
        store.put(DNS_KEY, &after, etag.as_ref()).await?;
    }
    Ok(())
}

#[cfg(test)]
#[cfg(feature = "stacks")]
mod tests {
    use super::*;
    use crate::state::fixtures;

    #[test]
    fn records_of_every_schema_can_be_read() {
        fixtures::check::<DnsRecord>(&[include_str!("../state/fixtures/dns-1.json")]);
    }
}
