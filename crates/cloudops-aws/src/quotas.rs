//! Limits of the account (Service Quotas).

use aws_sdk_servicequotas::Client;

use crate::{connect::Aws, error::AwsError};

/// The limit that holds for the account, else AWS's default where the account has none of its own
/// (`GetServiceQuota`, `GetAWSDefaultServiceQuota`). None when the region does not know the quota.
///
/// # Errors
/// [`AwsError`].
pub async fn limit(aws: &Aws, service: &str, code: &str) -> Result<Option<f64>, AwsError> {
    let client = Client::new(aws.config());
    let request = client.get_service_quota().service_code(service).quota_code(code);
    let applied = match request.send().await {
        Ok(answer) => answer.quota.and_then(|quota| quota.value),
        Err(error) => absent(AwsError::new("Service Quotas", "GetServiceQuota", error))?,
    };
    if applied.is_some() {
        return Ok(applied);
    }
    let request = client.get_aws_default_service_quota().service_code(service).quota_code(code);
    match request.send().await {
        Ok(answer) => Ok(answer.quota.and_then(|quota| quota.value)),
        Err(error) => absent(AwsError::new("Service Quotas", "GetAWSDefaultServiceQuota", error)),
    }
}

/// That there is no such quota is an answer.
fn absent(error: AwsError) -> Result<Option<f64>, AwsError> {
    if error.code == "NoSuchResourceException" { Ok(None) } else { Err(error) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{error::AwsErrorKind, fake::FakeAws};

    const NONE: &str = r#"{"__type": "NoSuchResourceException", "Message": "there is none"}"#;
    const DENIED: &str = r#"{"__type": "AccessDeniedException", "Message": "no"}"#;

    async fn vpcs(
        own: (u16, &'static str),
        default: (u16, &'static str),
    ) -> Result<Option<f64>, AwsError> {
        let rows = [
            ("GetServiceQuota", own.0, own.1),
            ("GetAWSDefaultServiceQuota", default.0, default.1),
        ];
        limit(&FakeAws::start(&rows).await.aws, "vpc", "L-F678F1CE").await
    }

    #[tokio::test]
    async fn the_limit_is_the_accounts_own_else_the_default() {
        let own = (200, r#"{"Quota": {"Value": 9.0}}"#);
        let default = (200, r#"{"Quota": {"Value": 5.0}}"#);
        assert_eq!(vpcs(own, default).await.unwrap(), Some(9.0));
        assert_eq!(vpcs((400, NONE), default).await.unwrap(), Some(5.0));
        assert_eq!(vpcs((400, NONE), (400, NONE)).await.unwrap(), None);
        let denied = vpcs((400, DENIED), default).await.unwrap_err();
        assert_eq!(denied.kind, AwsErrorKind::AccessDenied);
    }
}
