//! Aurora clusters (RDS).

use aws_sdk_rds::Client;

use crate::{connect::Aws, error::AwsError};

/// Status of a cluster, such as `available`; none when it does not exist (`DescribeDBClusters`).
///
/// # Errors
/// [`AwsError`].
pub async fn cluster_status(aws: &Aws, identifier: &str) -> Result<Option<String>, AwsError> {
    let request =
        Client::new(aws.config()).describe_db_clusters().db_cluster_identifier(identifier);
    match request.send().await {
        Ok(answer) => {
            let clusters = answer.db_clusters.unwrap_or_default();
            Ok(clusters.into_iter().next().and_then(|cluster| cluster.status))
        }
        Err(error) => match AwsError::new("RDS", "DescribeDBClusters", error) {
            error if error.is_not_found() => Ok(None),
            error => Err(error),
        },
    }
}
