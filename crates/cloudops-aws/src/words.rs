//! Plain words for people: what a resource type is, and how long something took.

use jiff::SignedDuration;

/// Resource types and what they are. Where a type has more than one use, the words say the one
/// that our templates make of it.
const RESOURCES: [(&str, &str); 70] = [
    ("AWS::AmazonMQ::Broker", "message broker"),
    ("AWS::ApplicationAutoScaling::ScalableTarget", "scaling range"),
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "scaling rule"),
    ("AWS::AutoScaling::AutoScalingGroup", "group of machines"),
    ("AWS::CertificateManager::Certificate", "certificate"),
    ("AWS::CloudFormation::Stack", "stack"),
    ("AWS::CloudWatch::Alarm", "alarm"),
    ("AWS::EC2::EIP", "public address"),
    ("AWS::EC2::FlowLog", "log of network traffic"),
    ("AWS::EC2::Instance", "machine"),
    ("AWS::EC2::InternetGateway", "gateway to the internet"),
    ("AWS::EC2::LaunchTemplate", "template of machines"),
    ("AWS::EC2::NatGateway", "gateway for private subnets"),
    ("AWS::EC2::NetworkAcl", "filter of a subnet"),
    ("AWS::EC2::NetworkAclEntry", "rule of a subnet's filter"),
    ("AWS::EC2::Route", "route"),
    ("AWS::EC2::RouteTable", "route table"),
    ("AWS::EC2::SecurityGroup", "firewall group"),
    ("AWS::EC2::SecurityGroupEgress", "firewall rule"),
    ("AWS::EC2::SecurityGroupIngress", "firewall rule"),
    ("AWS::EC2::Subnet", "subnet"),
    ("AWS::EC2::SubnetNetworkAclAssociation", "filter of a subnet"),
    ("AWS::EC2::SubnetRouteTableAssociation", "routes of a subnet"),
    ("AWS::EC2::VPC", "network"),
    ("AWS::EC2::VPCEndpoint", "private way to a service of AWS"),
    ("AWS::EC2::VPCGatewayAttachment", "gateway of the network"),
    ("AWS::ECR::Repository", "image repository"),
    ("AWS::ECS::CapacityProvider", "supply of machines"),
    ("AWS::ECS::Cluster", "container cluster"),
    ("AWS::ECS::ClusterCapacityProviderAssociations", "machines of the cluster"),
    ("AWS::ECS::Service", "container service"),
    ("AWS::ECS::TaskDefinition", "definition of a container task"),
    ("AWS::EFS::AccessPoint", "folder of the file system"),
    ("AWS::EFS::FileSystem", "shared file system"),
    ("AWS::EFS::MountTarget", "door to the file system"),
    ("AWS::ElasticLoadBalancingV2::Listener", "port of the load balancer"),
    ("AWS::ElasticLoadBalancingV2::ListenerRule", "rule of the load balancer"),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "load balancer"),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "targets of the load balancer"),
    ("AWS::Events::Rule", "rule for events"),
    ("AWS::IAM::InstanceProfile", "role of machines"),
    ("AWS::IAM::ManagedPolicy", "set of rights"),
    ("AWS::IAM::Policy", "set of rights"),
    ("AWS::IAM::Role", "role"),
    ("AWS::IAM::RolePolicy", "rights of a role"),
    ("AWS::KMS::Alias", "name of a key"),
    ("AWS::KMS::Key", "encryption key"),
    ("AWS::Lambda::Function", "function"),
    ("AWS::Lambda::Permission", "right to call a function"),
    ("AWS::Logs::LogGroup", "log"),
    ("AWS::Logs::ResourcePolicy", "right to write logs"),
    ("AWS::RDS::DBCluster", "database cluster"),
    ("AWS::RDS::DBClusterParameterGroup", "settings of the database"),
    ("AWS::RDS::DBInstance", "database machine"),
    ("AWS::RDS::DBSubnetGroup", "subnets of the database"),
    ("AWS::Route53::HostedZone", "DNS zone"),
    ("AWS::Route53::RecordSet", "DNS record"),
    ("AWS::S3::Bucket", "bucket"),
    ("AWS::S3::BucketPolicy", "rights on a bucket"),
    ("AWS::SNS::Topic", "notification topic"),
    ("AWS::SNS::TopicPolicy", "rights on a topic"),
    ("AWS::SQS::Queue", "queue"),
    ("AWS::SQS::QueuePolicy", "rights on a queue"),
    ("AWS::SSM::Parameter", "configuration value"),
    ("AWS::SecretsManager::Secret", "secret"),
    ("AWS::SecretsManager::SecretTargetAttachment", "link of a secret to its database"),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", "private DNS namespace"),
    ("AWS::ServiceDiscovery::Service", "private DNS name"),
    ("AWS::WAFv2::WebACL", "web firewall"),
    ("AWS::WAFv2::WebACLAssociation", "web firewall of the load balancer"),
];

