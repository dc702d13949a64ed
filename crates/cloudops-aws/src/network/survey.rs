//! What an account has of networks and servers already, and what a region offers (EC2).

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::{
    Client,
    types::{Filter, Instance, LocationType, VpcPeeringConnectionVpcInfo},
};

use crate::{connect::Aws, error::AwsError};

/// Families that share the quota of running standard instances.
const STANDARD: [char; 9] = ['a', 'c', 'd', 'h', 'i', 'm', 'r', 't', 'z'];

fn failed<E, R>(
    operation: &'static str,
) -> impl Fn(aws_smithy_runtime_api::client::result::SdkError<E, R>) -> AwsError
where
    E: aws_smithy_types::error::metadata::ProvideErrorMetadata + std::error::Error + 'static,
    R: std::fmt::Debug + 'static,
{
    move |error| AwsError::new("EC2", operation, error)
}

pub(super) fn filter(name: &str, values: &[&str]) -> Filter {
    let values = values.iter().map(|value| (*value).to_owned()).collect();
    Filter::builder().name(name).set_values(Some(values)).build()
}

/// A network that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vpc {
    /// Its id.
    pub id: String,
    /// Its IPv4 ranges.
    pub ranges: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// All networks of the region (`DescribeVpcs`).
///
/// # Errors
/// [`AwsError`].
pub async fn vpcs(aws: &Aws) -> Result<Vec<Vpc>, AwsError> {
    let mut pages = Client::new(aws.config()).describe_vpcs().into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(vpc) = pages.next().await {
        let vpc = vpc.map_err(failed("DescribeVpcs"))?;
        let mut ranges: BTreeSet<String> =
            vpc.cidr_block().map(str::to_owned).into_iter().collect();
        let more = vpc.cidr_block_association_set().iter();
        ranges.extend(more.filter_map(|one| one.cidr_block().map(str::to_owned)));
        let tags = vpc.tags().iter().filter_map(|tag| {
            Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()))
        });
        found.push(Vpc {
            id: vpc.vpc_id().unwrap_or_default().to_owned(),
            ranges: ranges.into_iter().collect(),
            tags: tags.collect(),
        });
    }
    Ok(found)
}

/// A network that a network of the account is connected with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Id of the connection.
    pub connection: String,
    /// Id of the network; it may be in another account or region.
    pub vpc: String,
    /// Its IPv4 ranges.
    pub ranges: Vec<String>,
}

/// Both ends of all peering connections that are in use (`DescribeVpcPeeringConnections`).
///
/// # Errors
/// [`AwsError`].
pub async fn peers(aws: &Aws) -> Result<Vec<Peer>, AwsError> {
    let request = Client::new(aws.config())
        .describe_vpc_peering_connections()
        .filters(filter("status-code", &["active", "pending-acceptance", "provisioning"]));
    let mut pages = request.into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(connection) = pages.next().await {
        let connection = connection.map_err(failed("DescribeVpcPeeringConnections"))?;
        let id = connection.vpc_peering_connection_id().unwrap_or_default();
        let ends = [connection.accepter_vpc_info(), connection.requester_vpc_info()];
        found.extend(ends.into_iter().flatten().map(|end| peer(id, end)));
    }
    Ok(found)
}

fn peer(connection: &str, end: &VpcPeeringConnectionVpcInfo) -> Peer {
    let mut ranges: BTreeSet<String> = end.cidr_block().map(str::to_owned).into_iter().collect();
    ranges
        .extend(end.cidr_block_set().iter().filter_map(|set| set.cidr_block().map(str::to_owned)));
    Peer {
        connection: connection.to_owned(),
        vpc: end.vpc_id().unwrap_or_default().to_owned(),
        ranges: ranges.into_iter().collect(),
    }
}

