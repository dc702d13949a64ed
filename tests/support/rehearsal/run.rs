//! A whole rehearsal: the stage is set, the journey played, and everything taken down again.

use std::path::PathBuf;
use std::time::Instant;

use super::journey;
use super::outcome::{self, Outcome};
use super::printer::Printer;
use super::stage::Stage;
use super::tour::Tour;
use super::{Kit, RehearsalError};

/// The programs, in the order of the journey.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Component {
    /// `cloudcore`.
    Cloudcore,
    /// `cloudteam`.
    Cloudteam,
    /// `clouddeploy`.
    Clouddeploy,
}

/// Where deployment packages are built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Runner {
    /// By the job on the build server.
    #[default]
    BuildServer,
    /// By `cloudteam` on this machine.
    Local,
}

/// How a rehearsal is run.
#[derive(Debug, Clone)]
pub struct Options {
    /// What it is given.
    pub kit: Kit,
    /// Folder for all of its files.
    pub work: PathBuf,
    /// Leave everything running at the end.
    pub keep: bool,
    /// Stop after the steps of this program.
    pub component: Option<Component>,
    /// Where deployment packages are built.
    pub runner: Runner,
    /// Where the tour is written.
    pub printer: Printer,
}

/// Runs a rehearsal. What fails in it is part of the outcome.
///
/// # Errors
/// Only when the stage cannot be set.
pub async fn run(options: Options) -> Result<Outcome, RehearsalError> {
    let started = Instant::now();
    let printer = options.printer;
    printer.chapter("The stage");
    printer.note(&format!("all files of this rehearsal are in {}", options.work.display()));
    let mut stop = Stop::new()?;
    let set = async {
        let mut stage = Stage::set(&options.kit, &options.work).await?;
        stage.start_build_server().await?;
        let instance = stage.instance("acme", 20).await?;
        Tour::new(stage, instance, printer)
    };
    let mut tour = tokio::select! {
        tour = set => tour?,
        () = stop.asked() => return Err(RehearsalError::Interrupted),
    };
    tour.keep = options.keep;
    tour.runner = options.runner;
    describe(&tour);
    let result = tokio::select! {
        result = journey::play(&mut tour, options.component) => result,
        () = stop.asked() => Err(RehearsalError::Interrupted),
    };
    // `--keep` keeps a failed rehearsal too: that is when one wants to look around.
    let keep = options.keep && !matches!(result, Err(RehearsalError::Interrupted));
    let outcome = outcome::collect(&tour, result, keep, started.elapsed()).await;
    if keep {
        tour.stage.leave();
    } else {
        tour.stage.close().await;
    }
    Ok(outcome)
}

fn describe(tour: &Tour) {
    let printer = tour.printer;
    let endpoint = &tour.stage.emulator.endpoint;
    printer.note(&format!("a local AWS with nothing in it answers at {endpoint}"));
    if let Some(server) = &tour.stage.build_server {
        printer.note(&format!("a build server boots at {}", server.url));
    }
    printer.command("cat cloudops.yaml");
    tour.instance.settings.yaml().lines().for_each(|line| printer.program(line));
}

/// Ctrl-C, or the order to end.
struct Stop {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

impl Stop {
    fn new() -> Result<Self, RehearsalError> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}
