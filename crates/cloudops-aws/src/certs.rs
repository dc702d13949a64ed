//! Certificates (ACM).

use aws_sdk_acm::Client;

use crate::{connect::Aws, error::AwsError};

/// Status of a certificate, such as `ISSUED` or `PENDING_VALIDATION` (`DescribeCertificate`).
///
/// # Errors
/// [`AwsError`]; of kind not found when the certificate is gone.
pub async fn status(aws: &Aws, arn: &str) -> Result<String, AwsError> {
    let request = Client::new(aws.config()).describe_certificate().certificate_arn(arn);
    let answer =
        request.send().await.map_err(|error| AwsError::new("ACM", "DescribeCertificate", error))?;
    let status = answer.certificate.and_then(|certificate| certificate.status);
    Ok(status.map_or_else(|| "UNKNOWN".to_owned(), |status| status.as_str().to_owned()))
}
