use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use super::process::Process;
use super::{EmulatorError, FAKECLOUD_VERSION, find_fakecloud};

fn script(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs_err::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    fs_err::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn shell(text: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", text]);
    command
}

#[test]
fn only_the_right_version_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let right = script(folder.path(), "right", &format!("echo fakecloud {FAKECLOUD_VERSION}"));
    let other = script(folder.path(), "other", "echo fakecloud 0.50.0");
    assert_eq!(find_fakecloud(Some(&right)), Some(right));
    assert_eq!(find_fakecloud(Some(&other)), None);
    assert_eq!(find_fakecloud(Some(&folder.path().join("absent"))), None);
}

#[tokio::test]
async fn a_process_says_when_it_is_ready_and_stops_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let command = shell("echo ready; echo more; exec sleep 600");
    let mut process = Process::spawn("a test", command, &log).unwrap();
    let line = process.first_line(Duration::from_secs(30)).await.unwrap();
    assert_eq!(line, "ready\n");
    process.stop().await;
}

#[tokio::test]
async fn a_process_that_ends_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut process = Process::spawn("a test", shell("echo no >&2; exit 3"), &log).unwrap();
    // Nobody listens at port 0.
    let error = process.wait_for("http://127.0.0.1:0/", Duration::from_secs(30)).await;
    let Err(EmulatorError::NotReady { reason, log, .. }) = error else {
        panic!("it must not be ready");
    };
    assert!(reason.contains("exit status: 3"), "{reason}");
    assert_eq!(fs_err::read_to_string(log).unwrap(), "no\n");
}
