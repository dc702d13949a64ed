//! Documents of Consul's HTTP interface.
//!
//! Source: <https://developer.hashicorp.com/consul/api-docs/kv> and `.../txn`.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::{Deserialize, Deserializer, Serialize};

/// A key with its value.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Pair {
    pub(super) key: String,
    #[serde(default)]
    pub(super) flags: u64,
    #[serde(default, deserialize_with = "bytes")]
    pub(super) value: Vec<u8>,
    pub(super) modify_index: u64,
}

impl Pair {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.value).into_owned()
    }
}

fn bytes<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    // An empty value is null.
    let text = Option::<String>::deserialize(from)?.unwrap_or_default();
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}

/// One operation of a transaction.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Operation {
    /// On a key.
    Kv(KvOperation),
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct KvOperation {
    verb: &'static str,
    key: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
}

impl Operation {
    /// Writes a key that still has this index; 0 for one that is not there yet.
    pub(super) fn cas(key: String, value: &[u8], flags: u64, index: u64) -> Self {
        let (value, flags, index) = (Some(STANDARD.encode(value)), Some(flags), Some(index));
        Self::Kv(KvOperation { verb: "cas", key, value, flags, index })
    }

    /// Removes a key that still has this index.
    pub(super) fn delete_cas(key: String, index: u64) -> Self {
        let index = Some(index);
        Self::Kv(KvOperation { verb: "delete-cas", key, value: None, flags: None, index })
    }

    /// Removes a key.
    pub(super) fn delete(key: String) -> Self {
        Self::Kv(KvOperation { verb: "delete", key, value: None, flags: None, index: None })
    }
}
