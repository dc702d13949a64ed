//! Where values are kept: one of two places, with the same promises.

use super::{
    consul::Consul,
    error::ConfigError,
    key::ConfigKey,
    parameter_store::ParameterStore,
    value::{Entry, Value, Version},
};
use crate::{ctx::Ctx, state::lock::Locked};

/// Where the values of an instance are kept.
#[derive(Debug, Clone)]
pub enum Backend {
    /// AWS Systems Manager Parameter Store.
    ParameterStore(ParameterStore),
    /// A Consul cluster.
    Consul(Consul),
}

impl Backend {
    /// All values of the instance, by key (`GetParametersByPath`, or a recursive read of Consul).
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn list(&self) -> Result<Vec<Entry>, ConfigError> {
        let mut entries = match self {
            Self::ParameterStore(store) => store.list().await?,
            Self::Consul(consul) => consul.list().await?,
        };
        entries.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(entries)
    }

    /// The entry of a key, if there is one (`GetParameter`, or a read of Consul).
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn get(&self, key: &ConfigKey) -> Result<Option<Entry>, ConfigError> {
        match self {
            Self::ParameterStore(store) => store.get(key).await,
            Self::Consul(consul) => consul.get(key).await,
        }
    }

    /// What a key has held, oldest first, removals included (`GetParameterHistory` and the state
    /// bucket, or Consul's history).
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn history(&self, key: &ConfigKey) -> Result<Vec<Version>, ConfigError> {
        match self {
            Self::ParameterStore(store) => store.history(key).await,
            Self::Consul(consul) => consul.history(key).await,
        }
    }

    /// Keys that have a history and are not there any more.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub async fn removed(&self) -> Result<Vec<ConfigKey>, ConfigError> {
        match self {
            Self::ParameterStore(store) => store.removed().await,
            Self::Consul(consul) => consul.removed().await,
        }
    }

    /// Writes a key when it still has the version that was seen, and gives back the new version
    /// (`PutParameter`, or one transaction of Consul).
    ///
    /// # Errors
    /// [`ConfigError::Conflict`] when somebody else wrote it meanwhile.
    pub async fn put(
        &self,
        ctx: &Ctx,
        locked: &Locked,
        key: &ConfigKey,
        value: &Value,
        seen: Option<i64>,
    ) -> Result<i64, ConfigError> {
        match self {
            Self::ParameterStore(store) => store.put(ctx, locked, key, value, seen).await,
            Self::Consul(consul) => consul.put(locked, key, value, seen).await,
        }
    }

    /// Removes a key when it still has the version that was seen; its history stays
    /// (`DeleteParameter` after a copy in the state bucket, or one transaction of Consul).
    ///
    /// # Errors
    /// [`ConfigError::Conflict`] when somebody else wrote it meanwhile.
    pub async fn remove(
        &self,
        locked: &Locked,
        key: &ConfigKey,
        seen: i64,
    ) -> Result<(), ConfigError> {
        match self {
            Self::ParameterStore(store) => store.remove(locked, key, seen).await,
            Self::Consul(consul) => consul.remove(locked, key, seen).await,
        }
    }
}
