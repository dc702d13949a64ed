//! Values in a Consul cluster.
//!
//! A value lies at `cloudops/<instance>/values/<key>` as it is, so that any client of Consul reads
//! it, and its version number is the entry's `Flags`. Consul has no history, so each version has a
//! record at `cloudops/<instance>/history/<key>/<number>`. Both are written by one transaction on
//! the condition that nobody wrote the value meanwhile: there is no moment in which one is there
//! and the other is not.

mod client;
mod wire;

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::{
    error::ConfigError,
    key::ConfigKey,
    value::{Entry, Value, Version},
};
use crate::{ids::InstanceName, redact::Secret, state::lock::Locked};

use client::Client;
pub use client::ConsulError;
use wire::{Operation, Pair};

/// As many versions as Parameter Store keeps.
const MOST_VERSIONS: usize = 100;
/// Schema number of a record.
const SCHEMA: u32 = 1;

/// The values of one instance in Consul.
#[derive(Debug, Clone)]
pub struct Consul {
    client: Client,
    instance: InstanceName,
    caller: String,
}

/// A record of the history.
#[derive(Debug, Serialize, Deserialize)]
struct Record {
    schema: u32,
    #[serde(flatten)]
    version: Version,
}

/// What is known of a key before it is written.
struct Seen {
    current: Option<Pair>,
    records: Vec<Pair>,
    last: i64,
}

impl Consul {
    /// The values of an instance behind an address of Consul's HTTP interface. `caller` is who
    /// writes, for the history; `cancel` ends waiting for a cluster that has no leader.
    ///
    /// # Errors
    /// [`ConsulError`] when no client can be made.
    pub fn new(
        endpoint: &Url,
        token: Secret,
        instance: &InstanceName,
        caller: &str,
        cancel: CancellationToken,
    ) -> Result<Self, ConsulError> {
        let client = Client::new(endpoint, token, cancel)?;
        Ok(Self { client, instance: instance.clone(), caller: caller.to_owned() })
    }

    fn values(&self) -> String {
        format!("cloudops/{}/values/", self.instance)
    }

    fn histories(&self) -> String {
        format!("cloudops/{}/history/", self.instance)
    }

    fn value_at(&self, key: &ConfigKey) -> String {
        format!("{}{}", self.values(), key.below_instance())
    }

    fn record_at(&self, key: &ConfigKey, version: i64) -> String {
        format!("{}{}/{version:010}", self.histories(), key.below_instance())
    }

    pub(super) async fn list(&self) -> Result<Vec<Entry>, ConfigError> {
        let prefix = self.values();
        let pairs = self.client.below(&prefix).await?;
        let entry = |pair: &Pair| {
            let key = ConfigKey::from_below_instance(pair.key.strip_prefix(&prefix)?).ok()?;
            Some(entry(key, pair))
        };
        Ok(pairs.iter().filter_map(entry).collect())
    }

    pub(super) async fn get(&self, key: &ConfigKey) -> Result<Option<Entry>, ConfigError> {
        let pair = self.client.get(&self.value_at(key)).await?;
        Ok(pair.map(|pair| entry(key.clone(), &pair)))
    }

    pub(super) async fn history(&self, key: &ConfigKey) -> Result<Vec<Version>, ConfigError> {
        self.records(key).await?.iter().map(|pair| Ok(version(pair)?)).collect()
    }

    /// The records of one key, oldest first. Those of keys below it lie deeper.
    async fn records(&self, key: &ConfigKey) -> Result<Vec<Pair>, ConsulError> {
        let prefix = format!("{}{}/", self.histories(), key.below_instance());
        let mut pairs = self.client.below(&prefix).await?;
        pairs.retain(|pair| pair.key.strip_prefix(&prefix).is_some_and(is_number));
        pairs.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(pairs)
    }

    pub(super) async fn removed(&self) -> Result<Vec<ConfigKey>, ConfigError> {
        let prefix = self.histories();
        let names = self.client.names_below(&prefix).await?;
        let key = |name: &String| {
            let (below, number) = name.strip_prefix(&prefix)?.rsplit_once('/')?;
            let key = ConfigKey::from_below_instance(below).ok()?;
            is_number(number).then_some(key)
        };
        let mut keys: BTreeSet<ConfigKey> = names.iter().filter_map(key).collect();
        for entry in self.list().await? {
            keys.remove(&entry.key);
        }
        Ok(keys.into_iter().collect())
    }

