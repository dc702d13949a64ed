//! Counts what happens to tasks: registered, healthy, unhealthy, ended.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::breaker;
use super::engine::{Timing, View, elapsed, is_leaving};
use super::model::{RolloutState, Service};
use super::task::{TargetState, Task};
use super::words;

/// Failures in a row after which starts are slowed down.
const IMPAIRED: usize = 3;

pub(super) fn note_registered(service: &mut Service, tasks: &[Task], now: Timestamp) {
    let mut groups: Vec<(String, usize)> = Vec::new();
    for task in tasks.iter().filter(|task| !task.stopped && !task.targets.is_empty()) {
        let known = service.tasks.entry(task.arn.clone()).or_default();
        let all = task.targets.iter().all(|target| target.state != TargetState::Absent);
        if known.registered || !all {
            continue;
        }
        known.registered = true;
        for target in &task.targets {
            match groups.iter_mut().find(|(group, _)| *group == target.group) {
                Some((_, count)) => *count += 1,
                None => groups.push((target.group.clone(), 1)),
            }
        }
    }
    for (group, count) in groups {
        service.event(words::registered(&service.name, count, &group), now);
    }
}

/// Counts tasks that ended without the scheduler's or an operator's wish.
pub(super) fn count_ended(service: &mut Service, tasks: &[Task], now: Timestamp, timing: Timing) {
    for task in tasks.iter().filter(|task| task.stopped) {
        let known = service.tasks.entry(task.arn.clone()).or_default();
        if std::mem::replace(&mut known.ended, true) {
            continue;
        }
        if known.leaving.is_some() || task.stopped_by_user {
            continue;
        }
        if task.failed_to_start {
            let reason = task.reason.trim_end_matches('.');
            service.event(words::not_placed(&service.name, reason), now);
        }
        fail(service, &task.started_by, now, Some(timing));
    }
}

/// Counts a failure of a task of the primary deployment.
pub(super) fn fail(service: &mut Service, rollout: &str, now: Timestamp, timing: Option<Timing>) {
    let name = service.name.clone();
    let breaks = breaker::threshold(&service.settings, service.desired).is_some();
    let Some(primary) = service.rollouts.first_mut().filter(|primary| primary.id == rollout) else {
        return;
    };
    primary.failures += 1;
    let failures = primary.failures;
    let ended_by_breaker = breaks && primary.state == RolloutState::InProgress;
    if primary.state == RolloutState::InProgress {
        primary.failed_tasks += 1;
        primary.updated = now;
    }
    if failures >= IMPAIRED && !ended_by_breaker {
        if let Some(timing) = timing {
            service.pause_until = now.checked_add(timing.pause).ok();
        }
        if !std::mem::replace(&mut service.impaired, true) {
            service.event(words::impaired(&name), now);
        }
    }
}

/// Tasks that have to go because they are unhealthy, with the reason.
pub(super) fn find_unhealthy(
    service: &mut Service,
    tasks: &[Task],
    now: Timestamp,
) -> Vec<(String, String)> {
    let mut leaving = Vec::new();
    for task in tasks.iter().filter(|task| task.running && !task.stopped && !task.stopping) {
        if is_leaving(service, task) {
            continue;
        }
        let Some((event, reason)) = why_unhealthy(service, task, now) else {
            continue;
        };
        service.event(event, now);
        fail(service, &task.started_by, now, None);
        leaving.push((task.arn.clone(), reason));
    }
    leaving
}

fn why_unhealthy(service: &Service, task: &Task, now: Timestamp) -> Option<(String, String)> {
    if task.health == "UNHEALTHY" {
        let reason = "Task failed container health checks".to_owned();
        return Some((words::container_unhealthy(&service.name, task), reason));
    }
    let grace = service.settings["healthCheckGracePeriodSeconds"].as_u64().unwrap_or(0);
    let started = task.started?;
    if elapsed(started, now) < Duration::from_secs(grace) {
        return None;
    }
    task.targets.iter().find_map(|target| match &target.state {
        TargetState::Unhealthy(why) => Some((
            words::target_unhealthy(&service.name, task, target.port, &target.group, why),
            format!("Task failed ELB health checks in (target-group {})", target.group),
        )),
        _ => None,
    })
}

pub(super) fn note_healthy(service: &mut Service, view: &View<'_>) {
    let resets = service.settings["deploymentConfiguration"]["deploymentCircuitBreaker"]["resetOnHealthyTask"]
        != Value::Bool(false);
    for (task, _) in view.primary.iter().filter(|(_, healthy)| *healthy) {
        let known = service.tasks.entry(task.arn.clone()).or_default();
        if !std::mem::replace(&mut known.was_healthy, true)
            && resets
            && let Some(primary) = service.rollouts.first_mut()
        {
            primary.failures = 0;
            service.impaired = false;
        }
    }
}
