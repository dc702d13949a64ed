//! The service scheduler: from what is seen of the tasks to what is done next. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::breaker;
use super::health;
use super::leaving;
use super::model::{RolloutState, Service, Status};
use super::task::{Target, TargetState, Task};
use super::words;

/// How long things take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    /// A task has to run that long before it can be healthy: one that ends at once never was.
    pub(super) settle: Duration,
    /// From deregistering a target to stopping its task.
    pub(super) drain: Duration,
    /// Between starts of tasks that keep failing, where no breaker ends it.
    pub(super) pause: Duration,
}

/// What the scheduler wants done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Command {
    /// Start tasks of the primary deployment.
    Start(usize),
    /// Put targets where their health is checked.
    Register(Vec<Target>),
    /// Let targets have requests.
    Promote(Vec<Target>),
    /// Take targets out of their groups.
    Deregister(Vec<Target>),
    /// Stop a task.
    Stop { task: String, reason: String },
}

/// One look at the service: counts, decides, and says what to do.
pub(super) fn step(
    service: &mut Service,
    tasks: Vec<Task>,
    now: Timestamp,
    timing: Timing,
) -> Vec<Command> {
    service.seen = tasks;
    let tasks = service.seen.clone();
    health::note_registered(service, &tasks, now);
    health::count_ended(service, &tasks, now, timing);
    let mut leave = health::find_unhealthy(service, &tasks, now);
    breaker::check(service, now);
    let view = View::of(service, &tasks, now, timing);
    health::note_healthy(service, &view);
    let start = starts(service, &view, now);
    leave.extend(surplus(service, &view));
    let mut commands = Vec::new();
    if start > 0 {
        commands.push(Command::Start(start));
    }
    commands.extend(leaving::leave(service, &tasks, leave, now, timing));
    commands.extend(leaving::place_targets(service, &tasks));
    if start == 0 {
        finish(service, &tasks, now, timing);
    }
    commands
}

