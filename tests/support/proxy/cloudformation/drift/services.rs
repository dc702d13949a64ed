//! Properties of types whose services answer in XML or with attributes.

use serde_json::{Value, json};

use super::actual::{Actual, judged};
use super::xml;
use crate::proxy::cloudformation::state::Resource;
use crate::proxy::upstream::Upstream;

/// How a type is read from a query service: each pair is a property and the element that has it.
struct Query {
    service: &'static str,
    version: &'static str,
    action: &'static str,
    by: &'static str,
    fields: &'static [(&'static str, &'static str)],
}

fn query_of(resource_type: &str) -> Option<Query> {
    let balancing = |action, by, fields| Query {
        service: "elasticloadbalancing",
        version: "2015-12-01",
        action,
        by,
        fields,
    };
    let databases =
        |action, by, fields| Query { service: "rds", version: "2014-10-31", action, by, fields };
    Some(match resource_type {
        "AWS::ElasticLoadBalancingV2::TargetGroup" => balancing(
            "DescribeTargetGroups",
            "TargetGroupArns.member.1",
            &[
                ("Port", "Port"),
                ("Protocol", "Protocol"),
                ("VpcId", "VpcId"),
                ("TargetType", "TargetType"),
                ("HealthCheckPath", "HealthCheckPath"),
                ("HealthCheckProtocol", "HealthCheckProtocol"),
                ("HealthCheckIntervalSeconds", "HealthCheckIntervalSeconds"),
                ("HealthyThresholdCount", "HealthyThresholdCount"),
                ("UnhealthyThresholdCount", "UnhealthyThresholdCount"),
            ],
        ),
        "AWS::ElasticLoadBalancingV2::LoadBalancer" => balancing(
            "DescribeLoadBalancers",
            "LoadBalancerArns.member.1",
            &[("Scheme", "Scheme"), ("Type", "Type")],
        ),
        "AWS::ElasticLoadBalancingV2::Listener" => balancing(
            "DescribeListeners",
            "ListenerArns.member.1",
            &[("Port", "Port"), ("Protocol", "Protocol"), ("SslPolicy", "SslPolicy")],
        ),
        "AWS::RDS::DBCluster" => databases(
            "DescribeDBClusters",
            "DBClusterIdentifier",
            &[
                ("BackupRetentionPeriod", "BackupRetentionPeriod"),
                ("DeletionProtection", "DeletionProtection"),
                ("StorageEncrypted", "StorageEncrypted"),
                ("Engine", "Engine"),
                ("DatabaseName", "DatabaseName"),
            ],
        ),
        "AWS::RDS::DBInstance" => databases(
            "DescribeDBInstances",
            "DBInstanceIdentifier",
            &[("DBInstanceClass", "DBInstanceClass"), ("Engine", "Engine")],
        ),
        _ => return None,
    })
}

/// Asks the service, where the type is one of these.
pub(super) async fn read(upstream: &Upstream, resource: &Resource) -> Option<Actual> {
    let id = resource.physical_id.as_deref().unwrap_or_default();
    if let Some(query) = query_of(&resource.resource_type) {
        let form = [(query.by.to_owned(), id.to_owned())];
        let answer = upstream.query(query.service, query.action, query.version, &form).await;
        return Some(judged(answer.map(|xml| xml::properties(&xml, query.fields))));
    }
    Some(match resource.resource_type.as_str() {
        "AWS::SQS::Queue" => queue(upstream, id).await,
        "AWS::SNS::Topic" => topic(upstream, id).await,
        "AWS::IAM::Role" => role(upstream, id).await,
        "AWS::ECR::Repository" => repository(upstream, id).await,
        "AWS::SecretsManager::Secret" => secret(upstream, id).await,
        _ => return None,
    })
}

/// Numbers and texts among a queue's attributes have the names of its properties.
async fn queue(upstream: &Upstream, url: &str) -> Actual {
    const SAME: &[&str] = &[
        "VisibilityTimeout",
        "MessageRetentionPeriod",
        "DelaySeconds",
        "ReceiveMessageWaitTimeSeconds",
        "MaximumMessageSize",
    ];
    let body = json!({"QueueUrl": url, "AttributeNames": ["All"]});
    let answer = upstream.json("sqs", "AmazonSQS.GetQueueAttributes", &body).await;
    judged(answer.map(|answer| {
        let attributes = answer["Attributes"].as_object().cloned().unwrap_or_default();
        attributes.into_iter().filter(|(name, _)| SAME.contains(&name.as_str())).collect()
    }))
}

async fn topic(upstream: &Upstream, arn: &str) -> Actual {
    let form = [("TopicArn".to_owned(), arn.to_owned())];
    let answer = upstream.query("sns", "GetTopicAttributes", "2010-03-31", &form).await;
    judged(answer.map(|answer| {
        let entries = xml::each(&answer, "entry").into_iter();
        let name = entries
            .filter(|entry| xml::element(entry, "key").as_deref() == Some("DisplayName"))
            .find_map(|entry| xml::element(entry, "value"));
        json!({"DisplayName": name.unwrap_or_default()})
    }))
}

/// Who may take the role, and for how long.
async fn role(upstream: &Upstream, name: &str) -> Actual {
    let form = [("RoleName".to_owned(), name.to_owned())];
    let answer = upstream.query("iam", "GetRole", "2010-05-08", &form).await;
    judged(answer.map(|answer| {
        let mut actual = xml::properties(
            &answer,
            &[("MaxSessionDuration", "MaxSessionDuration"), ("Path", "Path")],
        );
        actual["RoleName"] = json!(name);
        let document = xml::element(&answer, "AssumeRolePolicyDocument").unwrap_or_default();
        let document = format!("d={}", document.replace('+', "%2B"));
        let document = url::form_urlencoded::parse(document.as_bytes()).next();
        let document = document.and_then(|(_, text)| serde_json::from_str::<Value>(&text).ok());
        if let Some(document) = document {
            actual["AssumeRolePolicyDocument"] = document;
        }
        actual
    }))
}

async fn repository(upstream: &Upstream, name: &str) -> Actual {
    let target = "AmazonEC2ContainerRegistry_V20150921.DescribeRepositories";
    let answer = upstream.json("ecr", target, &json!({"repositoryNames": [name]})).await;
    judged(answer.map(
        |answer| json!({"ImageTagMutability": answer["repositories"][0]["imageTagMutability"]}),
    ))
}

async fn secret(upstream: &Upstream, arn: &str) -> Actual {
    let body = json!({"SecretId": arn});
    let answer = upstream.json("secretsmanager", "secretsmanager.DescribeSecret", &body).await;
    judged(answer.map(|answer| match answer["Description"].as_str() {
        Some(description) => json!({"Description": description}),
        None => json!({}),
    }))
}
