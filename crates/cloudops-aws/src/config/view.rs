//! What a scope sees, and what differs between two sets of values. Pure.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    key::{ConfigKey, KeyPath, Scope},
    value::{Entry, Value},
};

/// What each scope sees: for every path the entry of the nearest scope that has one.
#[must_use]
pub fn effective<'a>(entries: &'a [Entry], scope: &Scope) -> BTreeMap<&'a KeyPath, &'a Entry> {
    let mut seen = BTreeMap::new();
    for scope in scope.chain() {
        for entry in entries.iter().filter(|entry| *entry.key.scope() == scope) {
            seen.entry(entry.key.path()).or_insert(entry);
        }
    }
    seen
}

/// All scopes that have values.
#[must_use]
pub fn scopes(entries: &[Entry]) -> BTreeSet<Scope> {
    entries.iter().map(|entry| entry.key.scope().clone()).collect()
}

/// One path that two sides have different values for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The key, or its path where two scopes are compared.
    pub key: String,
    /// Value on the first side.
    pub left: Option<Value>,
    /// Value on the second side.
    pub right: Option<Value>,
}

/// What differs between two sets of values.
#[must_use]
pub fn differences<K: Ord + ToString>(
    left: &BTreeMap<K, Value>,
    right: &BTreeMap<K, Value>,
) -> Vec<Difference> {
    let keys: BTreeSet<&K> = left.keys().chain(right.keys()).collect();
    let one = |key: &K| {
        let (left, right) = (left.get(key).cloned(), right.get(key).cloned());
        (left != right).then(|| Difference { key: key.to_string(), left, right })
    };
    keys.into_iter().filter_map(one).collect()
}

/// The values of two scopes, each as it sees them, by path.
#[must_use]
pub fn between(entries: &[Entry], left: &Scope, right: &Scope) -> Vec<Difference> {
    let values = |scope| -> BTreeMap<String, Value> {
        let seen = effective(entries, scope).into_iter();
        seen.map(|(path, entry)| (path.to_string(), entry.value.clone())).collect()
    };
    differences(&values(left), &values(right))
}

/// All values by key.
#[must_use]
pub fn by_key(entries: &[Entry]) -> BTreeMap<ConfigKey, Value> {
    entries.iter().map(|entry| (entry.key.clone(), entry.value.clone())).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) fn entry(below: &str, value: &str, version: i64) -> Entry {
        Entry {
            key: ConfigKey::from_below_instance(below).unwrap(),
            value: Value::from_stored(value),
            version,
            changed: None,
        }
    }

    fn sample() -> Vec<Entry> {
        vec![
            entry("shop/currency", "EUR", 1),
            entry("shop/name", "Acme", 2),
            entry("env/live/shop/currency", "USD", 1),
            entry("env/live/service/cortex/shop/currency", "GBP", 1),
            entry("env/qa/heap", "512", 1),
        ]
    }

    #[test]
    fn the_nearest_scope_wins() {
        let entries = sample();
        let live: Scope = Scope::Environment("live".parse().unwrap());
        let cortex = Scope::Service("live".parse().unwrap(), "cortex".parse().unwrap());
        for (scope, expected) in [
            (Scope::Instance, "shop/currency=EUR shop/name=Acme"),
            (live, "shop/currency=USD shop/name=Acme"),
            (cortex, "shop/currency=GBP shop/name=Acme"),
        ] {
            let seen = effective(&entries, &scope);
            let text: Vec<_> = seen.iter().map(|(p, e)| format!("{p}={}", e.value)).collect();
            assert_eq!(text.join(" "), expected, "{scope}");
        }
    }

    #[test]
    fn environments_are_compared_as_they_see_values() {
        let live = Scope::Environment("live".parse().unwrap());
        let qa = Scope::Environment("qa".parse().unwrap());
        let found = between(&sample(), &live, &qa);
        let text = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::stored);
        let found: Vec<_> = found
            .iter()
            .map(|one| format!("{} {} {}", one.key, text(&one.left), text(&one.right)))
            .collect();
        assert_eq!(found, ["heap - 512", "shop/currency USD EUR"]);
        assert!(between(&sample(), &live, &live).is_empty());
    }
}
