//! Properties as the service has them, for the types that can be read back.

use reqwest::Method;
use serde_json::{Value, json};

use super::services;
use super::xml::{element, properties};
use crate::proxy::cloudformation::state::Resource;
use crate::proxy::upstream::{Upstream, UpstreamError};

/// What the service says.
pub(super) enum Actual {
    /// The properties that could be read; the others are not compared.
    Properties(Value),
    /// The resource is not there.
    Gone,
    /// The type cannot be read back.
    NotChecked,
}

/// Asks the service.
pub(super) async fn read(upstream: &Upstream, resource: &Resource, rules: &[Value]) -> Actual {
    if let Some(actual) = services::read(upstream, resource).await {
        return actual;
    }
    let id = resource.physical_id.as_deref().unwrap_or_default();
    match resource.resource_type.as_str() {
        "AWS::EC2::VPC" => {
            ec2(upstream, "DescribeVpcs", "VpcId.1", id, &["CidrBlock", "InstanceTenancy"]).await
        }
        "AWS::EC2::Subnet" => {
            let fields = ["CidrBlock", "AvailabilityZone", "VpcId", "MapPublicIpOnLaunch"];
            ec2(upstream, "DescribeSubnets", "SubnetId.1", id, &fields).await
        }
        "AWS::EC2::SecurityGroup" => group(upstream, id, resource, rules).await,
        "AWS::Logs::LogGroup" => log_group(upstream, id).await,
        "AWS::SSM::Parameter" => parameter(upstream, id).await,
        "AWS::S3::Bucket" => bucket(upstream, id, resource).await,
        "AWS::ECS::Service" => service(upstream, id, resource).await,
        _ => Actual::NotChecked,
    }
}

pub(super) fn judged(answer: Result<Value, UpstreamError>) -> Actual {
    match answer {
        Ok(properties) => Actual::Properties(properties),
        Err(UpstreamError::Service { code, status, .. }) if status == 404 || is_missing(&code) => {
            Actual::Gone
        }
        Err(_) => Actual::NotChecked,
    }
}

fn is_missing(code: &str) -> bool {
    ["NotFound", "NoSuch", "NonExistent"].iter().any(|word| code.contains(word))
}

async fn ec2(upstream: &Upstream, action: &str, by: &str, id: &str, fields: &[&str]) -> Actual {
    let form = [(by.to_owned(), id.to_owned())];
    let answer = upstream.query("ec2", action, "2016-11-15", &form).await;
    judged(answer.map(|xml| {
        let found = fields.iter().filter_map(|field| {
            let mut letters = field.chars();
            let small: String = letters.next()?.to_lowercase().chain(letters).collect();
            Some(((*field).to_owned(), Value::String(element(&xml, &small)?)))
        });
        Value::Object(found.collect())
    }))
}

/// A group with its rules; `others` are rules that are resources of their own.
async fn group(upstream: &Upstream, id: &str, resource: &Resource, others: &[Value]) -> Actual {
    let form = [("GroupId.1".to_owned(), id.to_owned())];
    let answer = upstream.query("ec2", "DescribeSecurityGroups", "2016-11-15", &form).await;
    judged(answer.map(|xml| {
        let mut actual =
            properties(&xml, &[("GroupDescription", "groupDescription"), ("VpcId", "vpcId")]);
        for (property, rules) in super::rules::actual(&xml, resource, others) {
            actual[property] = rules;
        }
        actual
    }))
}

async fn log_group(upstream: &Upstream, name: &str) -> Actual {
    let body = json!({"logGroupNamePrefix": name});
    let answer = match upstream.json("logs", "Logs_20140328.DescribeLogGroups", &body).await {
        Ok(answer) => answer,
        Err(_) => return Actual::NotChecked,
    };
    let mut groups = answer["logGroups"].as_array().into_iter().flatten();
    match groups.find(|group| group["logGroupName"] == name) {
        None => Actual::Gone,
        Some(group) => {
            let mut actual = json!({"LogGroupName": name});
            // A group that keeps its lines for ever has no retention.
            actual["RetentionInDays"] = group["retentionInDays"].clone();
            Actual::Properties(actual)
        }
    }
}

async fn parameter(upstream: &Upstream, name: &str) -> Actual {
    let body = json!({"Name": name, "WithDecryption": true});
    let answer = upstream.json("ssm", "AmazonSSM.GetParameter", &body).await;
    judged(answer.map(|answer| {
        json!({"Name": name, "Type": answer["Parameter"]["Type"], "Value": answer["Parameter"]["Value"]})
    }))
}

async fn bucket(upstream: &Upstream, name: &str, resource: &Resource) -> Actual {
    match upstream.rest("s3", Method::GET, &format!("/{name}?versioning"), Vec::new()).await {
        Ok((404, _)) => Actual::Gone,
        Ok((200, xml)) => {
            let mut actual = json!({"BucketName": name});
            if resource.properties.get("VersioningConfiguration").is_some() {
                let status = element(&xml, "Status").unwrap_or_else(|| "Suspended".to_owned());
                actual["VersioningConfiguration"] = json!({"Status": status});
            }
            if let Some(access) = public_access(upstream, name).await {
                actual["PublicAccessBlockConfiguration"] = access;
            }
            Actual::Properties(actual)
        }
        _ => Actual::NotChecked,
    }
}

/// What keeps the public out of a bucket.
async fn public_access(upstream: &Upstream, name: &str) -> Option<Value> {
    const SAME: [(&str, &str); 4] = [
        ("BlockPublicAcls", "BlockPublicAcls"),
        ("BlockPublicPolicy", "BlockPublicPolicy"),
        ("IgnorePublicAcls", "IgnorePublicAcls"),
        ("RestrictPublicBuckets", "RestrictPublicBuckets"),
    ];
    let path = format!("/{name}?publicAccessBlock");
    match upstream.rest("s3", Method::GET, &path, Vec::new()).await {
        Ok((200, xml)) => Some(properties(&xml, &SAME)),
        _ => None,
    }
}

async fn service(upstream: &Upstream, arn: &str, resource: &Resource) -> Actual {
    let mut body = json!({"services": [arn]});
    if let Some(cluster) = resource.properties.get("Cluster") {
        body["cluster"] = cluster.clone();
    }
    let target = "AmazonEC2ContainerServiceV20141113.DescribeServices";
    let Ok(answer) = upstream.json("ecs", target, &body).await else {
        return Actual::NotChecked;
    };
    let service = &answer["services"][0];
    if service["status"] != "ACTIVE" {
        return Actual::Gone;
    }
    Actual::Properties(json!({
        "TaskDefinition": service["taskDefinition"],
        "DesiredCount": service["desiredCount"],
    }))
}
