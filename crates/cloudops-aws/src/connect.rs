//! From options to a connection: the only reader of AWS configuration.

use std::time::Duration;

use aws_config::{AppName, BehaviorVersion, SdkConfig, retry::RetryConfig, timeout::TimeoutConfig};
use aws_credential_types::provider::ProvideCredentials;
use url::Url;

use crate::{
    error::{AwsError, AwsErrorKind},
    ids::{AccountId, Region},
};

/// How to connect to AWS. What is not given comes from the standard places (environment,
/// `~/.aws`, the container's or instance's role).
#[derive(Debug, Clone, Default)]
pub struct Connect {
    /// Region of all calls.
    pub region: Option<Region>,
    /// Profile in `~/.aws/config`.
    pub profile: Option<String>,
    /// Another endpoint for all services (`AWS_ENDPOINT_URL`).
    pub endpoint_url: Option<Url>,
    /// Name of the program, sent in the user agent.
    pub app_name: Option<String>,
}

/// A connection: whose account it is, where, and the clients' configuration.
#[derive(Debug, Clone)]
pub struct Aws {
    config: SdkConfig,
    account: AccountId,
    caller: String,
    region: Region,
}

impl Connect {
    /// Reads the configuration and asks STS once who we are (`GetCallerIdentity`).
    ///
    /// # Errors
    /// [`AwsError`] of class credentials without usable credentials, unavailable when the
    /// endpoint does not answer.
    pub async fn connect(self) -> Result<Aws, AwsError> {
        let config = self.load().await;
        check_credentials(&config).await?;
        Aws::from_config(config).await
    }

    async fn load(self) -> SdkConfig {
        let mut loader = aws_config::defaults(BehaviorVersion::latest())
            .retry_config(RetryConfig::standard().with_max_attempts(5))
            .timeout_config(
                TimeoutConfig::builder()
                    .connect_timeout(Duration::from_secs(5))
                    .read_timeout(Duration::from_secs(60))
                    .build(),
            );
        if let Some(region) = &self.region {
            loader = loader.region(aws_config::Region::new(region.to_string()));
        }
        if let Some(profile) = &self.profile {
            loader = loader.profile_name(profile);
        }
        if let Some(url) = &self.endpoint_url {
            loader = loader.endpoint_url(url.as_str());
        }
        if let Some(name) = self.app_name.and_then(|name| AppName::new(name).ok()) {
            loader = loader.app_name(name);
        }
        loader.load().await
    }
}

async fn check_credentials(config: &SdkConfig) -> Result<(), AwsError> {
    let failed = |message: String| AwsError {
        service: "AWS",
        operation: "credentials",
        code: String::new(),
        message,
        request_id: None,
        kind: AwsErrorKind::Credentials,
    };
    let Some(provider) = config.credentials_provider() else {
        return Err(failed("no credentials are configured".to_owned()));
    };
    match provider.provide_credentials().await {
        Ok(_) => Ok(()),
        Err(error) => {
            tracing::debug!(?error, "no credentials");
            Err(failed("no usable AWS credentials were found".to_owned()))
        }
    }
}

/// A role to take on, usually in another account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assume {
    /// Its ARN.
    pub arn: String,
    /// What the role's trust asks for beside the caller, where it does.
    pub external_id: Option<String>,
}

impl Aws {
    /// The same configuration with the credentials of a role (`AssumeRole`), for one hour.
    ///
    /// # Errors
    /// [`AwsError`] when STS refuses.
    #[cfg(feature = "dns")]
    pub(crate) async fn assume(&self, role: &Assume) -> Result<SdkConfig, AwsError> {
        let request = aws_sdk_sts::Client::new(&self.config)
            .assume_role()
            .role_arn(&role.arn)
            .role_session_name("cloudops-delegation")
            .set_external_id(role.external_id.clone());
        let answer =
            request.send().await.map_err(|error| AwsError::new("STS", "AssumeRole", error))?;
        let keys = answer
            .credentials
            .ok_or_else(|| broken("STS", "AssumeRole", &"it has no credentials"))?;
        let credentials = aws_credential_types::Credentials::new(
            keys.access_key_id,
            keys.secret_access_key,
            Some(keys.session_token),
            None,
            "AssumeRole",
        );
        let provider = aws_credential_types::provider::SharedCredentialsProvider::new(credentials);
        Ok(self.config.to_builder().credentials_provider(provider).build())
    }

    /// Takes a configuration that another tool has made, and asks STS once who we are.
    ///
    /// # Errors
    /// [`AwsError`] when STS does not answer or the configuration has no region.
    pub async fn from_config(config: SdkConfig) -> Result<Self, AwsError> {
        let region = region_of(&config)?;
        let answer = aws_sdk_sts::Client::new(&config)
            .get_caller_identity()
            .send()
            .await
            .map_err(|error| AwsError::new("STS", "GetCallerIdentity", error))?;
        let account = answer.account().unwrap_or_default().parse::<AccountId>();
        let account = account.map_err(|error| broken("STS", "GetCallerIdentity", &error))?;
        Ok(Self { config, account, caller: answer.arn().unwrap_or_default().to_owned(), region })
    }

    /// The same connection in another region.
    #[must_use]
    pub fn in_region(&self, region: &Region) -> Self {
        let name = aws_config::Region::new(region.to_string());
        let config = self.config.to_builder().region(name).build();
        Self { config, region: region.clone(), ..self.clone() }
    }

    /// The account of the credentials.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// ARN of the user or role of the credentials.
    #[must_use]
    pub fn caller(&self) -> &str {
        &self.caller
    }

    /// Region of all calls.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.region
    }

    /// The configuration of the clients.
    pub(crate) fn config(&self) -> &SdkConfig {
        &self.config
    }

    /// A client of S3. With another endpoint buckets go into the path: a name such as
    /// `bucket.127.0.0.1` does not resolve.
    #[cfg(feature = "state")]
    pub(crate) fn s3(&self) -> aws_sdk_s3::Client {
        let mut builder = aws_sdk_s3::config::Builder::from(&self.config);
        if self.config.endpoint_url().is_some() {
            builder = builder.force_path_style(true);
        }
        aws_sdk_s3::Client::from_conf(builder.build())
    }
}

fn region_of(config: &SdkConfig) -> Result<Region, AwsError> {
    let text = config.region().map(ToString::to_string).unwrap_or_default();
    text.parse().map_err(|_| AwsError {
        service: "AWS",
        operation: "configuration",
        code: String::new(),
        message: "no region is configured: set `region` in cloudops.yaml or AWS_REGION".to_owned(),
        request_id: None,
        kind: AwsErrorKind::Refused,
    })
}

/// An answer that AWS never gives.
pub(crate) fn broken(
    service: &'static str,
    operation: &'static str,
    why: &dyn std::fmt::Display,
) -> AwsError {
    AwsError {
        service,
        operation,
        code: String::new(),
        message: format!("unexpected answer: {why}"),
        request_id: None,
        kind: AwsErrorKind::Broken,
    }
}
