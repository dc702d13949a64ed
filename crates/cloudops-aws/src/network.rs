//! VPC facts (EC2).

mod range;
mod survey;

use aws_sdk_ec2::{Client, types::Filter};

use crate::{
    connect::{Aws, broken},
    error::AwsError,
    ids::Region,
};

pub use range::Range;
pub use survey::{
    DryCall, Peer, Vpc, addresses, dry_calls, internet_gateways, is_standard, nat_gateways,
    offered, peers, running_vcpus, vcpus, vpcs,
};

/// The regions that are enabled for the account, sorted (`DescribeRegions`).
///
/// # Errors
/// [`AwsError`].
pub async fn regions(aws: &Aws) -> Result<Vec<Region>, AwsError> {
    let answer = Client::new(aws.config())
        .describe_regions()
        .send()
        .await
        .map_err(|error| AwsError::new("EC2", "DescribeRegions", error))?;
    let names = answer.regions.unwrap_or_default().into_iter().filter_map(|one| one.region_name);
    let regions: Result<Vec<Region>, _> = names.map(|name| name.parse()).collect();
    let mut regions = regions.map_err(|error| broken("EC2", "DescribeRegions", &error))?;
    regions.sort();
    Ok(regions)
}

/// Names of the region's zones that can be used now, sorted (`DescribeAvailabilityZones`).
///
/// # Errors
/// [`AwsError`].
pub async fn availability_zones(aws: &Aws) -> Result<Vec<String>, AwsError> {
    let state = Filter::builder().name("state").values("available").build();
    let kind = Filter::builder().name("zone-type").values("availability-zone").build();
    let request = Client::new(aws.config()).describe_availability_zones();
    let answer = request
        .filters(state)
        .filters(kind)
        .send()
        .await
        .map_err(|error| AwsError::new("EC2", "DescribeAvailabilityZones", error))?;
    let zones = answer.availability_zones.unwrap_or_default();
    let mut names: Vec<String> = zones.into_iter().filter_map(|zone| zone.zone_name).collect();
    names.sort();
    Ok(names)
}

/// How many instances of an Auto Scaling group run (`DescribeInstances`, by the tag that the group
/// gives them).
///
/// # Errors
/// [`AwsError`].
pub async fn running_in_group(aws: &Aws, group: &str) -> Result<usize, AwsError> {
    let of_group = Filter::builder().name("tag:aws:autoscaling:groupName").values(group).build();
    let state = Filter::builder().name("instance-state-name").values("running").build();
    let request = Client::new(aws.config()).describe_instances().filters(of_group).filters(state);
    let answer =
        request.send().await.map_err(|error| AwsError::new("EC2", "DescribeInstances", error))?;
    Ok(answer.reservations().iter().map(|reservation| reservation.instances().len()).sum())
}
