//! Values in Parameter Store, below `/cloudops/<instance>/`.
//!
//! Parameter Store keeps 100 versions with who and when, and forgets all of them when a parameter
//! is deleted. So what a key has held is copied to the state bucket before it is removed.

use aws_sdk_ssm::{
    Client,
    error::SdkError,
    operation::put_parameter::{PutParameterError, PutParameterOutput},
    types::{Parameter, ParameterHistory, ParameterTier, ParameterType, Tag},
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    error::ConfigError,
    key::ConfigKey,
    path,
    value::{Entry, Value, Version},
};
use crate::{
    connect::Aws,
    ctx::Ctx,
    error::AwsError,
    ids::InstanceName,
    state::{
        lock::Locked,
        store::{Document, Store},
    },
};

/// Values that are larger make a parameter an advanced one.
const STANDARD: usize = 4096;
/// Where the histories of removed keys lie in the state bucket.
const REMOVED: &str = "v1/configuration/removed/";

/// The values of one instance in Parameter Store.
#[derive(Debug, Clone)]
pub struct ParameterStore {
    client: Client,
    instance: InstanceName,
    caller: String,
    state: Store,
}

/// What a key held before it was removed: one list of versions per life.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Removed {
    versions: Vec<Version>,
}

impl Document for Removed {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "the history of a removed key";
}

impl ParameterStore {
    /// The values of an instance; `state` is its state bucket.
    #[must_use]
    pub fn new(aws: &Aws, instance: &InstanceName, state: Store) -> Self {
        let (client, caller) = (Client::new(aws.config()), aws.caller().to_owned());
        Self { client, instance: instance.clone(), caller, state }
    }

    fn name(&self, key: &ConfigKey) -> String {
        format!("{}/{}", path(&self.instance), key.below_instance())
    }

