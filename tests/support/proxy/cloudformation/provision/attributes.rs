//! What `Ref` and `Fn::GetAtt` give, as AWS documents it per type.

use serde_json::{Value, json};

use super::network::EC2;
use super::{Made, tag, text};
use crate::proxy::cloudformation::intrinsics;
use crate::proxy::cloudformation::state::Resource;
use crate::proxy::upstream::Upstream;

/// Property whose value is the `Ref`, where the emulator's identifier is something else.
const REFERENCES: &[(&str, &str)] = &[
    ("AWS::EC2::EIP", "PublicIp"),
    ("AWS::IAM::Role", "RoleName"),
    ("AWS::IAM::User", "UserName"),
    ("AWS::IAM::RolePolicy", "PolicyName"),
    ("AWS::IAM::Policy", "PolicyName"),
    ("AWS::Logs::LogGroup", "LogGroupName"),
    ("AWS::Logs::MetricFilter", "FilterName"),
    ("AWS::Logs::SubscriptionFilter", "FilterName"),
    ("AWS::Route53::RecordSet", "Name"),
    ("AWS::S3::BucketPolicy", "Bucket"),
];

/// A made resource with the identity and attributes that AWS gives it.
pub(super) fn completed(resource_type: &str, mut made: Made, properties: &Value) -> Made {
    if let Some((_, property)) = REFERENCES.iter().find(|(name, _)| *name == resource_type) {
        let value = properties.get(*property).or_else(|| made.attributes.get(*property));
        if let Some(value) = value.and_then(intrinsics::text) {
            made.physical_id = value;
        }
    }
    match resource_type {
        "AWS::Route53::HostedZone" => name_servers(&mut made),
        "AWS::ElasticLoadBalancingV2::TargetGroup" => {
            if let Some((_, name)) = made.handle.split_once("targetgroup/") {
                let name = format!("targetgroup/{name}");
                made.attributes.insert("TargetGroupFullName".to_owned(), name.into());
            }
        }
        "AWS::WAFv2::WebACL" => {
            let id = made.attributes.get("Id").and_then(intrinsics::text).unwrap_or_default();
            let (name, scope) = (text(properties, "Name"), text(properties, "Scope"));
            made.physical_id = format!("{name}|{id}|{scope}");
        }
        "AWS::ApplicationAutoScaling::ScalableTarget" => {
            let part = |name| text(properties, name);
            made.physical_id = format!(
                "{}|{}|{}",
                part("ResourceId"),
                part("ScalableDimension"),
                part("ServiceNamespace")
            );
        }
        "AWS::Logs::LogGroup" => {
            // The emulator leaves out what AWS puts at the end of a log group's ARN, or doubles it.
            if let Some(Value::String(arn)) = made.attributes.get_mut("Arn") {
                *arn = format!("{}:*", arn.trim_end_matches(":*"));
            }
        }
        _ => {}
    }
    made
}

/// Keeps the attributes that an update did not give again. Those that repeat a declared property
/// are looked up anew.
pub(super) fn keep(made: &mut Made, before: &Resource, after: &Value) {
    for (name, value) in &before.attributes {
        let stale = declared(&before.properties, name).or_else(|| declared(after, name)).is_some();
        if !stale && !made.attributes.contains_key(name) {
            made.attributes.insert(name.clone(), value.clone());
        }
    }
}

/// The declared property that an attribute repeats.
fn declared<'a>(properties: &'a Value, name: &str) -> Option<&'a Value> {
    name.split('.').try_fold(properties, |at, step| at.get(step))
}

fn name_servers(made: &mut Made) {
    let servers = made
        .attributes
        .get("NameServers")
        .and_then(Value::as_str)
        .map(|servers| servers.split(',').map(Value::from).collect::<Value>());
    made.attributes.retain(|name, _| !name.starts_with("NameServers."));
    if let Some(servers) = servers {
        made.attributes.insert("NameServers".to_owned(), servers);
    }
}

