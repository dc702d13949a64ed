//! Resource types in words.

use std::borrow::Cow;

/// What a resource type is, in words, without an article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// One of them: `NAT gateway`.
    pub singular: Cow<'static, str>,
    /// Several of them: `NAT gateways`.
    pub plural: Cow<'static, str>,
}

impl Words {
    /// With a number: `1 NAT gateway`, `3 NAT gateways`.
    #[must_use]
    pub fn counted(&self, count: usize) -> String {
        let word = if count == 1 { &self.singular } else { &self.plural };
        format!("{count} {word}")
    }
}

/// Types whose last part is not what people call them. An empty plural is the singular with an s.
const NAMES: [(&str, &str, &str); 69] = [
    ("AWS::AmazonMQ::Broker", "message broker", ""),
    ("AWS::AmazonMQ::Configuration", "broker configuration", ""),
    ("AWS::ApplicationAutoScaling::ScalableTarget", "scaling range", ""),
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "scaling policy", "scaling policies"),
    ("AWS::AutoScaling::AutoScalingGroup", "group of hosts", "groups of hosts"),
    ("AWS::Backup::BackupVault", "backup vault", ""),
    ("AWS::CertificateManager::Certificate", "certificate", ""),
    ("AWS::CloudFormation::Stack", "nested stack", ""),
    ("AWS::CloudFormation::WaitConditionHandle", "placeholder", ""),
    ("AWS::CloudWatch::Alarm", "alarm", ""),
    ("AWS::DynamoDB::Table", "table", ""),
    ("AWS::EC2::EIP", "public address", "public addresses"),
    ("AWS::EC2::EgressOnlyInternetGateway", "outgoing gateway", ""),
    ("AWS::EC2::FlowLog", "flow log", ""),
    ("AWS::EC2::Instance", "EC2 instance", ""),
    ("AWS::EC2::InternetGateway", "internet gateway", ""),
    ("AWS::EC2::LaunchTemplate", "launch template", ""),
    ("AWS::EC2::NatGateway", "NAT gateway", ""),
    ("AWS::EC2::NetworkAcl", "network ACL", ""),
    ("AWS::EC2::NetworkAclEntry", "network ACL rule", ""),
    ("AWS::EC2::Route", "route", ""),
    ("AWS::EC2::RouteTable", "route table", ""),
    ("AWS::EC2::SecurityGroup", "security group", ""),
    ("AWS::EC2::SecurityGroupEgress", "outgoing rule", ""),
    ("AWS::EC2::SecurityGroupIngress", "incoming rule", ""),
    ("AWS::EC2::Subnet", "subnet", ""),
    ("AWS::EC2::SubnetNetworkAclAssociation", "network ACL of a subnet", "network ACLs of subnets"),
    ("AWS::EC2::SubnetRouteTableAssociation", "route table of a subnet", "route tables of subnets"),
    ("AWS::EC2::VPC", "network", ""),
    ("AWS::EC2::VPCCidrBlock", "address range", ""),
    ("AWS::EC2::VPCEndpoint", "network endpoint", ""),
    ("AWS::EC2::VPCGatewayAttachment", "gateway attachment", ""),
    ("AWS::ECR::Repository", "image repository", "image repositories"),
    ("AWS::ECS::CapacityProvider", "capacity provider", ""),
    ("AWS::ECS::Cluster", "container cluster", ""),
    (
        "AWS::ECS::ClusterCapacityProviderAssociations",
        "set of capacity providers",
        "sets of capacity providers",
    ),
    ("AWS::ECS::Service", "container service", ""),
    ("AWS::ECS::TaskDefinition", "task definition", ""),
    ("AWS::EFS::AccessPoint", "access point", ""),
    ("AWS::EFS::FileSystem", "file system", ""),
    ("AWS::EFS::MountTarget", "mount target", ""),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "load balancer", ""),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "target group", ""),
    ("AWS::Events::Rule", "event rule", ""),
    ("AWS::IAM::InstanceProfile", "instance profile", ""),
    ("AWS::IAM::ManagedPolicy", "managed policy", "managed policies"),
    ("AWS::IAM::Policy", "policy of roles", "policies of roles"),
    ("AWS::IAM::Role", "role", ""),
    ("AWS::IAM::RolePolicy", "policy of a role", "policies of roles"),
    ("AWS::KMS::Alias", "key alias", "key aliases"),
    ("AWS::KMS::Key", "encryption key", ""),
    ("AWS::Lambda::Function", "function", ""),
    ("AWS::Lambda::Permission", "function permission", ""),
    ("AWS::Logs::LogGroup", "log group", ""),
    ("AWS::Logs::ResourcePolicy", "log policy", "log policies"),
    ("AWS::RDS::DBCluster", "database cluster", ""),
    ("AWS::RDS::DBClusterParameterGroup", "database parameter group", ""),
    ("AWS::RDS::DBInstance", "database instance", ""),
    ("AWS::RDS::DBSubnetGroup", "database subnet group", ""),
    ("AWS::RDS::GlobalCluster", "global database", ""),
    ("AWS::Route53::RecordSet", "DNS record", ""),
    ("AWS::S3::BucketPolicy", "bucket policy", "bucket policies"),
    ("AWS::SNS::Topic", "notification topic", ""),
    ("AWS::SNS::TopicPolicy", "topic policy", "topic policies"),
    ("AWS::SSM::Parameter", "stored parameter", ""),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", "internal domain", ""),
    ("AWS::ServiceDiscovery::Service", "service name", ""),
    ("AWS::WAFv2::WebACL", "web application firewall", ""),
    ("AWS::WAFv2::WebACLAssociation", "firewall attachment", ""),
];