    pub(super) async fn list(&self) -> Result<Vec<Entry>, ConfigError> {
        let pages = self.client.get_parameters_by_path().path(path(&self.instance)).recursive(true);
        let mut pages = pages.into_paginator().send();
        let mut entries = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| AwsError::new("SSM", "GetParametersByPath", error))?;
            let found = page.parameters.unwrap_or_default();
            entries.extend(found.into_iter().filter_map(|parameter| self.entry(parameter)));
        }
        Ok(entries)
    }

    pub(super) async fn get(&self, key: &ConfigKey) -> Result<Option<Entry>, ConfigError> {
        match self.client.get_parameter().name(self.name(key)).send().await {
            Ok(answer) => Ok(answer.parameter.and_then(|parameter| self.entry(parameter))),
            Err(error) => match AwsError::new("SSM", "GetParameter", error) {
                error if error.is_not_found() => Ok(None),
                error => Err(error.into()),
            },
        }
    }

    /// An entry; nothing for a parameter of others whose name is no key of ours.
    fn entry(&self, parameter: Parameter) -> Option<Entry> {
        let name = parameter.name?;
        let below = name.strip_prefix(&path(&self.instance))?.strip_prefix('/')?;
        Some(Entry {
            key: ConfigKey::from_below_instance(below).ok()?,
            value: Value::from_stored(&parameter.value.unwrap_or_default()),
            version: parameter.version,
            changed: parameter.last_modified_date.and_then(time),
        })
    }

    pub(super) async fn history(&self, key: &ConfigKey) -> Result<Vec<Version>, ConfigError> {
        let before = self.state.get::<Removed>(&archive(key)).await?;
        let mut versions = before.map(|found| found.value.versions).unwrap_or_default();
        versions.extend(self.live_history(key).await?);
        Ok(versions)
    }

    async fn live_history(&self, key: &ConfigKey) -> Result<Vec<Version>, ConfigError> {
        let pages = self.client.get_parameter_history().name(self.name(key));
        let mut pages = pages.into_paginator().send();
        let mut versions = Vec::new();
        while let Some(page) = pages.next().await {
            match page.map_err(|error| AwsError::new("SSM", "GetParameterHistory", error)) {
                Ok(page) => {
                    versions.extend(page.parameters.unwrap_or_default().into_iter().map(version));
                }
                Err(error) if error.is_not_found() => return Ok(Vec::new()),
                Err(error) => return Err(error.into()),
            }
        }
        versions.sort_by_key(|version| version.version);
        Ok(versions)
    }

    pub(super) async fn removed(&self) -> Result<Vec<ConfigKey>, ConfigError> {
        let names = self.state.keys(REMOVED).await?;
        let key = |name: &String| {
            let below = name.strip_prefix(REMOVED)?.strip_suffix(".json")?;
            ConfigKey::from_below_instance(below).ok()
        };
        Ok(names.iter().filter_map(key).collect())
    }

    pub(super) async fn put(
        &self,
        ctx: &Ctx,
        locked: &Locked,
        key: &ConfigKey,
        value: &Value,
        seen: Option<i64>,
    ) -> Result<i64, ConfigError> {
        locked.check()?;
        let (name, text) = (self.name(key), value.stored());
        if text.len() > STANDARD {
            ctx.events.note(format!(
                "{key} has {} bytes: over 4096 a parameter is an advanced one, which costs about \
                 0.05 USD a month",
                text.len()
            ));
        }
        if let Some(seen) = seen {
            self.is_still(key, seen).await?;
        }
        let mut request = self
            .client
            .put_parameter()
            .name(&name)
            .value(text)
            .r#type(ParameterType::String)
            .tier(ParameterTier::IntelligentTiering)
            .overwrite(seen.is_some());
        if seen.is_none() {
            // Tags go with a new parameter only.
            request = request
                .tags(tag("cloudops:instance", self.instance.as_str())?)
                .tags(tag("cloudops:component", "core")?);
        }
        let answer = request.send().await;
        self.written(key, seen, answer)
    }

    /// Parameter Store has no condition on a version: the one before is looked at, and the number
    /// of the new one says whether somebody came in between.
    fn written(
        &self,
        key: &ConfigKey,
        seen: Option<i64>,
        answer: Result<PutParameterOutput, SdkError<PutParameterError>>,
    ) -> Result<i64, ConfigError> {
        let answer = answer.map_err(|error| AwsError::new("SSM", "PutParameter", error));
        let conflict = |detail: String| ConfigError::Conflict { key: key.to_string(), detail };
        match answer {
            Ok(answer) if seen.is_some_and(|seen| answer.version != seen + 1) => {
                Err(conflict(format!(
                    "version {} came in between and was overwritten; the history has it",
                    answer.version - 1
                )))
            }
            Ok(answer) => Ok(answer.version),
            Err(error) if error.code == "ParameterAlreadyExists" => {
                Err(conflict("it exists now".to_owned()))
            }
            Err(error) if error.code == "ParameterMaxVersionLimitExceeded" => {
                Err(ConfigError::VersionsFull { key: key.to_string(), parameter: self.name(key) })
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn is_still(&self, key: &ConfigKey, seen: i64) -> Result<(), ConfigError> {
        let detail = match self.get(key).await? {
            Some(entry) if entry.version == seen => return Ok(()),
            Some(entry) => format!("it has version {} now, not {seen}", entry.version),
            None => "it is gone".to_owned(),
        };
        Err(ConfigError::Conflict { key: key.to_string(), detail })
    }

    pub(super) async fn remove(
        &self,
        locked: &Locked,
        key: &ConfigKey,
        seen: i64,
    ) -> Result<(), ConfigError> {
        locked.check()?;
        self.is_still(key, seen).await?;
        self.keep(key).await?;
        match self.client.delete_parameter().name(self.name(key)).send().await {
            Ok(_) => Ok(()),
            Err(error) => match AwsError::new("SSM", "DeleteParameter", error) {
                error if error.is_not_found() => Ok(()),
                error => Err(error.into()),
            },
        }
    }

    /// Copies what a key has held. Done twice, after a crash, it adds nothing.
    async fn keep(&self, key: &ConfigKey) -> Result<(), ConfigError> {
        let found = self.state.get::<Removed>(&archive(key)).await?;
        let (mut kept, etag) = match found {
            Some(found) => (found.value, Some(found.etag)),
            None => (Removed::default(), None),
        };
        let live = self.live_history(key).await?;
        // What a run kept that did not come to delete the parameter is kept anew.
        kept.versions.truncate(before_this_life(&kept.versions, &live));
        kept.versions.extend(live);
        kept.versions.push(Version {
            version: kept.versions.last().map_or(1, |last| last.version + 1),
            stored: None,
            at: Timestamp::now(),
            by: Some(self.caller.clone()),
        });
        self.state.put(&archive(key), &kept, etag.as_ref()).await?;
        Ok(())
    }
}

/// How many of the kept versions are older than the life that goes on now.
fn before_this_life(kept: &[Version], live: &[Version]) -> usize {
    let Some(first) = live.first() else {
        return kept.len();
    };
    kept.iter().position(|version| version.at >= first.at).unwrap_or(kept.len())
}

fn archive(key: &ConfigKey) -> String {
    format!("{REMOVED}{}.json", key.below_instance())
}

fn version(parameter: ParameterHistory) -> Version {
    Version {
        version: parameter.version,
        stored: Some(parameter.value.unwrap_or_default()),
        at: parameter.last_modified_date.and_then(time).unwrap_or(Timestamp::UNIX_EPOCH),
        by: parameter.last_modified_user.filter(|user| !user.is_empty()),
    }
}

fn time(time: aws_sdk_ssm::primitives::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

fn tag(key: &str, value: &str) -> Result<Tag, AwsError> {
    Tag::builder()
        .key(key)
        .value(value)
        .build()
        .map_err(|error| crate::connect::broken("SSM", "PutParameter", &error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "stacks")]
    #[test]
    fn histories_of_every_schema_can_be_read() {
        use crate::state::fixtures;
        fixtures::check::<Removed>(&[include_str!("../state/fixtures/removed-1.json")]);
    }

    #[test]
    fn a_version_says_when_and_who() {
        let user = "arn:aws:iam::123456789012:user/ann";
        let told = ParameterHistory::builder()
            .version(2)
            .value("EUR")
            .last_modified_date(aws_sdk_ssm::primitives::DateTime::from_secs(10))
            .last_modified_user(user);
        let expected = Version {
            version: 2,
            stored: Some("EUR".to_owned()),
            at: Timestamp::from_second(10).unwrap(),
            by: Some(user.to_owned()),
        };
        assert_eq!(version(told.clone().build()), expected);
        assert_eq!(version(told.last_modified_user("").build()), Version { by: None, ..expected });
    }

    #[test]
    fn a_removal_that_is_repeated_keeps_each_version_once() {
        let version = |version, second, stored: Option<&str>| Version {
            version,
            stored: stored.map(str::to_owned),
            at: Timestamp::from_second(second).unwrap(),
            by: None,
        };
        let earlier = [version(1, 10, Some("a")), version(2, 20, None)];
        let live = [version(1, 30, Some("b"))];
        assert_eq!(before_this_life(&earlier, &live), 2);
        let again = [earlier.to_vec(), live.to_vec(), vec![version(2, 40, None)]].concat();
        assert_eq!(before_this_life(&again, &live), 2);
        assert_eq!(before_this_life(&again, &[]), 4);
    }
}
