//! Servers that a benchmark needs for a while.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::command::not_started;
use crate::failure::{Failure, Outcome};

/// Longest wait for a process to answer.
const START_LIMIT: Duration = Duration::from_secs(60);

/// A process that is killed when nobody needs it any more. It keeps nothing, so nothing is lost.
pub(super) struct Running(pub(super) Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts it, without standard input.
pub(super) fn start(command: &mut Command) -> Outcome<Running> {
    let child = command.stdin(Stdio::null()).spawn();
    child.map(Running).map_err(|error| not_started(command, &error))
}

/// Waits until it takes connections at `address`; its log is in `folder`.
pub(super) fn listening(
    running: &mut Running,
    address: &str,
    name: &str,
    folder: &Path,
) -> Outcome {
    let begin = Instant::now();
    while TcpStream::connect(address).is_err() {
        if begin.elapsed() > START_LIMIT || running.0.try_wait()?.is_some() {
            let place = folder.display();
            return Err(Failure::new(format!("{name} did not start; see its log in {place}")));
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}
