//! Whether a network that exists already can carry an instance: a look, and a pure judgement.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::{
    Client,
    types::{RouteTable, VpcAttributeName},
};

use super::{Range, survey::filter};
use crate::{
    config_file::AdoptedNetwork,
    connect::Aws,
    diagnose::{Class, Diagnose},
    error::AwsError,
};

/// A load balancer wants eight free addresses in each of its subnets (ELB user guide, "Subnets for
/// your load balancer"); tasks need theirs too.
const FEWEST_ADDRESSES: i32 = 8;
/// Fewer free addresses than this are soon used up by tasks that start beside those they replace.
const FEW_ADDRESSES: i32 = 32;

/// Where the default route of a subnet leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WayOut {
    /// To the internet, both ways.
    Internet,
    /// Out only, or to another network: the id of what is there.
    Through(String),
    /// Nowhere.
    None,
}

/// A subnet as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// Network it is in.
    pub vpc: String,
    /// Availability zone.
    pub zone: String,
    /// Addresses that nothing uses.
    pub free: i32,
    /// Where its default route leads.
    pub way_out: WayOut,
}

/// A network as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its IPv4 ranges; none when it does not exist.
    pub ranges: Vec<String>,
    /// Whether names are resolved in it.
    pub dns_support: bool,
    /// Whether servers in it have names.
    pub dns_hostnames: bool,
    /// The subnets that were asked for and exist, by id.
    pub subnets: BTreeMap<String, Subnet>,
}

/// Why a network cannot be adopted.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the network {vpc} cannot be adopted: {}", .reasons.join("; "))]
pub struct UnfitNetwork {
    /// Id of the VPC.
    pub vpc: String,
    /// All reasons.
    pub reasons: Vec<String>,
}

impl Diagnose for UnfitNetwork {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hints(&self) -> Vec<String> {
        vec![
            "Correct `network.adopt` in cloudops.yaml or the network; CloudOps changes nothing in \
             it. Without `network.adopt` one is made."
                .to_owned(),
        ]
    }
}

/// Looks at a network and those of its subnets that are to be used (`DescribeVpcs`,
/// `DescribeVpcAttribute`, `DescribeSubnets`, `DescribeRouteTables`). Changes nothing.
///
/// # Errors
/// [`AwsError`]. A network or subnet that does not exist is no error here.
pub async fn look(aws: &Aws, wanted: &AdoptedNetwork) -> Result<Found, AwsError> {
    let client = Client::new(aws.config());
    let vpcs = super::vpcs(aws).await?;
    let Some(vpc) = vpcs.into_iter().find(|vpc| vpc.id == wanted.vpc) else {
        let (dns_support, dns_hostnames) = (false, false);
        let (ranges, subnets) = (Vec::new(), BTreeMap::new());
        return Ok(Found { ranges, dns_support, dns_hostnames, subnets });
    };
    let (support, hostnames, subnets) = tokio::try_join!(
        attribute(&client, &vpc.id, VpcAttributeName::EnableDnsSupport),
        attribute(&client, &vpc.id, VpcAttributeName::EnableDnsHostnames),
        subnets(&client, wanted),
    )?;
    Ok(Found { ranges: vpc.ranges, dns_support: support, dns_hostnames: hostnames, subnets })
}

async fn attribute(client: &Client, vpc: &str, name: VpcAttributeName) -> Result<bool, AwsError> {
    let answer = client.describe_vpc_attribute().vpc_id(vpc).attribute(name).send().await;
    let answer = answer.map_err(|error| AwsError::new("EC2", "DescribeVpcAttribute", error))?;
    let values = [answer.enable_dns_support, answer.enable_dns_hostnames];
    Ok(values.into_iter().flatten().any(|value| value.value == Some(true)))
}

async fn subnets(
    client: &Client,
    wanted: &AdoptedNetwork,
) -> Result<BTreeMap<String, Subnet>, AwsError> {
    let tables = route_tables(client, &wanted.vpc).await?;
    let ids: BTreeSet<&str> = wanted.subnets().map(|(_, id)| id).collect();
    // By a filter: by ids, one that does not exist would fail the whole call.
    let ids: Vec<&str> = ids.into_iter().collect();
    let request = client.describe_subnets().filters(filter("subnet-id", &ids));
    let mut pages = request.into_paginator().items().send();
    let mut found = BTreeMap::new();
    while let Some(subnet) = pages.next().await {
        let subnet = subnet.map_err(|error| AwsError::new("EC2", "DescribeSubnets", error))?;
        let id = subnet.subnet_id.unwrap_or_default();
        let way_out = way_out(&tables, &id);
        let vpc = subnet.vpc_id.unwrap_or_default();
        let zone = subnet.availability_zone.unwrap_or_default();
        let free = subnet.available_ip_address_count.unwrap_or_default();
        found.insert(id, Subnet { vpc, zone, free, way_out });
    }
    Ok(found)
}

async fn route_tables(client: &Client, vpc: &str) -> Result<Vec<RouteTable>, AwsError> {
    let request = client.describe_route_tables().filters(filter("vpc-id", &[vpc]));
    let mut pages = request.into_paginator().items().send();
    let mut tables = Vec::new();
    while let Some(table) = pages.next().await {
        tables.push(table.map_err(|error| AwsError::new("EC2", "DescribeRouteTables", error))?);
    }
    Ok(tables)
}

