//! Keys, values and transactions. Pure.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A key with its value, as Consul answers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    pub(super) lock_index: u64,
    pub(super) key: String,
    pub(super) flags: u64,
    /// In base64, as it was sent.
    pub(super) value: Option<String>,
    pub(super) create_index: u64,
    pub(super) modify_index: u64,
}

/// One operation of a transaction.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Operation {
    #[serde(rename = "KV")]
    pub(super) kv: KvOperation,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub(super) struct KvOperation {
    pub(super) verb: String,
    pub(super) key: String,
    #[serde(default)]
    pub(super) value: Option<String>,
    #[serde(default)]
    pub(super) flags: u64,
    #[serde(default)]
    pub(super) index: u64,
}

/// Why an operation did not go.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Refused {
    pub(super) op_index: usize,
    pub(super) what: String,
}

/// All keys.
#[derive(Debug, Default)]
pub(super) struct Kv {
    pairs: BTreeMap<String, Pair>,
    index: u64,
}

impl Kv {
    pub(super) fn read(&self, key: &str, below: bool) -> Vec<Pair> {
        let wanted = |pair: &&Pair| if below { pair.key.starts_with(key) } else { pair.key == key };
        self.pairs.values().filter(wanted).cloned().collect()
    }

    /// All operations or none; all have the same index.
    pub(super) fn transaction(&mut self, operations: &[Operation]) -> Result<(), Vec<Refused>> {
        let refused = |op_index, what: &str| vec![Refused { op_index, what: what.to_owned() }];
        if operations.len() > 64 {
            return Err(refused(0, "Transaction contains too many operations"));
        }
        let (mut pairs, index) = (self.pairs.clone(), self.index + 1);
        for (number, Operation { kv }) in operations.iter().enumerate() {
            one(&mut pairs, index, kv).map_err(|what| refused(number, &what))?;
        }
        (self.pairs, self.index) = (pairs, index);
        Ok(())
    }
}

fn one(pairs: &mut BTreeMap<String, Pair>, index: u64, wanted: &KvOperation) -> Result<(), String> {
    let now = pairs.get(&wanted.key);
    let is = now.map_or(0, |pair| pair.modify_index);
    let key = &wanted.key;
    match wanted.verb.as_str() {
        "cas" | "delete-cas" if is != wanted.index => {
            return Err(format!("failed to set key {key:?}, index is stale"));
        }
        "cas" => {
            let pair = Pair {
                lock_index: 0,
                key: key.clone(),
                flags: wanted.flags,
                value: wanted.value.clone(),
                create_index: now.map_or(index, |pair| pair.create_index),
                modify_index: index,
            };
            pairs.insert(key.clone(), pair);
        }
        "delete" | "delete-cas" => {
            pairs.remove(key);
        }
        verb => return Err(format!("unknown KV verb {verb:?}")),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn operation(verb: &str, key: &str, index: u64) -> Operation {
        let (verb, key) = (verb.to_owned(), key.to_owned());
        Operation { kv: KvOperation { verb, key, value: Some("eA==".to_owned()), flags: 7, index } }
    }

    #[test]
    fn a_transaction_is_done_whole_or_not_at_all() {
        let mut kv = Kv::default();
        kv.transaction(&[operation("cas", "a/b", 0), operation("cas", "a/c", 0)]).unwrap();
        let stale = [operation("delete", "a/b", 0), operation("cas", "a/c", 9)];
        let refused = kv.transaction(&stale).unwrap_err();
        assert_eq!((refused[0].op_index, refused[0].what.contains("stale")), (1, true));
        assert_eq!(kv.read("a/", true).len(), 2, "nothing of it is done");
        assert!(kv.read("a/", false).is_empty());
        kv.transaction(&[operation("cas", "a/c", 1), operation("delete-cas", "a/b", 1)]).unwrap();
        let left = kv.read("a/", true);
        assert_eq!((left.len(), left[0].create_index, left[0].modify_index), (1, 1, 2));
    }
}