/// What a resource type is, in words. A type that is not in the table is told by its last part:
/// `AWS::Glue::DevEndpoint` is a `dev endpoint`, `AWS::X::SSMThing` an `SSM thing`.
///
/// ```
/// use cloudops_aws::cfn::words;
///
/// assert_eq!(words::of("AWS::EC2::NatGateway").counted(2), "2 NAT gateways");
/// assert_eq!(words::of("AWS::SQS::QueuePolicy").counted(2), "2 queue policies");
/// ```
#[must_use]
pub fn of(resource_type: &str) -> Words {
    match NAMES.iter().find(|(name, _, _)| *name == resource_type) {
        Some((_, singular, "")) => {
            Words { singular: Cow::Borrowed(singular), plural: Cow::Owned(format!("{singular}s")) }
        }
        Some((_, singular, plural)) => {
            Words { singular: Cow::Borrowed(singular), plural: Cow::Borrowed(plural) }
        }
        None => fallback(resource_type),
    }
}

fn fallback(resource_type: &str) -> Words {
    let last = resource_type.rsplit("::").next().unwrap_or(resource_type);
    let singular = if last.is_empty() { "resource".to_owned() } else { spaced(last) };
    let plural = plural(&singular);
    Words { singular: Cow::Owned(singular), plural: Cow::Owned(plural) }
}

/// `HostedZone` as `hosted zone`; a run of capitals stays one: `DBProxy` is `DB proxy`.
fn spaced(name: &str) -> String {
    let characters: Vec<char> = name.chars().collect();
    let mut words: Vec<String> = Vec::new();
    for (index, character) in characters.iter().enumerate() {
        let next_is_lower = characters.get(index + 1).is_some_and(|next| next.is_lowercase());
        let after_lower = index > 0 && !characters[index - 1].is_uppercase();
        let starts = character.is_uppercase() && (after_lower || next_is_lower);
        match words.last_mut() {
            Some(word) if !starts => word.push(*character),
            _ => words.push(character.to_string()),
        }
    }
    words.iter().map(|word| lower(word)).collect::<Vec<_>>().join(" ")
}

/// Lowercase, unless it is an abbreviation.
fn lower(word: &str) -> String {
    let is_abbreviation = word.len() > 1 && !word.chars().any(char::is_lowercase);
    if is_abbreviation { word.to_owned() } else { word.to_lowercase() }
}

fn plural(singular: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| singular.ends_with(ending));
    match singular.strip_suffix('y') {
        Some(stem) if !ends(&["ay", "ey", "oy", "uy"]) => format!("{stem}ies"),
        _ if ends(&["s", "x", "ch", "sh"]) => format!("{singular}es"),
        _ => format!("{singular}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_as_people_do() {
        let check = |resource_type: &str, singular: &str, plural: &str| {
            let words = of(resource_type);
            assert_eq!((words.singular.as_ref(), words.plural.as_ref()), (singular, plural));
        };
        check("AWS::EC2::EIP", "public address", "public addresses");
        check("AWS::S3::Bucket", "bucket", "buckets");
        check("AWS::Route53::HostedZone", "hosted zone", "hosted zones");
        check("AWS::SQS::QueuePolicy", "queue policy", "queue policies");
        check("AWS::RDS::DBProxy", "DB proxy", "DB proxies");
        check("AWS::ApiGateway::ApiKey", "api key", "api keys");
        check("AWS::X::HTTPIndex", "HTTP index", "HTTP indexes");
        check("Custom::Thing", "thing", "things");
        check("AWS::S3::", "resource", "resources");
        assert_eq!(of("AWS::EC2::Subnet").counted(1), "1 subnet");
    }

    #[test]
    fn the_table_has_no_type_twice() {
        let mut names: Vec<&str> = NAMES.iter().map(|(name, _, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), NAMES.len());
    }
}