    pub(super) async fn put(
        &self,
        locked: &Locked,
        key: &ConfigKey,
        value: &Value,
        seen: Option<i64>,
    ) -> Result<i64, ConfigError> {
        locked.check()?;
        let before = self.look(key, seen).await?;
        let mut operations = self.outsider(key, &before)?;
        let number = before.last + 1 + i64::try_from(operations.len()).unwrap_or(0);
        let index = before.current.as_ref().map_or(0, |pair| pair.modify_index);
        let (at, stored) = (self.value_at(key), value.stored());
        let flags = u64::try_from(number).unwrap_or(0);
        operations.push(Operation::cas(at, stored.as_bytes(), flags, index));
        operations.push(self.record(key, number, Some(stored), Some(&self.caller))?);
        self.commit(key, &before, operations).await?;
        Ok(number)
    }

    pub(super) async fn remove(
        &self,
        locked: &Locked,
        key: &ConfigKey,
        seen: i64,
    ) -> Result<(), ConfigError> {
        locked.check()?;
        let before = self.look(key, Some(seen)).await?;
        let mut operations = self.outsider(key, &before)?;
        let number = before.last + 1 + i64::try_from(operations.len()).unwrap_or(0);
        let index = before.current.as_ref().map_or(0, |pair| pair.modify_index);
        operations.push(Operation::delete_cas(self.value_at(key), index));
        operations.push(self.record(key, number, None, Some(&self.caller))?);
        self.commit(key, &before, operations).await
    }

    /// Reads what is there, and refuses when it is not what was seen.
    async fn look(&self, key: &ConfigKey, seen: Option<i64>) -> Result<Seen, ConfigError> {
        let current = self.client.get(&self.value_at(key)).await?;
        let found = current.as_ref().map(|pair| number(pair.flags));
        if found != seen {
            let detail = match found {
                Some(found) => format!("it has version {found} now"),
                None => "it is gone".to_owned(),
            };
            return Err(ConfigError::Conflict { key: key.to_string(), detail });
        }
        let records = self.records(key).await?;
        let last = records.last().and_then(|pair| pair.key.rsplit('/').next()?.parse().ok());
        Ok(Seen { current, records, last: last.unwrap_or(0) })
    }

    /// A record of a value that something else wrote, so that it is not lost.
    fn outsider(&self, key: &ConfigKey, seen: &Seen) -> Result<Vec<Operation>, ConsulError> {
        let Some(current) = &seen.current else {
            return Ok(Vec::new());
        };
        let known = seen.records.last().map(version).transpose()?.and_then(|last| last.stored);
        if known.as_deref() == Some(current.text().as_str()) {
            return Ok(Vec::new());
        }
        Ok(vec![self.record(key, seen.last + 1, Some(current.text()), None)?])
    }

    fn record(
        &self,
        key: &ConfigKey,
        number: i64,
        stored: Option<String>,
        by: Option<&str>,
    ) -> Result<Operation, ConsulError> {
        let by = by.map(str::to_owned);
        let version = Version { version: number, stored, at: Timestamp::now(), by };
        let text = serde_json::to_vec(&Record { schema: SCHEMA, version })
            .map_err(|error| ConsulError::unreadable(&error))?;
        Ok(Operation::cas(self.record_at(key, number), &text, 0, 0))
    }

    async fn commit(
        &self,
        key: &ConfigKey,
        seen: &Seen,
        mut operations: Vec<Operation>,
    ) -> Result<(), ConfigError> {
        let surplus = (seen.records.len() + 2).saturating_sub(MOST_VERSIONS);
        let oldest = seen.records.iter().take(surplus);
        operations.extend(oldest.map(|pair| Operation::delete(pair.key.clone())));
        match self.client.transaction(&operations).await {
            Err(ConsulError::Changed) => Err(ConfigError::Conflict {
                key: key.to_string(),
                detail: "it was written at the same time".to_owned(),
            }),
            done => Ok(done?),
        }
    }
}

fn is_number(name: &str) -> bool {
    name.len() == 10 && name.bytes().all(|byte| byte.is_ascii_digit())
}

/// 0 is what others write.
fn number(flags: u64) -> i64 {
    i64::try_from(flags).unwrap_or(0)
}

fn entry(key: ConfigKey, pair: &Pair) -> Entry {
    let value = Value::from_stored(&pair.text());
    Entry { key, value, version: number(pair.flags), changed: None }
}

fn version(pair: &Pair) -> Result<Version, ConsulError> {
    let record: Record = serde_json::from_slice(&pair.value)
        .map_err(|error| ConsulError::unreadable(&format!("{}: {error}", pair.key)))?;
    if record.schema > SCHEMA {
        let why = format!("{} has schema {}; newer tools wrote it", pair.key, record.schema);
        return Err(ConsulError::unreadable(&why));
    }
    Ok(record.version)
}

#[cfg(test)]
mod tests;
