//! Tasks that no service owns: they stand in the way of the deletion of their cluster.

use aws_sdk_ecs::{
    Client,
    types::{DesiredStatus, Task},
};

use crate::{connect::Aws, ctx::Ctx, error::AwsError, state::lock::Locked};

/// Tasks that `DescribeTasks` takes at once.
const TASKS_AT_ONCE: usize = 100;

/// Stops the running tasks of a cluster that belong to no service, and gives back how many there
/// were (`ListTasks`, `DescribeTasks`, `StopTask`). A cluster that is gone has none.
///
/// # Errors
/// [`AwsError`].
pub async fn stop_loose_tasks(
    ctx: &Ctx,
    _locked: &Locked,
    cluster: &str,
    why: &str,
) -> Result<usize, AwsError> {
    let tasks = loose(&ctx.aws, cluster).await?;
    let client = Client::new(ctx.aws.config());
    for task in &tasks {
        let request = client.stop_task().cluster(cluster).task(task).reason(why);
        request.send().await.map_err(|error| AwsError::new("ECS", "StopTask", error))?;
    }
    Ok(tasks.len())
}

async fn loose(aws: &Aws, cluster: &str) -> Result<Vec<String>, AwsError> {
    let client = Client::new(aws.config());
    let request = client.list_tasks().cluster(cluster).desired_status(DesiredStatus::Running);
    let mut pages = request.into_paginator().send();
    let mut arns = Vec::new();
    while let Some(page) = pages.next().await {
        match page.map_err(|error| AwsError::new("ECS", "ListTasks", error)) {
            Ok(page) => arns.extend(page.task_arns.unwrap_or_default()),
            Err(error) if error.is_not_found() => return Ok(Vec::new()),
            Err(error) => return Err(error),
        }
    }
    let mut loose = Vec::new();
    for part in arns.chunks(TASKS_AT_ONCE) {
        let request = client.describe_tasks().cluster(cluster).set_tasks(Some(part.to_vec()));
        let answer = request.send().await;
        let answer = answer.map_err(|error| AwsError::new("ECS", "DescribeTasks", error))?;
        let tasks = answer.tasks.unwrap_or_default().into_iter();
        loose.extend(tasks.filter(is_loose).filter_map(|task| task.task_arn));
    }
    Ok(loose)
}

/// A task of a service belongs to the group `service:<name>`.
fn is_loose(task: &Task) -> bool {
    !task.group().is_some_and(|group| group.starts_with("service:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_of_a_service_is_not_loose() {
        let task = |group: &str| Task::builder().group(group).build();
        assert!(is_loose(&task("family:acme-agent")));
        assert!(!is_loose(&task("service:acme-build")));
        assert!(is_loose(&Task::builder().build()));
    }
}
