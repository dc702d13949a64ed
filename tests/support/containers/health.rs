//! The health command of a container, run by its watcher: podman's own needs systemd timers.

use super::args::HealthWanted;
use super::command;
use super::state::{Backend, Record, State, write_whole};
use super::{Error, podman, process};
use std::process::Command;
use std::time::{Duration, Instant};

/// Starts running the health command, if there is one. It ends with the watcher.
pub(super) fn watch(state: &State, record: &Record) {
    let Some(wanted) = record.health.clone() else {
        return;
    };
    let (state, record) = (state.clone(), record.clone());
    std::thread::spawn(move || observe(&state, &record, &wanted));
}

fn observe(state: &State, record: &Record, wanted: &HealthWanted) {
    let start = Instant::now();
    let mut failures = 0;
    report(state, record, "starting");
    loop {
        // The first look is early: a test should not wait a whole interval for a ready container.
        std::thread::sleep(Duration::from_secs(if failures == 0 {
            wanted.interval.min(2)
        } else {
            wanted.interval
        }));
        if probe(state, record, wanted) {
            failures = 0;
            report(state, record, "healthy");
            std::thread::sleep(Duration::from_secs(wanted.interval));
            continue;
        }
        if start.elapsed() >= Duration::from_secs(wanted.start_period) {
            failures += 1;
        }
        if failures >= wanted.retries {
            report(state, record, "unhealthy");
        }
    }
}

fn probe(state: &State, record: &Record, wanted: &HealthWanted) -> bool {
    if record.backend == Backend::Pretend {
        return true;
    }
    let script = with_host_ports(&wanted.command, record);
    let argv = ["/bin/sh".to_owned(), "-c".to_owned(), script];
    let limit = Duration::from_secs(wanted.timeout);
    inside(state, record, &argv)
        .is_ok_and(|mut command| command::succeeds_within(&mut command, limit))
}

/// A command that runs inside of a running container.
pub(super) fn inside(state: &State, record: &Record, argv: &[String]) -> Result<Command, Error> {
    match record.backend {
        Backend::Process => process::enter(state, record, argv),
        Backend::Podman => {
            let mut podman = podman::command(state)?;
            podman.args(["exec", &podman::name(&record.id)]).args(argv);
            Ok(podman)
        }
        Backend::Pretend => Ok(Command::new(command::find("true")?)),
    }
}

/// A process shares the machine's network, where the container's port has another number.
fn with_host_ports(text: &str, record: &Record) -> String {
    let mut text = text.to_owned();
    if record.backend == Backend::Process {
        for (container, host) in &record.ports {
            for name in ["localhost", "127.0.0.1"] {
                text = text.replace(&format!("{name}:{container}"), &format!("{name}:{host}"));
            }
        }
    }
    text
}

fn report(state: &State, record: &Record, word: &str) {
    // The container may be in removal; its folder is then gone.
    let _ = write_whole(&state.folder(&record.id).join("health"), word.as_bytes());
}
