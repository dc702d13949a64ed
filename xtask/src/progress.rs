//! What is shown while a long build runs: folded crate lines of a streamed command, and a board of
//! background jobs that prints one line per job now and then.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use fs_err as fs;

use crate::command::{self, not_started};
use crate::failure::{Failure, Outcome};
use crate::print;

/// How often a line of progress is printed.
const INTERVAL: Duration = Duration::from_secs(15);

/// `9 min 50 s`, as a person says it.
pub(crate) fn elapsed(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds / 60 {
        0 => format!("{seconds} s"),
        minutes => format!("{minutes} min {} s", seconds % 60),
    }
}

/// The crate that a line of cargo says is being worked on.
fn crate_of(line: &str) -> Option<&str> {
    let mut words = line.strip_prefix("   ")?.split_whitespace();
    let verb = words.next()?;
    let verbs = ["Compiling", "Checking", "Documenting", "Downloaded", "Downloading", "Adding"];
    verbs.contains(&verb).then(|| words.next()).flatten()
}

/// Replaces cargo's line per crate by one line every [`INTERVAL`].
pub(crate) struct Fold {
    started: Instant,
    printed: Instant,
    crates: usize,
}

impl Default for Fold {
    fn default() -> Self {
        Self { started: Instant::now(), printed: Instant::now(), crates: 0 }
    }
}

impl Fold {
    /// None: print the line as it is. Some: it is folded, and a progress line may be due.
    pub(crate) fn take(&mut self, line: &str) -> Option<Option<String>> {
        let plain = anstream::adapter::strip_str(line).to_string();
        let name = crate_of(&plain)?;
        self.crates += 1;
        if self.printed.elapsed() < INTERVAL {
            return Some(None);
        }
        self.printed = Instant::now();
        Some(Some(format!(
            "{}, {} crates, now {name}",
            elapsed(self.started.elapsed()),
            self.crates
        )))
    }
}

/// Background jobs, and a thread that says every [`INTERVAL`] how they are getting on.
pub(crate) struct Board {
    tasks: Arc<Mutex<Vec<Progress>>>,
    stop: Option<Sender<()>>,
    ticker: Option<JoinHandle<()>>,
}

/// A job that runs beside others.
pub(crate) struct Job<T> {
    thread: JoinHandle<Outcome<T>>,
    name: &'static str,
}

impl<T> Job<T> {
    /// Waits for the job.
    pub(crate) fn join(self) -> Outcome<T> {
        let crashed = |_| Err(Failure::new(format!("the job `{}` crashed", self.name)));
        self.thread.join().unwrap_or_else(crashed)
    }
}

/// How far one job is. Cheap to clone; all clones are the same job.
#[derive(Clone)]
pub(crate) struct Progress {
    name: &'static str,
    started: Instant,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    crates: usize,
    last: String,
    child: Option<Child>,
    finished: bool,
}

impl Board {
    pub(crate) fn new() -> Self {
        let tasks: Arc<Mutex<Vec<Progress>>> = Arc::default();
        let (stop, stopped) = channel();
        let shown = Arc::clone(&tasks);
        let ticker = thread::spawn(move || {
            while stopped.recv_timeout(INTERVAL) == Err(RecvTimeoutError::Timeout) {
                lock(&shown).iter().filter_map(Progress::line).for_each(print::note);
            }
        });
        Self { tasks, stop: Some(stop), ticker: Some(ticker) }
    }

    /// Starts `work` in a thread of its own.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl FnOnce(&Progress) -> Outcome<T> + Send + 'static,
    ) -> Job<T> {
        let progress = Progress { name, started: Instant::now(), state: Arc::default() };
        lock(&self.tasks).push(progress.clone());
        let thread = thread::spawn(move || {
            let outcome = work(&progress);
            lock(&progress.state).finished = true;
            outcome
        });
        Job { thread, name }
    }
}

impl Drop for Board {
    /// Ends what still runs: nobody waits for it any more.
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(ticker) = self.ticker.take() {
            let _ = ticker.join();
        }
        for task in lock(&self.tasks).iter() {
            if let Some(child) = &mut lock(&task.state).child {
                let _ = child.kill();
            }
        }
    }
}

impl Progress {
    fn line(&self) -> Option<String> {
        let state = lock(&self.state);
        if state.finished {
            return None;
        }
        let mut line = format!("{}: {}", self.name, elapsed(self.started.elapsed()));
        if state.crates > 0 {
            let _ = write!(line, ", {} crates", state.crates);
        }
        if !state.last.is_empty() {
            let _ = write!(line, ", now {}", state.last);
        }
        Some(line)
    }

    /// Says what the job does now.
    pub(crate) fn now(&self, what: &str) {
        what.clone_into(&mut lock(&self.state).last);
    }

    /// Runs a command that must succeed, its output going to the file `log`.
    pub(crate) fn run(&self, command: &mut Command, log: &Path) -> Outcome {
        command.stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|error| not_started(command, &error))?;
        let stderr = child.stderr.take();
        lock(&self.state).child = Some(child);
        let text = stderr.map(|stderr| self.follow(stderr)).unwrap_or_default();
        fs::write(log, &text)?;
        let Some(mut child) = lock(&self.state).child.take() else {
            return Ok(());
        };
        command::expect_success(command, child.wait()?)
            .map_err(|failure| with_log(failure, &text, log))
    }

    fn follow(&self, source: impl std::io::Read) -> String {
        let mut text = String::new();
        command::each_line(source, |line| {
            let plain = anstream::adapter::strip_str(&line).to_string();
            if let Some(name) = crate_of(&plain) {
                let mut state = lock(&self.state);
                state.crates += 1;
                name.clone_into(&mut state.last);
            }
            text.push_str(&plain);
            text.push('\n');
            true
        });
        text
    }
}

/// The part of a build's output that says why it failed.
fn with_log(failure: Failure, text: &str, log: &Path) -> Failure {
    let lines: Vec<&str> = text.lines().filter(|line| crate_of(line).is_none()).collect();
    let first = lines.iter().position(|line| line.starts_with("error"));
    let from = first.unwrap_or(lines.len().saturating_sub(20));
    lines.iter().skip(from).take(40).for_each(|line| print::passthrough(line));
    let log = PathBuf::from(log);
    failure.hint(format!("the whole output is in {}", log.display()))
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_reads_as_spoken() {
        assert_eq!(elapsed(Duration::from_millis(12_400)), "12 s");
        assert_eq!(elapsed(Duration::from_secs(590)), "9 min 50 s");
    }

    #[test]
    fn only_lines_about_crates_are_folded() {
        let mut fold = Fold::default();
        assert_eq!(fold.take("   Compiling serde v1.0.228"), Some(None));
        assert_eq!(fold.take("\x1b[1m\x1b[92m    Checking\x1b[0m bytes v1.11.0"), Some(None));
        assert_eq!(fold.take("warning: unused variable"), None);
        assert_eq!(fold.take("    Finished `dev` profile"), None);
    }

    #[test]
    fn a_job_keeps_its_log_and_reports_its_failure() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let board = Board::new();
        let file = log.clone();
        let job = board.spawn("example", move |progress| {
            let mut command = command::program("sh");
            command.args(["-c", "echo '   Compiling one v1' >&2; echo 'error: no' >&2; exit 7"]);
            progress.run(&mut command, &file)
        });
        let failure = job.join().unwrap_err();
        assert!(failure.to_string().contains("exit status: 7"), "{failure}");
        assert!(fs::read_to_string(&log).unwrap().contains("error: no"));
    }
}
