use std::time::Duration;

use serde_json::{Value, json};

use crate::proxy::ecs::bench::{
    TIMING, at, definition, ended, messages, pending, service, stops, task, updating, with_target,
};
use crate::proxy::ecs::engine::{Command, Timing, step};
use crate::proxy::ecs::model::{RolloutState, Status};
use crate::proxy::ecs::task::{TargetState, Task};

#[test]
fn the_first_deployment_starts_settles_and_completes() {
    let mut service = service(2, Value::Null);
    let id = service.rollouts[0].id.clone();
    assert_eq!(step(&mut service, vec![], at(0), TIMING), [Command::Start(2)]);
    let tasks = vec![task(&service, "a", 0), task(&service, "b", 0)];
    assert!(step(&mut service, tasks.clone(), at(1), TIMING).is_empty());
    assert_eq!(service.rollouts[0].state, RolloutState::InProgress, "not yet settled");
    assert!(step(&mut service, tasks, at(2), TIMING).is_empty());
    assert_eq!(service.rollouts[0].state, RolloutState::Completed);
    assert_eq!(service.rollouts[0].reason, format!("ECS deployment {id} completed."));
    assert_eq!(service.deployments[0].status, Status::Successful);
    assert_eq!(
        messages(&service),
        [
            format!("(service cm) (deployment {id}) deployment completed."),
            "(service cm) has reached a steady state.".to_owned()
        ]
    );
}

#[test]
fn a_rolling_update_starts_first_and_stops_what_it_may() {
    let (mut service, old) = updating(Value::Null);
    assert_eq!(step(&mut service, old.clone(), at(10), TIMING), [Command::Start(2)]);
    let new = |name: &str, since: i64| Task { started: Some(at(since)), ..task(&service, name, 0) };
    let (first, second) = (new("new-1", 11), new("new-2", 13));
    let mut all = old.clone();
    all.extend([first.clone(), pending(second.clone())]);
    let commands = step(&mut service, all, at(13), TIMING);
    assert_eq!(stops(&commands), ["old-1"], "one healthy new task frees one old");
    let all = vec![ended(old[0].clone()), old[1].clone(), first.clone(), second.clone()];
    assert_eq!(stops(&step(&mut service, all, at(16), TIMING)), ["old-2"]);
    assert_eq!(service.rollouts.len(), 2, "not complete while an old task is left");
    let all = vec![ended(old[1].clone()), first, second];
    step(&mut service, all, at(17), TIMING);
    assert_eq!(service.rollouts.len(), 1);
    assert_eq!(service.deployments[0].status, Status::Successful);
    assert_eq!(service.rollouts[0].failed_tasks, 0);
}

#[test]
fn a_singleton_stops_before_it_starts() {
    let mut service = service(1, json!({"minimumHealthyPercent": 0, "maximumPercent": 100}));
    let old = task(&service, "old", 0);
    step(&mut service, vec![old.clone()], at(5), TIMING);
    service.begin(&definition(2), at(10));
    assert_eq!(stops(&step(&mut service, vec![old.clone()], at(10), TIMING)), ["old"]);
    let stopping = Task { stopping: true, ..old.clone() };
    assert!(step(&mut service, vec![stopping], at(11), TIMING).is_empty(), "it still runs");
    assert_eq!(step(&mut service, vec![ended(old)], at(12), TIMING), [Command::Start(1)]);
}

#[test]
fn targets_are_drained_before_their_task_stops() {
    let timing = Timing { drain: Duration::from_secs(1), ..TIMING };
    let mut service = service(1, Value::Null);
    let healthy = with_target(task(&service, "a", 0), TargetState::Healthy);
    step(&mut service, vec![healthy.clone()], at(5), timing);
    service.desired = 0;
    let commands = step(&mut service, vec![healthy.clone()], at(10), timing);
    assert_eq!(commands, [Command::Deregister(healthy.targets.clone())]);
    let gone = with_target(healthy, TargetState::Absent);
    assert!(step(&mut service, vec![gone.clone()], at(10), timing).is_empty());
    assert_eq!(stops(&step(&mut service, vec![gone], at(11), timing)), ["a"]);
    let said = messages(&service);
    assert!(said.contains(&"(service cm) registered 1 targets in (target-group tg)".to_owned()));
    assert!(said.contains(&"(service cm) has begun draining connections on 1 tasks.".to_owned()));
    assert!(said.contains(&"(service cm) has stopped 1 running tasks: (task a).".to_owned()));
}

#[test]
fn a_newer_deployment_supersedes() {
    let (mut service, _) = updating(Value::Null);
    service.begin(&definition(3), at(11));
    assert_eq!(service.deployments[1].status, Status::Stopped);
    assert_eq!(service.rollouts.len(), 3);
}

#[test]
fn nothing_desired_completes_when_nothing_is_left() {
    let (mut service, old) = updating(Value::Null);
    service.desired = 0;
    assert_eq!(stops(&step(&mut service, old.clone(), at(12), TIMING)), ["old-1", "old-2"]);
    let all = old.into_iter().map(ended).collect();
    step(&mut service, all, at(13), TIMING);
    assert_eq!(service.deployments[0].status, Status::Successful);
}
