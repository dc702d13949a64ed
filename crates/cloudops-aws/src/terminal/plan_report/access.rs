//! Which resources say who may do what, and who reaches what.

/// Types besides IAM and security groups whose whole content is a permission.
const POLICIES: [&str; 6] = [
    "AWS::EC2::NetworkAclEntry",
    "AWS::Lambda::Permission",
    "AWS::Logs::ResourcePolicy",
    "AWS::S3::BucketPolicy",
    "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy",
];

/// Whether a resource of this type is looked at by whoever cares for security.
pub(super) fn is_access(resource_type: &str) -> bool {
    let begins = |start: &str| resource_type.starts_with(start);
    begins("AWS::IAM::") || begins("AWS::EC2::SecurityGroup") || POLICIES.contains(&resource_type)
}
