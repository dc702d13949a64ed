//! `cargo xtask bench`: how fast and how sparing we are, side by side with others.

mod goal;
mod images;
mod measure;
mod processes;
mod programs;
mod running;
mod stacks;
mod statistics;
mod table;

use std::process::ExitCode;

use clap::Subcommand;

use crate::failure::Outcome;
use crate::workspace::Workspace;

/// Options of `cargo xtask bench`.
#[derive(clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// The image builder beside buildah
    Images(images::Args),
    /// The stack engine beside Sceptre, the AWS CLI, aws-cdk and aws-sam-cli
    Stacks(stacks::Args),
}

/// Runs the benchmark. Success when every goal is met.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Outcome<ExitCode> {
    match &args.what {
        What::Images(args) => images::run(workspace, args),
        What::Stacks(args) => stacks::run(workspace, args),
    }
}