/// An attribute that making the resource did not give.
pub(super) async fn find(
    upstream: &Upstream,
    account: &str,
    resource: &Resource,
    name: &str,
) -> Option<Value> {
    if let Some(value) = declared(&resource.properties, name) {
        return Some(value.clone());
    }
    if let Some((property, value)) = &resource.generated
        && property == name
    {
        return Some(json!(value));
    }
    let (id, region) = (resource.handle.as_str(), upstream.region());
    match (resource.resource_type.as_str(), name) {
        ("AWS::EC2::VPC", "DefaultSecurityGroup") => {
            ec2(
                upstream,
                "DescribeSecurityGroups",
                &[("vpc-id", id), ("group-name", "default")],
                "groupId",
            )
            .await
        }
        ("AWS::EC2::VPC", "DefaultNetworkAcl") => {
            ec2(
                upstream,
                "DescribeNetworkAcls",
                &[("vpc-id", id), ("default", "true")],
                "networkAclId",
            )
            .await
        }
        ("AWS::EC2::VPC", "Ipv6CidrBlocks") => {
            let range = ec2(upstream, "DescribeVpcs", &[("vpc-id", id)], "ipv6CidrBlock").await;
            Some(range.into_iter().collect())
        }
        ("AWS::EC2::Subnet", "AvailabilityZone") => {
            ec2(upstream, "DescribeSubnets", &[("subnet-id", id)], "availabilityZone").await
        }
        ("AWS::EC2::VPCEndpoint", "DnsEntries") => {
            Some(json!([format!("Z1YSA3EXCYUU9Z:{id}.{region}.vpce.amazonaws.com")]))
        }
        (
            "AWS::ECS::Cluster"
            | "AWS::EFS::FileSystem"
            | "AWS::Lambda::Function"
            | "AWS::KMS::Key",
            "Arn",
        ) if id.starts_with("arn:") => Some(json!(id)),
        ("AWS::SSM::Parameter", "Arn") => Some(json!(format!(
            "arn:aws:ssm:{region}:{account}:parameter/{}",
            id.trim_start_matches('/')
        ))),
        ("AWS::RDS::DBCluster" | "AWS::RDS::DBInstance", "Endpoint.Port" | "Port") => {
            Some(json!("3306"))
        }
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerArn")
        | ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupArn")
        | ("AWS::ElasticLoadBalancingV2::Listener", "ListenerArn")
        | ("AWS::SecretsManager::Secret", "Id")
        | ("AWS::CertificateManager::Certificate", "CertificateArn") => Some(json!(id)),
        _ => None,
    }
}

async fn ec2(
    upstream: &Upstream,
    action: &str,
    filters: &[(&str, &str)],
    element: &str,
) -> Option<Value> {
    let mut form = Vec::new();
    for (index, (name, value)) in filters.iter().enumerate() {
        let prefix = format!("Filter.{}", index + 1);
        form.push((format!("{prefix}.Name"), (*name).to_owned()));
        form.push((format!("{prefix}.Value.1"), (*value).to_owned()));
    }
    let xml = upstream.query("ec2", action, EC2, &form).await.ok()?;
    tag(&xml, element).map(Value::String)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(resource_type: &str, handle: &str, properties: Value, expect: &str) {
        let made = completed(resource_type, Made::named(handle), &properties);
        assert_eq!(made.physical_id, expect, "{resource_type}");
    }

    #[test]
    fn references_are_those_of_aws() {
        check(
            "AWS::Logs::LogGroup",
            "arn:aws:logs:r:a:log-group:/x:*",
            json!({"LogGroupName": "/x"}),
            "/x",
        );
        check("AWS::IAM::Role", "arn:aws:iam::1:role/r", json!({"RoleName": "r"}), "r");
        check("AWS::S3::BucketPolicy", "b-policy", json!({"Bucket": "b"}), "b");
        check("AWS::Route53::HostedZone", "Z1", json!({}), "Z1");
        let target = json!({"ResourceId": "service/c/s", "ScalableDimension": "d", "ServiceNamespace": "ecs"});
        check(
            "AWS::ApplicationAutoScaling::ScalableTarget",
            "service/c/s",
            target,
            "service/c/s|d|ecs",
        );
    }

    #[test]
    fn name_servers_are_a_list() {
        let made = Made::named("Z1").with("NameServers", "a,b").with("NameServers.0", "a");
        let made = completed("AWS::Route53::HostedZone", made, &json!({}));
        assert_eq!(Value::Object(made.attributes), json!({"NameServers": ["a", "b"]}));
    }
}
