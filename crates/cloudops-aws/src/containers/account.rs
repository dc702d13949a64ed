//! What an account has of container clusters already (ECS).

use aws_sdk_ecs::{
    Client,
    types::{DesiredStatus, LaunchType},
};

use crate::{connect::Aws, error::AwsError};

/// Tasks that are described with one call.
const AT_ONCE: usize = 100;

/// ARNs of the clusters of the region (`ListClusters`, all pages).
///
/// # Errors
/// [`AwsError`].
pub async fn clusters(aws: &Aws) -> Result<Vec<String>, AwsError> {
    let mut pages = Client::new(aws.config()).list_clusters().into_paginator().items().send();
    let mut arns = Vec::new();
    while let Some(arn) = pages.next().await {
        arns.push(arn.map_err(|error| AwsError::new("ECS", "ListClusters", error))?);
    }
    Ok(arns)
}

/// How many CPU units the Fargate tasks of some clusters have, 1024 to a vCPU: what the quota of
/// Fargate counts (`ListTasks`, `DescribeTasks`).
///
/// # Errors
/// [`AwsError`].
pub async fn fargate_cpu_units(aws: &Aws, clusters: &[String]) -> Result<u64, AwsError> {
    let client = Client::new(aws.config());
    let mut units = 0;
    for cluster in clusters {
        let request = client
            .list_tasks()
            .cluster(cluster)
            .launch_type(LaunchType::Fargate)
            .desired_status(DesiredStatus::Running);
        let mut pages = request.into_paginator().items().send();
        let mut tasks = Vec::new();
        while let Some(task) = pages.next().await {
            tasks.push(task.map_err(|error| AwsError::new("ECS", "ListTasks", error))?);
        }
        for some in tasks.chunks(AT_ONCE) {
            let request = client.describe_tasks().cluster(cluster).set_tasks(Some(some.to_vec()));
            let answer = request.send().await;
            let answer = answer.map_err(|error| AwsError::new("ECS", "DescribeTasks", error))?;
            let cpu = answer.tasks().iter().filter_map(|task| task.cpu()?.parse::<u64>().ok());
            units += cpu.sum::<u64>();
        }
    }
    Ok(units)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::FakeAws;

    #[tokio::test]
    async fn the_cpu_of_all_tasks_is_added() {
        let rows = [
            ("ListClusters", 200, r#"{"clusterArns": ["a", "b"]}"#),
            ("ListTasks", 200, r#"{"taskArns": ["t"]}"#),
            ("DescribeTasks", 200, r#"{"tasks": [{"cpu": "1024"}]}"#),
        ];
        let fake = FakeAws::start(&rows).await;
        let found = clusters(&fake.aws).await.unwrap();
        assert_eq!(found, ["a", "b"]);
        assert_eq!(fargate_cpu_units(&fake.aws, &found).await.unwrap(), 2048);
    }
}
