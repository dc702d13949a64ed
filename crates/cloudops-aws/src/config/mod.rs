//! Configuration management: hierarchical keys per instance, environment and service, with
//! versions, who and when, checks by a schema, and secrets by reference only.
//!
//! | file | holds |
//! |---|---|
//! | `key.rs`, `value.rs` | what a key and a value are |
//! | `view.rs` | what a scope sees; what differs |
//! | `document.rs`, `yaml.rs` | values as a file |
//! | `schema.rs` | checks |
//! | `change.rs` | changes: planned as values, then written |
//! | `backend.rs` | the two places where values are kept |
//! | `parameter_store.rs`, `consul/` | each of them |
//! | `secret_values.rs` | Secrets Manager, for both |

mod backend;
pub mod change;
pub mod consul;
pub mod document;
mod error;
mod key;
mod parameter_store;
pub mod schema;
mod secret_values;
mod value;
pub mod view;
pub mod yaml;

pub use backend::Backend;
pub use consul::Consul;
pub use error::ConfigError;
pub use key::{ConfigKey, InvalidKey, KeyPath, Scope};
pub use parameter_store::ParameterStore;
pub use schema::Schema;
pub use secret_values::SecretValues;
pub use value::{Entry, InvalidValue, SecretRef, Value, Version};

use crate::ids::InstanceName;

/// Path of an instance in Parameter Store, and of its secrets in Secrets Manager.
#[must_use]
pub fn path(instance: &InstanceName) -> String {
    format!("/cloudops/{instance}")
}
