//! `config`: the values of an instance, its environments and their services.

mod write;

use cloudops_aws::{
    config::{
        Backend, ConfigError, ConfigKey, Consul, Entry, ParameterStore, Schema, Scope,
        SecretValues, Version, change,
        document::Document,
        view::{self, Difference},
    },
    config_file::CloudOpsConfig,
    ctx::Ctx,
    secrets,
    state::{
        init::{self, Component},
        store::Store,
    },
};

pub use write::{Back, NewValue, import, rollback, set, unset};

use crate::error::CoreError;

/// The configuration of one instance, open.
#[derive(Debug, Clone)]
pub struct Values {
    backend: Backend,
    secrets: SecretValues,
    schema: Option<Schema>,
    state: Store,
}

/// Opens the configuration of an instance; `schema` is what its values are checked by. Reads the
/// initialization state (`GetObject`), and with Consul the token (`GetSecretValue`).
///
/// # Errors
/// [`CoreError::Init`] before `cloudcore init` has run.
pub async fn open(
    ctx: &Ctx,
    config: &CloudOpsConfig,
    schema: Option<Schema>,
) -> Result<Values, CoreError> {
    let state = super::store(&ctx.aws, config);
    let found = init::require_foundation(&ctx.aws, &state, config).await?;
    let storage_key = found.output(Component::Core, "StorageKeyArn")?.to_owned();
    let instance = &config.instance;
    let backend = match &config.configuration.consul {
        None => Backend::ParameterStore(ParameterStore::new(&ctx.aws, instance, state.clone())),
        Some(consul) => {
            let token = secrets::text(&ctx.aws, &consul.token_secret).await?;
            let (caller, cancel) = (ctx.aws.caller(), ctx.cancel.clone());
            let consul = Consul::new(&consul.endpoint, token, instance, caller, cancel);
            Backend::Consul(consul.map_err(ConfigError::from)?)
        }
    };
    let secrets = SecretValues::new(&ctx.aws, instance, Some(storage_key));
    Ok(Values { backend, secrets, schema, state })
}

/// The entry that a key leads to: that of its own scope, else of the next one outwards.
///
/// # Errors
/// [`ConfigError::NoSuchKey`].
pub async fn get(values: &Values, key: &ConfigKey) -> Result<Entry, CoreError> {
    for scope in key.scope().chain() {
        // A path that no key of an outer scope may have is not there.
        let Ok(outer) = ConfigKey::new(scope, key.path().clone()) else {
            continue;
        };
        if let Some(entry) = values.backend.get(&outer).await? {
            return Ok(entry);
        }
    }
    Err(ConfigError::NoSuchKey { key: key.to_string() }.into())
}

/// Entries whose path is `prefix` or lies below it: what a scope sees, with what it inherits, or
/// without a scope all there are.
///
/// # Errors
/// Those of reading.
pub async fn list(
    values: &Values,
    scope: Option<&Scope>,
    prefix: &str,
) -> Result<Vec<Entry>, CoreError> {
    let mut entries = values.backend.list().await?;
    if let Some(scope) = scope {
        entries = view::effective(&entries, scope).into_values().cloned().collect();
    }
    entries.retain(|entry| entry.key.path().is_below(prefix));
    Ok(entries)
}

/// What a key has held, oldest first.
///
/// # Errors
/// [`ConfigError::NoSuchKey`] when it never held anything.
pub async fn history(values: &Values, key: &ConfigKey) -> Result<Vec<Version>, CoreError> {
    let versions = values.backend.history(key).await?;
    if versions.is_empty() {
        return Err(ConfigError::NoSuchKey { key: key.to_string() }.into());
    }
    Ok(versions)
}

/// What two scopes see differently.
///
/// # Errors
/// Those of reading.
pub async fn diff(
    values: &Values,
    left: &Scope,
    right: &Scope,
) -> Result<Vec<Difference>, CoreError> {
    Ok(view::between(&values.backend.list().await?, left, right))
}

/// What differs between the scopes that a document names and the document.
///
/// # Errors
/// Those of reading.
pub async fn diff_document(
    values: &Values,
    document: &Document,
) -> Result<Vec<Difference>, CoreError> {
    let mut entries = values.backend.list().await?;
    entries.retain(|entry| {
        document.scopes.contains(entry.key.scope()) && !entry.key.is_of_the_foundation()
    });
    Ok(view::differences(&view::by_key(&entries), &document.values))
}

/// The entries of a scope and of those below it, without the facts of the foundation.
///
/// # Errors
/// Those of reading.
pub async fn export(values: &Values, scope: &Scope) -> Result<Vec<Entry>, CoreError> {
    let mut entries = values.backend.list().await?;
    entries.retain(|entry| scope.covers(entry.key.scope()) && !entry.key.is_of_the_foundation());
    Ok(entries)
}

/// What an import of a document would change; it is checked as the import itself is.
///
/// # Errors
/// [`ConfigError::Schema`], [`ConfigError::Foundation`], [`ConfigError::ForeignSecret`].
pub async fn preview(
    values: &Values,
    document: &Document,
    prune: bool,
) -> Result<Vec<change::Change>, CoreError> {
    let entries = values.backend.list().await?;
    let changes =
        change::plan_import(&entries, &document.values, prune.then_some(&document.scopes));
    write::check(values, &entries, &changes)?;
    Ok(changes)
}
