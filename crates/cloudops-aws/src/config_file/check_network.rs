//! The network, its names and its certificate: from the file as written to settings that can be
//! trusted.

use std::net::{IpAddr, SocketAddr};

use std::net::Ipv4Addr;

use super::{
    AdoptedNetwork, ConfigError, DnsConfig, NetworkConfig,
    at::{At, text},
    form::Form,
    raw::{RawAdopt, RawConfig, RawDns, RawNetwork, Text},
};

/// An IPv4 range whose address is the first of the range.
pub(super) fn cidr(at: &At<'_>, key: &str, value: &Text) -> Result<(Ipv4Addr, u32), ConfigError> {
    let wrong = |what: &str| at.error(key, value, format!("`{}` {what}", value.value));
    let parts = value.value.split_once('/');
    let parsed = parts.and_then(|(address, bits)| {
        Some((
            address.parse::<Ipv4Addr>().ok()?,
            bits.parse::<u32>().ok().filter(|bits| *bits <= 32)?,
        ))
    });
    let (address, bits) =
        parsed.ok_or_else(|| wrong("is not an IPv4 range such as 203.0.113.0/24"))?;
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    if u32::from(address) & !mask != 0 {
        return Err(wrong("has an address that is not the first of its range"));
    }
    Ok((address, bits))
}

pub(super) fn network(at: &At<'_>, raw: &RawConfig) -> Result<NetworkConfig, ConfigError> {
    let network = &raw.network;
    if let Some(value) = &network.cidr {
        let (address, bits) = cidr(at, "network.cidr", value)?;
        if !address.is_private() {
            return Err(at.error("network.cidr", value, "is not a range for private networks"));
        }
        if !(16..=20).contains(&bits) {
            return Err(at.error(
                "network.cidr",
                value,
                format!("/{bits} is not between /16 and /20"),
            ));
        }
    }
    zones(at, network)?;
    let adopt = network.adopt.as_ref().map(|adopt| adopted(at, raw, adopt)).transpose()?;
    let own = text(network.cidr.as_ref(), "10.0.0.0/16");
    let allowed = ["none", "single", "per-zone"];
    Ok(NetworkConfig {
        cidr: adopt.as_ref().map_or(own, |adopt| adopt.cidr.clone()),
        zones: network.zones.as_ref().map_or(2, |zones| zones.value),
        nat_gateways: at.one_of(
            "network.nat-gateways",
            network.nat_gateways.as_ref(),
            &allowed,
            "single",
        )?,
        ipv6: network.ipv6.as_ref().is_some_and(|ipv6| ipv6.value),
        adopt,
    })
}

fn zones(at: &At<'_>, network: &RawNetwork) -> Result<(), ConfigError> {
    match &network.zones {
        Some(zones) if !(2..=3).contains(&zones.value) => {
            Err(at.error("network.zones", zones, format!("{} is not 2 or 3", zones.value)))
        }
        _ => Ok(()),
    }
}

/// An adopted network has its own range, gateways and zones: settings about those would say two
/// things at once.
fn adopted(at: &At<'_>, raw: &RawConfig, adopt: &RawAdopt) -> Result<AdoptedNetwork, ConfigError> {
    let network = &raw.network;
    let both = |key: &str, value: &Text| {
        at.error(key, value, "does not go together with `network.adopt`, which brings its own")
    };
    if let Some(value) = &network.cidr {
        return Err(both("network.cidr", value));
    }
    if let Some(value) = &network.nat_gateways {
        return Err(both("network.nat-gateways", value));
    }
    if let Some(value) = &network.ipv6 {
        let message = "does not go together with `network.adopt`, which brings its own";
        return Err(at.error("network.ipv6", value, message));
    }
    cidr(at, "network.adopt.cidr", &adopt.cidr)?;
    let vpc = at.named("network.adopt.vpc", Some(&adopt.vpc), Form::Vpc)?;
    let zones = network.zones.as_ref().map_or(2, |zones| usize::from(zones.value));
    let subnets = |key: &str, ids: &[Text]| subnets(at, &adopt.vpc, key, ids, zones);
    Ok(AdoptedNetwork {
        vpc: vpc.unwrap_or_default(),
        cidr: adopt.cidr.value.clone(),
        public_subnets: subnets("network.adopt.public-subnets", &adopt.public_subnets)?,
        private_subnets: subnets("network.adopt.private-subnets", &adopt.private_subnets)?,
        data_subnets: subnets("network.adopt.data-subnets", &adopt.data_subnets)?,
    })
}

