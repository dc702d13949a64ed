//! What the build agents may do: the policies name what the templates need, and fit into IAM.
#![allow(clippy::unwrap_used, reason = "all of this is tests, also outside of test functions")]

use std::collections::{BTreeMap, BTreeSet};

use cloudops_aws::cfn::template::Template;
use cloudops_templates::{ALL, deploy, team};
use serde_json::Value;

/// Most characters of a managed policy, white space not counted.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>
const POLICY_LIMIT: usize = 6_144;

/// What CloudFormation calls to make and to delete a resource of a type. Source: the handlers of the
/// types in the CloudFormation template reference.
const CALLS: [(&str, &str, &str); 34] = [
    ("AmazonMQ::Broker", "mq:CreateBroker", "mq:DeleteBroker"),
    (
        "ApplicationAutoScaling::ScalableTarget",
        "application-autoscaling:RegisterScalableTarget",
        "application-autoscaling:DeregisterScalableTarget",
    ),
    (
        "ApplicationAutoScaling::ScalingPolicy",
        "application-autoscaling:PutScalingPolicy",
        "application-autoscaling:DeleteScalingPolicy",
    ),
    (
        "AutoScaling::AutoScalingGroup",
        "autoscaling:CreateAutoScalingGroup",
        "autoscaling:DeleteAutoScalingGroup",
    ),
    ("CloudWatch::Alarm", "cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"),
    ("EC2::LaunchTemplate", "ec2:CreateLaunchTemplate", "ec2:DeleteLaunchTemplate"),
    ("EC2::SecurityGroup", "ec2:CreateSecurityGroup", "ec2:DeleteSecurityGroup"),
    (
        "EC2::SecurityGroupIngress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:RevokeSecurityGroupIngress",
    ),
    ("ECS::CapacityProvider", "ecs:CreateCapacityProvider", "ecs:DeleteCapacityProvider"),
    ("ECS::Cluster", "ecs:CreateCluster", "ecs:DeleteCluster"),
    (
        "ECS::ClusterCapacityProviderAssociations",
        "ecs:PutClusterCapacityProviders",
        "ecs:PutClusterCapacityProviders",
    ),
    ("ECS::Service", "ecs:CreateService", "ecs:DeleteService"),
    ("ECS::TaskDefinition", "ecs:RegisterTaskDefinition", "ecs:DeregisterTaskDefinition"),
    (
        "ElasticLoadBalancingV2::Listener",
        "elasticloadbalancing:CreateListener",
        "elasticloadbalancing:DeleteListener",
    ),
    (
        "ElasticLoadBalancingV2::ListenerRule",
        "elasticloadbalancing:CreateRule",
        "elasticloadbalancing:DeleteRule",
    ),
    (
        "ElasticLoadBalancingV2::LoadBalancer",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:DeleteLoadBalancer",
    ),
    (
        "ElasticLoadBalancingV2::TargetGroup",
        "elasticloadbalancing:CreateTargetGroup",
        "elasticloadbalancing:DeleteTargetGroup",
    ),
    ("Events::Rule", "events:PutRule", "events:DeleteRule"),
    ("IAM::InstanceProfile", "iam:CreateInstanceProfile", "iam:DeleteInstanceProfile"),
    ("IAM::Role", "iam:CreateRole", "iam:DeleteRole"),
    ("IAM::RolePolicy", "iam:PutRolePolicy", "iam:DeleteRolePolicy"),
    ("Lambda::Function", "lambda:CreateFunction", "lambda:DeleteFunction"),
    ("Lambda::Permission", "lambda:AddPermission", "lambda:RemovePermission"),
    ("Logs::LogGroup", "logs:CreateLogGroup", "logs:DeleteLogGroup"),
    ("RDS::DBCluster", "rds:CreateDBCluster", "rds:DeleteDBCluster"),
    (
        "RDS::DBClusterParameterGroup",
        "rds:CreateDBClusterParameterGroup",
        "rds:DeleteDBClusterParameterGroup",
    ),
    ("RDS::DBInstance", "rds:CreateDBInstance", "rds:DeleteDBInstance"),
    ("RDS::DBSubnetGroup", "rds:CreateDBSubnetGroup", "rds:DeleteDBSubnetGroup"),
    ("Route53::RecordSet", "route53:ChangeResourceRecordSets", "route53:ChangeResourceRecordSets"),
    ("SNS::Topic", "sns:CreateTopic", "sns:DeleteTopic"),
    ("SQS::Queue", "sqs:CreateQueue", "sqs:DeleteQueue"),
    ("SecretsManager::Secret", "secretsmanager:CreateSecret", "secretsmanager:DeleteSecret"),
    (
        "ServiceDiscovery::Service",
        "servicediscovery:CreateService",
        "servicediscovery:DeleteService",
    ),
    ("WAFv2::WebACL", "wafv2:CreateWebACL", "wafv2:DeleteWebACL"),
];

