//! What a stack leaves when it is deleted, and what no stack ever owned.

use std::collections::BTreeSet;

use aws_sdk_rds::{Client as Rds, types::DbClusterSnapshot};
use aws_sdk_secretsmanager::{
    Client as Secrets,
    types::{Filter, FilterNameStringType},
};
use aws_sdk_ssm::Client as Ssm;

use super::{Priced, Remain, SNAPSHOT};
use crate::{
    cfn::{
        error::CfnError,
        observe::{self, Observed},
        template::{ResourceSpec, Template},
    },
    config,
    cost::{self, Estimate, Monthly},
    ctx::Ctx,
    error::AwsError,
    ids::InstanceName,
    logs,
};

/// What a stack owns, and what of it stays when the stack is deleted.
#[derive(Debug, Clone)]
pub struct OfStack {
    /// Physical ids of its resources.
    pub owned: BTreeSet<String>,
    /// What all of it costs a month.
    pub estimate: Estimate,
    /// What stays.
    pub remains: Vec<Priced>,
    /// Ids of some types that must be empty before they can be deleted: hosted zones and
    /// clusters, as type and physical id.
    pub containers: Vec<(String, String)>,
    /// Names of the DNS records that the stack owns.
    pub records: BTreeSet<String>,
}

/// Reads what a stack owns (`GetTemplate`, `ListStackResources`). None when it is gone.
///
/// # Errors
/// [`CfnError`], also for a template that cannot be read.
pub async fn of_stack(ctx: &Ctx, stack: &Observed) -> Result<Option<OfStack>, CfnError> {
    let Some(text) = observe::template(ctx, &stack.name).await? else {
        return Ok(None);
    };
    let template = Template::parse(stack.name.as_str(), &text)
        .map_err(|error| CfnError::Graph(error.into()))?;
    let resources = observe::resources(ctx, stack).await?;
    let region = ctx.aws.region();
    let estimate = cost::estimate(&template, &stack.parameters, region, None);
    let stay = staying(&template.resources());
    let of_type = |wanted: &'static [&'static str]| {
        resources.iter().filter(move |one| wanted.contains(&one.resource_type.as_str()))
    };
    let remains = resources.iter().filter(|one| stay.contains(&one.logical_id));
    let priced = remains.map(|one| Priced {
        monthly: monthly(&estimate, &one.logical_id),
        remain: Remain {
            resource_type: one.resource_type.clone(),
            id: one.physical_id.clone(),
            stack: Some(stack.name.to_string()),
        },
    });
    Ok(Some(OfStack {
        owned: resources.iter().map(|one| one.physical_id.clone()).collect(),
        remains: priced.collect(),
        containers: of_type(&["AWS::Route53::HostedZone", "AWS::ECS::Cluster"])
            .map(|one| (one.resource_type.clone(), one.physical_id.clone()))
            .collect(),
        records: of_type(&["AWS::Route53::RecordSet"])
            .map(|one| one.physical_id.trim_end_matches('.').to_owned())
            .collect(),
        estimate,
    }))
}

/// Logical ids of the resources that a deletion leaves. What goes with another resource does not
/// count by itself, and of a database cluster with a final snapshot the snapshot is what stays:
/// it is found by its tag.
fn staying(resources: &[ResourceSpec]) -> BTreeSet<String> {
    let kept = resources.iter().filter(|one| {
        let policy = one.deletion_policy.as_deref().unwrap_or_default();
        matches!(policy, "Retain" | "RetainExceptOnCreate")
            && one.resource_type != "AWS::S3::BucketPolicy"
    });
    kept.map(|one| one.logical_id.clone()).collect()
}

fn monthly(estimate: &Estimate, logical_id: &str) -> Monthly {
    let mut lines = estimate.lines.iter().filter(|line| line.logical_id == logical_id);
    lines.next().map_or(Monthly::Usd(cost::Usd::ZERO), |line| line.monthly.clone())
}

/// What lies outside of all stacks and belongs to an instance: its secrets and parameters, log
/// groups below its path, and snapshots of its databases (`ListSecrets`, `GetParametersByPath`,
/// `DescribeLogGroups`, `DescribeDBClusterSnapshots`). What stacks own is there too as long as
/// they exist; `owned` leaves that out.
///
/// # Errors
/// [`AwsError`].
pub async fn outside(
    ctx: &Ctx,
    instance: &InstanceName,
    owned: &BTreeSet<String>,
) -> Result<Vec<Priced>, AwsError> {
    let path = format!("{}/", config::path(instance));
    let (secrets, parameters, groups, snapshots) = tokio::try_join!(
        secrets(ctx, &path),
        parameters(ctx, &path),
        groups(ctx, &path),
        snapshots(ctx, instance),
    )?;
    let all = secrets.into_iter().chain(parameters).chain(groups).chain(snapshots);
    Ok(all.filter(|one| !is_owned(owned, &one.remain.id)).collect())
}

