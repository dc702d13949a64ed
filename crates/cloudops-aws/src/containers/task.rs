//! One-off tasks: started, watched to their end, judged by their exit code.

use std::time::Duration;

use aws_sdk_ecs::{
    Client,
    types::{
        AssignPublicIp, AwsVpcConfiguration, CapacityProviderStrategyItem, ContainerOverride,
        DesiredStatus, NetworkConfiguration, Task, TaskOverride,
    },
};

use crate::{
    connect::{Aws, broken},
    ctx::Ctx,
    error::AwsError,
    wait::{self, Pace, WaitError},
};

/// Where a task runs.
#[derive(Debug, Clone)]
pub struct Placement {
    /// Cluster name.
    pub cluster: String,
    /// Capacity provider, such as `FARGATE`.
    pub capacity_provider: String,
    /// Subnets of its network interface.
    pub subnets: Vec<String>,
    /// Security groups of its network interface.
    pub security_groups: Vec<String>,
}

/// A task to run.
#[derive(Debug, Clone)]
pub struct TaskRequest {
    /// Where.
    pub placement: Placement,
    /// ARN of the task definition.
    pub task_definition: String,
    /// Name of the container whose command is overridden.
    pub container: String,
    /// Command, in exec form.
    pub command: Vec<String>,
    /// How long it may take.
    pub deadline: Duration,
}

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskEnd {
    /// Task id, the last part of its ARN.
    pub id: String,
    /// Exit code of its first container; none when it never started.
    pub exit_code: Option<i32>,
    /// ECS's reason for the stop.
    pub reason: String,
}

/// Why a task has no end that can be judged.
#[derive(Debug, thiserror::Error)]
pub enum TaskError {
    /// A call failed.
    #[error(transparent)]
    Aws(#[from] AwsError),
    /// The run stopped waiting; the task goes on.
    #[error("the task still runs: {0}")]
    Wait(#[from] WaitError),
}

/// Runs a task and waits for its end (`RunTask` with a client token, `DescribeTasks`).
///
/// # Errors
/// [`TaskError`].
pub async fn run_task(ctx: &Ctx, request: &TaskRequest) -> Result<TaskEnd, TaskError> {
    let client = Client::new(ctx.aws.config());
    let arn = start(ctx, &client, request).await?;
    let pace = Pace {
        first: Duration::from_millis(200),
        longest: Duration::from_secs(5),
        deadline: request.deadline,
    };
    let cluster = &request.placement.cluster;
    let end = wait::until(pace, &ctx.cancel, || look(&client, cluster, &arn)).await?;
    Ok(end)
}

async fn start(ctx: &Ctx, client: &Client, request: &TaskRequest) -> Result<String, AwsError> {
    let placement = &request.placement;
    let unbuildable =
        |error: aws_smithy_types::error::operation::BuildError| broken("ECS", "RunTask", &error);
    let strategy = CapacityProviderStrategyItem::builder()
        .capacity_provider(&placement.capacity_provider)
        .build()
        .map_err(unbuildable)?;
    let network = AwsVpcConfiguration::builder()
        .set_subnets(Some(placement.subnets.clone()))
        .set_security_groups(Some(placement.security_groups.clone()))
        .assign_public_ip(AssignPublicIp::Disabled)
        .build()
        .map_err(unbuildable)?;
    let command = ContainerOverride::builder()
        .name(&request.container)
        .set_command(Some(request.command.clone()))
        .build();
    let answer = client
        .run_task()
        .cluster(&placement.cluster)
        .task_definition(&request.task_definition)
        .capacity_provider_strategy(strategy)
        .network_configuration(
            NetworkConfiguration::builder().awsvpc_configuration(network).build(),
        )
        .overrides(TaskOverride::builder().container_overrides(command).build())
        .client_token(ctx.token(&format!("task/{}/{:?}", request.task_definition, request.command)))
        .send()
        .await
        .map_err(|error| AwsError::new("ECS", "RunTask", error))?;
    if let Some(failure) = answer.failures().first() {
        let why = failure.reason().unwrap_or("no reason was given");
        return Err(broken("ECS", "RunTask", &format!("the task was not placed: {why}")));
    }
    let task = answer.tasks().first().and_then(Task::task_arn);
    task.map(str::to_owned).ok_or_else(|| broken("ECS", "RunTask", &"no task"))
}

async fn look(client: &Client, cluster: &str, arn: &str) -> Result<Option<TaskEnd>, TaskError> {
    let answer = client
        .describe_tasks()
        .cluster(cluster)
        .tasks(arn)
        .send()
        .await
        .map_err(|error| AwsError::new("ECS", "DescribeTasks", error))?;
    let stopped = |task: &&Task| task.last_status() == Some("STOPPED");
    Ok(answer.tasks().first().filter(stopped).map(|task| read(arn, task)))
}

fn read(arn: &str, task: &Task) -> TaskEnd {
    let container = task.containers().first();
    let reason = container.and_then(|container| container.reason());
    TaskEnd {
        id: arn.rsplit('/').next().unwrap_or(arn).to_owned(),
        exit_code: container.and_then(|container| container.exit_code()),
        reason: reason.or(task.stopped_reason()).unwrap_or_default().to_owned(),
    }
}

/// Why the tasks of a service stopped lately, the same reason once (`ListTasks`,
/// `DescribeTasks`). ECS keeps stopped tasks for about an hour.
///
/// # Errors
/// [`AwsError`].
pub async fn stopped_reasons(
    aws: &Aws,
    cluster: &str,
    service: &str,
) -> Result<Vec<String>, AwsError> {
    let tasks = stopped_tasks(&Client::new(aws.config()), cluster, service).await?;
    let mut reasons: Vec<String> = tasks.iter().map(in_words).collect();
    reasons.sort();
    reasons.dedup();
    Ok(reasons)
}

/// The tasks of a service that stopped lately.
pub(super) async fn stopped_tasks(
    client: &Client,
    cluster: &str,
    service: &str,
) -> Result<Vec<Task>, AwsError> {
    let listed = client
        .list_tasks()
        .cluster(cluster)
        .service_name(service)
        .desired_status(DesiredStatus::Stopped)
        .send()
        .await
        .map_err(|error| AwsError::new("ECS", "ListTasks", error))?;
    let arns = listed.task_arns.unwrap_or_default();
    if arns.is_empty() {
        return Ok(Vec::new());
    }
    let answer = client
        .describe_tasks()
        .cluster(cluster)
        .set_tasks(Some(arns))
        .send()
        .await
        .map_err(|error| AwsError::new("ECS", "DescribeTasks", error))?;
    Ok(answer.tasks.unwrap_or_default())
}

fn in_words(task: &Task) -> String {
    let end = read("", task);
    match end.exit_code {
        Some(code) => format!("{} (exit code {code})", end.reason),
        None => end.reason,
    }
}