/// What a resource of a type is, where the table has it.
#[must_use]
pub fn known_resource(resource_type: &str) -> Option<&'static str> {
    RESOURCES.iter().find(|(name, _)| *name == resource_type).map(|(_, words)| *words)
}

/// What a resource of a type is. A type that is not in the table is spelled out:
/// `AWS::Backup::BackupVault` is a "backup vault".
#[must_use]
pub fn resource(resource_type: &str) -> String {
    known_resource(resource_type).map_or_else(|| spelled_out(resource_type), str::to_owned)
}

fn spelled_out(resource_type: &str) -> String {
    let name = resource_type.rsplit("::").next().unwrap_or(resource_type);
    let mut words = String::new();
    let mut before = ' ';
    for c in name.chars() {
        if c.is_ascii_uppercase() && before.is_ascii_lowercase() {
            words.push(' ');
        }
        words.push(c.to_ascii_lowercase());
        before = c;
    }
    words
}

/// A status of CloudFormation as a person says it: `CREATE_IN_PROGRESS` is "create in progress".
#[must_use]
pub fn status(status: &str) -> String {
    status.to_lowercase().replace('_', " ")
}

/// How long something took, as short as it is useful: `0.4 s`, `12 s`, `3 min 05 s`, `1 h 02 min`.
#[must_use]
pub fn duration(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, 0..10) => format!("{:.1} s", duration.as_secs_f64().max(0.0)),
        (0, 0, seconds) => format!("{seconds} s"),
        (0, minutes, seconds) => format!("{minutes} min {seconds:02} s"),
        (hours, minutes, _) => format!("{hours} h {minutes:02} min"),
    }
}

/// A time on the clock of a run: `0:04`, `12:34`, `1:02:03`.
#[must_use]
pub fn clock(since: SignedDuration) -> String {
    let seconds = since.as_secs().max(0);
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, minutes, seconds) => format!("{minutes}:{seconds:02}"),
        (hours, minutes, seconds) => format!("{hours}:{minutes:02}:{seconds:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_words() {
        assert_eq!(resource("AWS::RDS::DBCluster"), "database cluster");
        assert_eq!(resource("AWS::Backup::BackupVault"), "backup vault");
        assert!(RESOURCES.is_sorted(), "the table is in order");
    }

    #[test]
    fn times_are_as_short_as_useful() {
        let check = |seconds: f64, words: &str, time: &str| {
            let given = SignedDuration::from_millis((seconds * 1000.0) as i64);
            assert_eq!((duration(given).as_str(), clock(given).as_str()), (words, time));
        };
        check(0.42, "0.4 s", "0:00");
        check(12.9, "12 s", "0:12");
        check(185.0, "3 min 05 s", "3:05");
        check(3723.0, "1 h 02 min", "1:02:03");
        check(-3.0, "0.0 s", "0:00");
    }
}
