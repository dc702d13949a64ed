//! What an ARN is, and whether it costs money. Pure.

/// What is known of the kind of thing that an ARN names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    /// What it is, in words.
    pub(super) what: &'static str,
    /// Whether AWS bills for it as long as it is there. What this version does not know counts as
    /// billed, so that it is never passed over in silence.
    pub(super) billed: bool,
    /// CloudFormation's type and the identifier that it has there, where Cloud Control can look
    /// for it.
    pub(super) resource: Option<(&'static str, String)>,
}

/// How the identifier of a type is found in an ARN.
#[derive(Clone, Copy)]
enum Id {
    /// The ARN itself.
    Arn,
    /// What stands after the kind: `vpc/vpc-1` is `vpc-1`.
    Rest,
    /// Nothing looks for it.
    None,
}

/// Kinds, by service and the first part of the resource; an empty kind is one without.
/// Sources: the services' pages of the Service Authorization Reference for the forms of ARNs, and
/// their price pages.
const KINDS: [(&str, &str, &str, bool, &str, Id); 46] = [
    ("acm", "certificate", "certificate", false, "AWS::CertificateManager::Certificate", Id::Arn),
    ("autoscaling", "autoScalingGroup", "scaling group", false, "", Id::None),
    ("backup", "recovery-point", "backup", true, "", Id::None),
    ("cloudformation", "stack", "stack", false, "", Id::None),
    ("cloudwatch", "alarm", "alarm", true, "AWS::CloudWatch::Alarm", Id::Rest),
    ("ec2", "capacity-reservation", "capacity reservation", true, "", Id::None),
    ("ec2", "elastic-ip", "public address", true, ADDRESS, Id::Rest),
    ("ec2", "instance", "server", true, "AWS::EC2::Instance", Id::Rest),
    ("ec2", "internet-gateway", "internet gateway", false, "", Id::None),
    ("ec2", "launch-template", "launch template", false, "", Id::None),
    ("ec2", "natgateway", "NAT gateway", true, "AWS::EC2::NatGateway", Id::Rest),
    ("ec2", "network-acl", "network ACL", false, "", Id::None),
    ("ec2", "network-interface", "network interface", false, "", Id::None),
    ("ec2", "route-table", "route table", false, "", Id::None),
    ("ec2", "security-group", "security group", false, "", Id::None),
    ("ec2", "security-group-rule", "rule of a security group", false, "", Id::None),
    ("ec2", "snapshot", "disk snapshot", true, "", Id::None),
    ("ec2", "subnet", "subnet", false, "", Id::None),
    ("ec2", "volume", "disk", true, "AWS::EC2::Volume", Id::Rest),
    ("ec2", "vpc", "network", false, "", Id::None),
    ("ec2", "vpc-endpoint", "network endpoint", true, "AWS::EC2::VPCEndpoint", Id::Rest),
    ("ec2", "vpc-flow-log", "flow log", false, "", Id::None),
    ("ecr", "repository", "image repository", true, "AWS::ECR::Repository", Id::Rest),
    ("ecs", "capacity-provider", "capacity provider", false, "", Id::None),
    ("ecs", "cluster", "container cluster", false, "", Id::None),
    ("ecs", "service", "service", true, "", Id::None),
    ("ecs", "task", "task", true, "", Id::None),
    ("ecs", "task-definition", "task definition", false, "", Id::None),
    ("elasticfilesystem", "access-point", "access point", false, "", Id::None),
    ("elasticfilesystem", "file-system", "file system", true, "AWS::EFS::FileSystem", Id::Rest),
    ("elasticloadbalancing", "listener", "listener", false, "", Id::None),
    ("elasticloadbalancing", "listener-rule", "rule of a listener", false, "", Id::None),
    ("elasticloadbalancing", "loadbalancer", "load balancer", true, LOAD_BALANCER, Id::Arn),
    ("elasticloadbalancing", "targetgroup", "target group", false, "", Id::None),
    ("iam", "role", "role", false, "", Id::None),
    ("kms", "key", "key", true, "AWS::KMS::Key", Id::Rest),
    ("lambda", "function", "function", false, "", Id::None),
    ("logs", "log-group", "log group", true, "AWS::Logs::LogGroup", Id::Rest),
    ("mq", "broker", "message broker", true, "", Id::None),
    ("rds", "cluster", "database cluster", true, "AWS::RDS::DBCluster", Id::Rest),
    ("rds", "cluster-snapshot", "database snapshot", true, "", Id::None),
    ("rds", "db", "database instance", true, "AWS::RDS::DBInstance", Id::Rest),
    ("route53", "hostedzone", "DNS zone", true, "AWS::Route53::HostedZone", Id::Rest),
    ("s3", "", "bucket", true, "AWS::S3::Bucket", Id::Rest),
    ("secretsmanager", "secret", "secret", true, "AWS::SecretsManager::Secret", Id::Arn),
    ("ssm", "parameter", "parameter", false, "", Id::None),
];

/// Cloud Control finds it by address and id together, and an ARN has only the id.
pub(super) const ADDRESS: &str = "AWS::EC2::EIP";
const LOAD_BALANCER: &str = "AWS::ElasticLoadBalancingV2::LoadBalancer";

/// What an ARN names.
pub(super) fn known(arn: &str) -> Known {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let resource = parts.nth(2).unwrap_or_default();
    let (kind, rest) = split(service, resource);
    let found = KINDS.iter().find(|one| one.0 == service && one.1 == kind);
    let Some((.., what, billed, resource_type, id)) = found else {
        return Known {
            what: "something that this version does not know",
            billed: true,
            resource: None,
        };
    };
    let id = match id {
        Id::Arn => Some(arn.to_owned()),
        Id::Rest => Some(rest.to_owned()),
        Id::None => None,
    };
    Known { what, billed: *billed, resource: id.map(|id| (*resource_type, id)) }
}

/// Kind and name: separated by `/` or `:`; a bucket has no kind.
fn split<'a>(service: &str, resource: &'a str) -> (&'a str, &'a str) {
    if service == "s3" {
        return ("", resource);
    }
    let (kind, rest) = resource.split_once(['/', ':']).unwrap_or((resource, ""));
    // The ARN of a log group ends in `:*` where it means its streams.
    (kind, rest.strip_suffix(":*").unwrap_or(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_says_what_it_is_and_how_to_look_for_it() {
        let check = |arn: &str, what: &str, billed: bool, id: Option<&str>| {
            let found = known(arn);
            assert_eq!((found.what, found.billed), (what, billed), "{arn}");
            assert_eq!(found.resource.map(|(_, id)| id).as_deref(), id, "{arn}");
        };
        let own = "arn:aws:ec2:eu-west-1:123456789012:";
        check(&format!("{own}natgateway/nat-1"), "NAT gateway", true, Some("nat-1"));
        check(&format!("{own}elastic-ip/eipalloc-1"), "public address", true, Some("eipalloc-1"));
        check(&format!("{own}vpc/vpc-1"), "network", false, None);
        check("arn:aws:s3:::acme-logs", "bucket", true, Some("acme-logs"));
        let group = "arn:aws:logs:eu-west-1:123456789012:log-group:/cloudops/acme/x:*";
        check(group, "log group", true, Some("/cloudops/acme/x"));
        let balancer = "arn:aws:elasticloadbalancing:eu-west-1:1:loadbalancer/app/a/1";
        check(balancer, "load balancer", true, Some(balancer));
        let unknown = "something that this version does not know";
        check("arn:aws:bedrock:eu-west-1:1:agent/x", unknown, true, None);
        check("not an arn", unknown, true, None);
    }
}