/// The tasks, sorted by what they are to the service.
pub(super) struct View<'a> {
    /// Not stopped, whatever is wanted of them.
    alive: usize,
    /// Tasks of the primary deployment that are to stay.
    pub(super) primary: Vec<(&'a Task, bool)>,
    /// Tasks of other deployments that are still to stay.
    others: Vec<(&'a Task, bool)>,
}

impl<'a> View<'a> {
    fn of(service: &Service, tasks: &'a [Task], now: Timestamp, timing: Timing) -> Self {
        let mut view = Self { alive: 0, primary: Vec::new(), others: Vec::new() };
        for task in tasks.iter().filter(|task| !task.stopped) {
            view.alive += 1;
            if task.stopping || is_leaving(service, task) {
                continue;
            }
            let healthy = is_healthy(service, task, now, timing);
            let primary = service.rollouts.first().is_some_and(|r| r.id == task.started_by);
            let side = if primary { &mut view.primary } else { &mut view.others };
            side.push((task, healthy));
        }
        view
    }

    fn healthy(side: &[(&Task, bool)]) -> usize {
        side.iter().filter(|(_, healthy)| *healthy).count()
    }
}

pub(super) fn is_leaving(service: &Service, task: &Task) -> bool {
    service.tasks.get(&task.arn).is_some_and(|known| known.leaving.is_some())
}

fn is_healthy(service: &Service, task: &Task, now: Timestamp, timing: Timing) -> bool {
    let checked = service
        .rollouts
        .iter()
        .find(|rollout| rollout.id == task.started_by)
        .is_some_and(|rollout| rollout.health_checked);
    let settled = task.started.is_some_and(|started| elapsed(started, now) >= timing.settle);
    task.running
        && settled
        && (!checked || task.health == "HEALTHY")
        && task.targets.iter().all(|target| target.state == TargetState::Healthy)
}

pub(super) fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

fn percent(service: &Service, name: &str, default: u64) -> u64 {
    service.settings["deploymentConfiguration"][name].as_u64().unwrap_or(default)
}

/// Fewest healthy tasks and most tasks at all, during a deployment.
fn limits(service: &Service) -> (usize, usize) {
    let desired = service.desired as u64;
    let least = (desired * percent(service, "minimumHealthyPercent", 100)).div_ceil(100);
    let most = desired * percent(service, "maximumPercent", 200) / 100;
    (usize::try_from(least).unwrap_or(usize::MAX), usize::try_from(most).unwrap_or(usize::MAX))
}

fn starts(service: &Service, view: &View<'_>, now: Timestamp) -> usize {
    let failed = service.rollouts.first().is_none_or(|r| r.state == RolloutState::Failed);
    if failed || service.draining || service.pause_until.is_some_and(|until| now < until) {
        return 0;
    }
    let (_, most) = limits(service);
    let missing = service.desired.saturating_sub(view.primary.len());
    let room = most.saturating_sub(view.alive);
    // Where failing starts are slowed down, they come one by one.
    missing.min(room).min(if service.impaired { 1 } else { usize::MAX })
}

/// Tasks that are not needed any more, with the reason.
fn surplus(service: &Service, view: &View<'_>) -> Vec<(String, String)> {
    let Some(primary) = service.rollouts.first() else {
        return Vec::new();
    };
    let (least, _) = limits(service);
    let reason = words::scaled_in(&primary.id);
    let mut leaving = Vec::new();
    let mut own = view.primary.clone();
    own.sort_by_key(|(task, healthy)| (!*healthy, task.started));
    leaving.extend(own.iter().skip(service.desired).map(|(task, _)| *task));
    // A failed deployment that is not rolled back stops nothing that works.
    if primary.state != RolloutState::Failed || service.draining {
        let healthy = View::healthy(&own[..own.len().min(service.desired)]);
        let mut spare = (healthy + View::healthy(&view.others)).saturating_sub(least);
        for (task, healthy) in &view.others {
            if *healthy && spare == 0 {
                continue;
            }
            spare -= usize::from(*healthy);
            leaving.push(*task);
        }
    }
    leaving.into_iter().map(|task| (task.arn.clone(), reason.clone())).collect()
}

/// Ends the deployment when it is done, and says so when the service is at rest.
fn finish(service: &mut Service, tasks: &[Task], now: Timestamp, timing: Timing) {
    let view = View::of(service, tasks, now, timing);
    let Some(primary) = service.rollouts.first() else {
        return;
    };
    let healthy = View::healthy(&view.primary);
    let at_rest = view.alive == healthy && healthy == service.desired && !service.draining;
    if !at_rest || primary.state == RolloutState::Failed {
        service.steady = false;
        return;
    }
    // A return that has nothing to do is seen as well: AWS takes minutes for it.
    if primary.rolling_back && elapsed(primary.updated, now) < timing.settle {
        return;
    }
    if primary.state == RolloutState::InProgress {
        complete(service, now);
    }
    if !std::mem::replace(&mut service.steady, true) {
        service.event(words::steady(&service.name), now);
    }
}

fn complete(service: &mut Service, now: Timestamp) {
    service.rollouts.truncate(1);
    let Some(primary) = service.rollouts.first_mut() else {
        return;
    };
    let returned = std::mem::replace(&mut primary.rolling_back, false);
    primary.state = RolloutState::Completed;
    primary.updated = now;
    primary.reason = words::rollout_reason(&primary.id, "completed");
    primary.failures = 0;
    let id = primary.id.clone();
    service.last_completed = Some(primary.clone());
    service.event(words::completed(&service.name, &id), now);
    if let Some(deployment) = service.current() {
        let status = if returned { Status::RollbackSuccessful } else { Status::Successful };
        deployment.end(status, None, now);
    }
}

#[cfg(test)]
#[path = "engine_tests.rs"]
mod tests;
