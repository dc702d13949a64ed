//! `cloudteam jobs run` and `cloudteam jobs log`.

use std::fmt::{self, Write};

use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    diagnose::Class,
    jenkins::{BuildResult, Jenkins},
    terminal::{CliResult, Report, Session, Style},
};
use cloudteam::ops::jobs::{self, Started};

/// Options of `run`.
#[derive(Debug, clap::Args)]
pub(super) struct RunArgs {
    /// Name of the job
    job: String,
    /// A parameter; can be given several times
    #[arg(short, long = "parameter", value_name = "NAME=VALUE")]
    parameters: Vec<String>,
    /// Do not wait for its end
    #[arg(long)]
    detach: bool,
}

/// Options of `log`.
#[derive(Debug, clap::Args)]
pub(super) struct LogArgs {
    /// Name of the job
    job: String,
    /// Number of the build [default: the last one]
    #[arg(long)]
    build: Option<u64>,
    /// Go on until the build ends; exit with its result
    #[arg(short, long)]
    follow: bool,
}

pub(super) async fn run(
    session: &Session,
    ctx: &Ctx,
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
    args: RunArgs,
) -> CliResult {
    let path = jobs::path(config, &args.job)?;
    let started = jobs::start(ctx, jenkins, &path, &args.parameters).await?;
    if args.detach {
        session.print(&Begun(started));
        return Ok(Class::Done);
    }
    let result = jobs::finish(ctx, jenkins, &started).await?;
    session.print(&Ended { job: path.to_string(), result });
    Ok(Class::Done)
}

pub(super) async fn log(
    session: &Session,
    ctx: &Ctx,
    jenkins: &Jenkins,
    config: &CloudOpsConfig,
    args: &LogArgs,
) -> CliResult {
    let path = jobs::path(config, &args.job)?;
    let build = jobs::build(jenkins, &path, args.build).await?;
    if args.follow {
        let result = jobs::follow(ctx, jenkins, &build).await?;
        session.print(&Ended { job: path.to_string(), result });
        return Ok(Class::Done);
    }
    session.print_text(&jenkins.log(&build).await?);
    Ok(Class::Done)
}

struct Begun(Started);

impl Report for Begun {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let Started { item, build } = &self.0;
        match build {
            Some(build) => writeln!(out, "{build} has started"),
            None => writeln!(out, "{} waits in the queue as item {}", item.job, item.id),
        }
    }

    fn json(&self) -> serde_json::Value {
        let Started { item, build } = &self.0;
        serde_json::json!({
            "job": item.job.to_string(),
            "queue-item": item.id,
            "run": item.run,
            "build": build.as_ref().map(|build| build.number),
        })
    }
}

struct Ended {
    job: String,
    result: BuildResult,
}

impl Report for Ended {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let Self { job, result } = self;
        let seconds = result.duration.as_secs_f64();
        let (number, outcome, url) = (result.number, result.outcome, &result.url);
        writeln!(out, "{job} #{number} ended with {outcome} after {seconds:.1} s: {url}")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "job": self.job,
            "build": self.result.number,
            "outcome": self.result.outcome.to_string(),
            "seconds": self.result.duration.as_secs_f64(),
            "url": self.result.url,
        })
    }
}
