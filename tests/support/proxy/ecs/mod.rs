//! ECS services, completed by the proxy.
//!
//! The emulator runs tasks as real containers, registers and probes their targets; as a service
//! scheduler it is not AWS: deployments never complete, nothing is rolled back, and a failing
//! revision takes the old tasks with it. So **the proxy is the scheduler**: it keeps the emulator's
//! service at a desired count of zero (a shell that owns name, tags and load balancers), and starts
//! and stops the tasks itself with `RunTask` and `StopTask`, in the service's task group, started
//! by the deployment's id as on AWS. The rules, each a pure function over what was observed:
//!
//! - **Deployments** ([`engine`]). `CreateService`, and `UpdateService` with another task
//!   definition, `forceNewDeployment` or another network, balancer, capacity or platform setting,
//!   begin a service deployment with a revision of its own. Tasks are started up to
//!   `maximumPercent` (rounded down; a task counts until it has stopped), and old healthy ones are
//!   stopped as far as `minimumHealthyPercent` (rounded up) allows. So 100/200 starts first, 0/100
//!   stops first and never has two tasks. A task is healthy when it runs, has run for the settling
//!   time, its container health check (if any) passes and all its targets are healthy. The
//!   deployment completes when the desired number of its tasks is healthy and no other is left.
//! - **Targets** are the proxy's to register ([`balancers`]): a task gets requests when its health
//!   check has passed, as on AWS, and not before. They are deregistered before their task is stopped, so that no request meets a task
//!   that is going away. The wait for open connections is shortened to the draining time.
//! - **Replacement.** A task whose container or target turns unhealthy (after the grace period) is
//!   stopped and replaced, one that ends by itself is replaced; an operator's `StopTask` too.
//! - **Circuit breaker** ([`breaker`]). Tasks of the new revision that end by themselves, cannot
//!   start or turn unhealthy are failures. At the threshold (half the desired count, at least 3, at
//!   most 200; or as configured) the deployment is `FAILED`. With `rollback`, the last completed
//!   deployment becomes primary again under its own id; its tasks that still run are simply kept.
//!   Without a breaker, or without anything to go back to, nothing is stopped that works.
//! - **The verdict** is in the service deployment: `SUCCESSFUL`, `ROLLBACK_SUCCESSFUL`,
//!   `ROLLBACK_FAILED`, `STOPPED` (superseded, or failed without rollback).
//!
//! Blue/green, linear and canary strategies roll as rolling updates. Services with an external or
//! CodeDeploy controller, and daemons, are left to the emulator.

mod balancers;
#[cfg(test)]
mod bench;
mod breaker;
mod definition;
mod deployments;
mod engine;
mod health;
mod health_documents;
mod ids;
mod leaving;
mod logs;
mod model;
mod observe;
mod services;
mod stabilize;
mod task;
mod tasks;
mod tracker;
mod view;
mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use serde_json::Value;
use tokio::sync::Notify;

use super::upstream::{Overlay, OverlayAnswer, Upstream, UpstreamError};
use model::Service;

pub use stabilize::STABILIZE_LIMIT;

/// Cluster and service name.
type Key = (String, String);
/// What an operation gives.
type Outcome = Result<Value, UpstreamError>;

/// The proxy's ECS.
pub struct Ecs {
    upstream: Upstream,
    /// Tells what running containers wrote.
    containers: Option<PathBuf>,
    services: Mutex<BTreeMap<Key, Service>>,
    zones: Mutex<BTreeMap<String, String>>,
    /// Waiting target groups, by the group that they stand for.
    waiting: Mutex<BTreeMap<String, String>>,
    /// Why an operator stopped a task.
    stopped_by_hand: Mutex<BTreeMap<String, String>>,
    /// Told whenever a service's state has changed.
    changed: Notify,
    me: Weak<Self>,
}

