//! The registry of the account, with the repositories that `init` made.

use std::sync::Arc;

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    ids::Digest,
    images,
    oci::{Keyring, OciError, Registry},
    state::init::{Component, InitState},
};

use crate::error::DeployError;
pub(super) use crate::images::BASE;

/// The registry of the account, and which of its repositories are this instance's.
pub(super) struct Account<'a> {
    pub(super) registry: Arc<Registry>,
    pub(super) host: String,
    /// Logins of other registries.
    pub(super) keyring: Keyring,
    state: &'a InitState,
    config: &'a CloudOpsConfig,
}

impl<'a> Account<'a> {
    /// All repositories of an account and region are in one registry.
    pub(super) fn open(
        ctx: &Ctx,
        state: &'a InitState,
        config: &'a CloudOpsConfig,
    ) -> Result<Self, DeployError> {
        let outputs = state.outputs();
        let ours = outputs.iter().find(|(key, _)| key.starts_with("Repository:"));
        let (_, uri) = ours.ok_or_else(|| DeployError::NotReady {
            what: "there are no repositories for images".to_owned(),
            command: "clouddeploy init".to_owned(),
        })?;
        let host = host_of(uri).to_owned();
        let logins = images::logins(&ctx.aws, ctx.aws.region());
        let registry = Arc::new(Registry::with_logins(&host, logins));
        let keyring = images::keyring(&ctx.aws);
        Ok(Self { registry, host, keyring, state, config })
    }

    /// Repository of an image, without the host.
    pub(super) fn repository(&self, name: &str) -> Result<String, DeployError> {
        let key = format!("Repository:{}/{name}", self.config.instance);
        let uri = self.state.output(Component::Deploy, &key)?;
        Ok(uri.split_once('/').map_or(uri, |(_, repository)| repository).to_owned())
    }

    /// Reference of an image in its repository.
    pub(super) fn reference(&self, name: &str, digest: &Digest) -> Result<String, DeployError> {
        Ok(format!("{}/{}@{digest}", self.host, self.repository(name)?))
    }

    /// Name of the instance.
    pub(super) fn instance(&self) -> &str {
        self.config.instance.as_str()
    }

    /// Whether there is an image.
    pub(super) async fn has(&self, reference: &str) -> Result<bool, OciError> {
        self.registry.exists(reference).await
    }
}

/// Host of a reference.
pub(super) fn host_of(reference: &str) -> &str {
    reference.split('/').next().unwrap_or(reference)
}

/// Digest of a reference that has one.
pub(super) fn digest_of(reference: &str) -> &str {
    reference.split_once('@').map_or("", |(_, digest)| digest)
}
