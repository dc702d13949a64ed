//! The deployment circuit breaker and the way back.

use jiff::Timestamp;
use serde_json::Value;

use super::model::{Rollback, Rollout, RolloutState, Service, Status};
use super::words;

/// Why a service deployment with the breaker's verdict was rolled back.
pub(super) const ROLLED_BACK: &str =
    "Service deployment rolled back because the circuit breaker threshold was exceeded.";

/// Failures that end a deployment; `None` where the breaker is off.
pub(super) fn threshold(settings: &Value, desired: usize) -> Option<usize> {
    let breaker = &settings["deploymentConfiguration"]["deploymentCircuitBreaker"];
    if breaker["enable"] != Value::Bool(true) {
        return None;
    }
    let configured = &breaker["thresholdConfiguration"];
    let value = usize::try_from(configured["value"].as_u64().unwrap_or(50)).unwrap_or(usize::MAX);
    let share = desired.saturating_mul(value).div_ceil(100);
    Some(match configured["type"].as_str() {
        Some("COUNT") => value.max(1),
        Some("UNBOUNDED_PERCENT") => share.max(1),
        _ => share.clamp(3, 200),
    })
}

fn rolls_back(settings: &Value) -> bool {
    settings["deploymentConfiguration"]["deploymentCircuitBreaker"]["rollback"] == Value::Bool(true)
}

/// Ends the primary deployment when too many of its tasks have failed.
pub(super) fn check(service: &mut Service, now: Timestamp) {
    let Some(limit) = threshold(&service.settings, service.desired) else {
        return;
    };
    let Some(primary) = service.rollouts.first_mut() else {
        return;
    };
    if primary.state != RolloutState::InProgress || primary.failures < limit {
        return;
    }
    let failures = primary.failures;
    let id = primary.id.clone();
    let returning = primary.rolling_back;
    fail(primary, words::BREAKER_FAILED, now);
    service.event(words::failed(&service.name, &id), now);
    let back = rolls_back(&service.settings);
    if let Some(deployment) = service.current() {
        deployment.triggered = true;
        deployment.failures = failures;
        deployment.end(deployment.status, Some(ROLLED_BACK), now);
        if !back {
            let reason = "Service deployment stopped because the circuit breaker threshold was \
                          exceeded.";
            deployment.end(Status::Stopped, Some(reason), now);
        }
    }
    if returning {
        give_up(service, "The rollback did not reach a steady state.", now);
    } else if back {
        roll_back(service, ROLLED_BACK, Some(words::breaker_rolls_back), now);
    }
}

fn fail(rollout: &mut Rollout, reason: &str, now: Timestamp) {
    rollout.state = RolloutState::Failed;
    rollout.reason = reason.to_owned();
    rollout.updated = now;
}

/// Makes the last completed deployment primary again, under its own id, so that the tasks of it
/// that still run are simply kept.
pub(super) fn roll_back(
    service: &mut Service,
    reason: &str,
    words_of: Option<fn(&str) -> String>,
    now: Timestamp,
) {
    let Some(mut target) = service.last_completed.clone() else {
        return give_up(service, "There is no completed deployment to roll back to.", now);
    };
    service.rollouts.retain(|rollout| rollout.id != target.id);
    for rollout in &mut service.rollouts {
        if rollout.state == RolloutState::InProgress {
            fail(rollout, "ECS deployment was stopped.", now);
        }
    }
    target.state = RolloutState::InProgress;
    target.rolling_back = true;
    target.failures = 0;
    target.updated = now;
    target.reason = words_of.map_or_else(
        || words::rollout_reason(&target.id, words::IN_PROGRESS_REASON),
        |words_of| words_of(&target.id),
    );
    service.settings = target.settings.clone();
    service.event(words::rolling_back(&service.name, &target.id), now);
    let rollback =
        Rollback { reason: reason.to_owned(), started: now, revision: target.revision.clone() };
    if let Some(deployment) = service.current() {
        deployment.rollback = Some(rollback);
        deployment.end(Status::RollbackInProgress, Some(reason), now);
    }
    service.rollouts.insert(0, target);
    (service.steady, service.impaired, service.pause_until) = (false, false, None);
}

fn give_up(service: &mut Service, reason: &str, now: Timestamp) {
    if let Some(deployment) = service.current() {
        deployment.end(Status::RollbackFailed, Some(reason), now);
    }
}

/// Leaves a deployment as it is: nothing more is started for it.
pub(super) fn abandon(service: &mut Service, now: Timestamp) {
    if let Some(primary) = service.rollouts.first_mut() {
        fail(primary, "ECS deployment was stopped.", now);
    }
}

#[cfg(test)]
#[path = "breaker_tests.rs"]
mod tests;
