//! `config`: the values of an instance, its environments and their services.

mod write;

use cloudops_aws::{
    config::{
        Backend, ConfigError, ConfigKey, Consul, Entry, ParameterStore, Schema, Scope,
        SecretValues, Version, change,
        document::Document,
        view::{self, Difference},
    },
    config_file::{CloudOpsConfig, ConsulConfig},
    ctx::Ctx,
    secrets,
    state::{
        init::{self, Component, InitError, InitState},
        store::Store,
    },
};

use url::Url;

pub use write::{Back, NewValue, import, rollback, set, unset};

use crate::error::CoreError;

/// Output of the stack of our own Consul cluster: its address.
pub(super) const CONSUL_URL: &str = "ConsulUrl";
/// Output of the same stack: the secret with the token.
const CONSUL_TOKEN: &str = "ConsulTokenSecretArn";

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
            let (endpoint, token_secret) = place(consul, &found)?;
            let token = secrets::text(&ctx.aws, &token_secret).await?;
            let (caller, cancel) = (ctx.aws.caller(), ctx.cancel.clone());
            let consul = Consul::new(&endpoint, token, instance, caller, cancel);
            Backend::Consul(consul.map_err(ConfigError::from)?)
        }
    };
    let secrets = SecretValues::new(&ctx.aws, instance, Some(storage_key));
    Ok(Values { backend, secrets, schema, state })
}

/// The address of a Consul cluster, and the secret with the token for it. Those of our own are in
/// the outputs of its stack.
fn place(consul: &ConsulConfig, state: &InitState) -> Result<(Url, String), InitError> {
    match consul {
        ConsulConfig::Existing { endpoint, token_secret } => {
            Ok((endpoint.clone(), token_secret.clone()))
        }
        ConsulConfig::Ours => {
            let (component, output) = (Component::Core, CONSUL_URL);
            let url = state.output(component, output)?.parse();
            let missing = |_| InitError::MissingOutput { output: output.to_owned(), component };
            Ok((url.map_err(missing)?, state.output(component, CONSUL_TOKEN)?.to_owned()))
        }
    }
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

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::ops::empty_state;

    #[test]
    fn our_cluster_is_where_its_stack_says() {
        let text = "schema: 1\ninstance: acme\naccount: \"123456789012\"\nregion: us-west-2\n\
                    domain: acme.example.com\nconfiguration: {backend: consul}\n";
        let config = CloudOpsConfig::parse("cloudops.yaml", text).unwrap();
        let mut state = empty_state(&config);
        let mut look = |outputs: &[(&str, &str)]| {
            let one = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
            let outputs = outputs.iter().map(one).collect();
            state.record(Component::Core, "1", outputs, Timestamp::UNIX_EPOCH);
            place(&ConsulConfig::Ours, &state).map(|(url, secret)| format!("{url} {secret}"))
        };
        let (url, secret) = ((CONSUL_URL, "https://config.example.com"), (CONSUL_TOKEN, "arn:t"));
        assert_eq!(look(&[url, secret]).unwrap(), "https://config.example.com/ arn:t");
        for outputs in [&[][..], &[url], &[secret], &[(CONSUL_URL, "?"), secret]] {
            assert!(matches!(look(outputs), Err(InitError::MissingOutput { .. })), "{outputs:?}");
        }
    }
}
