//! Our container program, `cloudops-containers`: docker's verbs over three back ends.
//!
//! The local AWS runs ECS tasks, databases and brokers by calling the program that
//! `FAKECLOUD_CONTAINER_CLI` names. This one keeps a folder per container under
//! `CLOUDOPS_CONTAINERS_DIR` and has each container's process watched by a detached copy of itself:
//!
//! | back end | when | what runs |
//! |---|---|---|
//! | `podman` | the image is in a loopback registry and podman works here | a real container |
//! | `process` | the image is in a loopback registry | the image's entry point in its unpacked root |
//! | `pretend` | no registry here has the image | a process of ours that answers 200 (and a little MySQL) |
//!
//! `summary --json` tells which of the three each container was; `cleanup` ends and removes all.

mod args;
mod command;
mod error;
mod format;
mod health;
mod image;
mod launch;
mod lifecycle;
mod mysql;
mod podman;
mod ports;
mod pretend;
mod process;
mod registry;
mod report;
mod run;
mod state;
mod supervise;
mod unpack;
mod verbs;

use std::io::Write;
use std::process::ExitCode;

pub use error::Error;

/// Runs the verb of `arguments` (without the program's name) and gives the exit code.
pub fn main(arguments: Vec<String>) -> ExitCode {
    match verbs::dispatch(&arguments) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            // Nobody is left to tell when standard error is closed.
            let _ = writeln!(std::io::stderr(), "Error: {error}");
            ExitCode::from(error.exit_code())
        }
    }
}

/// Writes one line to standard output: the callers parse what is printed there.
fn say(line: &str) -> Result<(), Error> {
    writeln!(std::io::stdout(), "{line}")?;
    Ok(())
}
