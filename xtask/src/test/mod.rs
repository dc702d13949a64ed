//! `cargo xtask test`: every check and test, stage by stage. It is all that CI runs.

mod counts;
mod stage;
mod steps;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::failure::Outcome;
use crate::prerequisites;
use crate::print;
use crate::progress::elapsed;
use crate::workspace::Workspace;

use counts::Counts;
use stage::Stage;
use steps::Session;

/// Options of `cargo xtask test`.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run this stage only; may be given several times
    #[arg(long = "stage", value_name = "NAME")]
    stages: Vec<Stage>,
    /// Say what the stages are
    #[arg(long)]
    list: bool,
}

/// What came of one stage.
struct Report {
    stage: Stage,
    outcome: Outcome,
    counts: Counts,
    took: Duration,
}

/// Runs the stages in their order until one fails.
pub(crate) fn run(workspace: &Workspace, args: &Args) -> Outcome<ExitCode> {
    if args.list {
        Stage::ALL
            .iter()
            .for_each(|stage| print::result(format!("{:10} {}", stage.name(), stage.about())));
        return Ok(ExitCode::SUCCESS);
    }
    let wanted = |stage: &Stage| match args.stages.as_slice() {
        [] => true,
        named => named.contains(stage),
    };
    let stages: Vec<Stage> = Stage::ALL.into_iter().filter(wanted).collect();
    prerequisites::for_test(
        stages.iter().any(|stage| stage.plays()),
        stages.contains(&Stage::Templates),
        stages.contains(&Stage::Unit),
    )?;
    let mut session = Session::begin(workspace, &stages)?;
    let mut reports = Vec::new();
    for stage in &stages {
        let report = run_stage(*stage, &mut session);
        let failed = report.outcome.is_err();
        reports.push(report);
        if failed {
            break;
        }
    }
    drop(session);
    Ok(summarize(&stages, &reports))
}

fn run_stage(stage: Stage, session: &mut Session) -> Report {
    print::heading(format!("{}: {}", stage.name(), stage.about()));
    let started = Instant::now();
    let mut counts = Counts::default();
    let outcome = steps::run(stage, session, &mut counts);
    let took = started.elapsed();
    if let Err(failure) = &outcome {
        print::failure(failure);
        print::note(stage.advice());
        print::note(format!("then: cargo xtask test --stage {}", stage.name()));
    }
    Report { stage, outcome, counts, took }
}

/// The table of stages, and the closing line that CI reads.
fn summarize(stages: &[Stage], reports: &[Report]) -> ExitCode {
    print::result(format!("\n{:10} {:>8} {:>12}  {}", "stage", "result", "time", "tests"));
    reports.iter().for_each(|report| print::result(row(report)));
    for stage in stages.iter().skip(reports.len()) {
        print::result(format!("{:10} {:>8}", stage.name(), "not run"));
    }
    let total: Counts = reports.iter().map(|report| report.counts).sum();
    let failed = reports.iter().any(|report| report.outcome.is_err());
    let time: Duration = reports.iter().map(|report| report.took).sum();
    print::result(format!("\n{} of {} stages ran, {}", reports.len(), stages.len(), elapsed(time)));
    print::result(total);
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn row(report: &Report) -> String {
    let result = if report.outcome.is_ok() { "ok" } else { "FAILED" };
    let tests = if report.counts.is_empty() { String::new() } else { report.counts.to_string() };
    let row =
        format!("{:10} {result:>8} {:>12}  {tests}", report.stage.name(), elapsed(report.took));
    row.trim_end().to_owned()
}
