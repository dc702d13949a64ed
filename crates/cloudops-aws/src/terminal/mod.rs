//! What the three programs share towards a person: arguments, settings, output, exit codes.
//!
//! A program is a clap parser that implements [`Program`]; its `main` is
//! `fn main() -> ExitCode { terminal::run::<Cli>() }`.

mod args;
mod common;
mod completion;
mod exit;
mod failure;
mod job_args;
mod jobs;
mod limit_args;
mod operate;
mod plan_files;
mod plan_report;
mod printer;
mod render;
mod report;
mod runs;
mod session;
mod settings;

pub use args::{ColorArg, GlobalArgs, OutputArg};
pub use common::UnlockReport;
pub use completion::CompletionArgs;
pub use exit::{CliResult, Program, run};
pub use failure::Failure;
pub use job_args::{JobPrograms, PruneArgs};
pub use jobs::{JobDifferencesReport, JobListReport, JobsPlanReport};
pub use limit_args::LimitArgs;
pub use operate::{
    AttendedReport, CancelledReport, DriftReport, FindingsReport, RepairedReport, RevertReport,
};
pub use plan_files::{read_plan, write_plan};
pub use plan_report::PlanReport;
pub use report::{Report, Style, Table};
pub use runs::{RunsArgs, ShowArgs, list_runs, show_run};
pub use session::{Session, SessionError};
pub use settings::{Environment, OutputMode, Settings, SettingsError};
