//! One error for every AWS call: which operation failed, with which code, and what that means.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;

use crate::diagnose::{Class, Diagnose};

/// Why a call failed, as far as it decides what to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AwsErrorKind {
    /// AWS does not accept the credentials, or there are none.
    Credentials,
    /// The credentials may not do this.
    AccessDenied,
    /// The endpoint cannot be reached or does not answer in time.
    Unreachable,
    /// AWS asks to come back later.
    Throttled,
    /// The thing asked for does not exist.
    NotFound,
    /// A condition of the request was not met, or something is in the way.
    Conflict,
    /// AWS refuses the request for another reason.
    Refused,
    /// AWS failed, or answered with something that is not an answer.
    Broken,
}

/// An AWS call that failed. The SDK's own text is only "service error"; this one says what
/// happened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{service} {operation}: {message}{}", code_suffix(.code))]
pub struct AwsError {
    /// Service, such as `CloudFormation`.
    pub service: &'static str,
    /// Operation, such as `CreateChangeSet`.
    pub operation: &'static str,
    /// AWS error code, empty when the call never got an answer.
    pub code: String,
    /// AWS's message, or why there was no answer.
    pub message: String,
    /// AWS request id, for support cases.
    pub request_id: Option<String>,
    /// What it means.
    pub kind: AwsErrorKind,
}

fn code_suffix(code: &str) -> String {
    if code.is_empty() { String::new() } else { format!(" ({code})") }
}

impl AwsError {
    /// Reads an error of the SDK.
    pub(crate) fn new<E, R>(
        service: &'static str,
        operation: &'static str,
        error: SdkError<E, R>,
    ) -> Self
    where
        E: ProvideErrorMetadata + std::error::Error + 'static,
        R: std::fmt::Debug + 'static,
    {
        let status_kind =
            matches!(&error, SdkError::TimeoutError(_) | SdkError::DispatchFailure(_))
                .then_some(AwsErrorKind::Unreachable);
        match error.as_service_error().map(|service_error| service_error.meta().clone()) {
            Some(meta) => {
                let code = meta.code().unwrap_or_default().to_owned();
                Self {
                    service,
                    operation,
                    kind: kind_of(&code),
                    message: meta.message().unwrap_or("no message").to_owned(),
                    request_id: meta.extra("aws_request_id").map(str::to_owned),
                    code,
                }
            }
            None => {
                let message = chain(&error);
                let kind = status_kind.unwrap_or(AwsErrorKind::Broken);
                let kind =
                    if message.contains("credential") { AwsErrorKind::Credentials } else { kind };
                Self { service, operation, code: String::new(), message, request_id: None, kind }
            }
        }
    }

    /// Whether AWS says that the thing does not exist.
    #[must_use]
    pub fn is_not_found(&self) -> bool {
        self.kind == AwsErrorKind::NotFound
    }
}

/// The texts of an error and its sources that say something new.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut texts: Vec<String> = Vec::new();
    let mut next = error.source();
    while let Some(source) = next {
        let text = source.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        next = source.source();
    }
    if texts.is_empty() { error.to_string() } else { texts.join(": ") }
}

/// What an AWS error code means. The codes are those of the services' API references.
fn kind_of(code: &str) -> AwsErrorKind {
    match code {
        "ExpiredToken"
        | "ExpiredTokenException"
        | "InvalidClientTokenId"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException"
        | "InvalidAccessKeyId"
        | "AuthFailure"
        | "RequestExpired"
        | "MissingAuthenticationToken" => AwsErrorKind::Credentials,
        "AccessDenied" | "AccessDeniedException" | "UnauthorizedOperation" | "Forbidden" => {
            AwsErrorKind::AccessDenied
        }
        "Throttling"
        | "ThrottlingException"
        | "RequestLimitExceeded"
        | "SlowDown"
        | "TooManyUpdates"
        | "TooManyRequestsException" => AwsErrorKind::Throttled,
        "ServiceUnavailable" | "ServiceUnavailableException" => AwsErrorKind::Unreachable,
        "InternalFailure" | "InternalError" | "InternalServerError" => AwsErrorKind::Broken,
        "PreconditionFailed" | "ConditionalRequestConflict" | "OperationAborted" => {
            AwsErrorKind::Conflict
        }
        "NoSuchKey" | "NoSuchBucket" | "NotFound" | "NoSuchHostedZone" | "ParameterNotFound" => {
            AwsErrorKind::NotFound
        }
        code if code.ends_with("NotFound")
            || code.ends_with("NotFoundException")
            || code.ends_with("NotFoundFault") =>
        {
            AwsErrorKind::NotFound
        }
        code if code.ends_with("AlreadyExists") || code.ends_with("AlreadyExistsException") => {
            AwsErrorKind::Conflict
        }
        _ => AwsErrorKind::Refused,
    }
}

impl Diagnose for AwsError {
    fn class(&self) -> Class {
        match self.kind {
            AwsErrorKind::Credentials => Class::Credentials,
            AwsErrorKind::AccessDenied => Class::Denied,
            AwsErrorKind::Unreachable | AwsErrorKind::Throttled | AwsErrorKind::Broken => {
                Class::Unavailable
            }
            AwsErrorKind::NotFound | AwsErrorKind::Conflict | AwsErrorKind::Refused => {
                Class::NeedsOperator
            }
        }
    }

    fn hints(&self) -> Vec<String> {
        let hint = match self.kind {
            AwsErrorKind::Credentials => {
                "Sign in again, or check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; \
                 `aws sts get-caller-identity` must work."
            }
            AwsErrorKind::AccessDenied => {
                "Ask for this right, or use a profile that has it (--profile)."
            }
            AwsErrorKind::Unreachable => {
                "Check the network, the region and AWS_ENDPOINT_URL, then run the same command again."
            }
            AwsErrorKind::Throttled => "Wait a minute and run the same command again.",
            _ => return Vec::new(),
        };
        vec![hint.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_have_their_meaning() {
        for (code, kind) in [
            ("ExpiredToken", AwsErrorKind::Credentials),
            ("AccessDeniedException", AwsErrorKind::AccessDenied),
            ("Throttling", AwsErrorKind::Throttled),
            ("DBClusterNotFoundFault", AwsErrorKind::NotFound),
            ("RepositoryAlreadyExistsException", AwsErrorKind::Conflict),
            ("PreconditionFailed", AwsErrorKind::Conflict),
            ("ValidationError", AwsErrorKind::Refused),
        ] {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }
}
