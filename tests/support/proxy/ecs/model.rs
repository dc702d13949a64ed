//! What the proxy knows of a service.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde_json::Value;

use super::ids::{digits, token};
use super::task::Task;
use super::words;

/// Events that AWS keeps per service.
const EVENTS: usize = 100;

/// State of a deployment, `rolloutState` on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RolloutState {
    InProgress,
    Completed,
    Failed,
}

/// One deployment in `DescribeServices`.
#[derive(Debug, Clone)]
pub(super) struct Rollout {
    pub(super) id: String,
    pub(super) task_definition: String,
    /// The service's settings when it began.
    pub(super) settings: Value,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) state: RolloutState,
    pub(super) reason: String,
    /// All failures, as shown.
    pub(super) failed_tasks: usize,
    /// Failures that the circuit breaker counts.
    pub(super) failures: usize,
    /// Whether the task definition has a container health check.
    pub(super) health_checked: bool,
    /// Name and image per container.
    pub(super) images: Vec<(String, String)>,
    /// ARN of the service revision.
    pub(super) revision: String,
    /// Whether it is being returned to.
    pub(super) rolling_back: bool,
}

/// A service deployment's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    InProgress,
    Successful,
    Stopped,
    RollbackInProgress,
    RollbackSuccessful,
    RollbackFailed,
}

impl Status {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::InProgress => "IN_PROGRESS",
            Self::Successful => "SUCCESSFUL",
            Self::Stopped => "STOPPED",
            Self::RollbackInProgress => "ROLLBACK_IN_PROGRESS",
            Self::RollbackSuccessful => "ROLLBACK_SUCCESSFUL",
            Self::RollbackFailed => "ROLLBACK_FAILED",
        }
    }

    pub(super) fn is_final(self) -> bool {
        !matches!(self, Self::InProgress | Self::RollbackInProgress)
    }
}

/// A return to an earlier revision.
#[derive(Debug, Clone)]
pub(super) struct Rollback {
    pub(super) reason: String,
    pub(super) started: Timestamp,
    pub(super) revision: String,
}

/// One service deployment.
#[derive(Debug, Clone)]
pub(super) struct Deployment {
    pub(super) arn: String,
    /// Id of the rollout that it began with.
    pub(super) rollout: String,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) finished: Option<Timestamp>,
    pub(super) status: Status,
    pub(super) reason: Option<String>,
    pub(super) sources: Vec<String>,
    pub(super) target: String,
    pub(super) rollback: Option<Rollback>,
    pub(super) triggered: bool,
    /// Failures counted when it ended.
    pub(super) failures: usize,
    pub(super) configuration: Value,
}

impl Deployment {
    pub(super) fn end(&mut self, status: Status, reason: Option<&str>, now: Timestamp) {
        self.status = status;
        self.reason = reason.map(str::to_owned).or_else(|| self.reason.take());
        self.updated = now;
        if status.is_final() {
            self.finished = Some(now);
        }
    }
}

/// One event.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) at: Timestamp,
    pub(super) message: String,
}

/// What the scheduler has done about a task.
#[derive(Debug, Clone, Default)]
pub(super) struct Known {
    /// Why it is stopped by the scheduler.
    pub(super) leaving: Option<String>,
    /// Since when its targets are deregistered.
    pub(super) draining: Option<Timestamp>,
    pub(super) stop_sent: bool,
    pub(super) registered: bool,
    pub(super) was_healthy: bool,
    /// Its end is counted.
    pub(super) ended: bool,
}