/// The same for types with one line of their own.
const MORE_CALLS: [(&str, &str, &str); 4] = [
    ("SNS::TopicPolicy", "sns:SetTopicAttributes", "sns:SetTopicAttributes"),
    ("SQS::QueuePolicy", "sqs:SetQueueAttributes", "sqs:SetQueueAttributes"),
    (
        "ServiceDiscovery::PrivateDnsNamespace",
        "servicediscovery:CreatePrivateDnsNamespace",
        "servicediscovery:DeleteNamespace",
    ),
    ("WAFv2::WebACLAssociation", "wafv2:AssociateWebACL", "wafv2:DisassociateWebACL"),
];

fn parsed(template: &cloudops_templates::Template) -> Template {
    Template::parse(template.file, template.body).unwrap()
}

/// The documents of the managed policies of a template, by logical id.
fn policies(template: &cloudops_templates::Template) -> BTreeMap<String, Value> {
    let template = parsed(template);
    let all = template.resources().into_iter();
    let policies = all.filter(|one| one.resource_type == "AWS::IAM::ManagedPolicy");
    let document = |id: String| {
        let found = template.body()["Resources"][&id]["Properties"]["PolicyDocument"].clone();
        (id, found)
    };
    policies.map(|one| document(one.logical_id)).collect()
}

/// The statements that always or sometimes count.
fn statements(document: &Value) -> Vec<Value> {
    let all = document["Statement"].as_array().unwrap().iter();
    all.map(|one| one.get("Fn::If").map_or(one, |branches| &branches[1]).clone()).collect()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) => vec![text.clone()],
        Value::Array(all) => all.iter().flat_map(texts).collect(),
        // The text of Fn::Sub.
        Value::Object(one) => one.values().flat_map(texts).collect(),
        _ => Vec::new(),
    }
}

fn allowed(documents: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let all = documents.values().flat_map(statements).filter(|one| one["Effect"] == "Allow");
    all.flat_map(|one| texts(&one["Action"])).collect()
}

fn covers(actions: &BTreeSet<String>, wanted: &str) -> bool {
    let fits = |action: &String| match action.strip_suffix('*') {
        Some(start) => wanted.starts_with(start),
        None => action == wanted,
    };
    actions.iter().any(fits)
}

#[test]
fn deployments_may_make_and_delete_what_the_templates_of_environments_have() {
    let actions = allowed(&policies(&deploy::PIPELINE));
    let calls: BTreeMap<_, _> = CALLS
        .iter()
        .chain(&MORE_CALLS)
        .map(|(kind, make, delete)| (*kind, [*make, *delete]))
        .collect();
    let mut used = BTreeSet::new();
    // The repositories are made by `clouddeploy init`, which agents do not run.
    let not_run = [deploy::PIPELINE.name, deploy::REPOSITORY.name];
    let all = ALL.iter().filter(|one| one.name.starts_with("deploy/"));
    for each in all.filter(|one| !not_run.contains(&one.name)) {
        for resource in parsed(each).resources() {
            let kind = resource.resource_type.strip_prefix("AWS::").unwrap();
            let calls = calls.get(kind);
            let calls = calls.unwrap_or_else(|| panic!("{}: no calls for {kind}", each.name));
            for call in calls {
                assert!(covers(&actions, call), "{}: {kind} needs {call}", each.name);
            }
            used.insert(kind.to_owned());
        }
    }
    let unused: Vec<_> = calls.keys().filter(|kind| !used.contains(**kind)).collect();
    assert!(unused.is_empty(), "no template has {unused:?}");
}

