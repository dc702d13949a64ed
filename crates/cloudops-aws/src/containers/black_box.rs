//! What stopped tasks leave behind, read before a rollback lets it be forgotten.

use aws_sdk_ecs::{
    Client,
    types::{ContainerDefinition, LogDriver, Task},
};
use jiff::{SignedDuration, Timestamp};

use super::task::stopped_tasks;
use crate::{connect::Aws, error::AwsError, logs};

/// Tasks that are looked at: they mostly fail for the same reason.
const TASKS: usize = 3;
/// Lines that are kept of each container.
const LINES: usize = 20;
/// How far back the lines may lie.
const BACK: SignedDuration = SignedDuration::from_hours(1);

/// Why tasks of a service stopped lately, with exit codes and the last lines of their logs, one
/// line of text each (`ListTasks`, `DescribeTasks`, `DescribeTaskDefinition`, `FilterLogEvents`).
/// ECS keeps stopped tasks for about an hour. `service` is the ARN that CloudFormation has.
///
/// # Errors
/// [`AwsError`].
pub async fn black_box(aws: &Aws, service: &str) -> Result<Vec<String>, AwsError> {
    let Some((cluster, name)) = cluster_and_name(service) else {
        return Ok(Vec::new());
    };
    let client = Client::new(aws.config());
    let mut all = Vec::new();
    let mut tasks = stopped_tasks(&client, cluster, name).await?;
    tasks.sort_by_key(|task| std::cmp::Reverse(task.stopped_at().map(|at| at.secs())));
    for task in tasks.iter().take(TASKS) {
        all.extend(ends(task));
        all.extend(last_lines(aws, &client, task).await?);
    }
    Ok(all)
}

/// `arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME`.
fn cluster_and_name(service: &str) -> Option<(&str, &str)> {
    let mut parts = service.rsplit('/');
    let (name, cluster) = (parts.next()?, parts.next()?);
    parts.next().map(|_| (cluster, name))
}

/// One sentence for the task and one for each container that ended with a code.
fn ends(task: &Task) -> Vec<String> {
    let id = id_of(task);
    let mut all = vec![format!("task {id}: {}", task.stopped_reason().unwrap_or("stopped"))];
    for container in task.containers() {
        let name = container.name().unwrap_or_default();
        match (container.exit_code(), container.reason()) {
            (Some(code), Some(why)) => {
                all.push(format!("task {id}: {name} ended with {code}: {why}"));
            }
            (Some(code), None) => all.push(format!("task {id}: {name} ended with {code}")),
            (None, Some(why)) => all.push(format!("task {id}: {name}: {why}")),
            (None, None) => {}
        }
    }
    all
}

async fn last_lines(aws: &Aws, client: &Client, task: &Task) -> Result<Vec<String>, AwsError> {
    let answer = client
        .describe_task_definition()
        .task_definition(task.task_definition_arn().unwrap_or_default())
        .send()
        .await
        .map_err(|error| AwsError::new("ECS", "DescribeTaskDefinition", error))?;
    let definitions = answer.task_definition.and_then(|found| found.container_definitions);
    let mut all = Vec::new();
    for definition in definitions.unwrap_or_default() {
        let Some((group, stream)) = stream_of(&definition, id_of(task)) else {
            continue;
        };
        let now = Timestamp::now();
        let since = now.checked_sub(BACK).unwrap_or(now);
        match logs::lines(aws, &group, Some(&stream), since).await {
            Ok(lines) => {
                let old = lines.len().saturating_sub(LINES);
                all.extend(lines.into_iter().skip(old).map(|line| line.message));
            }
            // A container that never started has no stream.
            Err(error) if error.is_not_found() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(all)
}

/// Log group and stream of a container, as the driver `awslogs` names them.
fn stream_of(definition: &ContainerDefinition, task: &str) -> Option<(String, String)> {
    let logs = definition.log_configuration()?;
    let options = logs.options().filter(|_| *logs.log_driver() == LogDriver::Awslogs)?;
    let (group, prefix) = (options.get("awslogs-group")?, options.get("awslogs-stream-prefix")?);
    let name = definition.name().unwrap_or_default();
    Some((group.clone(), format!("{prefix}/{name}/{task}")))
}

fn id_of(task: &Task) -> &str {
    task.task_arn().and_then(|arn| arn.rsplit('/').next()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecs::types::Container;

    use super::*;

    #[test]
    fn a_service_is_named_by_its_arn() {
        let arn = "arn:aws:ecs:us-west-2:123456789012:service/acme-live/svc-live-cortex";
        assert_eq!(cluster_and_name(arn), Some(("acme-live", "svc-live-cortex")));
        assert_eq!(cluster_and_name("svc-live-cortex"), None);
    }

    #[test]
    fn a_task_says_how_it_and_its_containers_ended() {
        let container = Container::builder().name("app").exit_code(137).reason("OutOfMemoryError");
        let task = Task::builder()
            .task_arn("arn:aws:ecs:us-west-2:123456789012:task/acme-live/0123")
            .stopped_reason("Essential container in task exited")
            .containers(container.build())
            .build();
        assert_eq!(
            ends(&task),
            [
                "task 0123: Essential container in task exited",
                "task 0123: app ended with 137: OutOfMemoryError",
            ]
        );
    }
}
