//! The values of secrets, in Secrets Manager under the key of the instance.

use aws_sdk_secretsmanager::{Client, types::Tag};

use super::{error::ConfigError, key::ConfigKey, path, value::SecretRef};
use crate::{
    connect::Aws, ctx::Ctx, error::AwsError, ids::InstanceName, redact::Secret, state::lock::Locked,
};

const SERVICE: &str = "Secrets Manager";
const CURRENT: &str = "AWSCURRENT";

/// The secrets of one instance.
#[derive(Debug, Clone)]
pub struct SecretValues {
    client: Client,
    instance: InstanceName,
    key: Option<String>,
}

impl SecretValues {
    /// Name of the secret of a key.
    #[must_use]
    pub fn name(&self, key: &ConfigKey) -> String {
        format!("{}/{}", path(&self.instance), key.below_instance())
    }

    /// The secrets of an instance; `kms_key` is the ARN of the key that encrypts them, without
    /// which the account's own key does.
    #[must_use]
    pub fn new(aws: &Aws, instance: &InstanceName, kms_key: Option<String>) -> Self {
        Self { client: Client::new(aws.config()), instance: instance.clone(), key: kms_key }
    }

    /// Keeps a value and gives back the reference to it (`CreateSecret`, or `RestoreSecret` and
    /// `PutSecretValue`). The same run keeps the same value of a key once.
    ///
    /// # Errors
    /// [`ConfigError::Aws`].
    pub async fn put(
        &self,
        ctx: &Ctx,
        locked: &Locked,
        key: &ConfigKey,
        value: &Secret,
    ) -> Result<SecretRef, ConfigError> {
        locked.check()?;
        let name = self.name(key);
        let token = ctx.token(&name);
        let version = match self.create(&name, &token, value).await {
            Err(error) if error.code == "ResourceExistsException" => {
                self.put_value(&name, &token, value).await?
            }
            // A secret that was removed is kept for a while, and its name with it.
            Err(error) if error.code == "InvalidRequestException" => {
                let restored = self.client.restore_secret().secret_id(&name).send().await;
                restored.map_err(|error| AwsError::new(SERVICE, "RestoreSecret", error))?;
                self.put_value(&name, &token, value).await?
            }
            created => created?,
        };
        Ok(SecretRef { name, version })
    }

    async fn create(&self, name: &str, token: &str, value: &Secret) -> Result<String, AwsError> {
        let tag = |key: &str, value: &str| Tag::builder().key(key).value(value).build();
        let answer = self
            .client
            .create_secret()
            .name(name)
            .client_request_token(token)
            .description(format!("Configuration of the CloudOps instance {}", self.instance))
            .set_kms_key_id(self.key.clone())
            .secret_string(value.expose())
            .tags(tag("cloudops:instance", self.instance.as_str()))
            .tags(tag("cloudops:component", "core"))
            .send()
            .await
            .map_err(|error| AwsError::new(SERVICE, "CreateSecret", error))?;
        Ok(answer.version_id.unwrap_or_else(|| token.to_owned()))
    }

    async fn put_value(&self, name: &str, token: &str, value: &Secret) -> Result<String, AwsError> {
        let answer = self
            .client
            .put_secret_value()
            .secret_id(name)
            .client_request_token(token)
            .secret_string(value.expose())
            .send()
            .await
            .map_err(|error| AwsError::new(SERVICE, "PutSecretValue", error))?;
        Ok(answer.version_id.unwrap_or_else(|| token.to_owned()))
    }

    /// The value that a reference leads to (`GetSecretValue`).
    ///
    /// # Errors
    /// [`ConfigError::SecretGone`] when Secrets Manager does not keep that version any more.
    pub async fn reveal(&self, key: &ConfigKey, secret: &SecretRef) -> Result<Secret, ConfigError> {
        self.is_ours(key, secret)?;
        let request = self.client.get_secret_value().secret_id(&secret.name);
        match request.version_id(&secret.version).send().await {
            Ok(answer) => Ok(Secret::new(answer.secret_string.unwrap_or_default())),
            Err(error) => match AwsError::new(SERVICE, "GetSecretValue", error) {
                error if error.is_not_found() => {
                    Err(ConfigError::SecretGone { key: key.to_string() })
                }
                error => Err(error.into()),
            },
        }
    }

    /// Makes the value that a reference leads to the current one of its secret, for those who
    /// read the secret itself (`UpdateSecretVersionStage`, after `RestoreSecret`
    /// where its key was removed meanwhile). Nothing to do when it is.
    ///
    /// # Errors
    /// [`ConfigError::SecretGone`] when Secrets Manager does not keep that version any more.
    pub async fn make_current(
        &self,
        locked: &Locked,
        key: &ConfigKey,
        secret: &SecretRef,
    ) -> Result<(), ConfigError> {
        locked.check()?;
        self.is_ours(key, secret)?;
        let gone = || ConfigError::SecretGone { key: key.to_string() };
        let described = self.client.describe_secret().secret_id(&secret.name).send().await;
        let described = match described.map_err(|e| AwsError::new(SERVICE, "DescribeSecret", e)) {
            Err(error) if error.is_not_found() => return Err(gone()),
            described => described?,
        };
        if described.deleted_date.is_some() {
            let restored = self.client.restore_secret().secret_id(&secret.name).send().await;
            restored.map_err(|error| AwsError::new(SERVICE, "RestoreSecret", error))?;
        }
        let stages = described.version_ids_to_stages.unwrap_or_default();
        let current = stages.iter().find(|(_, stages)| stages.iter().any(|stage| stage == CURRENT));
        let current = current.map(|(version, _)| version.clone());
        if current.as_deref() == Some(secret.version.as_str()) {
            return Ok(());
        }
        let request = self
            .client
            .update_secret_version_stage()
            .secret_id(&secret.name)
            .version_stage(CURRENT)
            .set_remove_from_version_id(current)
            .move_to_version_id(&secret.version);
        match request.send().await {
            Ok(_) => Ok(()),
            Err(error) => match AwsError::new(SERVICE, "UpdateSecretVersionStage", error) {
                // A version without a label is not described, and may be gone or not.
                error if error.is_not_found() || error.code == "InvalidParameterException" => {
                    Err(gone())
                }
                error => Err(error.into()),
            },
        }
    }

    /// Removes a secret; Secrets Manager keeps it for 30 days (`DeleteSecret`). One that is not
    /// there is fine.
    ///
    /// # Errors
    /// [`ConfigError::Aws`].
    pub async fn remove(
        &self,
        locked: &Locked,
        key: &ConfigKey,
        secret: &SecretRef,
    ) -> Result<(), ConfigError> {
        locked.check()?;
        self.is_ours(key, secret)?;
        let request = self.client.delete_secret().secret_id(&secret.name);
        match request.recovery_window_in_days(30).send().await {
            Ok(_) => Ok(()),
            Err(error) => match AwsError::new(SERVICE, "DeleteSecret", error) {
                error if error.is_not_found() => Ok(()),
                error => Err(error.into()),
            },
        }
    }

    /// A reference must lead to the secret of its own key, so that one key's removal or step back
    /// is never felt by another.
    ///
    /// # Errors
    /// [`ConfigError::ForeignSecret`].
    pub fn is_ours(&self, key: &ConfigKey, secret: &SecretRef) -> Result<(), ConfigError> {
        if secret.name == self.name(key) {
            return Ok(());
        }
        Err(ConfigError::ForeignSecret { key: key.to_string(), name: secret.name.clone() })
    }
}
