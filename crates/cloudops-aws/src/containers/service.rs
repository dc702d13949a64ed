//! What ECS says about a service.

use aws_sdk_ecs::{Client, types};
use serde::Serialize;

use crate::{connect::Aws, error::AwsError};

/// One deployment of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deployment {
    /// Id of the deployment.
    pub id: String,
    /// ECS's status: `PRIMARY` for the newest, `ACTIVE` for older ones.
    pub status: String,
    /// ECS's rollout state: `IN_PROGRESS`, `COMPLETED` or `FAILED`.
    pub rollout_state: String,
    /// ECS's words for it.
    pub rollout_reason: String,
    /// ARN of the task definition.
    pub task_definition: String,
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks running.
    pub running: i32,
    /// Tasks that failed.
    pub failed: i32,
}

/// A service as ECS describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceState {
    /// Name.
    pub name: String,
    /// `ACTIVE`, `DRAINING` or `INACTIVE`.
    pub status: String,
    /// Tasks wanted.
    pub desired: i32,
    /// Tasks running.
    pub running: i32,
    /// Tasks that are starting.
    pub pending: i32,
    /// ARN of the task definition that the service is set to.
    pub task_definition: String,
    /// Deployments, the newest first.
    pub deployments: Vec<Deployment>,
    /// ECS's messages, the newest first.
    pub messages: Vec<String>,
}

/// A service, if there is one (`DescribeServices`).
///
/// # Errors
/// [`AwsError`].
pub async fn service(
    aws: &Aws,
    cluster: &str,
    name: &str,
) -> Result<Option<ServiceState>, AwsError> {
    let request = Client::new(aws.config()).describe_services().cluster(cluster).services(name);
    match request.send().await {
        Ok(answer) => Ok(answer.services.unwrap_or_default().into_iter().next().map(read)),
        Err(error) => match AwsError::new("ECS", "DescribeServices", error) {
            error if error.is_not_found() => Ok(None),
            error => Err(error),
        },
    }
}

/// Images of the containers of a task definition (`DescribeTaskDefinition`).
///
/// # Errors
/// [`AwsError`].
pub async fn images(aws: &Aws, task_definition: &str) -> Result<Vec<String>, AwsError> {
    let request = Client::new(aws.config()).describe_task_definition();
    let answer = request
        .task_definition(task_definition)
        .send()
        .await
        .map_err(|error| AwsError::new("ECS", "DescribeTaskDefinition", error))?;
    let definition = answer.task_definition.as_ref();
    let containers = definition.map(types::TaskDefinition::container_definitions);
    let image = |container: &types::ContainerDefinition| container.image().map(str::to_owned);
    Ok(containers.unwrap_or_default().iter().filter_map(image).collect())
}

fn read(service: types::Service) -> ServiceState {
    ServiceState {
        name: service.service_name.clone().unwrap_or_default(),
        status: service.status.clone().unwrap_or_default(),
        desired: service.desired_count,
        running: service.running_count,
        pending: service.pending_count,
        task_definition: service.task_definition.clone().unwrap_or_default(),
        deployments: service.deployments().iter().map(read_deployment).collect(),
        messages: service
            .events()
            .iter()
            .filter_map(|event| event.message().map(str::to_owned))
            .collect(),
    }
}

fn read_deployment(deployment: &types::Deployment) -> Deployment {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    Deployment {
        id: text(deployment.id()),
        status: text(deployment.status()),
        rollout_state: deployment.rollout_state().map_or("", |state| state.as_str()).to_owned(),
        rollout_reason: text(deployment.rollout_state_reason()),
        task_definition: text(deployment.task_definition()),
        desired: deployment.desired_count(),
        running: deployment.running_count(),
        failed: deployment.failed_tasks(),
    }
}
