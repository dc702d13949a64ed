//! Other programs of this machine: where they are and how they are run to the end.

use super::Error;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

/// The full path of a program. The folders of system programs count too: an ordinary user's
/// search path often lacks them.
pub(super) fn find(name: &str) -> Result<PathBuf, Error> {
    let path = std::env::var("PATH").unwrap_or_default();
    let folders = path.split(':').filter(|folder| !folder.is_empty());
    let folders = folders.chain(["/usr/bin", "/bin", "/usr/sbin", "/sbin"]);
    let found = folders.map(|folder| PathBuf::from(folder).join(name)).find(|file| file.is_file());
    found.ok_or_else(|| Error::Backend(format!("the program '{name}' is not on this machine")))
}

/// Runs a program to its end and gives its output.
pub(super) fn output(command: &mut Command) -> Result<Output, Error> {
    Ok(command.stdin(Stdio::null()).output()?)
}

/// Whether a program ends well within a limit; it is ended when it does not.
pub(super) fn succeeds_within(command: &mut Command, limit: Duration) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = quiet.spawn() else {
        return false;
    };
    let start = Instant::now();
    while start.elapsed() < limit {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(_) => return false,
        }
    }
    // It is our own child and not yet waited for, so the number is still its own.
    let _ = child.kill();
    let _ = child.wait();
    false
}
