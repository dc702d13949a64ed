//! ARNs, and the names that CloudFormation makes up where a template leaves them out.

use uuid::Uuid;

/// Partition, region and account that names are made for.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) region: String,
    pub(super) account: String,
}

impl Place {
    pub(super) fn stack(&self, name: &str) -> String {
        self.arn(&format!("stack/{name}/{}", Uuid::new_v4()))
    }

    pub(super) fn change_set(&self, name: &str) -> String {
        self.arn(&format!("changeSet/{name}/{}", Uuid::new_v4()))
    }

    fn arn(&self, rest: &str) -> String {
        format!("arn:aws:cloudformation:{}:{}:{rest}", self.region, self.account)
    }
}

/// How the name of a resource type is made up.
struct Naming {
    resource_type: &'static str,
    property: &'static str,
    longest: usize,
    lower: bool,
}

const fn naming(
    resource_type: &'static str,
    property: &'static str,
    longest: usize,
    lower: bool,
) -> Naming {
    Naming { resource_type, property, longest, lower }
}

const NAMINGS: &[Naming] = &[
    naming("AWS::AmazonMQ::Broker", "BrokerName", 50, false),
    naming("AWS::AutoScaling::AutoScalingGroup", "AutoScalingGroupName", 255, false),
    naming("AWS::AutoScaling::LifecycleHook", "LifecycleHookName", 255, false),
    naming("AWS::CloudWatch::Alarm", "AlarmName", 255, false),
    naming("AWS::CloudWatch::Dashboard", "DashboardName", 255, false),
    naming("AWS::DynamoDB::Table", "TableName", 255, false),
    naming("AWS::EC2::LaunchTemplate", "LaunchTemplateName", 128, false),
    naming("AWS::EC2::SecurityGroup", "GroupName", 255, false),
    naming("AWS::ECR::Repository", "RepositoryName", 256, true),
    naming("AWS::ECS::CapacityProvider", "Name", 255, false),
    naming("AWS::ECS::Cluster", "ClusterName", 255, false),
    naming("AWS::ECS::Service", "ServiceName", 255, false),
    naming("AWS::ECS::TaskDefinition", "Family", 255, false),
    naming("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name", 32, false),
    naming("AWS::ElasticLoadBalancingV2::TargetGroup", "Name", 32, false),
    naming("AWS::Events::Rule", "Name", 64, false),
    naming("AWS::IAM::Group", "GroupName", 128, false),
    naming("AWS::IAM::InstanceProfile", "InstanceProfileName", 128, false),
    naming("AWS::IAM::ManagedPolicy", "ManagedPolicyName", 128, false),
    naming("AWS::IAM::Role", "RoleName", 64, false),
    naming("AWS::IAM::User", "UserName", 64, false),
    naming("AWS::Lambda::Function", "FunctionName", 64, false),
    naming("AWS::Logs::LogGroup", "LogGroupName", 512, false),
    naming("AWS::Logs::MetricFilter", "FilterName", 512, false),
    naming("AWS::RDS::DBCluster", "DBClusterIdentifier", 63, true),
    naming("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName", 255, true),
    naming("AWS::RDS::DBInstance", "DBInstanceIdentifier", 63, true),
    naming("AWS::RDS::DBParameterGroup", "DBParameterGroupName", 255, true),
    naming("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName", 255, true),
    naming("AWS::S3::Bucket", "BucketName", 63, true),
    naming("AWS::SNS::Topic", "TopicName", 256, false),
    naming("AWS::SQS::Queue", "QueueName", 80, false),
    naming("AWS::SSM::Document", "Name", 128, false),
    naming("AWS::SSM::Parameter", "Name", 1011, false),
    naming("AWS::SecretsManager::Secret", "Name", 255, false),
    naming("AWS::StepFunctions::StateMachine", "StateMachineName", 80, false),
    naming("AWS::WAFv2::WebACL", "Name", 128, false),
];

/// The property that names a resource of this type, where CloudFormation can make the name up.
pub(super) fn name_property(resource_type: &str) -> Option<&'static str> {
    NAMINGS.iter().find(|one| one.resource_type == resource_type).map(|one| one.property)
}

/// The property whose value only one resource of this type can have. Task definitions of one family
/// stand beside each other as revisions, so theirs is none.
pub(super) fn unique_name_property(resource_type: &str) -> Option<&'static str> {
    name_property(resource_type).filter(|_| resource_type != "AWS::ECS::TaskDefinition")
}

/// The name of a nested stack: `stack-logical-RANDOM`.
pub(super) fn nested(stack: &str, logical: &str) -> String {
    made_up(stack, logical, 128)
}

/// Property and value of a made-up name: `stack-logical-RANDOM`, cut to what the service takes.
pub(super) fn generated(
    resource_type: &str,
    stack: &str,
    logical: &str,
) -> Option<(String, String)> {
    let naming = NAMINGS.iter().find(|one| one.resource_type == resource_type)?;
    let name = made_up(stack, logical, naming.longest);
    let name = if naming.lower { name.to_lowercase() } else { name };
    Some((naming.property.to_owned(), name))
}

fn made_up(stack: &str, logical: &str, longest: usize) -> String {
    let random: String =
        Uuid::new_v4().simple().to_string().to_uppercase().chars().take(12).collect();
    let room = longest.saturating_sub(random.len() + 2);
    let half = room / 2;
    let logical: String =
        logical.chars().take(if stack.len() < half { room - stack.len() } else { half }).collect();
    let stack: String = stack.chars().take(room.saturating_sub(logical.len())).collect();
    format!("{}-{}-{random}", stack.trim_end_matches('-'), logical)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fit_the_service() {
        let (property, name) =
            generated("AWS::S3::Bucket", "shop-core-state", "Bucket").expect("a name");
        assert_eq!(property, "BucketName");
        assert!(name.starts_with("shop-core-state-bucket-") && name == name.to_lowercase());
        let (_, name) = generated(
            "AWS::ElasticLoadBalancingV2::TargetGroup",
            &"s".repeat(60),
            "VeryLongLogicalName",
        )
        .expect("a name");
        assert!(name.len() <= 32, "{name}");
        assert_eq!(generated("AWS::EC2::VPC", "s", "l"), None);
    }
}
