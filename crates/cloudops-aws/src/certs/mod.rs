//! Certificates (ACM).

mod fitness;

use aws_sdk_acm::{Client, types::CertificateDetail};
use jiff::Timestamp;

use crate::{connect::Aws, error::AwsError};

pub use fitness::{Unfit, covers, fitness};

/// What ACM says about a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
    /// Status, such as `ISSUED` or `PENDING_VALIDATION`.
    pub status: String,
    /// Names that it is for.
    pub names: Vec<String>,
    /// When it ends, once it is issued.
    pub not_after: Option<Timestamp>,
    /// Whether ACM renews it by itself.
    pub renews: bool,
    /// Kind of its key, such as `RSA_2048`.
    pub key: String,
    /// Name and value of the record that proves the domain, while ACM waits for it.
    pub proof: Option<(String, String)>,
}

/// A certificate (`DescribeCertificate`).
///
/// # Errors
/// [`AwsError`]; of kind not found when the certificate is gone.
pub async fn describe(aws: &Aws, arn: &str) -> Result<Certificate, AwsError> {
    let request = Client::new(aws.config()).describe_certificate().certificate_arn(arn);
    let answer =
        request.send().await.map_err(|error| AwsError::new("ACM", "DescribeCertificate", error))?;
    let detail = answer
        .certificate
        .ok_or_else(|| crate::connect::broken("ACM", "DescribeCertificate", &"it is empty"))?;
    Ok(read(arn, &detail))
}

fn read(arn: &str, detail: &CertificateDetail) -> Certificate {
    let mut names = detail.subject_alternative_names().to_vec();
    names.extend(detail.domain_name().map(str::to_owned));
    names.sort();
    names.dedup();
    let record = detail.domain_validation_options().iter().find_map(|one| one.resource_record());
    Certificate {
        arn: arn.to_owned(),
        status: detail.status().map_or("UNKNOWN", |status| status.as_str()).to_owned(),
        names,
        not_after: detail.not_after().and_then(|time| Timestamp::from_second(time.secs()).ok()),
        renews: detail.renewal_eligibility().is_some_and(|one| one.as_str() == "ELIGIBLE")
            || detail.r#type().is_some_and(|kind| kind.as_str() == "AMAZON_ISSUED"),
        key: detail.key_algorithm().map_or("UNKNOWN", |key| key.as_str()).to_owned(),
        proof: record.map(|record| (record.name.clone(), record.value.clone())),
    }
}

/// Status of a certificate, such as `ISSUED` or `PENDING_VALIDATION` (`DescribeCertificate`).
///
/// # Errors
/// [`AwsError`]; of kind not found when the certificate is gone.
pub async fn status(aws: &Aws, arn: &str) -> Result<String, AwsError> {
    Ok(describe(aws, arn).await?.status)
}

/// The certificate of a domain that ACM waits for the proof of, if there is one
/// (`ListCertificates`, `DescribeCertificate`).
///
/// # Errors
/// [`AwsError`].
pub async fn pending(aws: &Aws, domain: &str) -> Result<Option<Certificate>, AwsError> {
    let request = Client::new(aws.config())
        .list_certificates()
        .certificate_statuses(aws_sdk_acm::types::CertificateStatus::PendingValidation);
    let answer =
        request.send().await.map_err(|error| AwsError::new("ACM", "ListCertificates", error))?;
    let of = |one: &aws_sdk_acm::types::CertificateSummary| {
        (one.domain_name() == Some(domain)).then(|| one.certificate_arn().map(str::to_owned))
    };
    match answer.certificate_summary_list().iter().find_map(of).flatten() {
        Some(arn) => Ok(Some(describe(aws, &arn).await?)),
        None => Ok(None),
    }
}