#[test]
fn builds_may_not_deploy() {
    let actions = allowed(&policies(&team::PIPELINE));
    let services: BTreeSet<&str> =
        actions.iter().filter_map(|action| Some(action.split_once(':')?.0)).collect();
    assert_eq!(services, BTreeSet::from(["kms", "logs", "s3", "secretsmanager"]));
    let mut writable = BTreeSet::new();
    for statement in policies(&team::PIPELINE).values().flat_map(statements) {
        let writes = texts(&statement["Action"]).iter().any(|action| action == "s3:PutObject");
        if writes && statement["Effect"] == "Allow" {
            writable.extend(texts(&statement["Resource"]));
        }
    }
    let places: Vec<&str> = writable.iter().filter_map(|arn| arn.split(":::").last()).collect();
    assert_eq!(
        places,
        [
            "${ArtifactBucketName}/cache/dependencies/*",
            "${ArtifactBucketName}/logs/package-builds/*",
            "${PackageBucketName}/v1/packages/*",
            "${StateBucketName}/v1/package-builds/*",
            "${StateBucketName}/v1/packages/*",
        ]
    );
}

/// Nobody who deploys may change what says what he may do.
#[test]
fn deployments_leave_the_instance_itself_alone() {
    let all = policies(&deploy::PIPELINE);
    let denied: Vec<Value> =
        all.values().flat_map(statements).filter(|one| one["Effect"] == "Deny").collect();
    let is_denied = |end: &str| {
        denied.iter().flat_map(|one| texts(&one["Resource"])).any(|arn| arn.ends_with(end))
    };
    for part in ["core", "deploy", "team"] {
        assert!(is_denied(&format!(":*/${{InstanceName}}-{part}-*")), "roles of {part}");
        assert!(is_denied(&format!(":stack/${{InstanceName}}-{part}-*")), "stacks of {part}");
    }
}

/// What CloudFormation puts in place of a name, as long as it can be.
fn longest(name: &str) -> usize {
    match name {
        "AWS::Partition" => "aws-us-gov".len(),
        "AWS::Region" => "ap-southeast-2".len(),
        "AWS::AccountId" => 12,
        "AWS::URLSuffix" => "amazonaws.com.cn".len(),
        "InstanceName" => 16,
        "PublicZoneId" | "PrivateZoneId" => 32,
        _ => 80,
    }
}

fn resolved(value: &Value) -> Value {
    match value {
        Value::Array(all) => all.iter().map(resolved).collect(),
        Value::Object(one) if one.contains_key("Fn::Sub") => {
            let mut text = texts(&one["Fn::Sub"]).remove(0);
            while let Some((start, rest)) = text.clone().split_once("${") {
                let (name, end) = rest.split_once('}').unwrap();
                text = format!("{start}{}{end}", "x".repeat(longest(name)));
            }
            Value::String(text)
        }
        Value::Object(one) if one.contains_key("Ref") || one.contains_key("Fn::GetAtt") => {
            Value::String("x".repeat(80))
        }
        Value::Object(one) if one.contains_key("Fn::If") => resolved(&one["Fn::If"][1]),
        Value::Object(one) => {
            Value::Object(one.iter().map(|(key, value)| (key.clone(), resolved(value))).collect())
        }
        other => other.clone(),
    }
}

#[test]
fn policies_fit_into_iam() {
    let mut count = 0;
    for template in [&team::PIPELINE, &deploy::PIPELINE] {
        for (id, document) in policies(template) {
            let text = resolved(&document).to_string();
            let size = text.chars().filter(|letter| !letter.is_whitespace()).count();
            assert!(size <= POLICY_LIMIT, "{}/{id} has {size} characters", template.name);
            count += 1;
        }
    }
    // A role takes ten of them.
    assert_eq!(count, 6);
}
