//! One program, run to its end: how long it took and how much memory it had.

use std::path::Path;
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use fs_err as fs;

use super::processes;
use crate::command::{line, not_started, program};
use crate::failure::{Failure, Outcome};
use crate::print;
use crate::progress::elapsed;

/// A tool that takes longer is ended: the slowest one takes five minutes.
const LIMIT: Duration = Duration::from_secs(15 * 60);
/// How often a line says that it still runs.
const SAY: Duration = Duration::from_secs(15);
/// Precision of the time that is measured.
const LOOK: Duration = Duration::from_millis(2);

/// How a program ran.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ran {
    pub(super) seconds: f64,
    /// The most resident memory of it and its children together, in MB.
    pub(super) megabytes: f64,
    /// The most resident memory of the program alone as the kernel counts it, in MB: nothing
    /// between two looks is missed, but for the last moment before its end.
    pub(super) peak: f64,
}

/// Runs it with its output in the file `log`.
pub(super) fn run(command: &mut Command, log: &Path) -> Outcome<Ran> {
    let file = fs::File::create(log)?;
    command.stdout(file.try_clone()?.into_parts().0).stderr(file.into_parts().0);
    watch(command, log)
}

/// Runs it with its result in the file `result`, and what it says beside that in the file `log`.
pub(super) fn run_apart(command: &mut Command, result: &Path, log: &Path) -> Outcome<Ran> {
    command.stdout(fs::File::create(result)?.into_parts().0);
    command.stderr(fs::File::create(log)?.into_parts().0);
    watch(command, log)
}

fn watch(command: &mut Command, log: &Path) -> Outcome<Ran> {
    let begin = Instant::now();
    let mut child = command.spawn().map_err(|error| not_started(command, &error))?;
    let (mut megabytes, mut peak) = (0.0_f64, 0.0_f64);
    let (mut sampled, mut said) = (Duration::ZERO, SAY);
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let time = begin.elapsed();
        peak = peak.max(processes::high_water(child.id()));
        if time >= sampled {
            megabytes = megabytes.max(processes::resident(&processes::family(child.id())));
            sampled = time + sampling(time);
        }
        if time >= said {
            print::note(format!("  still running after {}", elapsed(time)));
            said += SAY;
        }
        if time > LIMIT {
            end(&mut child);
            let message = format!("`{}` did not end within {}", line(command), elapsed(LIMIT));
            return Err(Failure::new(message));
        }
        thread::sleep(LOOK);
    };
    let seconds = begin.elapsed().as_secs_f64();
    if status.success() {
        return Ok(Ran { seconds, megabytes, peak });
    }
    Err(Failure::new(format!("`{}` failed ({status}): {}", line(command), last_words(log))))
}

/// Often at the beginning, so that a short program is seen, and rarely later, so that looking
/// does not slow down what is looked at.
fn sampling(time: Duration) -> Duration {
    Duration::from_millis(if time < Duration::from_secs(1) { 15 } else { 150 })
}

fn end(child: &mut Child) {
    let mut kill = program("kill");
    kill.arg("-KILL").args(processes::family(child.id()).iter().map(u32::to_string));
    let _ = kill.status();
    let _ = child.wait();
}

/// The last lines of a log, in one.
fn last_words(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    format!("{}; see {}", lines[lines.len().saturating_sub(3)..].join(" / "), log.display())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_memory_and_failure_are_those_of_the_program() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut good = program("sh");
        let ran = run(good.args(["-c", "sleep 0.1; echo fine"]), &log).unwrap();
        assert!(ran.seconds >= 0.1 && ran.megabytes > 0.1 && ran.peak > 0.1, "{ran:?}");
        let mut bad = program("sh");
        let failure = run(bad.args(["-c", "echo no >&2; exit 4"]), &log).unwrap_err();
        assert!(failure.to_string().contains("exit status: 4): no; see"), "{failure}");
    }
}
