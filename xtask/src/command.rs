//! Child processes: with a clean environment, and shown or captured as the task needs it.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Sender, channel};
use std::thread;

use crate::failure::{Failure, Outcome};
use crate::print;
use crate::progress::Fold;

/// A command that sees none of what `cargo run` told this process about its own package.
pub(crate) fn program(name: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(name);
    for (variable, _) in std::env::vars_os() {
        if belongs_to_cargo_run(&variable) {
            command.env_remove(variable);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// The cargo that runs this task, in the root of the workspace.
pub(crate) fn cargo(root: &Path) -> Command {
    let name = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = program(name);
    command.current_dir(root);
    if print::is_terminal() {
        command.env("CARGO_TERM_COLOR", "always");
    }
    command
}

/// `CARGO_HOME`, `CARGO_TARGET_DIR`, `CARGO_PROFILE_*`, `CARGO_NET_*` and the like are the
/// person's own and stay.
fn belongs_to_cargo_run(variable: &OsStr) -> bool {
    let name = variable.to_string_lossy();
    let prefixes = ["CARGO_PKG_", "CARGO_BIN_", "CARGO_MANIFEST_", "CARGO_CRATE_"];
    let names = ["CARGO_PRIMARY_PACKAGE", "OUT_DIR", "RUST_RECURSION_COUNT"];
    prefixes.iter().any(|prefix| name.starts_with(prefix)) || names.contains(&name.as_ref())
}

/// The standard output of a command that must succeed.
pub(crate) fn capture(command: &mut Command) -> Outcome<String> {
    let output = command.output().map_err(|error| not_started(command, &error))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(Failure::new(format!("`{}` failed ({}): {}", line(command), output.status, said.trim())))
}

/// The first line that a program prints about itself, if it can be run at all.
pub(crate) fn first_line(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&text).lines().next().map(str::to_owned)
}

/// Runs a command and shows what it prints as it comes. Lines about compiled crates are folded
/// into a progress line now and then; every line is also handed to `on_line`.
pub(crate) fn stream(command: &mut Command, mut on_line: impl FnMut(&str)) -> Outcome<ExitStatus> {
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| not_started(command, &error))?;
    let (sender, lines) = channel();
    forward(child.stdout.take(), sender.clone());
    forward(child.stderr.take(), sender);
    let mut fold = Fold::default();
    for line in lines {
        match fold.take(&line) {
            None => print::passthrough(&line),
            Some(Some(progress)) => print::note(progress),
            Some(None) => {}
        }
        on_line(&line);
    }
    Ok(child.wait()?)
}

/// Like [`stream`], for a command that must succeed.
pub(crate) fn check(command: &mut Command) -> Outcome {
    let status = stream(command, |_| {})?;
    expect_success(command, status)
}

/// A failure that names the command and its exit status.
pub(crate) fn expect_success(command: &Command, status: ExitStatus) -> Outcome {
    if status.success() {
        return Ok(());
    }
    Err(Failure::new(format!("`{}` failed ({status})", line(command))))
}

pub(crate) fn not_started(command: &Command, error: &std::io::Error) -> Failure {
    Failure::new(format!("`{}` could not be started: {error}", line(command)))
}

/// A command as a person would type it.
pub(crate) fn line(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let name = program.file_name().map(OsStr::to_os_string).unwrap_or_default();
    let words = std::iter::once(name).chain(command.get_args().map(OsString::from));
    words.map(|word| quote(&word.to_string_lossy())).collect::<Vec<_>>().join(" ")
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=./:,@+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

fn forward(source: Option<impl Read + Send + 'static>, lines: Sender<String>) {
    let Some(source) = source else { return };
    thread::spawn(move || each_line(source, |line| lines.send(line).is_ok()));
}

/// Hands over every line of `source`, whatever its encoding, until it ends or nobody listens.
pub(crate) fn each_line(source: impl Read, mut on_line: impl FnMut(String) -> bool) {
    let mut reader = BufReader::new(source);
    let mut bytes = Vec::new();
    while reader.read_until(b'\n', &mut bytes).is_ok_and(|read| read > 0) {
        let line = String::from_utf8_lossy(&bytes).trim_end().to_owned();
        bytes.clear();
        if !on_line(line) {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_cargo_run_sets_is_removed() {
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME", "OUT_DIR"] {
            assert!(belongs_to_cargo_run(OsStr::new(name)), "{name}");
        }
        for name in ["CARGO", "CARGO_HOME", "CARGO_TARGET_DIR", "RUSTUP_TOOLCHAIN", "PATH"] {
            assert!(!belongs_to_cargo_run(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn a_command_reads_as_typed() {
        let mut command = program("cargo");
        command.args(["nextest", "run", "-E", "not (kind(test))"]);
        assert_eq!(line(&command), "cargo nextest run -E 'not (kind(test))'");
    }

    #[test]
    fn lines_of_both_streams_arrive_and_the_status_is_kept() {
        let mut seen = Vec::new();
        let mut command = program("sh");
        command.args(["-c", "echo out; echo err >&2; exit 3"]);
        let status = stream(&mut command, |line| seen.push(line.to_owned())).unwrap();
        seen.sort();
        assert_eq!((status.code(), seen), (Some(3), vec!["err".to_owned(), "out".to_owned()]));
    }
}
