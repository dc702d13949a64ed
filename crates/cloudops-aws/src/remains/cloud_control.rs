//! Resources of any type, through Cloud Control.

use std::time::Duration;

use aws_sdk_cloudcontrol::{
    Client,
    types::{OperationStatus, ProgressEvent},
};

use crate::{
    connect::Aws,
    ctx::Ctx,
    error::{AwsError, AwsErrorKind},
    state::lock::{LockError, Locked},
    wait::{self, Pace, WaitError},
};

const SERVICE: &str = "Cloud Control";

/// How long one deletion may take; a file system waits for its mount targets.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Why a resource could not be deleted.
#[derive(Debug, thiserror::Error)]
pub enum DeleteError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The lock is lost.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// It took too long, or the run was cancelled.
    #[error(transparent)]
    Wait(#[from] WaitError),
    /// The service said no.
    #[error("{0}")]
    Refused(String),
}

/// Whether a resource is there (`GetResource`). None when Cloud Control cannot say for this type
/// or with these rights.
pub(super) async fn exists(aws: &Aws, resource_type: &str, id: &str) -> Option<bool> {
    let request = Client::new(aws.config()).get_resource().type_name(resource_type).identifier(id);
    match request.send().await {
        Ok(_) => Some(true),
        Err(error) => AwsError::new(SERVICE, "GetResource", error).is_not_found().then_some(false),
    }
}

/// Deletes a resource and waits until it is gone (`DeleteResource`, `GetResourceRequestStatus`).
/// One that is not there is fine.
pub(super) async fn delete(
    ctx: &Ctx,
    locked: &Locked,
    resource_type: &str,
    id: &str,
) -> Result<(), DeleteError> {
    locked.check()?;
    let client = Client::new(ctx.aws.config());
    let token = ctx.token(&format!("{resource_type}/{id}"));
    let request = client.delete_resource().type_name(resource_type).identifier(id);
    let answer = match request.client_token(token).send().await {
        Ok(answer) => answer,
        Err(error) => match AwsError::new(SERVICE, "DeleteResource", error) {
            error if error.is_not_found() => return Ok(()),
            error => return Err(error.into()),
        },
    };
    let begun = answer.progress_event.unwrap_or_else(|| ProgressEvent::builder().build());
    if let Some(ended) = ended(&begun) {
        return ended;
    }
    let request = begun.request_token().unwrap_or_default().to_owned();
    let client = &client;
    wait::until(Pace::within(LONGEST), &ctx.cancel, || look(client, request.clone())).await?
}

async fn look(
    client: &Client,
    token: String,
) -> Result<Option<Result<(), DeleteError>>, DeleteError> {
    let request = client.get_resource_request_status().request_token(token);
    match request.send().await {
        Ok(answer) => Ok(answer.progress_event.as_ref().and_then(ended)),
        Err(error) => match AwsError::new(SERVICE, "GetResourceRequestStatus", error) {
            error if error.kind == AwsErrorKind::Throttled => Ok(None),
            error => Err(error.into()),
        },
    }
}

/// How a request ended, if it has.
fn ended(event: &ProgressEvent) -> Option<Result<(), DeleteError>> {
    match event.operation_status()? {
        OperationStatus::Success => Some(Ok(())),
        OperationStatus::Failed | OperationStatus::CancelComplete => {
            let code = event.error_code().map_or("", |code| code.as_str());
            if code == "NotFound" {
                return Some(Ok(()));
            }
            let why = event.status_message().unwrap_or(code);
            Some(Err(DeleteError::Refused(why.to_owned())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudcontrol::types::HandlerErrorCode;

    use super::*;

    #[test]
    fn a_request_ends_well_when_the_resource_is_gone() {
        let event = |status| ProgressEvent::builder().operation_status(status);
        assert!(ended(&event(OperationStatus::InProgress).build()).is_none());
        assert!(matches!(ended(&event(OperationStatus::Success).build()), Some(Ok(()))));
        let failed = |code| event(OperationStatus::Failed).error_code(code);
        let gone = failed(HandlerErrorCode::NotFound).build();
        assert!(matches!(ended(&gone), Some(Ok(()))));
        let busy = failed(HandlerErrorCode::ResourceConflict).status_message("it is in use");
        let why = ended(&busy.build()).unwrap().unwrap_err().to_string();
        assert_eq!(why, "it is in use");
    }
}