/// The default route of the table that a subnet has, or of the network's main one.
fn way_out(tables: &[RouteTable], subnet: &str) -> WayOut {
    let explicit = |table: &&RouteTable| {
        table.associations().iter().any(|one| one.subnet_id() == Some(subnet))
    };
    let main =
        |table: &&RouteTable| table.associations().iter().any(|one| one.main() == Some(true));
    let table = tables.iter().find(explicit).or_else(|| tables.iter().find(main));
    let routes = table.map(RouteTable::routes).unwrap_or_default();
    let default = routes.iter().find(|route| {
        route.destination_cidr_block() == Some("0.0.0.0/0")
            && route.state().is_none_or(|state| state.as_str() != "blackhole")
    });
    let Some(route) = default else {
        return WayOut::None;
    };
    if route.gateway_id().is_some_and(|id| id.starts_with("igw-")) {
        return WayOut::Internet;
    }
    let targets = [
        route.nat_gateway_id(),
        route.transit_gateway_id(),
        route.network_interface_id(),
        route.vpc_peering_connection_id(),
        route.gateway_id(),
    ];
    targets.into_iter().flatten().next().map_or(WayOut::None, |id| WayOut::Through(id.to_owned()))
}

/// Judges a network. Gives warnings. Pure.
///
/// # Errors
/// [`UnfitNetwork`] with all reasons.
pub fn fitness(wanted: &AdoptedNetwork, found: &Found) -> Result<Vec<String>, UnfitNetwork> {
    let vpc = wanted.vpc.clone();
    if found.ranges.is_empty() {
        return Err(UnfitNetwork { vpc, reasons: vec!["it does not exist here".to_owned()] });
    }
    let mut reasons = of_the_vpc(wanted, found);
    let mut warnings = Vec::new();
    for (tier, id) in wanted.subnets() {
        match found.subnets.get(id) {
            None => reasons.push(format!("the {tier} subnet {id} does not exist here")),
            Some(subnet) if subnet.vpc != wanted.vpc => {
                reasons.push(format!("the {tier} subnet {id} is in {}", subnet.vpc));
            }
            Some(subnet) => of_a_subnet(tier, id, subnet, &mut reasons, &mut warnings),
        }
    }
    reasons.extend(of_the_zones(wanted, found));
    if reasons.is_empty() { Ok(warnings) } else { Err(UnfitNetwork { vpc, reasons }) }
}

fn of_the_vpc(wanted: &AdoptedNetwork, found: &Found) -> Vec<String> {
    let mut reasons = Vec::new();
    let same = |range: &String| Range::parse(range) == Range::parse(&wanted.cidr);
    if !found.ranges.iter().any(same) {
        let has = found.ranges.join(", ");
        reasons.push(format!("its range is {has}, not {}", wanted.cidr));
    }
    if !found.dns_support {
        reasons.push("it resolves no names (enableDnsSupport is off)".to_owned());
    }
    if !found.dns_hostnames {
        reasons.push("private zones do not work in it (enableDnsHostnames is off)".to_owned());
    }
    reasons
}

fn of_a_subnet(
    tier: Tier,
    id: &str,
    subnet: &Subnet,
    reasons: &mut Vec<String>,
    warnings: &mut Vec<String>,
) {
    match (tier, &subnet.way_out) {
        (Tier::Public, WayOut::Internet) | (Tier::Private, WayOut::Through(_)) => {}
        (Tier::Public, _) => {
            reasons.push(format!("the public subnet {id} has no route to an internet gateway"));
        }
        (Tier::Private | Tier::Data, WayOut::Internet) => {
            reasons.push(format!("the {tier} subnet {id} has a route to an internet gateway"));
        }
        (Tier::Private, WayOut::None) => warnings.push(format!(
            "the private subnet {id} has no default route: tasks need endpoints for ECR, S3, \
             CloudWatch Logs, Secrets Manager and Systems Manager"
        )),
        (Tier::Data, _) => {}
    }
    if subnet.free < FEWEST_ADDRESSES {
        reasons.push(format!(
            "the {tier} subnet {id} has {} free addresses, {FEWEST_ADDRESSES} are needed",
            subnet.free
        ));
    } else if subnet.free < FEW_ADDRESSES {
        warnings.push(format!("the {tier} subnet {id} has only {} free addresses", subnet.free));
    }
}

/// Subnets of a tier are one per zone, and all tiers are in the same zones in the same order:
/// templates take them by place.
fn of_the_zones(wanted: &AdoptedNetwork, found: &Found) -> Vec<String> {
    let zones = |ids: &[String]| -> Vec<&str> {
        ids.iter().filter_map(|id| Some(found.subnets.get(id)?.zone.as_str())).collect()
    };
    let public = zones(&wanted.public_subnets);
    let mut reasons = Vec::new();
    for (tier, ids) in wanted.tiers() {
        let here = zones(ids);
        let distinct: BTreeSet<&&str> = here.iter().collect();
        if distinct.len() < here.len() {
            reasons.push(format!("two {tier} subnets are in one zone: {}", here.join(", ")));
        } else if here.len() == public.len() && here != public {
            reasons.push(format!(
                "the {tier} subnets are in the zones {}, the public ones in {}: the order must be \
                 the same",
                here.join(", "),
                public.join(", ")
            ));
        }
    }
    reasons
}

/// What subnets are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// Load balancers and the bastion.
    Public,
    /// Servers and tasks.
    Private,
    /// Databases and brokers.
    Data,
}

impl std::fmt::Display for Tier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Public => "public",
            Self::Private => "private",
            Self::Data => "data",
        })
    }
}

impl AdoptedNetwork {
    fn tiers(&self) -> [(Tier, &[String]); 3] {
        [
            (Tier::Public, &self.public_subnets),
            (Tier::Private, &self.private_subnets),
            (Tier::Data, &self.data_subnets),
        ]
    }

    fn subnets(&self) -> impl Iterator<Item = (Tier, &str)> {
        self.tiers()
            .into_iter()
            .flat_map(|(tier, ids)| ids.iter().map(move |id| (tier, id.as_str())))
    }
}

#[cfg(test)]
mod tests;
