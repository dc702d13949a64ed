//! The `clouddeploy` program.

use std::process::ExitCode;

mod cli;

fn main() -> ExitCode {
    cloudops_aws::terminal::run::<cli::Cli>()
}