/// A service.
#[derive(Debug, Clone)]
pub(super) struct Service {
    /// Tells a service from an earlier one of the same name.
    pub(super) generation: uuid::Uuid,
    pub(super) cluster: String,
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) cluster_arn: String,
    /// The request fields of `CreateService`, as updated.
    pub(super) settings: Value,
    pub(super) desired: usize,
    pub(super) draining: bool,
    /// Primary first.
    pub(super) rollouts: Vec<Rollout>,
    pub(super) last_completed: Option<Rollout>,
    /// Newest first.
    pub(super) deployments: Vec<Deployment>,
    /// Revisions that ever were, oldest first.
    pub(super) revisions: Vec<Rollout>,
    /// Newest first.
    pub(super) events: VecDeque<Event>,
    pub(super) tasks: BTreeMap<String, Known>,
    /// What was seen last.
    pub(super) seen: Vec<Task>,
    pub(super) steady: bool,
    /// The failed service deployment that CloudFormation has been told of.
    pub(super) judged: Option<String>,
    pub(super) impaired: bool,
    /// No task is started before.
    pub(super) pause_until: Option<Timestamp>,
}

impl Service {
    /// A service without a deployment yet.
    pub(super) fn new(name: (String, String), arns: (String, String), settings: Value) -> Self {
        Self {
            generation: uuid::Uuid::new_v4(),
            cluster: name.0,
            name: name.1,
            arn: arns.0,
            cluster_arn: arns.1,
            settings,
            desired: 1,
            draining: false,
            rollouts: Vec::new(),
            last_completed: None,
            deployments: Vec::new(),
            revisions: Vec::new(),
            events: VecDeque::new(),
            tasks: BTreeMap::new(),
            seen: Vec::new(),
            steady: false,
            judged: None,
            impaired: false,
            pause_until: None,
        }
    }

    /// Whether it is deleted, and its last task has ended.
    pub(super) fn is_gone(&self) -> bool {
        self.draining && self.seen.iter().all(|task| task.stopped)
    }

    pub(super) fn event(&mut self, message: String, now: Timestamp) {
        let event = Event { id: uuid::Uuid::new_v4().to_string(), at: now, message };
        self.events.push_front(event);
        self.events.truncate(EVENTS);
    }

    /// The service deployment that is going on or was last.
    pub(super) fn current(&mut self) -> Option<&mut Deployment> {
        self.deployments.first_mut()
    }

    /// Begins a service deployment of `task_definition` with the current settings.
    pub(super) fn begin(&mut self, definition: &Definition, now: Timestamp) {
        let sources: Vec<String> =
            self.rollouts.first().map(|rollout| rollout.revision.clone()).into_iter().collect();
        if let Some(deployment) = self.current()
            && !deployment.status.is_final()
        {
            let reason = "The service deployment was stopped by a newer service deployment.";
            deployment.end(Status::Stopped, Some(reason), now);
        }
        let base = self.arn.replacen(":service/", ":service-revision/", 1);
        let rollout = Rollout::new(definition, &self.settings, &base, now);
        self.deployments.insert(
            0,
            Deployment {
                arn: format!(
                    "{}/{}",
                    self.arn.replacen(":service/", ":service-deployment/", 1),
                    token()
                ),
                rollout: rollout.id.clone(),
                created: now,
                updated: now,
                finished: None,
                status: Status::InProgress,
                reason: None,
                sources,
                target: rollout.revision.clone(),
                rollback: None,
                triggered: false,
                failures: 0,
                configuration: self.settings["deploymentConfiguration"].clone(),
            },
        );
        self.revisions.push(rollout.clone());
        self.rollouts.insert(0, rollout);
        (self.steady, self.impaired, self.pause_until) = (false, false, None);
    }
}

/// What of a task definition matters here.
#[derive(Debug, Clone, Default)]
pub(super) struct Definition {
    pub(super) arn: String,
    pub(super) health_checked: bool,
    pub(super) images: Vec<(String, String)>,
}

impl Rollout {
    fn new(definition: &Definition, settings: &Value, revisions: &str, now: Timestamp) -> Self {
        let id = format!("ecs-svc/{}", digits());
        Self {
            reason: words::rollout_reason(&id, words::IN_PROGRESS_REASON),
            id,
            task_definition: definition.arn.clone(),
            settings: settings.clone(),
            created: now,
            updated: now,
            state: RolloutState::InProgress,
            failed_tasks: 0,
            failures: 0,
            health_checked: definition.health_checked,
            images: definition.images.clone(),
            revision: format!("{revisions}/{}", digits()),
            rolling_back: false,
        }
    }
}