/// How many internet gateways the region has (`DescribeInternetGateways`).
///
/// # Errors
/// [`AwsError`].
pub async fn internet_gateways(aws: &Aws) -> Result<usize, AwsError> {
    let request = Client::new(aws.config()).describe_internet_gateways();
    let mut pages = request.into_paginator().items().send();
    let mut count = 0;
    while let Some(one) = pages.next().await {
        one.map_err(failed("DescribeInternetGateways"))?;
        count += 1;
    }
    Ok(count)
}

/// How many Elastic IP addresses the region has (`DescribeAddresses`).
///
/// # Errors
/// [`AwsError`].
pub async fn addresses(aws: &Aws) -> Result<usize, AwsError> {
    let request = Client::new(aws.config()).describe_addresses();
    Ok(request.send().await.map_err(failed("DescribeAddresses"))?.addresses().len())
}

/// Whether the region has the Elastic IP address with this allocation id (`DescribeAddresses`).
///
/// # Errors
/// [`AwsError`].
pub async fn has_address(aws: &Aws, id: &str) -> Result<bool, AwsError> {
    // By a filter: by id, one that does not exist would be an error.
    let request = Client::new(aws.config()).describe_addresses();
    let answer = request.filters(filter("allocation-id", &[id])).send().await;
    Ok(!answer.map_err(failed("DescribeAddresses"))?.addresses().is_empty())
}

/// How many NAT gateways each zone has (`DescribeNatGateways`, `DescribeSubnets`).
///
/// # Errors
/// [`AwsError`].
pub async fn nat_gateways(aws: &Aws) -> Result<BTreeMap<String, usize>, AwsError> {
    let client = Client::new(aws.config());
    let request = client
        .describe_nat_gateways()
        .filter(filter("state", &["pending", "available", "deleting"]));
    let mut pages = request.into_paginator().items().send();
    let mut subnets: BTreeMap<String, usize> = BTreeMap::new();
    while let Some(gateway) = pages.next().await {
        let gateway = gateway.map_err(failed("DescribeNatGateways"))?;
        if let Some(subnet) = gateway.subnet_id() {
            *subnets.entry(subnet.to_owned()).or_default() += 1;
        }
    }
    let mut zones = BTreeMap::new();
    if subnets.is_empty() {
        return Ok(zones);
    }
    let request = client.describe_subnets().set_subnet_ids(Some(subnets.keys().cloned().collect()));
    let answer = request.send().await.map_err(failed("DescribeSubnets"))?;
    for subnet in answer.subnets() {
        let count = subnet.subnet_id().and_then(|id| subnets.get(id)).copied().unwrap_or_default();
        let zone = subnet.availability_zone().unwrap_or_default().to_owned();
        *zones.entry(zone).or_default() += count;
    }
    Ok(zones)
}

/// How many vCPUs of standard on-demand instances run: what their quota counts
/// (`DescribeInstances`).
///
/// # Errors
/// [`AwsError`].
pub async fn running_vcpus(aws: &Aws) -> Result<u64, AwsError> {
    let request = Client::new(aws.config())
        .describe_instances()
        .filters(filter("instance-state-name", &["pending", "running"]));
    let mut pages = request.into_paginator().items().send();
    let mut vcpus = 0;
    while let Some(reservation) = pages.next().await {
        let reservation = reservation.map_err(failed("DescribeInstances"))?;
        vcpus += reservation.instances().iter().map(vcpus_of_one).sum::<u64>();
    }
    Ok(vcpus)
}

fn vcpus_of_one(instance: &Instance) -> u64 {
    let kind = instance.instance_type().map_or("", |kind| kind.as_str());
    if instance.instance_lifecycle().is_some() || !is_standard(kind) {
        return 0;
    }
    let cpu = instance.cpu_options();
    let cores = cpu.and_then(|cpu| cpu.core_count()).unwrap_or(1);
    let threads = cpu.and_then(|cpu| cpu.threads_per_core()).unwrap_or(1);
    u64::try_from(cores * threads).unwrap_or(1)
}

