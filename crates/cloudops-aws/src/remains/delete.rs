//! Deleting what stacks left, for good.

use aws_sdk_cloudwatchlogs::Client as Logs;
use aws_sdk_rds::Client as Rds;
use aws_sdk_secretsmanager::Client as Secrets;
use aws_sdk_ssm::Client as Ssm;
use serde::Serialize;

use super::{Remain, SNAPSHOT, cloud_control};
use crate::{
    ctx::Ctx,
    error::AwsError,
    state::{
        lock::Locked,
        store::{StateError, Store},
    },
};
pub use cloud_control::DeleteError;

/// A remain that was deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deleted {
    /// What it was.
    #[serde(flatten)]
    pub remain: Remain,
    /// What is to be said of it: how much was in it, or how long AWS still keeps it.
    pub says: String,
    /// Whether AWS keeps it for a while, in which it costs nothing and can be brought back.
    pub later: bool,
}

const LATER: &str = "gone in 30 days";

/// Why a remain is still there.
#[derive(Debug, thiserror::Error)]
pub enum RemainError {
    /// A bucket.
    #[error(transparent)]
    Bucket(#[from] StateError),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] DeleteError),
}

impl From<AwsError> for RemainError {
    fn from(error: AwsError) -> Self {
        Self::Other(error.into())
    }
}

/// Deletes a remain with all that is in it; one that is not there is fine. A bucket is emptied
/// (`ListObjectVersions`, `DeleteObject`, `DeleteBucket`), a key and a secret are kept by AWS for
/// another 30 days, in which they cost nothing and can be brought back.
///
/// # Errors
/// [`RemainError`].
pub async fn delete(ctx: &Ctx, locked: &Locked, remain: &Remain) -> Result<Deleted, RemainError> {
    locked.check().map_err(DeleteError::from)?;
    let id = remain.id.as_str();
    let says = match remain.resource_type.as_str() {
        "AWS::S3::Bucket" => bucket(ctx, id).await?,
        "AWS::SecretsManager::Secret" if remain.stack.is_none() => {
            let request = Secrets::new(ctx.aws.config()).delete_secret().secret_id(id);
            let answer = request.recovery_window_in_days(30).send().await;
            gone(answer.map_err(|error| AwsError::new("Secrets Manager", "DeleteSecret", error)))?;
            LATER.to_owned()
        }
        "AWS::SSM::Parameter" if remain.stack.is_none() => {
            let answer = Ssm::new(ctx.aws.config()).delete_parameter().name(id).send().await;
            gone(answer.map_err(|error| AwsError::new("SSM", "DeleteParameter", error)))?;
            "gone".to_owned()
        }
        "AWS::Logs::LogGroup" => {
            let request = Logs::new(ctx.aws.config()).delete_log_group().log_group_name(id);
            let answer = request.send().await;
            gone(answer.map_err(|error| AwsError::new("Logs", "DeleteLogGroup", error)))?;
            "gone".to_owned()
        }
        SNAPSHOT => {
            let request = Rds::new(ctx.aws.config()).delete_db_cluster_snapshot();
            let answer = request.db_cluster_snapshot_identifier(id).send().await;
            gone(answer.map_err(|error| AwsError::new("RDS", "DeleteDBClusterSnapshot", error)))?;
            "gone".to_owned()
        }
        other => {
            cloud_control::delete(ctx, locked, other, id).await?;
            if other == "AWS::KMS::Key" { LATER } else { "gone" }.to_owned()
        }
    };
    Ok(Deleted { remain: remain.clone(), later: says == LATER, says })
}

async fn bucket(ctx: &Ctx, name: &str) -> Result<String, StateError> {
    let store = Store::new(&ctx.aws, name);
    if !store.exists().await? {
        return Ok("does not exist".to_owned());
    }
    let count = store.purge("").await?;
    store.delete_bucket().await?;
    Ok(format!("{count} object versions are gone"))
}

/// What is gone already is as it should be.
fn gone<T>(answer: Result<T, AwsError>) -> Result<(), AwsError> {
    match answer {
        Err(error) if !error.is_not_found() => Err(error),
        _ => Ok(()),
    }
}
