//! The one-time initialization state: what each tool has set up in this account and region.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::store::{Document, ETag, StateError, Store, Versioned};
use crate::{
    diagnose::{Class, Diagnose},
    ids::{AccountId, InstanceName, Region},
};

/// Where the initialization state lies in the state bucket.
pub const INIT_KEY: &str = "v1/init.json";

/// The three tools, in the order in which they are initialized.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Component {
    /// `cloudcore`.
    Core,
    /// `cloudteam`.
    Team,
    /// `clouddeploy`.
    Deploy,
}

impl Component {
    /// The program that initializes it.
    #[must_use]
    pub const fn program(self) -> &'static str {
        match self {
            Self::Core => "cloudcore",
            Self::Team => "cloudteam",
            Self::Deploy => "clouddeploy",
        }
    }
}

/// What one tool has set up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentState {
    /// When its initialization was first complete.
    pub initialized_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Version of the tool that did it.
    pub tool_version: String,
    /// Outputs of its stacks and other facts that later steps need, by name.
    pub outputs: BTreeMap<String, String>,
}

/// The initialization state of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InitState {
    /// Instance.
    pub instance: InstanceName,
    /// Account it lives in.
    pub account: AccountId,
    /// Region it lives in.
    pub region: Region,
    /// Domain of its zones.
    pub domain: String,
    /// What is set up so far.
    pub components: BTreeMap<Component, ComponentState>,
}

impl Document for InitState {
    const SCHEMA: u32 = 1;
    const WHAT: &'static str = "the initialization state";
}

/// Why a tool cannot begin.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// A tool that must run first has not run.
    #[error("{} has not been initialized in account {account}, region {region}", .component.program())]
    NotInitialized {
        /// What is missing.
        component: Component,
        /// Account.
        account: AccountId,
        /// Region.
        region: Region,
    },
    /// The connection and the state do not belong together.
    #[error(
        "the instance {instance} lives in {what} {expected}, but the credentials are for {found}"
    )]
    Elsewhere {
        /// Instance.
        instance: InstanceName,
        /// `account` or `region`.
        what: &'static str,
        /// What the state says.
        expected: String,
        /// What the connection says.
        found: String,
    },
    /// A fact is missing in the state.
    #[error("the initialization state has no `{output}`")]
    MissingOutput {
        /// Name of the output.
        output: String,
        /// Who writes it.
        component: Component,
    },
    /// The state cannot be read or written.
    #[error(transparent)]
    State(#[from] StateError),
}

impl Diagnose for InitError {
    fn class(&self) -> Class {
        match self {
            Self::NotInitialized { .. } | Self::MissingOutput { .. } => Class::NotReady,
            Self::Elsewhere { .. } => Class::Configuration,
            Self::State(error) => error.class(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::NotInitialized { component, .. } | Self::MissingOutput { component, .. } => {
                vec![format!("Run `{} init` first.", component.program())]
            }
            Self::Elsewhere { .. } => {
                vec!["Use the credentials (--profile) and the region of the instance.".to_owned()]
            }
            Self::State(error) => error.hints(),
        }
    }
}

impl InitState {
    /// The state of a component that must be there.
    ///
    /// # Errors
    /// [`InitError::NotInitialized`] names the command to run.
    pub fn require(&self, component: Component) -> Result<&ComponentState, InitError> {
        self.components.get(&component).ok_or_else(|| InitError::NotInitialized {
            component,
            account: self.account.clone(),
            region: self.region.clone(),
        })
    }

    /// An output of a component that must be there.
    ///
    /// # Errors
    /// [`InitError::NotInitialized`] or [`InitError::MissingOutput`].
    pub fn output(&self, component: Component, name: &str) -> Result<&str, InitError> {
        let missing = || InitError::MissingOutput { output: name.to_owned(), component };
        self.require(component)?.outputs.get(name).map(String::as_str).ok_or_else(missing)
    }

    /// Where the build server is reached from here: the address that `cloudops.yaml` names, else
    /// its own.
    ///
    /// # Errors
    /// [`InitError::NotInitialized`] or [`InitError::MissingOutput`].
    pub fn build_server_url(
        &self,
        config: &crate::config_file::CloudOpsConfig,
    ) -> Result<Url, InitError> {
        if let Some(url) = &config.build_server.endpoint {
            return Ok(url.clone());
        }
        let (component, output) = (Component::Core, "BuildServerUrl");
        let missing = |_| InitError::MissingOutput { output: output.to_owned(), component };
        self.output(component, output)?.parse().map_err(missing)
    }