/// Whether instances of a type count for the quota of running standard instances.
#[must_use]
pub fn is_standard(instance_type: &str) -> bool {
    let other = ["trn", "inf", "dl", "hpc", "mac"];
    instance_type.starts_with(STANDARD) && !other.iter().any(|one| instance_type.starts_with(one))
}

/// Zones in which instance types are offered; a type that no zone offers is not in it
/// (`DescribeInstanceTypeOfferings`).
///
/// # Errors
/// [`AwsError`].
pub async fn offered(
    aws: &Aws,
    types: &[&str],
) -> Result<BTreeMap<String, BTreeSet<String>>, AwsError> {
    let request = Client::new(aws.config())
        .describe_instance_type_offerings()
        .location_type(LocationType::AvailabilityZone)
        .filters(filter("instance-type", types));
    let mut pages = request.into_paginator().items().send();
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    while let Some(offering) = pages.next().await {
        let offering = offering.map_err(failed("DescribeInstanceTypeOfferings"))?;
        if let (Some(kind), Some(zone)) = (offering.instance_type(), offering.location()) {
            found.entry(kind.as_str().to_owned()).or_default().insert(zone.to_owned());
        }
    }
    Ok(found)
}

/// How many vCPUs instances of these types have, as far as EC2 knows the types
/// (`DescribeInstanceTypes`).
///
/// # Errors
/// [`AwsError`].
pub async fn vcpus(aws: &Aws, types: &[&str]) -> Result<BTreeMap<String, u64>, AwsError> {
    let request =
        Client::new(aws.config()).describe_instance_types().filters(filter("instance-type", types));
    let mut pages = request.into_paginator().items().send();
    let mut found = BTreeMap::new();
    while let Some(kind) = pages.next().await {
        let kind = kind.map_err(failed("DescribeInstanceTypes"))?;
        let count = kind.v_cpu_info().and_then(|info| info.default_v_cpus()).unwrap_or_default();
        if let (Some(name), Ok(count)) = (kind.instance_type(), u64::try_from(count)) {
            found.insert(name.as_str().to_owned(), count);
        }
    }
    Ok(found)
}

/// A call that EC2 checks the right for and does not carry out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryCall {
    /// The action, such as `ec2:CreateVpc`.
    pub action: &'static str,
    /// Whether it is allowed.
    pub allowed: bool,
}

/// Tries whether networks can be made, without making any: `CreateVpc`, `CreateInternetGateway` and
/// `AllocateAddress`, each as a dry run.
///
/// # Errors
/// [`AwsError`] when EC2 answers something else than whether it is allowed.
pub async fn dry_calls(aws: &Aws) -> Result<Vec<DryCall>, AwsError> {
    let client = Client::new(aws.config());
    let vpc = client.create_vpc().cidr_block("10.0.0.0/16").dry_run(true).send().await;
    let gateway = client.create_internet_gateway().dry_run(true).send().await;
    let address = client.allocate_address().dry_run(true).send().await;
    Ok(vec![
        dry("ec2:CreateVpc", vpc.err().map(failed("CreateVpc")))?,
        dry("ec2:CreateInternetGateway", gateway.err().map(failed("CreateInternetGateway")))?,
        dry("ec2:AllocateAddress", address.err().map(failed("AllocateAddress")))?,
    ])
}

/// A dry run that would succeed ends with the error `DryRunOperation`.
fn dry(action: &'static str, error: Option<AwsError>) -> Result<DryCall, AwsError> {
    match error {
        None => Ok(DryCall { action, allowed: true }),
        Some(error) if error.code == "DryRunOperation" => Ok(DryCall { action, allowed: true }),
        Some(error) if error.code == "UnauthorizedOperation" => {
            Ok(DryCall { action, allowed: false })
        }
        Some(error) => Err(error),
    }
}

#[cfg(test)]
mod tests;
