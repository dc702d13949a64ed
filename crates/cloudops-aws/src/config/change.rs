//! What is to be written: planned as a value, then written one by one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::{
    backend::Backend,
    error::ConfigError,
    key::{ConfigKey, Scope},
    secret_values::SecretValues,
    value::{Entry, Value, Version},
};
use crate::{ctx::Ctx, events::Outcome, state::lock::Locked};

/// One change of one key, made for the version that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub key: ConfigKey,
    /// What it holds now, and which version that is.
    pub before: Option<(Value, i64)>,
    /// What it is to hold; nothing to remove it.
    pub after: Option<Value>,
}

/// What an import changes: keys of the document that are new or differ, and with `prune` those
/// that it does not have of the scopes that it names.
#[must_use]
pub fn plan_import(
    entries: &[Entry],
    document: &BTreeMap<ConfigKey, Value>,
    prune: Option<&BTreeSet<Scope>>,
) -> Vec<Change> {
    let now: BTreeMap<&ConfigKey, &Entry> =
        entries.iter().map(|entry| (&entry.key, entry)).collect();
    let before = |key: &ConfigKey| now.get(key).map(|entry| (entry.value.clone(), entry.version));
    let mut changes: Vec<Change> = document
        .iter()
        .filter(|(key, value)| now.get(key).is_none_or(|entry| entry.value != **value))
        .map(|(key, value)| Change {
            key: key.clone(),
            before: before(key),
            after: Some(value.clone()),
        })
        .collect();
    for scope in prune.into_iter().flatten() {
        let gone = entries.iter().filter(|entry| {
            entry.key.scope() == scope
                && !document.contains_key(&entry.key)
                && !entry.key.is_of_the_foundation()
        });
        changes.extend(gone.map(|entry| Change {
            key: entry.key.clone(),
            before: before(&entry.key),
            after: None,
        }));
    }
    changes
}

/// What a key held at a moment, by its history, oldest first.
///
/// # Errors
/// [`ConfigError::HistoryGone`] when it held something whose version is not kept any more.
pub fn held_at(
    key: &ConfigKey,
    history: &[Version],
    moment: Timestamp,
) -> Result<Option<Value>, ConfigError> {
    if let Some(version) = history.iter().rfind(|version| version.at <= moment) {
        return Ok(version.value());
    }
    match history.first() {
        Some(first) if first.version > 1 => {
            Err(ConfigError::HistoryGone { key: key.to_string(), first: first.at, asked: moment })
        }
        _ => Ok(None),
    }
}

/// What a key held as one of its versions; the last one, where a number was used again.
///
/// # Errors
/// [`ConfigError::NoSuchVersion`] also for the removal of a key, which holds nothing.
pub fn held_as(key: &ConfigKey, history: &[Version], number: i64) -> Result<Value, ConfigError> {
    let found = history.iter().rfind(|version| version.version == number);
    found
        .and_then(Version::value)
        .ok_or_else(|| ConfigError::NoSuchVersion { key: key.to_string(), version: number })
}

/// The change that gives a key a value that it had, or removes it; nothing when it has it now.
#[must_use]
pub fn back_to(key: &ConfigKey, now: Option<&Entry>, value: Option<Value>) -> Option<Change> {
    let before = now.map(|entry| (entry.value.clone(), entry.version));
    let same = before.as_ref().map(|(value, _)| value) == value.as_ref();
    (!same).then(|| Change { key: key.clone(), before, after: value })
}

/// The entries as they are after some changes, for checks.
#[must_use]
pub fn after(entries: &[Entry], changes: &[Change]) -> Vec<Entry> {
    let changed: BTreeSet<&ConfigKey> = changes.iter().map(|change| &change.key).collect();
    let mut all: Vec<Entry> =
        entries.iter().filter(|entry| !changed.contains(&entry.key)).cloned().collect();
    all.extend(changes.iter().filter_map(|change| {
        let value = change.after.clone()?;
        let version = change.before.as_ref().map_or(1, |(_, version)| version + 1);
        Some(Entry { key: change.key.clone(), value, version, changed: None })
    }));
    all
}

/// Writes changes one by one; each only when its key has the version that was read.
///
/// # Errors
/// [`ConfigError::Partly`] once something is written: it names what is, and the same call with a
/// new plan goes on.
pub async fn apply(
    ctx: &Ctx,
    locked: &Locked,
    backend: &Backend,
    secrets: &SecretValues,
    changes: &[Change],
) -> Result<(), ConfigError> {
    let mut written = Vec::new();
    for change in changes {
        match apply_one(ctx, locked, backend, secrets, change).await {
            Ok(()) => written.push(change.key.to_string()),
            Err(source) if written.is_empty() => return Err(source),
            Err(source) => {
                let (of, source) = (changes.len(), Box::new(source));
                return Err(ConfigError::Partly { written, of, source });
            }
        }
    }
    Ok(())
}