    /// All outputs of all components.
    #[must_use]
    pub fn outputs(&self) -> BTreeMap<String, String> {
        self.components.values().flat_map(|component| component.outputs.clone()).collect()
    }

    /// Records that a component is set up. Says false when nothing is different from before.
    pub fn record(
        &mut self,
        component: Component,
        tool_version: &str,
        outputs: BTreeMap<String, String>,
        now: Timestamp,
    ) -> bool {
        let before = self.components.get(&component);
        let same = before
            .is_some_and(|state| state.outputs == outputs && state.tool_version == tool_version);
        if !same {
            let initialized_at = before.map_or(now, |state| state.initialized_at);
            let tool_version = tool_version.to_owned();
            let state = ComponentState { initialized_at, updated_at: now, tool_version, outputs };
            self.components.insert(component, state);
        }
        !same
    }
}

/// Reads the initialization state, if there is a bucket and a state in it.
///
/// # Errors
/// [`StateError`].
pub async fn read(store: &Store) -> Result<Option<Versioned<InitState>>, StateError> {
    store.get(INIT_KEY).await
}

/// Writes the initialization state.
///
/// # Errors
/// [`StateError::Conflict`] when another run wrote it since it was read.
pub async fn write(
    store: &Store,
    state: &InitState,
    seen: Option<&ETag>,
) -> Result<ETag, StateError> {
    store.put(INIT_KEY, state, seen).await
}

/// Reads the state of a configured instance, and checks that the credentials are for the account
/// and region it lives in and that `cloudcore init` has run.
///
/// # Errors
/// [`InitError::Elsewhere`], [`InitError::NotInitialized`], and those of reading.
pub async fn require_foundation(
    aws: &crate::connect::Aws,
    store: &Store,
    config: &crate::config_file::CloudOpsConfig,
) -> Result<InitState, InitError> {
    check_place(aws, config)?;
    let missing = || InitError::NotInitialized {
        component: Component::Core,
        account: config.account.clone(),
        region: config.region.clone(),
    };
    if !store.exists().await? {
        return Err(missing());
    }
    let state = read(store).await?.ok_or_else(missing)?.value;
    state.require(Component::Core)?;
    Ok(state)
}

/// Checks that the credentials are for the account and region of the configuration.
///
/// # Errors
/// [`InitError::Elsewhere`].
pub fn check_place(
    aws: &crate::connect::Aws,
    config: &crate::config_file::CloudOpsConfig,
) -> Result<(), InitError> {
    let elsewhere = |what, expected: &str, found: &str| InitError::Elsewhere {
        instance: config.instance.clone(),
        what,
        expected: expected.to_owned(),
        found: found.to_owned(),
    };
    if aws.account() != &config.account {
        return Err(elsewhere("account", config.account.as_str(), aws.account().as_str()));
    }
    if aws.region() != &config.region {
        return Err(elsewhere("region", config.region.as_str(), aws.region().as_str()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> InitState {
        InitState {
            instance: "acme".parse().unwrap(),
            account: "123456789012".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            domain: "shop.example.com".to_owned(),
            components: BTreeMap::new(),
        }
    }

    #[test]
    fn what_is_missing_names_the_command() {
        let error = state().require(Component::Core).unwrap_err();
        assert_eq!(error.class(), Class::NotReady);
        assert_eq!(error.hints(), ["Run `cloudcore init` first."]);
    }

    #[test]
    fn recording_the_same_again_changes_nothing() {
        let mut state = state();
        let outputs = BTreeMap::from([("VpcId".to_owned(), "vpc-1".to_owned())]);
        let first: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let later: Timestamp = "2026-02-01T00:00:00Z".parse().unwrap();
        assert!(state.record(Component::Core, "0.1.0", outputs.clone(), first));
        assert!(!state.record(Component::Core, "0.1.0", outputs.clone(), later));
        assert!(state.record(Component::Core, "0.2.0", outputs, later));
        let core = state.require(Component::Core).unwrap();
        assert_eq!((core.initialized_at, core.updated_at), (first, later));
        assert_eq!(state.output(Component::Core, "VpcId").unwrap(), "vpc-1");
    }
}
