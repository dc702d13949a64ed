use serde_json::{Value, json};

use crate::proxy::ecs::bench::{
    TIMING, at, breaker, definition, ended, messages, service, stops, task, updating, with_target,
};
use crate::proxy::ecs::engine::{Command, step};
use crate::proxy::ecs::model::{RolloutState, Status};
use crate::proxy::ecs::stabilize::verdict;
use crate::proxy::ecs::task::{TargetState, Task};

#[test]
fn the_breaker_fails_the_deployment_and_returns_to_the_old_tasks() {
    let (mut service, old) = updating(breaker(true));
    let first = service.rollouts[1].id.clone();
    let failing = service.rollouts[0].id.clone();
    let mut all = old.clone();
    for n in 0..3 {
        assert_eq!(service.rollouts[0].id, failing);
        all.push(ended(task(&service, &format!("bad-{n}"), 0)));
        let commands = step(&mut service, all.clone(), at(20 + n), TIMING);
        assert!(stops(&commands).is_empty(), "the old tasks are left alone");
    }
    let primary = &service.rollouts[0];
    assert_eq!((&primary.id, primary.state), (&first, RolloutState::InProgress));
    assert_eq!(service.rollouts[1].state, RolloutState::Failed);
    assert_eq!(service.deployments[0].status, Status::RollbackInProgress);
    assert!(step(&mut service, all, at(25), TIMING).is_empty());
    assert_eq!(service.rollouts[0].state, RolloutState::Completed);
    assert_eq!(service.deployments[0].status, Status::RollbackSuccessful);
    let said = messages(&service);
    let place = |text: &str| said.iter().position(|m| m.contains(text)).unwrap();
    assert!(
        place(&format!("(deployment {failing}) deployment failed: tasks failed to start."))
            < place(&format!("rolling back to deployment {first}."))
    );
    assert!(said.iter().all(|message| !message.contains("stopped")), "{said:?}");
}

#[test]
fn a_failing_deployment_stops_its_own_unhealthy_tasks_only() {
    let (mut service, old) = updating(breaker(true));
    let mut all: Vec<Task> =
        old.iter().map(|task| with_target(task.clone(), TargetState::Healthy)).collect();
    let bad = TargetState::Unhealthy("Health checks failed with these codes: [500]".to_owned());
    all.push(with_target(task(&service, "bad", 0), bad));
    let drained = step(&mut service, all.clone(), at(20), TIMING);
    assert!(matches!(&drained[..], [Command::Start(1), Command::Deregister(t)] if t.len() == 1));
    assert_eq!(stops(&step(&mut service, all, at(21), TIMING)), ["bad"]);
    assert_eq!(service.rollouts[0].failed_tasks, 1);
    assert!(messages(&service).iter().any(|m| m.ends_with(
        "(task bad) (port 8080) is unhealthy in (target-group tg) due to (reason Health checks \
         failed with these codes: [500])"
    )));
}

#[test]
fn without_rollback_a_failed_deployment_stays_and_starts_nothing() {
    let (mut service, old) = updating(breaker(false));
    let mut all = old;
    all.extend((0..3).map(|n| ended(task(&service, &format!("bad-{n}"), 0))));
    assert!(step(&mut service, all.clone(), at(20), TIMING).is_empty());
    assert_eq!(service.rollouts[0].state, RolloutState::Failed);
    assert_eq!(service.deployments[0].status, Status::Stopped);
    assert!(step(&mut service, all, at(21), TIMING).is_empty());
}

#[test]
fn a_first_deployment_has_nothing_to_return_to() {
    let mut service = service(1, breaker(true));
    let all = (0..3).map(|n| ended(task(&service, &format!("bad-{n}"), 0))).collect();
    step(&mut service, all, at(20), TIMING);
    assert_eq!(service.deployments[0].status, Status::RollbackFailed);
    assert!(service.deployments[0].triggered);
}

#[test]
fn without_a_breaker_starts_go_on_slower() {
    let mut service = service(2, Value::Null);
    let bad = |n: i32| ended(task(&service, &format!("bad-{n}"), 0));
    let all: Vec<Task> = (0..3).map(bad).collect();
    assert!(step(&mut service, all.clone(), at(20), TIMING).is_empty(), "a pause");
    assert_eq!(step(&mut service, all, at(31), TIMING), [Command::Start(1)]);
    assert_eq!(service.rollouts[0].failed_tasks, 3);
    assert!(messages(&service).iter().any(|m| m.contains("unable to consistently start tasks")));
}

#[test]
fn thresholds_are_those_of_the_service() {
    let check = |configuration: Value, desired: usize, expect: Option<usize>| {
        let settings =
            json!({"deploymentConfiguration": {"deploymentCircuitBreaker": configuration}});
        assert_eq!(crate::proxy::ecs::breaker::threshold(&settings, desired), expect);
    };
    check(json!({"enable": false, "rollback": true}), 1, None);
    check(json!({"enable": true}), 1, Some(3));
    check(json!({"enable": true}), 25, Some(13));
    check(json!({"enable": true}), 1000, Some(200));
    let of = |kind: &str, value: u64| json!({"enable": true, "thresholdConfiguration": {"type": kind, "value": value}});
    check(of("COUNT", 2), 10, Some(2));
    check(of("BOUNDED_PERCENT", 10), 100, Some(10));
    check(of("UNBOUNDED_PERCENT", 50), 2, Some(1));
}

#[test]
fn cloudformation_is_told_of_a_failure_once() {
    let (mut service, old) = updating(breaker(true));
    assert_eq!(verdict(&mut service), None);
    let mut all = old.clone();
    all.extend((0..3).map(|n| ended(task(&service, &format!("bad-{n}"), 0))));
    step(&mut service, all, at(20), TIMING);
    assert_eq!(verdict(&mut service), None, "the way back is part of it");
    step(&mut service, old.clone(), at(23), TIMING);
    assert_eq!(verdict(&mut service), Some(false));
    assert_eq!(verdict(&mut service), Some(true), "the old revision is at rest");
    service.begin(&definition(3), at(30));
    assert_eq!(verdict(&mut service), None);
}

#[test]
fn the_threshold_by_count_is_taken_as_it_is() {
    let configuration = json!({"deploymentCircuitBreaker": {
        "enable": true, "rollback": true, "thresholdConfiguration": {"type": "COUNT", "value": 1},
    }});
    let (mut service, old) = updating(configuration);
    let mut all = old;
    all.push(ended(task(&service, "bad", 0)));
    assert!(stops(&step(&mut service, all, at(20), TIMING)).is_empty());
    assert_eq!(service.deployments[0].status, Status::RollbackInProgress);
}

/// "When set to true, a task that reaches a healthy state resets the failure count to 0. When set
/// to false, Amazon ECS does not reset the failure count. The default is true."
#[test]
fn a_healthy_task_resets_the_count_unless_that_is_turned_off() {
    let failures = |reset: Value| {
        let mut configuration = breaker(true);
        configuration["deploymentCircuitBreaker"]["resetOnHealthyTask"] = reset;
        let (mut service, old) = updating(configuration);
        let mut all = old;
        all.extend((0..2).map(|n| ended(task(&service, &format!("bad-{n}"), 0))));
        step(&mut service, all.clone(), at(20), TIMING);
        assert_eq!(service.rollouts[0].failures, 2);
        all.push(task(&service, "good", 0));
        step(&mut service, all, at(30), TIMING);
        service.rollouts[0].failures
    };
    assert_eq!(failures(Value::Null), 0);
    assert_eq!(failures(json!(true)), 0);
    assert_eq!(failures(json!(false)), 2);
}
