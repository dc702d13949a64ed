//! AWS's words for what happens to a service.

use super::task::Task;

pub(super) fn started(service: &str, ids: &[String]) -> String {
    format!("(service {service}) has started {} tasks: {}.", ids.len(), listed(ids))
}

pub(super) fn stopped(service: &str, ids: &[String]) -> String {
    format!("(service {service}) has stopped {} running tasks: {}.", ids.len(), listed(ids))
}

pub(super) fn stopped_pending(service: &str, count: usize) -> String {
    format!("(service {service}) stopped {count} pending tasks.")
}

pub(super) fn registered(service: &str, count: usize, group: &str) -> String {
    format!("(service {service}) registered {count} targets in (target-group {group})")
}

pub(super) fn deregistered(service: &str, count: usize, group: &str) -> String {
    format!("(service {service}) deregistered {count} targets in (target-group {group})")
}

pub(super) fn draining(service: &str, count: usize) -> String {
    format!("(service {service}) has begun draining connections on {count} tasks.")
}

pub(super) fn steady(service: &str) -> String {
    format!("(service {service}) has reached a steady state.")
}

pub(super) fn completed(service: &str, deployment: &str) -> String {
    format!("(service {service}) (deployment {deployment}) deployment completed.")
}

pub(super) fn failed(service: &str, deployment: &str) -> String {
    format!(
        "(service {service}) (deployment {deployment}) deployment failed: tasks failed to start."
    )
}

pub(super) fn rolling_back(service: &str, deployment: &str) -> String {
    format!("(service {service}) rolling back to deployment {deployment}.")
}

pub(super) fn not_placed(service: &str, reason: &str) -> String {
    format!("(service {service}) was unable to place a task. Reason: {reason}.")
}

pub(super) fn impaired(service: &str) -> String {
    format!(
        "(service {service}) is unable to consistently start tasks successfully. For more \
         information, see the Troubleshooting section of the Amazon ECS Developer Guide."
    )
}

pub(super) fn container_unhealthy(service: &str, task: &Task) -> String {
    format!("(service {service}) (task {}) failed container health checks.", task.id())
}

pub(super) fn target_unhealthy(
    service: &str,
    task: &Task,
    port: u64,
    group: &str,
    reason: &str,
) -> String {
    format!(
        "(service {service}) (task {}) (port {port}) is unhealthy in (target-group {group}) due to \
         (reason {reason})",
        task.id()
    )
}

/// `stoppedReason` of a task that the scheduler does not need any more.
pub(super) fn scaled_in(deployment: &str) -> String {
    format!("Scaling activity initiated by (deployment {deployment})")
}

pub(super) const IN_PROGRESS_REASON: &str = "in progress";

pub(super) fn rollout_reason(deployment: &str, what: &str) -> String {
    format!("ECS deployment {deployment} {what}.")
}

pub(super) const BREAKER_FAILED: &str = "ECS deployment circuit breaker: tasks failed to start.";

pub(super) fn breaker_rolls_back(deployment: &str) -> String {
    format!("ECS deployment circuit breaker: rolling back to deploymentId {deployment}.")
}

fn listed(ids: &[String]) -> String {
    ids.iter().map(|id| format!("(task {id})")).collect::<Vec<_>>().join(" ")
}
