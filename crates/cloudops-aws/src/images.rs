//! Image repositories (ECR).

use aws_sdk_ecr::{Client, types::ImageIdentifier};
use base64::{Engine as _, engine::general_purpose::STANDARD};

use crate::{
    connect::{Aws, broken},
    error::AwsError,
    ids::Digest,
    redact::Secret,
};

/// User and password for the registry of an account, valid for twelve hours.
#[derive(Debug, Clone)]
pub struct RegistryLogin {
    /// User name; ECR's is always `AWS`.
    pub user: String,
    /// Password.
    pub password: Secret,
}

/// Logs in to the account's registry (`GetAuthorizationToken`).
///
/// # Errors
/// [`AwsError`].
pub async fn login(aws: &Aws) -> Result<RegistryLogin, AwsError> {
    let answer = Client::new(aws.config())
        .get_authorization_token()
        .send()
        .await
        .map_err(|error| AwsError::new("ECR", "GetAuthorizationToken", error))?;
    let data = answer.authorization_data.unwrap_or_default().into_iter().next();
    let token = data.and_then(|data| data.authorization_token).unwrap_or_default();
    let login = STANDARD.decode(token).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    match login.as_deref().and_then(|login| login.split_once(':')) {
        Some((user, password)) => {
            Ok(RegistryLogin { user: user.to_owned(), password: Secret::new(password) })
        }
        None => Err(broken("ECR", "GetAuthorizationToken", &"not a user and a password")),
    }
}

/// Whether a repository holds an image (`DescribeImages`).
///
/// # Errors
/// [`AwsError`] other than that the image or the repository does not exist.
pub async fn exists(aws: &Aws, repository: &str, digest: &Digest) -> Result<bool, AwsError> {
    let id = ImageIdentifier::builder().image_digest(digest.as_str()).build();
    let request = Client::new(aws.config()).describe_images().repository_name(repository);
    match request.image_ids(id).send().await {
        Ok(answer) => Ok(!answer.image_details().is_empty()),
        Err(error) => match AwsError::new("ECR", "DescribeImages", error) {
            error if error.is_not_found() => Ok(false),
            error => Err(error),
        },
    }
}