/// A stack has its secrets by ARN, everything else by name.
fn is_owned(owned: &BTreeSet<String>, id: &str) -> bool {
    let secret = format!(":secret:{id}-");
    owned.contains(id) || owned.iter().any(|one| one.contains(&secret))
}

fn loose(resource_type: &str, id: String, monthly: Monthly) -> Priced {
    Priced { monthly, remain: Remain { resource_type: resource_type.to_owned(), id, stack: None } }
}

fn by_use(what: &str) -> Monthly {
    Monthly::Usage(what.to_owned())
}

/// Secrets Manager lists no secret that waits for its deletion unless it is asked to.
async fn secrets(ctx: &Ctx, path: &str) -> Result<Vec<Priced>, AwsError> {
    let filter = Filter::builder().key(FilterNameStringType::Name).values(path).build();
    let request = Secrets::new(ctx.aws.config()).list_secrets().filters(filter);
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    let price = cost::bare("AWS::SecretsManager::Secret", ctx.aws.region());
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::new("Secrets Manager", "ListSecrets", error))?;
        let names = page.secret_list.unwrap_or_default().into_iter().filter_map(|one| one.name);
        // The filter ignores case and matches words.
        let names = names.filter(|name| name.starts_with(path));
        found.extend(names.map(|name| loose("AWS::SecretsManager::Secret", name, price.clone())));
    }
    Ok(found)
}

async fn parameters(ctx: &Ctx, path: &str) -> Result<Vec<Priced>, AwsError> {
    let request = Ssm::new(ctx.aws.config()).get_parameters_by_path().path(path).recursive(true);
    let mut pages = request.into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| AwsError::new("SSM", "GetParametersByPath", error))?;
        let names = page.parameters.unwrap_or_default().into_iter().filter_map(|one| one.name);
        let free = || by_use("advanced parameters, of more than 4096 bytes");
        found.extend(names.map(|name| loose("AWS::SSM::Parameter", name, free())));
    }
    Ok(found)
}

async fn groups(ctx: &Ctx, path: &str) -> Result<Vec<Priced>, AwsError> {
    let names = logs::groups(&ctx.aws, path).await?.into_iter();
    Ok(names.map(|name| loose("AWS::Logs::LogGroup", name, by_use("stored logs"))).collect())
}

async fn snapshots(ctx: &Ctx, instance: &InstanceName) -> Result<Vec<Priced>, AwsError> {
    let request = Rds::new(ctx.aws.config()).describe_db_cluster_snapshots();
    let mut pages = request.snapshot_type("manual").into_paginator().send();
    let mut found = Vec::new();
    while let Some(page) = pages.next().await {
        let failed = |error| AwsError::new("RDS", "DescribeDBClusterSnapshots", error);
        let snapshots = page.map_err(failed)?.db_cluster_snapshots.unwrap_or_default();
        let ours = snapshots.into_iter().filter(|one| is_of(one, instance));
        let ids = ours.filter_map(|one| one.db_cluster_snapshot_identifier);
        found.extend(ids.map(|id| loose(SNAPSHOT, id, by_use("stored snapshots"))));
    }
    Ok(found)
}

/// A final snapshot has the tags of its cluster.
fn is_of(snapshot: &DbClusterSnapshot, instance: &InstanceName) -> bool {
    let mut tags = snapshot.tag_list().iter();
    tags.any(|tag| tag.key() == Some("cloudops:instance") && tag.value() == Some(instance.as_str()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_rds::types::Tag;

    use super::*;

    #[test]
    fn a_deletion_leaves_what_its_policy_retains() {
        let template = "Resources:\n  \
            Key: {Type: AWS::KMS::Key, DeletionPolicy: Retain}\n  \
            Files: {Type: AWS::EFS::FileSystem, DeletionPolicy: RetainExceptOnCreate}\n  \
            Policy: {Type: AWS::S3::BucketPolicy, DeletionPolicy: Retain}\n  \
            Cluster: {Type: AWS::RDS::DBCluster, DeletionPolicy: Snapshot}\n  \
            Topic: {Type: AWS::SNS::Topic}\n";
        let template = Template::parse("t", template).unwrap();
        let stay: Vec<String> = staying(&template.resources()).into_iter().collect();
        assert_eq!(stay, ["Files", "Key"]);
    }

    #[test]
    fn a_snapshot_belongs_to_the_instance_of_its_tag() {
        let acme: InstanceName = "acme".parse().unwrap();
        let tagged = |value: &str| {
            let tag = Tag::builder().key("cloudops:instance").value(value).build();
            DbClusterSnapshot::builder().tag_list(tag).build()
        };
        assert!(is_of(&tagged("acme"), &acme));
        assert!(!is_of(&tagged("acme-eu"), &acme));
        assert!(!is_of(&DbClusterSnapshot::builder().build(), &acme));
    }
}