impl Ecs {
    /// An ECS over the emulator's, whose tasks are run by the program `containers`.
    #[must_use]
    pub fn new(upstream: Upstream, containers: Option<PathBuf>) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            upstream,
            containers,
            services: Mutex::default(),
            zones: Mutex::default(),
            waiting: Mutex::default(),
            stopped_by_hand: Mutex::default(),
            changed: Notify::new(),
            me: me.clone(),
        })
    }

    /// The answer to a JSON call, when the emulator's is not AWS's.
    pub async fn answer(&self, service: &str, operation: &str, body: &Value) -> Option<Outcome> {
        match (service, operation) {
            ("ecs", "CreateService") => self.create_service(body).await,
            ("ecs", "UpdateService") => self.update_service(body).await,
            ("ecs", "DeleteService") => self.delete_service(body).await,
            ("ecs", "DescribeServices") => Some(self.describe_services(body).await),
            ("ecs", "StopTask") => self.stop_task(body).await,
            ("ecs", "DescribeTasks") => Some(self.describe_tasks(body).await),
            ("ecs", "ListServiceDeployments") => Some(self.list_service_deployments(body)),
            ("ecs", "DescribeServiceDeployments") => Some(self.describe_service_deployments(body)),
            ("ecs", "DescribeServiceRevisions") => Some(self.describe_service_revisions(body)),
            ("ecs", "StopServiceDeployment") => Some(self.stop_service_deployment(body)),
            ("logs", "FilterLogEvents" | "GetLogEvents" | "DescribeLogStreams") => {
                self.hand_over_logs().await;
                None
            }
            _ => None,
        }
    }

    /// A call to the emulator's ECS.
    async fn ecs(&self, operation: &str, body: &Value) -> Outcome {
        let target = format!("AmazonEC2ContainerServiceV20141113.{operation}");
        self.upstream.json("ecs", &target, body).await
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Service>> {
        self.services.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs `change` on a service that the proxy keeps.
    fn with<T>(&self, key: &Key, change: impl FnOnce(&mut Service) -> T) -> Option<T> {
        let result = self.lock().get_mut(key).map(change);
        self.changed.notify_waiters();
        result
    }
}

impl Overlay for Ecs {
    fn answer<'a>(
        &'a self,
        service: &'a str,
        operation: &'a str,
        body: &'a Value,
    ) -> OverlayAnswer<'a> {
        let answer: Pin<Box<dyn Future<Output = Option<Outcome>> + Send + 'a>> =
            Box::pin(Self::answer(self, service, operation, body));
        answer
    }
}

/// Cluster and service, from a request's references.
fn key(cluster: Option<&str>, service: &str) -> Key {
    let last = |name: &str| name.rsplit('/').next().unwrap_or(name).to_owned();
    let mut parts = service.split('/').skip(1);
    // A service's ARN names its cluster as well: `.../CLUSTER/SERVICE`.
    let of_arn = parts.next().filter(|_| parts.next().is_some());
    let cluster = cluster.or(of_arn).unwrap_or("default");
    (last(cluster), last(service))
}

fn error(code: &str, message: impl Into<String>) -> UpstreamError {
    UpstreamError::Service { code: code.to_owned(), message: message.into(), status: 400 }
}

/// What is simulated: one sentence each.
#[must_use]
pub fn simulated() -> Vec<String> {
    [
        "ECS: deployments, service events, circuit breaker, roll-back, service deployments and \
         revisions are the proxy's; tasks, targets and health are the emulator's.",
        "ECS: connection draining is shortened to a second, and a new target is checked every \
         second until it is healthy; tasks are not spread over zones.",
        "ECS: a running container's lines reach CloudWatch Logs when somebody reads them there.",
        "ECS: in bridge mode a container's host port is its container port; dynamic host ports do \
         not exist.",
        "ECS: Application Auto Scaling changes no running service, except by a scheduled minimum.",
        "ECS: capacity is endless: capacity providers place every task, container instances are \
         not needed.",
        "ECS: blue/green, linear and canary strategies, bake times, deployment alarms and \
         lifecycle hooks are not played; they roll as rolling updates.",
        "ECS: a stopped deployment's and a service's state is lost when the proxy ends.",
    ]
    .map(str::to_owned)
    .into()
}
