//! Whether the deployment that we started is the one that serves.

use serde::Serialize;

use super::service::ServiceState;
use crate::edge::TargetHealth;

/// What became of the deployment that we started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// It serves: all its tasks run and take traffic, and nothing older does.
    Serving {
        /// Tasks that run.
        running: i32,
    },
    /// It serves nobody, because no task is wanted.
    ScaledToZero,
    /// It is still rolling out.
    InProgress {
        /// How far it is, for people.
        state: String,
    },
    /// Another task definition serves: ECS went back, or somebody else deployed.
    Other {
        /// The task definition that the service is set to.
        task_definition: String,
        /// ECS's last words.
        reason: String,
    },
    /// ECS gave up.
    Failed {
        /// ECS's words.
        reason: String,
    },
    /// There is no such service.
    Missing,
}

/// Judges a service by the task definition that we deployed. A service behind a load balancer
/// serves only when its targets are healthy.
#[must_use]
pub fn judge(
    service: Option<&ServiceState>,
    expected: &str,
    targets: Option<TargetHealth>,
) -> Verdict {
    let Some(service) = service.filter(|service| service.status == "ACTIVE") else {
        return Verdict::Missing;
    };
    let words = service.messages.first().cloned().unwrap_or_default();
    if service.task_definition != expected {
        let task_definition = service.task_definition.clone();
        return Verdict::Other { task_definition, reason: words };
    }
    let primary = service.deployments.iter().find(|deployment| deployment.status == "PRIMARY");
    if let Some(failed) = primary.filter(|primary| primary.rollout_state == "FAILED") {
        return Verdict::Failed { reason: failed.rollout_reason.clone() };
    }
    if service.desired == 0 {
        return Verdict::ScaledToZero;
    }
    let alone = service.deployments.len() == 1;
    let done = primary.is_some_and(|primary| {
        primary.rollout_state == "COMPLETED" && primary.running >= service.desired
    });
    let wanted = usize::try_from(service.desired).unwrap_or(0);
    let healthy = targets.is_none_or(|targets| targets.healthy >= wanted);
    if alone && done && healthy {
        return Verdict::Serving { running: service.running };
    }
    Verdict::InProgress { state: progress(service, targets) }
}

fn progress(service: &ServiceState, targets: Option<TargetHealth>) -> String {
    let tasks = format!("{} of {} tasks run", service.running, service.desired);
    match targets {
        Some(targets) => format!("{tasks}, {} targets are healthy", targets.healthy),
        None => tasks,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::service::Deployment, *};

    fn deployment(status: &str, rollout: &str, task_definition: &str, running: i32) -> Deployment {
        Deployment {
            id: "d".to_owned(),
            status: status.to_owned(),
            rollout_state: rollout.to_owned(),
            rollout_reason: "the circuit breaker was triggered".to_owned(),
            task_definition: task_definition.to_owned(),
            desired: 2,
            running,
            failed: 0,
        }
    }

    fn service(task_definition: &str, deployments: Vec<Deployment>) -> ServiceState {
        ServiceState {
            name: "cortex".to_owned(),
            status: "ACTIVE".to_owned(),
            desired: 2,
            running: 2,
            pending: 0,
            task_definition: task_definition.to_owned(),
            deployments,
            messages: vec!["rolled back".to_owned()],
        }
    }

    fn healthy(healthy: usize) -> Option<TargetHealth> {
        Some(TargetHealth { healthy, registered: 2 })
    }

    #[test]
    fn only_our_own_whole_and_healthy_deployment_serves() {
        let whole = service("new", vec![deployment("PRIMARY", "COMPLETED", "new", 2)]);
        assert_eq!(judge(Some(&whole), "new", healthy(2)), Verdict::Serving { running: 2 });
        assert_eq!(judge(Some(&whole), "new", None), Verdict::Serving { running: 2 });
        assert!(matches!(judge(Some(&whole), "new", healthy(1)), Verdict::InProgress { .. }));
        assert!(matches!(judge(Some(&whole), "newer", healthy(2)), Verdict::Other { .. }));
        assert_eq!(judge(None, "new", None), Verdict::Missing);
    }

    #[test]
    fn what_is_not_done_is_not_called_done() {
        let both = service(
            "new",
            vec![deployment("PRIMARY", "COMPLETED", "new", 2), deployment("ACTIVE", "", "old", 1)],
        );
        assert!(matches!(judge(Some(&both), "new", healthy(2)), Verdict::InProgress { .. }));
        let failed = service("new", vec![deployment("PRIMARY", "FAILED", "new", 0)]);
        assert!(matches!(judge(Some(&failed), "new", None), Verdict::Failed { .. }));
        let mut zero = service("new", vec![deployment("PRIMARY", "COMPLETED", "new", 0)]);
        zero.desired = 0;
        assert_eq!(judge(Some(&zero), "new", None), Verdict::ScaledToZero);
    }
}
