//! VPC facts (EC2).

use aws_sdk_ec2::{Client, types::Filter};

use crate::{connect::Aws, error::AwsError};

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
