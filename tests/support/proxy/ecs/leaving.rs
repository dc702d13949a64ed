//! Where a task's targets belong, and how a task leaves: first out of its target groups, then down.

use jiff::Timestamp;

use super::engine::{Command, Timing, elapsed, is_leaving};
use super::model::{Known, Service};
use super::task::{Target, TargetState, Task};
use super::words;

/// Registers the targets of running tasks, lets healthy ones have requests, and takes out those
/// whose task ends without the scheduler.
pub(super) fn place_targets(service: &Service, tasks: &[Task]) -> Vec<Command> {
    let (mut register, mut promote, mut gone) = (Vec::new(), Vec::new(), Vec::new());
    for task in tasks {
        let ends = task.stopped || task.stopping;
        for target in &task.targets {
            let absent = target.state == TargetState::Absent;
            if is_leaving(service, task) || target.id.is_empty() {
                continue;
            } else if ends && !absent {
                gone.push(target.clone());
            } else if !ends && task.running && absent {
                register.push(target.clone());
            } else if !ends && target.ready {
                promote.push(target.clone());
            }
        }
    }
    let all = [
        (register, Command::Register as fn(_) -> _),
        (promote, Command::Promote),
        (gone, Command::Deregister),
    ];
    all.into_iter()
        .filter(|(targets, _)| !targets.is_empty())
        .map(|(targets, command)| command(targets))
        .collect()
}

/// Takes tasks out: first out of their target groups, then down.
pub(super) fn leave(
    service: &mut Service,
    tasks: &[Task],
    leaving: Vec<(String, String)>,
    now: Timestamp,
    timing: Timing,
) -> Vec<Command> {
    for (arn, reason) in leaving {
        service.tasks.entry(arn).or_default().leaving.get_or_insert(reason);
    }
    let (mut commands, mut drained) = (Vec::new(), Vec::new());
    let (mut running, mut pending) = (Vec::new(), 0);
    for task in tasks.iter().filter(|task| !task.stopped) {
        let Some(known) = service.tasks.get_mut(&task.arn) else {
            continue;
        };
        let Some(reason) = known.leaving.clone().filter(|_| !known.stop_sent) else {
            continue;
        };
        if must_drain(known, task) {
            known.draining = Some(now);
            drained.extend(task.targets.iter().cloned());
            continue;
        }
        if known.draining.is_some_and(|since| elapsed(since, now) < timing.drain) {
            continue;
        }
        known.stop_sent = true;
        if task.running {
            running.push(task.id().to_owned());
        } else {
            pending += 1;
        }
        commands.push(Command::Stop { task: task.arn.clone(), reason });
    }
    note_leaving(service, &drained, &running, pending, now);
    if !drained.is_empty() {
        commands.push(Command::Deregister(drained));
    }
    commands
}

fn must_drain(known: &Known, task: &Task) -> bool {
    known.draining.is_none()
        && task.targets.iter().any(|target| target.state != TargetState::Absent)
}

fn note_leaving(
    service: &mut Service,
    drained: &[Target],
    running: &[String],
    pending: usize,
    now: Timestamp,
) {
    let name = service.name.clone();
    let mut groups: Vec<&str> = drained.iter().map(|target| &*target.group).collect();
    groups.sort_unstable();
    groups.dedup();
    for group in &groups {
        let count = drained.iter().filter(|target| target.group == *group).count();
        service.event(words::deregistered(&name, count, group), now);
    }
    if let Some(group) = groups.first() {
        let tasks = drained.iter().filter(|target| target.group == *group).count();
        service.event(words::draining(&name, tasks), now);
    }
    if !running.is_empty() {
        service.event(words::stopped(&name, running), now);
    }
    if pending > 0 {
        service.event(words::stopped_pending(&name, pending), now);
    }
}
