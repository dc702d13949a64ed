//! Services and tasks for the tests of the scheduler.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::engine::{Command, Timing, step};
use super::model::{Definition, Service, Status};
use super::task::{Target, TargetState, Task};

pub(super) const NOW: i64 = 1_800_000_000;
pub(super) const TIMING: Timing = Timing {
    settle: Duration::from_secs(2),
    drain: Duration::ZERO,
    pause: Duration::from_secs(10),
};

pub(super) fn at(second: i64) -> Timestamp {
    Timestamp::from_second(NOW + second).unwrap()
}

pub(super) fn definition(revision: u32) -> Definition {
    Definition {
        arn: format!("arn:aws:ecs:us-west-2:1:task-definition/cm:{revision}"),
        ..Definition::default()
    }
}

pub(super) fn service(desired: usize, configuration: Value) -> Service {
    let names = ("author".to_owned(), "cm".to_owned());
    let arns = ["service/author/cm", "cluster/author"];
    let [service, cluster] = arns.map(|name| format!("arn:aws:ecs:us-west-2:1:{name}"));
    let settings = json!({"deploymentConfiguration": configuration});
    let mut service = Service::new(names, (service, cluster), settings);
    service.desired = desired;
    service.begin(&definition(1), at(0));
    service
}

pub(super) fn task(service: &Service, name: &str, rollout: usize) -> Task {
    Task {
        arn: format!("arn:aws:ecs:us-west-2:1:task/author/{name}"),
        started_by: service.rollouts[rollout].id.clone(),
        running: true,
        stopped: false,
        stopping: false,
        stopped_by_user: false,
        failed_to_start: false,
        reason: String::new(),
        started: Some(at(0)),
        health: "UNKNOWN".to_owned(),
        targets: Vec::new(),
    }
}

pub(super) fn ended(mut task: Task) -> Task {
    (task.running, task.stopped) = (false, true);
    task
}

pub(super) fn pending(mut task: Task) -> Task {
    (task.running, task.started) = (false, None);
    task
}

pub(super) fn with_target(mut task: Task, state: TargetState) -> Task {
    task.targets = vec![Target {
        group: "tg".to_owned(),
        id: "10.0.0.9".to_owned(),
        port: 8080,
        state,
        ready: false,
    }];
    task
}

pub(super) fn messages(service: &Service) -> Vec<String> {
    service.events.iter().rev().map(|event| event.message.clone()).collect()
}

pub(super) fn stops(commands: &[Command]) -> Vec<&str> {
    commands
        .iter()
        .filter_map(|command| match command {
            Command::Stop { task, .. } => task.rsplit('/').next(),
            _ => None,
        })
        .collect()
}

/// A service at rest with two tasks of revision 1, and a deployment of revision 2 begun.
pub(super) fn updating(configuration: Value) -> (Service, Vec<Task>) {
    let mut service = service(2, configuration);
    let old = vec![task(&service, "old-1", 0), task(&service, "old-2", 0)];
    assert!(step(&mut service, old.clone(), at(5), TIMING).is_empty());
    assert_eq!(service.deployments[0].status, Status::Successful);
    service.begin(&definition(2), at(10));
    (service, old)
}

pub(super) fn breaker(rollback: bool) -> Value {
    json!({"deploymentCircuitBreaker": {"enable": true, "rollback": rollback}})
}
