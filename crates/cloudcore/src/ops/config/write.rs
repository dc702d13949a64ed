//! Changes of the configuration: planned, checked and written under the lock, as a recorded run.

use std::collections::BTreeSet;

use cloudops_aws::{
    config::{
        ConfigError, ConfigKey, Entry, Scope, SecretRef, Value,
        change::{self, Change},
        document::Document,
    },
    ctx::Ctx,
    redact::Secret,
    state::{
        lock::{Locked, Owner},
        runs,
    },
};
use jiff::Timestamp;

use super::Values;
use crate::{error::CoreError, ops::lock_request};

/// What a key is set to.
#[derive(Debug)]
pub enum NewValue {
    /// Text.
    Text(Value),
    /// The value of a secret, which goes to Secrets Manager.
    Secret(Secret),
}

/// How far to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Back {
    /// One key, to one of its versions.
    Key(ConfigKey, i64),
    /// All keys of a scope and of those below it, to what they held at a moment.
    Moment(Scope, Timestamp),
}

/// Sets a key (`PutParameter` or Consul; for a secret `CreateSecret` or `PutSecretValue` before).
///
/// # Errors
/// [`ConfigError::Foundation`], [`ConfigError::Schema`]; then nothing is written.
pub async fn set(
    ctx: &Ctx,
    values: &Values,
    owner: &Owner,
    key: &ConfigKey,
    value: NewValue,
) -> Result<Vec<Change>, CoreError> {
    let verb = format!("config set {key}");
    run(ctx, values, owner, &verb, async |locked, entries| match value {
        NewValue::Text(value) => {
            let changes: Vec<Change> = to(entries, key, Some(value)).into_iter().collect();
            check(values, entries, &changes)?;
            Ok(changes)
        }
        NewValue::Secret(secret) => {
            // Which version it will be nobody knows yet; nothing is kept that a rule refuses.
            let unknown = SecretRef { name: values.secrets.name(key), version: "new".to_owned() };
            let before = to(entries, key, Some(Value::Secret(unknown)));
            check(values, entries, before.as_slice())?;
            let kept = values.secrets.put(ctx, locked, key, &secret).await?;
            Ok(to(entries, key, Some(Value::Secret(kept))).into_iter().collect())
        }
    })
    .await
}

/// Removes a key; its history stays (`DeleteParameter` or Consul; for a secret `DeleteSecret`).
/// One that is not there is fine.
///
/// # Errors
/// [`ConfigError::Foundation`], [`ConfigError::Schema`]; then nothing is written.
pub async fn unset(
    ctx: &Ctx,
    values: &Values,
    owner: &Owner,
    key: &ConfigKey,
) -> Result<Vec<Change>, CoreError> {
    run(ctx, values, owner, &format!("config unset {key}"), async |_, entries| {
        let changes: Vec<Change> = to(entries, key, None).into_iter().collect();
        check(values, entries, &changes)?;
        Ok(changes)
    })
    .await
}

/// Writes the values of a document; with `prune` also removes what its scopes have and it has not.
///
/// # Errors
/// As [`super::preview`]; then nothing is written.
pub async fn import(
    ctx: &Ctx,
    values: &Values,
    owner: &Owner,
    document: &Document,
    prune: bool,
) -> Result<Vec<Change>, CoreError> {
    run(ctx, values, owner, "config import", async |_, entries| {
        let prune = prune.then_some(&document.scopes);
        let changes = change::plan_import(entries, &document.values, prune);
        check(values, entries, &changes)?;
        Ok(changes)
    })
    .await
}

/// Writes again what was there before, as new versions.
///
/// # Errors
/// [`ConfigError::NoSuchVersion`], [`ConfigError::HistoryGone`], and as [`set`]; then nothing is
/// written.
pub async fn rollback(
    ctx: &Ctx,
    values: &Values,
    owner: &Owner,
    back: &Back,
) -> Result<Vec<Change>, CoreError> {
    run(ctx, values, owner, "config rollback", async |_, entries| {
        let changes = match back {
            Back::Key(key, number) => {
                let history = values.backend.history(key).await?;
                let held = change::held_as(key, &history, *number)?;
                to(entries, key, Some(held)).into_iter().collect()
            }
            Back::Moment(scope, moment) => held_at(ctx, values, entries, scope, *moment).await?,
        };
        check(values, entries, &changes)?;
        Ok(changes)
    })
    .await
}

async fn held_at(
    ctx: &Ctx,
    values: &Values,
    entries: &[Entry],
    scope: &Scope,
    moment: Timestamp,
) -> Result<Vec<Change>, ConfigError> {
    let mut keys: BTreeSet<ConfigKey> = entries.iter().map(|entry| entry.key.clone()).collect();
    keys.extend(values.backend.removed().await?);
    keys.retain(|key| scope.covers(key.scope()) && !key.is_of_the_foundation());
    let mut changes = Vec::new();
    for key in keys {
        if ctx.cancel.is_cancelled() {
            return Err(ConfigError::Interrupted);
        }
        let history = values.backend.history(&key).await?;
        if history.is_empty() {
            // Somebody else wrote it, and nobody knows when.
            continue;
        }
        let held = change::held_at(&key, &history, moment)?;
        changes.extend(to(entries, &key, held));
    }
    Ok(changes)
}

/// The change that gives a key a value, or removes it; nothing when that is so already.
fn to(entries: &[Entry], key: &ConfigKey, value: Option<Value>) -> Option<Change> {
    let now = entries.iter().find(|entry| entry.key == *key);
    change::back_to(key, now, value)
}

/// Refuses what a rule forbids, before anything is written.
pub(super) fn check(
    values: &Values,
    entries: &[Entry],
    changes: &[Change],
) -> Result<(), ConfigError> {
    for change in changes {
        let key = &change.key;
        if key.is_of_the_foundation() {
            return Err(ConfigError::Foundation { key: key.to_string() });
        }
        if let Some(Value::Secret(secret)) = &change.after {
            values.secrets.is_ours(key, secret)?;
        }
    }
    match &values.schema {
        Some(schema) => schema.check(entries, &change::after(entries, changes)),
        None => Ok(()),
    }
}

/// Reads, plans and writes while holding the lock of the instance.
async fn run(
    ctx: &Ctx,
    values: &Values,
    owner: &Owner,
    verb: &str,
    plan: impl AsyncFnOnce(&Locked, &[Entry]) -> Result<Vec<Change>, ConfigError>,
) -> Result<Vec<Change>, CoreError> {
    runs::recorded(ctx, &values.state, lock_request(owner, verb), async |locked| {
        let entries = values.backend.list().await?;
        let changes = plan(&locked, &entries).await?;
        change::apply(ctx, &locked, &values.backend, &values.secrets, &changes).await?;
        Ok::<_, CoreError>(changes)
    })
    .await
}
