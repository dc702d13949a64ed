//! Names that a graph of stacks takes in AWS, so that it can be said whether two of them can live
//! side by side. Pure.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{graph::StackGraph, resolve};
use crate::ids::{AccountId, Region};

/// Where no other thing of the kind may have the same name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Within {
    /// In all of AWS.
    World,
    /// In an account, whatever the region.
    Account(AccountId),
    /// In a region of an account.
    Region(AccountId, Region),
}

/// A name that is taken.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name {
    /// Where nobody else may have it.
    pub within: Within,
    /// Type of the thing.
    pub resource_type: String,
    /// The name.
    pub name: String,
}

#[derive(Clone, Copy)]
enum Scope {
    World,
    Account,
    Region,
}

/// Properties that say a name, by type, and where it has to be the only one. Task definitions of one
/// family are versions of each other: two services must not share one. Sources: the type's page in
/// the CloudFormation template reference, and the page of the service's call that makes it.
const NAMES: [(&str, &str, Scope); 31] = [
    ("AWS::AmazonMQ::Broker", "BrokerName", Scope::Region),
    ("AWS::AutoScaling::AutoScalingGroup", "AutoScalingGroupName", Scope::Region),
    ("AWS::Backup::BackupVault", "BackupVaultName", Scope::Region),
    ("AWS::CloudWatch::Alarm", "AlarmName", Scope::Region),
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateName", Scope::Region),
    ("AWS::EC2::SecurityGroup", "GroupName", Scope::Region),
    ("AWS::ECR::Repository", "RepositoryName", Scope::Region),
    ("AWS::ECS::CapacityProvider", "Name", Scope::Region),
    ("AWS::ECS::Cluster", "ClusterName", Scope::Region),
    ("AWS::ECS::TaskDefinition", "Family", Scope::Region),
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name", Scope::Region),
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name", Scope::Region),
    ("AWS::Events::Rule", "Name", Scope::Region),
    ("AWS::IAM::InstanceProfile", "InstanceProfileName", Scope::Account),
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName", Scope::Account),
    ("AWS::IAM::Role", "RoleName", Scope::Account),
    ("AWS::IAM::User", "UserName", Scope::Account),
    ("AWS::KMS::Alias", "AliasName", Scope::Region),
    ("AWS::Lambda::Function", "FunctionName", Scope::Region),
    ("AWS::Logs::LogGroup", "LogGroupName", Scope::Region),
    ("AWS::RDS::DBCluster", "DBClusterIdentifier", Scope::Region),
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier", Scope::Region),
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName", Scope::Region),
    (RECORD, "Name", Scope::Region),
    ("AWS::S3::Bucket", "BucketName", Scope::World),
    ("AWS::SNS::Topic", "TopicName", Scope::Region),
    ("AWS::SQS::Queue", "QueueName", Scope::Region),
    ("AWS::SSM::Parameter", "Name", Scope::Region),
    ("AWS::SecretsManager::Secret", "Name", Scope::Region),
    ("AWS::ServiceDiscovery::PrivateDnsNamespace", "Name", Scope::Region),
    ("AWS::WAFv2::WebACL", "Name", Scope::Region),
];

/// Records of one name differ by their zone and their type.
const RECORD: &str = "AWS::Route53::RecordSet";

/// The names of a graph's stacks and of all in them that is given a name. What gets its name from
/// CloudFormation is not among them: that begins with the name of its stack and ends at random. Nor
/// is what only a running stack knows.
#[must_use]
pub fn taken(graph: &StackGraph, account: &AccountId, region: &Region) -> Vec<Name> {
    let within = |scope| match scope {
        Scope::World => Within::World,
        Scope::Account => Within::Account(account.clone()),
        Scope::Region => Within::Region(account.clone(), region.clone()),
    };
    let stacks = graph.stacks().map(|spec| Name {
        within: within(Scope::Region),
        resource_type: "AWS::CloudFormation::Stack".to_owned(),
        name: spec.name.to_string(),
    });
    let resources = resolve::as_known(graph, region);
    let named = resources.iter().filter_map(|one| {
        let (_, property, scope) = NAMES.iter().find(|(name, ..)| *name == one.resource_type)?;
        let name = one.properties[*property].as_str()?;
        let name = match one.resource_type.as_str() {
            RECORD => record(name, &one.properties),
            _ => name.to_owned(),
        };
        Some(Name { within: within(*scope), resource_type: one.resource_type.clone(), name })
    });
    stacks.chain(named).collect()
}

fn record(name: &str, properties: &Value) -> String {
    let zone = &properties["HostedZoneId"];
    let zone = resolve::reference(zone).map_or_else(|| zone.to_string(), str::to_owned);
    format!("{zone} {name} {}", properties["Type"].as_str().unwrap_or_default())
}

/// The names that stand more than once in some lists of names.
#[must_use]
pub fn clashes<'a>(lists: impl IntoIterator<Item = &'a [Name]>) -> BTreeSet<&'a Name> {
    let mut seen = BTreeSet::new();
    lists.into_iter().flatten().filter(|name| !seen.insert(*name)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfn::graph::tests::{graph, spec};

    fn names(stack: &str, region: &str) -> Vec<Name> {
        let text = "Parameters: {Of: {Type: String}}\n\
            Resources:\n\
            \x20 Role: {Type: 'AWS::IAM::Role', Properties: {RoleName: !Sub '${Of}-role'}}\n\
            \x20 Log: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: !Sub '/${Of}/log'}}\n\
            \x20 Bucket: {Type: 'AWS::S3::Bucket', DeletionPolicy: Retain, UpdateReplacePolicy: Retain, Properties: {BucketName: !Sub '${Of}-${AWS::Region}'}}\n\
            \x20 Topic: {Type: 'AWS::SNS::Topic'}\n";
        let graph = graph(vec![spec(stack, text, &[("Of", "acme")], &[])]);
        taken(&graph, &"123456789012".parse().unwrap(), &region.parse().unwrap())
    }

    #[test]
    fn a_name_clashes_where_it_has_to_be_the_only_one() {
        let first = names("acme-a", "us-west-2");
        assert_eq!(first.len(), 4, "{first:?}");
        let clash = |other: &[Name]| -> Vec<String> {
            clashes([&first[..], other]).into_iter().map(|name| name.name.clone()).collect()
        };
        assert_eq!(
            clash(&names("acme-b", "us-west-2")),
            ["acme-us-west-2", "acme-role", "/acme/log"]
        );
        assert_eq!(clash(&names("acme-a", "eu-west-1")), ["acme-role"], "IAM knows no regions");
    }
}
