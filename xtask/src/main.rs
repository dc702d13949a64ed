//! Tasks of the workspace, run as `cargo xtask TASK`: `rehearse` shows the whole journey against a
//! local AWS, `test` is all that CI runs, `tidy` and `templates` are two of its stages on their own,
//! `bench` compares us with other tools.

mod bench;
mod command;
mod failure;
mod prerequisites;
mod print;
mod progress;
mod rehearse;
mod templates;
mod test;
mod tidy;
mod tools;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use failure::Outcome;
use workspace::Workspace;

/// Tasks of the CloudOps workspace.
#[derive(Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Run the whole journey, from an empty account to a running environment, on this machine
    Rehearse(rehearse::Args),
    /// Run every check and test, stage by stage, stopping at the first that fails
    Test(test::Args),
    /// Measure us beside others, and say which of our goals are met
    Bench(bench::Args),
    /// Check who imports whom and the other rules of the house
    Tidy,
    /// Check the CloudFormation templates, the tables about them, and all shell scripts
    Templates(templates::Args),
}

fn main() -> ExitCode {
    match run(Cli::parse().task) {
        Ok(code) => code,
        Err(failure) => {
            print::failure(&failure);
            failure.exit_code()
        }
    }
}

fn run(task: Task) -> Outcome<ExitCode> {
    let workspace = Workspace::find()?;
    match task {
        Task::Rehearse(args) => return rehearse::run(&workspace, &args),
        Task::Test(args) => return test::run(&workspace, &args),
        Task::Bench(args) => return bench::run(&workspace, &args),
        Task::Tidy => tidy::run(&workspace)?,
        Task::Templates(args) => templates::run(&workspace, &args)?,
    }
    Ok(ExitCode::SUCCESS)
}