async fn apply_one(
    ctx: &Ctx,
    locked: &Locked,
    backend: &Backend,
    secrets: &SecretValues,
    change: &Change,
) -> Result<(), ConfigError> {
    if ctx.cancel.is_cancelled() {
        return Err(ConfigError::Interrupted);
    }
    locked.check()?;
    let (key, step) = (&change.key, format!("config/{}", change.key.below_instance()));
    let seen = change.before.as_ref().map(|(_, version)| *version);
    let verb = if change.after.is_some() { "set" } else { "remove" };
    ctx.events.step(&step, format!("{verb} {key}"));
    match write(ctx, locked, backend, secrets, change, seen).await {
        Ok(detail) => ctx.events.step_done(&step, Outcome::Done, detail),
        Err(error) => {
            ctx.events.step_done(&step, Outcome::Failed, error.to_string());
            return Err(error);
        }
    }
    Ok(())
}

/// A secret is there before its reference is, and goes after it.
async fn write(
    ctx: &Ctx,
    locked: &Locked,
    backend: &Backend,
    secrets: &SecretValues,
    change: &Change,
    seen: Option<i64>,
) -> Result<String, ConfigError> {
    let key = &change.key;
    if let Some(Value::Secret(secret)) = &change.after {
        secrets.make_current(locked, key, secret).await?;
    }
    let done = match (&change.after, seen) {
        (Some(value), _) => {
            format!("version {}", backend.put(ctx, locked, key, value, seen).await?)
        }
        (None, Some(seen)) => {
            backend.remove(locked, key, seen).await?;
            "removed".to_owned()
        }
        (None, None) => "it was not there".to_owned(),
    };
    if let (Some((Value::Secret(old), _)), None | Some(Value::Text(_))) =
        (&change.before, &change.after)
    {
        secrets.remove(locked, key, old).await?;
    }
    Ok(done)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::view::tests::entry;

    fn shown(changes: &[Change]) -> Vec<String> {
        let one = |change: &Change| {
            let before =
                change.before.as_ref().map(|(value, version)| format!("{value}@{version}"));
            let after = change.after.as_ref().map(Value::stored);
            let text = |side: Option<String>| side.unwrap_or_else(|| "-".to_owned());
            format!("{} {} {}", change.key, text(before), text(after))
        };
        changes.iter().map(one).collect()
    }

    fn document(values: &[(&str, &str)]) -> BTreeMap<ConfigKey, Value> {
        let one = |(key, value): &(&str, &str)| {
            (ConfigKey::from_below_instance(key).unwrap(), Value::from_stored(value))
        };
        values.iter().map(one).collect()
    }

    #[test]
    fn an_import_leaves_what_it_does_not_name_unless_told() {
        let entries = [
            entry("a", "1", 3),
            entry("b", "2", 1),
            entry("core/vpc-id", "vpc-1", 1),
            entry("env/qa/c", "3", 1),
        ];
        let file = document(&[("a", "9"), ("n", "new")]);
        assert_eq!(shown(&plan_import(&entries, &file, None)), ["a 1@3 9", "n - new"]);
        let pruned = plan_import(&entries, &file, Some(&[Scope::Instance].into()));
        assert_eq!(shown(&pruned), ["a 1@3 9", "n - new", "b 2@1 -"]);
        let left = after(&entries, &pruned);
        assert_eq!(shown(&plan_import(&left, &file, Some(&[Scope::Instance].into()))), [""; 0]);
    }

    #[test]
    fn going_back_finds_what_was_held() {
        let now = entry("k", "b", 1);
        let at = |second| Timestamp::from_second(second).unwrap();
        let version = |number, stored: Option<&str>, second| Version {
            version: number,
            stored: stored.map(str::to_owned),
            at: at(second),
            by: None,
        };
        let history = [version(1, Some("a"), 10), version(2, None, 20), version(1, Some("b"), 30)];
        for (second, held) in [(9, None), (10, Some("a")), (25, None), (31, Some("b"))] {
            let found = held_at(&now.key, &history, at(second)).unwrap();
            assert_eq!(found.map(|value| value.stored()).as_deref(), held);
        }
        let cut = [version(7, Some("x"), 40)];
        let gone = held_at(&now.key, &cut, at(39)).unwrap_err().to_string();
        assert!(gone.starts_with("k: its history begins at 1970-01-01T00:00:40Z"), "{gone}");
        assert_eq!(held_as(&now.key, &history, 1).unwrap().stored(), "b");
        assert!(held_as(&now.key, &history, 2).is_err() && held_as(&now.key, &history, 3).is_err());
        assert_eq!(back_to(&now.key, Some(&now), Some(Value::from_stored("b"))), None);
        let change = back_to(&now.key, Some(&now), None).unwrap();
        assert_eq!(shown(&[change]), ["k b@1 -"]);
        assert_eq!(back_to(&now.key, None, None), None);
    }
}
