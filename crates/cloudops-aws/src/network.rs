//! VPC facts (EC2).

pub mod adopted;
pub mod defaults;
mod range;
mod survey;

use std::collections::BTreeSet;

use aws_sdk_ec2::{
    Client,
    types::{Filter, GroupIdentifier, Instance, NetworkInterfaceStatus},
};

use crate::{
    connect::{Aws, broken},
    error::AwsError,
    ids::{InstanceName, Region},
    state::lock::Locked,
};

pub use range::Range;
pub use survey::{
    DryCall, Peer, Vpc, addresses, dry_calls, has_address, internet_gateways, is_standard,
    nat_gateways, offered, peers, running_vcpus, vcpus, vpcs,
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

/// A server that runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its id.
    pub id: String,
    /// Its public address, where it has one.
    pub address: Option<String>,
}

/// The servers of an Auto Scaling group that run (`DescribeInstances`, by the tag that the group
/// gives them), the newest first.
///
/// # Errors
/// [`AwsError`].
pub async fn running_in_group(aws: &Aws, group: &str) -> Result<Vec<Host>, AwsError> {
    let of_group = Filter::builder().name("tag:aws:autoscaling:groupName").values(group).build();
    let state = Filter::builder().name("instance-state-name").values("running").build();
    let request = Client::new(aws.config()).describe_instances().filters(of_group).filters(state);
    let answer =
        request.send().await.map_err(|error| AwsError::new("EC2", "DescribeInstances", error))?;
    let reservations = answer.reservations.unwrap_or_default().into_iter();
    let mut instances: Vec<_> =
        reservations.flat_map(|one| one.instances.unwrap_or_default()).collect();
    instances.sort_by_key(|one| std::cmp::Reverse(one.launch_time));
    let host = |one: Instance| Some(Host { id: one.instance_id?, address: one.public_ip_address });
    Ok(instances.into_iter().filter_map(host).collect())
}

/// A network interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// Its id, such as `eni-0a1b`.
    pub id: String,
    /// What its owner wrote, such as `AWS Lambda VPC ENI-acme-recorder`.
    pub description: String,
    /// Whether nothing is attached to it.
    pub is_free: bool,
    /// Ids of its security groups.
    pub groups: Vec<String>,
}

/// The network interfaces in a VPC (`DescribeNetworkInterfaces`, all pages), sorted.
///
/// # Errors
/// [`AwsError`].
pub async fn interfaces(aws: &Aws, vpc: &str) -> Result<Vec<Interface>, AwsError> {
    let in_vpc = Filter::builder().name("vpc-id").values(vpc).build();
    let request = Client::new(aws.config()).describe_network_interfaces().filters(in_vpc);
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page =
            page.map_err(|error| AwsError::new("EC2", "DescribeNetworkInterfaces", error))?;
        for one in page.network_interfaces.unwrap_or_default() {
            found.push(Interface {
                groups: one
                    .groups
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(id_of_group)
                    .collect(),
                is_free: one.status == Some(NetworkInterfaceStatus::Available),
                id: one.network_interface_id.unwrap_or_default(),
                description: one.description.unwrap_or_default(),
            });
        }
    }
    found.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(found)
}

fn id_of_group(group: GroupIdentifier) -> Option<String> {
    group.group_id
}

/// Ids of the security groups in a VPC that have the tag of an instance (`DescribeSecurityGroups`,
/// all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn groups(
    aws: &Aws,
    vpc: &str,
    instance: &InstanceName,
) -> Result<BTreeSet<String>, AwsError> {
    let request = Client::new(aws.config())
        .describe_security_groups()
        .filters(survey::filter("vpc-id", &[vpc]))
        .filters(survey::filter("tag:cloudops:instance", &[instance.as_str()]));
    let mut pages = request.into_paginator().items().send();
    let mut found = BTreeSet::new();
    while let Some(group) = pages.next().await {
        let group = group.map_err(|error| AwsError::new("EC2", "DescribeSecurityGroups", error))?;
        found.extend(group.group_id);
    }
    Ok(found)
}

/// Deletes a network interface that nothing is attached to (`DeleteNetworkInterface`); one that is
/// not there is fine.
///
/// # Errors
/// [`AwsError`].
pub async fn delete_interface(aws: &Aws, _locked: &Locked, id: &str) -> Result<(), AwsError> {
    let request = Client::new(aws.config()).delete_network_interface().network_interface_id(id);
    match request.send().await {
        Ok(_) => Ok(()),
        Err(error) => match AwsError::new("EC2", "DeleteNetworkInterface", error) {
            error if error.is_not_found() || error.code.ends_with(".NotFound") => Ok(()),
            error => Err(error),
        },
    }
}
