//! Aurora clusters (RDS).

use std::collections::BTreeSet;

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

/// Whether the region offers a version of an engine (`DescribeDBEngineVersions`).
///
/// # Errors
/// [`AwsError`].
pub async fn offers_version(aws: &Aws, engine: &str, version: &str) -> Result<bool, AwsError> {
    let request = Client::new(aws.config())
        .describe_db_engine_versions()
        .engine(engine)
        .engine_version(version);
    let answer = request
        .send()
        .await
        .map_err(|error| AwsError::new("RDS", "DescribeDBEngineVersions", error))?;
    Ok(!answer.db_engine_versions().is_empty())
}

/// Zones in which instances of a class can be had with a version of an engine
/// (`DescribeOrderableDBInstanceOptions`, all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn orderable(
    aws: &Aws,
    engine: &str,
    version: &str,
    class: &str,
) -> Result<BTreeSet<String>, AwsError> {
    let request = Client::new(aws.config())
        .describe_orderable_db_instance_options()
        .engine(engine)
        .engine_version(version)
        .db_instance_class(class);
    let mut pages = request.into_paginator().items().send();
    let mut zones = BTreeSet::new();
    while let Some(option) = pages.next().await {
        let option = option
            .map_err(|error| AwsError::new("RDS", "DescribeOrderableDBInstanceOptions", error))?;
        zones.extend(option.availability_zones.into_iter().flatten().filter_map(|zone| zone.name));
    }
    Ok(zones)
}

/// How many clusters and instances the region has (`DescribeDBClusters`, `DescribeDBInstances`, all
/// pages).
///
/// # Errors
/// [`AwsError`].
pub async fn counts(aws: &Aws) -> Result<(usize, usize), AwsError> {
    let client = Client::new(aws.config());
    let mut clusters = 0;
    let mut pages = client.describe_db_clusters().into_paginator().items().send();
    while let Some(one) = pages.next().await {
        one.map_err(|error| AwsError::new("RDS", "DescribeDBClusters", error))?;
        clusters += 1;
    }
    let mut instances = 0;
    let mut pages = client.describe_db_instances().into_paginator().items().send();
    while let Some(one) = pages.next().await {
        one.map_err(|error| AwsError::new("RDS", "DescribeDBInstances", error))?;
        instances += 1;
    }
    Ok((clusters, instances))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn versions_and_classes_are_offered_or_not() {
        let version = "<DescribeDBEngineVersionsResponse><DescribeDBEngineVersionsResult><DBEngineVersions><DBEngineVersion><Engine>aurora-mysql</Engine></DBEngineVersion></DBEngineVersions></DescribeDBEngineVersionsResult></DescribeDBEngineVersionsResponse>";
        let none = "<DescribeDBEngineVersionsResponse><DescribeDBEngineVersionsResult><DBEngineVersions/></DescribeDBEngineVersionsResult></DescribeDBEngineVersionsResponse>";
        for (answer, expect) in [(version, true), (none, false)] {
            let fake = FakeAws::start(&[("DescribeDBEngineVersions", 200, answer)]).await;
            assert_eq!(offers_version(&fake.aws, "aurora-mysql", "8").await.unwrap(), expect);
        }
        let options = "<DescribeOrderableDBInstanceOptionsResponse><DescribeOrderableDBInstanceOptionsResult><OrderableDBInstanceOptions><OrderableDBInstanceOption>\
            <AvailabilityZones><AvailabilityZone><Name>us-west-2a</Name></AvailabilityZone><AvailabilityZone><Name>us-west-2b</Name></AvailabilityZone></AvailabilityZones>\
            </OrderableDBInstanceOption></OrderableDBInstanceOptions></DescribeOrderableDBInstanceOptionsResult></DescribeOrderableDBInstanceOptionsResponse>";
        let fake = FakeAws::start(&[("DescribeOrderableDBInstanceOptions", 200, options)]).await;
        let zones = orderable(&fake.aws, "aurora-mysql", "8", "db.r6g.large").await.unwrap();
        assert_eq!(zones.into_iter().collect::<Vec<_>>(), ["us-west-2a", "us-west-2b"]);
    }

    #[tokio::test]
    async fn what_there_is_is_counted() {
        let clusters = "<DescribeDBClustersResponse><DescribeDBClustersResult><DBClusters><DBCluster/></DBClusters></DescribeDBClustersResult></DescribeDBClustersResponse>";
        let instances = "<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances><DBInstance/><DBInstance/></DBInstances></DescribeDBInstancesResult></DescribeDBInstancesResponse>";
        let rows = [("DescribeDBClusters", 200, clusters), ("DescribeDBInstances", 200, instances)];
        let fake = FakeAws::start(&rows).await;
        assert_eq!(counts(&fake.aws).await.unwrap(), (1, 2));
    }
}
