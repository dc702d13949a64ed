//! A task and its targets, as observed.

use jiff::Timestamp;

/// Where a target stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TargetState {
    /// Not registered, or leaving.
    Absent,
    /// Registered, not yet judged.
    Waiting,
    Healthy,
    /// With the balancer's reason.
    Unhealthy(String),
}

/// A task's target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) group: String,
    pub(super) id: String,
    pub(super) port: u64,
    pub(super) state: TargetState,
    /// It may now get requests.
    pub(super) ready: bool,
}

/// A task, as observed.
#[derive(Debug, Clone)]
pub(super) struct Task {
    pub(super) arn: String,
    /// Id of its rollout.
    pub(super) started_by: String,
    pub(super) running: bool,
    pub(super) stopped: bool,
    /// Its desired status is `STOPPED`.
    pub(super) stopping: bool,
    /// An operator stopped it.
    pub(super) stopped_by_user: bool,
    /// It never ran.
    pub(super) failed_to_start: bool,
    pub(super) reason: String,
    pub(super) started: Option<Timestamp>,
    /// `HEALTHY`, `UNHEALTHY` or `UNKNOWN`.
    pub(super) health: String,
    pub(super) targets: Vec<Target>,
}

impl Task {
    pub(super) fn id(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or(&self.arn)
    }
}
