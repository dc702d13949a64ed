//! Image repositories (ECR).

mod stored;

use aws_sdk_ecr::{Client, types::ImageIdentifier};
use base64::{Engine as _, engine::general_purpose::STANDARD};

#[cfg(feature = "oci")]
use crate::oci::{Keyring, Login, LoginError, Logins};
use crate::{
    connect::{Aws, broken},
    error::AwsError,
    ids::{Digest, Region},
    redact::Secret,
};

pub use stored::{StoredImage, delete, stored};

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
    login_in(aws, aws.region()).await
}

/// Logs in to the registries of a region that the caller has rights to, also those of other
/// accounts (`GetAuthorizationToken`).
///
/// # Errors
/// [`AwsError`].
pub async fn login_in(aws: &Aws, region: &Region) -> Result<RegistryLogin, AwsError> {
    let region = aws_sdk_ecr::config::Region::new(region.to_string());
    let config = aws_sdk_ecr::config::Builder::from(aws.config()).region(region).build();
    let answer = Client::from_conf(config)
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

/// Who gives the logins of the registries of a region: a new token each time it is asked, since
/// they end after twelve hours, and a push may begin with an old one.
#[cfg(feature = "oci")]
#[must_use]
pub fn logins(aws: &Aws, region: &Region) -> Logins {
    let (aws, region) = (aws.clone(), region.clone());
    let hint = "The role needs ecr:GetAuthorizationToken, and the rights to push and pull there.";
    Logins::from_fn(hint, move || {
        let (aws, region) = (aws.clone(), region.clone());
        async move {
            let login = login_in(&aws, &region).await;
            let RegistryLogin { user, password } =
                login.map_err(|error| LoginError::from_error(&error))?;
            Ok(Login::Password { user, password })
        }
    })
}

/// Logins of all registries of ECR; nobody's elsewhere.
#[cfg(feature = "oci")]
#[must_use]
pub fn keyring(aws: &Aws) -> Keyring {
    let aws = aws.clone();
    Keyring::from_fn(move |host| match region_of(host) {
        Some(region) => logins(&aws, &region),
        None => Logins::anonymous(),
    })
}

/// Region of a registry of ECR, by its host: `ACCOUNT.dkr.ecr.REGION.amazonaws.com`. The end
/// counts too: whoever has another domain must not get our login.
#[must_use]
pub fn region_of(host: &str) -> Option<Region> {
    let (_, rest) = host.split_once(".dkr.ecr.")?;
    let (region, domain) = rest.split_once('.')?;
    let is_aws = ["amazonaws.com", "amazonaws.com.cn", "amazonaws.eu"].contains(&domain);
    region.parse().ok().filter(|_| is_aws)
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

#[cfg(test)]
mod tests {
    use super::region_of;

    #[test]
    fn the_host_of_a_registry_names_its_region() {
        let region = region_of("123456789012.dkr.ecr.eu-central-1.amazonaws.com").unwrap();
        assert_eq!(region.as_str(), "eu-central-1");
        let china = region_of("123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn").unwrap();
        assert_eq!(china.as_str(), "cn-north-1");
        assert!(region_of("registry.example.com").is_none());
        assert!(
            region_of("123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example").is_none()
        );
        assert!(region_of("123456789012.dkr.ecr.eu-central-1.example.com").is_none());
        assert!(region_of("127.0.0.1:5000").is_none());
    }
}