fn subnets(
    at: &At<'_>,
    vpc: &Text,
    key: &str,
    ids: &[Text],
    zones: usize,
) -> Result<Vec<String>, ConfigError> {
    if ids.len() != zones {
        let message = format!("{} subnets, where `network.zones` asks for {zones}", ids.len());
        return Err(at.error(key, ids.first().unwrap_or(vpc), message));
    }
    let checked = ids.iter().map(|id| at.named(key, Some(id), Form::Subnet));
    Ok(checked.collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

pub(super) fn dns(at: &At<'_>, raw: &RawDns) -> Result<DnsConfig, ConfigError> {
    if let (Some(id), None) = (&raw.parent_external_id, &raw.parent_role) {
        let message = "goes together with `dns.parent-role` only";
        return Err(at.error("dns.parent-external-id", id, message));
    }
    let named = |key, value: &Option<Text>, form| at.named(key, value.as_ref(), form);
    let external_id = &raw.parent_external_id;
    Ok(DnsConfig {
        delegate: raw.delegate.as_ref().is_none_or(|delegate| delegate.value),
        parent_zone: named("dns.parent-zone", &raw.parent_zone, Form::Zone)?,
        parent_role: named("dns.parent-role", &raw.parent_role, Form::Role)?,
        parent_external_id: named("dns.parent-external-id", external_id, Form::ExternalId)?,
        roots: servers(at, "dns.roots", &raw.roots)?,
        resolvers: servers(at, "dns.resolvers", &raw.resolvers)?,
    })
}

/// Addresses of name servers, each with a port where it is not 53.
fn servers(at: &At<'_>, key: &str, raw: &[Text]) -> Result<Vec<SocketAddr>, ConfigError> {
    let one = |value: &Text| {
        let text = &value.value;
        let bare = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, 53));
        let message = format!("`{text}` is not an address, such as 192.0.2.53 or 192.0.2.53:5353");
        bare.or_else(|_| text.parse()).map_err(|_| at.error(key, value, message))
    };
    raw.iter().map(one).collect()
}

/// A load balancer takes certificates of its own region only.
pub(super) fn certificate(at: &At<'_>, raw: &RawConfig) -> Result<Option<String>, ConfigError> {
    let key = "certificate.arn";
    let arn = at.named(key, raw.certificate.arn.as_ref(), Form::Certificate)?;
    if let (Some(arn), Some(value)) = (&arn, &raw.certificate.arn) {
        let region = &raw.region.value;
        if arn.split(':').nth(3) != Some(region.as_str()) {
            let message = format!("the certificate is not in {region}, the region of the instance");
            return Err(at.error(key, value, message));
        }
    }
    Ok(arn)
}

#[cfg(test)]
mod tests {
    use super::super::check::tests::check;

    const SUBNETS: &str = "public-subnets: [subnet-1, subnet-2], private-subnets: [subnet-3, subnet-4], data-subnets: [subnet-5, subnet-6]";

    #[test]
    fn an_adopted_network_brings_its_own_range_and_its_subnets() {
        check(
            &format!(
                "network: {{cidr: 10.0.0.0/16, adopt: {{vpc: vpc-1, cidr: 10.1.0.0/16, {SUBNETS}}}}}\n"
            ),
            "cloudops.yaml:6:17: network.cidr: does not go together with `network.adopt`, which brings its own | ",
        );
        check(
            &format!("network: {{adopt: {{vpc: my-vpc, cidr: 10.1.0.0/16, {SUBNETS}}}}}\n"),
            "cloudops.yaml:6:24: network.adopt.vpc: `my-vpc` is not the id of a VPC, such as vpc-0a1b2c3d4e5f60718 | ",
        );
        check(
            &format!(
                "network: {{ipv6: true, adopt: {{vpc: vpc-1, cidr: 10.1.0.0/16, {SUBNETS}}}}}\n"
            ),
            "cloudops.yaml:6:17: network.ipv6: does not go together with `network.adopt`, which brings its own | ",
        );
        check(
            &format!("network: {{adopt: {{vpc: vpc-1, cidr: 10.1.2.3/16, {SUBNETS}}}}}\n"),
            "cloudops.yaml:6:37: network.adopt.cidr: `10.1.2.3/16` has an address that is not the first of its range | ",
        );
        check(
            &format!(
                "network: {{zones: 3, adopt: {{vpc: vpc-1, cidr: 10.1.0.0/16, {SUBNETS}}}}}\n"
            ),
            "cloudops.yaml:6:77: network.adopt.public-subnets: 2 subnets, where `network.zones` asks for 3 | ",
        );
    }

    #[test]
    fn names_of_aws_have_their_forms() {
        check(
            "dns: {parent-role: delegation}\n",
            "cloudops.yaml:6:20: dns.parent-role: `delegation` is not the ARN of a role, such as arn:aws:iam::123456789012:role/delegation | ",
        );
        check(
            "dns: {parent-external-id: acme}\n",
            "cloudops.yaml:6:27: dns.parent-external-id: goes together with `dns.parent-role` only | ",
        );
        check(
            "dns: {resolvers: [192.0.2.53, dns.example]}\n",
            "cloudops.yaml:6:31: dns.resolvers: `dns.example` is not an address, such as 192.0.2.53 or 192.0.2.53:5353 | ",
        );
        check(
            "certificate: {arn: 'arn:aws:acm:eu-west-1:123456789012:certificate/a'}\n",
            "cloudops.yaml:6:20: certificate.arn: the certificate is not in us-west-2, the region of the instance | ",
        );
    }
}
