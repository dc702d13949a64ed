//! What AWS usually takes for a resource.
//!
//! Seconds that people report for CloudFormation creating one of these, as of 2026-11-25: orders of
//! magnitude to tell what is slow from what is not, not promises. The ones with a documented
//! reason: NAT gateways, file system targets, databases and brokers are made for real before the
//! resource counts as created, a service counts when its tasks are steady, an instance profile
//! waits two minutes until it is known everywhere, a certificate until its domain is delegated.
//! An instance's own history takes their place from the second run on.

use std::collections::BTreeMap;

use super::Wait;
use crate::cfn::template::{ResourceSpec, Template};

/// Seconds for the types that take long.
const SECONDS: [(&str, u64); 23] = [
    ("AWS::ACMPCA::CertificateAuthority", 60),
    ("AWS::AmazonMQ::Broker", 900),
    ("AWS::AutoScaling::AutoScalingGroup", 60),
    ("AWS::CertificateManager::Certificate", 180),
    ("AWS::CloudFront::Distribution", 240),
    ("AWS::EC2::EIP", 20),
    ("AWS::EC2::EgressOnlyInternetGateway", 20),
    ("AWS::EC2::Instance", 60),
    ("AWS::EC2::NatGateway", 120),
    ("AWS::EC2::VPCEndpoint", 90),
    ("AWS::EC2::VPCGatewayAttachment", 20),
    ("AWS::ECS::Service", 180),
    ("AWS::EFS::MountTarget", 90),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", 150),
    ("AWS::IAM::InstanceProfile", 120),
    ("AWS::IAM::Role", 20),
    ("AWS::KMS::Key", 20),
    ("AWS::RDS::DBCluster", 90),
    ("AWS::RDS::DBInstance", 600),
    ("AWS::Route53::HostedZone", 45),
    ("AWS::Route53::RecordSet", 40),
    ("AWS::S3::Bucket", 25),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", 60),
];

/// Seconds for everything else.
const OTHERS: u64 = 4;

/// The wait for one resource.
pub(super) fn wait(logical_id: &str, resource_type: &str) -> Wait {
    Wait {
        logical_id: logical_id.to_owned(),
        resource_type: resource_type.to_owned(),
        seconds: seconds(resource_type),
    }
}

fn seconds(resource_type: &str) -> u64 {
    let found = SECONDS.iter().find(|(known, _)| *known == resource_type);
    found.map_or(OTHERS, |(_, seconds)| *seconds)
}

/// The chain of resources, each needing the one before, that takes longest, of those that there is
/// a wait for.
pub(super) fn way(
    template: &Template,
    wait_for: impl Fn(&ResourceSpec) -> Option<Wait>,
) -> Vec<Wait> {
    let resources = template.resources();
    let mut ways: BTreeMap<&str, Vec<Wait>> = BTreeMap::new();
    // As many rounds as resources: each settles at least one of those that are left.
    for _ in 0..resources.len() {
        for resource in &resources {
            let before: Option<Vec<_>> =
                resource.depends_on.iter().map(|need| ways.get(need.as_str())).collect();
            let settled = ways.contains_key(resource.logical_id.as_str());
            let Some(before) = before.filter(|_| !settled) else {
                continue;
            };
            let mut way =
                before.into_iter().max_by_key(|way| sum(way)).cloned().unwrap_or_default();
            way.extend(wait_for(resource));
            ways.insert(&resource.logical_id, way);
        }
    }
    ways.into_values().max_by_key(|way| sum(way)).unwrap_or_default()
}

fn sum(way: &[Wait]) -> u64 {
    way.iter().map(|wait| wait.seconds).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_has_no_type_twice() {
        assert!(SECONDS.is_sorted_by(|a, b| a.0 < b.0));
    }
}
