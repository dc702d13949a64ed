//! What is seen of a service's tasks: the emulator's tasks and targets.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::health_documents::{Health, Standing};
use super::task::{Target, TargetState, Task};
use super::{Ecs, Key};
use crate::proxy::upstream::UpstreamError;

impl Ecs {
    /// The service's tasks: all that live, and those that ended since they were last counted.
    pub(super) async fn observe(&self, key: &Key) -> Result<Vec<Task>, UpstreamError> {
        let (cluster, name) = key;
        let mut arns = Vec::new();
        for status in ["RUNNING", "STOPPED"] {
            let filter = json!({"cluster": cluster, "serviceName": name, "desiredStatus": status});
            arns.extend(self.list_tasks(filter).await?);
        }
        arns.retain(|arn| !self.is_counted(key, arn));
        let mut described = Vec::new();
        for page in arns.chunks(100) {
            let answer =
                self.ecs("DescribeTasks", &json!({"cluster": cluster, "tasks": page})).await?;
            described.extend(answer["tasks"].as_array().cloned().unwrap_or_default());
        }
        let balancers = self.balancers(key);
        let mut health = BTreeMap::new();
        for group in balancers.iter().filter_map(|(_, lb)| lb["targetGroupArn"].as_str()) {
            if !health.contains_key(group) {
                health.insert(group.to_owned(), self.target_health(group).await?);
            }
        }
        let mut tasks: Vec<Task> =
            described.iter().map(|task| read_task(task, &balancers, &health)).collect();
        let by_hand = self.by_hand();
        for task in &mut tasks {
            task.stopped_by_user |= by_hand.contains_key(&task.arn);
        }
        Ok(tasks)
    }

    pub(super) async fn list_tasks(&self, mut filter: Value) -> Result<Vec<String>, UpstreamError> {
        let mut arns = Vec::new();
        loop {
            let answer = self.ecs("ListTasks", &filter).await?;
            let page = answer["taskArns"].as_array().into_iter().flatten();
            arns.extend(page.filter_map(Value::as_str).map(str::to_owned));
            match answer["nextToken"].as_str() {
                Some(token) => filter["nextToken"] = Value::from(token),
                None => return Ok(arns),
            }
        }
    }

    fn is_counted(&self, key: &Key, task: &str) -> bool {
        let services = self.lock();
        let known = services.get(key).and_then(|service| service.tasks.get(task));
        known.is_some_and(|known| known.ended)
    }

    /// Load balancers by deployment.
    fn balancers(&self, key: &Key) -> Vec<(String, Value)> {
        let services = self.lock();
        let rollouts = services.get(key).map(|service| service.rollouts.clone());
        let of = |settings: &Value| settings["loadBalancers"].as_array().cloned();
        rollouts
            .unwrap_or_default()
            .iter()
            .flat_map(|rollout| {
                let balancers = of(&rollout.settings).unwrap_or_default();
                balancers.into_iter().map(|balancer| (rollout.id.clone(), balancer))
            })
            .collect()
    }
}

fn read_task(
    task: &Value,
    balancers: &[(String, Value)],
    health: &BTreeMap<String, Health>,
) -> Task {
    let text = |name: &str| task[name].as_str().unwrap_or_default().to_owned();
    let started_by = text("startedBy");
    let targets = balancers
        .iter()
        .filter(|(rollout, _)| *rollout == started_by)
        .filter_map(|(_, balancer)| read_target(task, balancer, health))
        .collect();
    let code = text("stopCode");
    Task {
        arn: text("taskArn"),
        started_by,
        running: task["lastStatus"] == "RUNNING",
        stopped: task["lastStatus"] == "STOPPED",
        stopping: task["desiredStatus"] == "STOPPED" && task["lastStatus"] != "STOPPED",
        stopped_by_user: code == "UserInitiated",
        failed_to_start: code == "TaskFailedToStart",
        reason: super::tasks::stopped_reason(&code, &text("stoppedReason")),
        started: task["startedAt"].as_i64().and_then(|at| Timestamp::from_second(at).ok()),
        health: text("healthStatus"),
        targets,
    }
}

fn read_target(
    task: &Value,
    balancer: &Value,
    health: &BTreeMap<String, Health>,
) -> Option<Target> {
    let group = balancer["targetGroupArn"].as_str()?.to_owned();
    let (id, port) = address(task, balancer).unwrap_or_default();
    let found = health.get(&group).and_then(|group| group.get(&(id.clone(), port)));
    let absent = Standing { state: TargetState::Absent, routed: false, ready: false };
    let standing = found.cloned().unwrap_or(absent);
    Some(Target { group, id, port, state: standing.state, ready: standing.ready })
}

/// Where the task's container is reached: its interface's address, or the host's port.
fn address(task: &Value, balancer: &Value) -> Option<(String, u64)> {
    let wanted = balancer["containerPort"].as_u64()?;
    let attachments = task["attachments"].as_array().into_iter().flatten();
    let details = attachments.filter_map(|attachment| attachment["details"].as_array()).flatten();
    let own = details
        .filter(|detail| detail["name"] == "privateIPv4Address")
        .find_map(|detail| detail["value"].as_str());
    if let Some(own) = own {
        return Some((own.to_owned(), wanted));
    }
    let containers = task["containers"].as_array()?.iter();
    containers
        .filter(|container| container["name"] == balancer["containerName"])
        .filter_map(|container| container["networkBindings"].as_array())
        .flatten()
        .find(|binding| binding["containerPort"].as_u64() == Some(wanted))
        .and_then(|binding| binding["hostPort"].as_u64())
        .map(|port| ("127.0.0.1".to_owned(), port))
}
