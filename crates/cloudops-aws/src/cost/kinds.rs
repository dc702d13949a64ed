//! Which resource types cost something, and how.

/// How a resource type costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By the hour or the month, whether it is used or not.
    Priced,
    /// Nothing by itself.
    Free,
    /// By use only; the text says what is counted.
    Usage(&'static str),
    /// This version does not know it.
    Unknown,
}

/// Types that an estimate has a price for.
const PRICED: [&str; 15] = [
    "AWS::AmazonMQ::Broker",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::CloudWatch::Alarm",
    "AWS::EC2::EIP",
    "AWS::EC2::NatGateway",
    "AWS::EC2::VPCEndpoint",
    "AWS::ECS::Service",
    "AWS::ElasticLoadBalancingV2::LoadBalancer",
    "AWS::KMS::Key",
    "AWS::RDS::DBInstance",
    "AWS::Route53::HostedZone",
    "AWS::SecretsManager::Secret",
    "AWS::ServiceDiscovery::PrivateDnsNamespace",
    "AWS::WAFv2::WebACL",
];

/// Types that are billed by use alone, and what is counted.
const USAGE: [(&str, &str); 11] = [
    ("AWS::EC2::FlowLog", "the log that it writes"),
    ("AWS::ECR::Repository", "stored images"),
    ("AWS::ECS::CapacityProvider", "alarms of its managed scaling"),
    ("AWS::ECS::Cluster", "metrics of Container Insights, where it is on"),
    ("AWS::EFS::FileSystem", "stored files, reads, writes and backups"),
    ("AWS::Lambda::Function", "calls and their duration"),
    ("AWS::Logs::LogGroup", "written and stored logs"),
    ("AWS::RDS::DBCluster", "storage, I/O and backups"),
    ("AWS::S3::Bucket", "stored objects and requests"),
    ("AWS::SNS::Topic", "messages"),
    ("AWS::SQS::Queue", "requests"),
];

/// Types that cost nothing by themselves: what they do or describe is billed elsewhere or not.
const FREE: [&str; 46] = [
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::CertificateManager::Certificate",
    "AWS::EC2::EgressOnlyInternetGateway",
    "AWS::EC2::InternetGateway",
    "AWS::EC2::LaunchTemplate",
    "AWS::EC2::NetworkAcl",
    "AWS::EC2::NetworkAclEntry",
    "AWS::EC2::Route",
    "AWS::EC2::RouteTable",
    "AWS::EC2::SecurityGroup",
    "AWS::EC2::SecurityGroupEgress",
    "AWS::EC2::SecurityGroupIngress",
    "AWS::EC2::Subnet",
    "AWS::EC2::SubnetNetworkAclAssociation",
    "AWS::EC2::SubnetRouteTableAssociation",
    "AWS::EC2::VPC",
    "AWS::EC2::VPCCidrBlock",
    "AWS::EC2::VPCGatewayAttachment",
    "AWS::ECS::ClusterCapacityProviderAssociations",
    "AWS::ECS::TaskDefinition",
    "AWS::EFS::AccessPoint",
    "AWS::EFS::MountTarget",
    "AWS::ElasticLoadBalancingV2::Listener",
    "AWS::ElasticLoadBalancingV2::ListenerRule",
    "AWS::ElasticLoadBalancingV2::TargetGroup",
    // Events that AWS services send are not billed; ours listen to nothing else.
    "AWS::Events::Rule",
    "AWS::IAM::InstanceProfile",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::KMS::Alias",
    "AWS::Lambda::Permission",
    "AWS::Logs::ResourcePolicy",
    "AWS::RDS::DBClusterParameterGroup",
    "AWS::RDS::DBParameterGroup",
    "AWS::RDS::DBSubnetGroup",
    "AWS::Route53::RecordSet",
    "AWS::Route53::RecordSetGroup",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
    // In the standard tier, which is what ours use.
    "AWS::SSM::Parameter",
    "AWS::ServiceDiscovery::Service",
    "AWS::WAFv2::WebACLAssociation",
    "AWS::CloudFormation::WaitConditionHandle",
];

/// How a resource type costs.
#[must_use]
pub fn kind(resource_type: &str) -> Kind {
    if PRICED.contains(&resource_type) {
        return Kind::Priced;
    }
    if FREE.contains(&resource_type) {
        return Kind::Free;
    }
    match USAGE.iter().find(|(name, _)| *name == resource_type) {
        Some((_, counted)) => Kind::Usage(counted),
        None => Kind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_type_is_in_two_lists() {
        let mut all: Vec<&str> = PRICED
            .iter()
            .chain(&FREE)
            .copied()
            .chain(USAGE.iter().map(|(name, _)| *name))
            .collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert_eq!(kind("AWS::EC2::Instance"), Kind::Unknown);
    }
}
