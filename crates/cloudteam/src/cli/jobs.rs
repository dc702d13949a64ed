//! `cloudteam jobs`.

use camino::Utf8PathBuf;
use cloudops_aws::{
    build_server::{Fetched, JobFiles},
    diagnose::Class,
    jenkins::job_set::Prune,
    state::init::{Component, InitState},
    terminal::{CliResult, JobDifferencesReport, JobListReport, JobsPlanReport, Session},
};
use cloudteam::ops::{self, jobs};

use super::jobs_run as run;

/// Verbs of `jobs`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show what `apply` would change
    Plan(PlanArgs),
    /// Create the jobs, or bring them to their definition
    Apply(JobsArgs),
    /// Show line by line where jobs differ from their definition
    Diff(DiffArgs),
    /// Show the jobs of the instance and their last builds
    List,
    /// Start a job, and follow it to its end
    Run(run::RunArgs),
    /// Show the log of a build
    Log(run::LogArgs),
}

/// Options of `apply`.
#[derive(Debug, clap::Args)]
pub(super) struct JobsArgs {
    /// Move jobs that are no longer defined to the folder `retired`, with their builds
    #[arg(long)]
    prune: bool,
    /// With --prune: delete them with their builds
    #[arg(long, requires = "prune")]
    prune_history: bool,
    #[command(flatten)]
    programs: Programs,
}

/// Where the programs of the jobs are.
#[derive(Debug, clap::Args)]
pub(super) struct Programs {
    /// Folder with the programs for linux/amd64 that jobs fetch [env: CLOUDOPS_PROGRAMS]
    /// [default: the folder of this program]
    #[arg(long, value_name = "DIR")]
    programs: Option<Utf8PathBuf>,
}

/// Options of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    #[command(flatten)]
    jobs: JobsArgs,
    /// Exit with 20 when there is something to change
    #[arg(long)]
    detailed_exit_code: bool,
}

/// Options of `diff`.
#[derive(Debug, clap::Args)]
pub(super) struct DiffArgs {
    /// Name of the job; all of them without
    job: Option<String>,
    #[command(flatten)]
    programs: Programs,
}

impl Programs {
    /// What the jobs will fetch.
    pub(super) fn files(&self, session: &Session) -> JobFiles {
        JobFiles {
            settings: session.settings.config.clone(),
            programs: self.programs.clone().unwrap_or_else(|| session.settings.programs.clone()),
        }
    }
}

impl JobsArgs {
    fn prune(&self) -> Prune {
        match (self.prune, self.prune_history) {
            (_, true) => Prune::Delete,
            (true, false) => Prune::Retire,
            (false, false) => Prune::Disable,
        }
    }
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let state = ops::foundation(&ctx.aws, &config).await?;
    state.require(Component::Team)?;
    let fetched = |programs: &Programs, state: &InitState| -> Result<Fetched, _> {
        jobs::fetched(&ctx, state, &programs.files(session))
    };
    match verb {
        Verb::Plan(args) => {
            let fetched = fetched(&args.jobs.programs, &state)?;
            let jenkins = jobs::connect(&ctx, &config, &state).await?;
            let plan = jobs::plan(&jenkins, &config, &fetched, args.jobs.prune()).await?;
            session.print(&JobsPlanReport(&plan));
            let pending = args.detailed_exit_code && plan.has_changes();
            Ok(if pending { Class::ChangesPending } else { Class::Done })
        }
        Verb::Apply(args) => {
            if args.prune_history {
                session
                    .confirm("Delete jobs that are no longer defined, and their builds?")
                    .await?;
            }
            let fetched = fetched(&args.programs, &state)?;
            let jenkins = jobs::connect(&ctx, &config, &state).await?;
            let prune = args.prune();
            let owner = &session.settings.owner;
            let plan = jobs::apply_locked(&ctx, &jenkins, &config, &fetched, prune, owner).await?;
            session.print(&JobsPlanReport(&plan));
            Ok(Class::Done)
        }
        Verb::Diff(args) => {
            let fetched = fetched(&args.programs, &state)?;
            let jenkins = jobs::connect(&ctx, &config, &state).await?;
            let mut plan = jobs::plan(&jenkins, &config, &fetched, Prune::Disable).await?;
            if let Some(name) = &args.job {
                let path = jobs::known(&plan, &config, name)?;
                plan.changes.retain(|change| change.path == path);
            }
            session.print(&JobDifferencesReport(&plan));
            Ok(Class::Done)
        }
        Verb::List => {
            let jenkins = jobs::connect(&ctx, &config, &state).await?;
            session.print(&JobListReport(&jobs::list(&jenkins, &config).await?));
            Ok(Class::Done)
        }
        Verb::Run(args) => {
            let jenkins = jobs::connect(&ctx, &config, &state).await?;
            run::run(session, &ctx, &jenkins, &config, args).await
        }
        Verb::Log(args) => {
            let jenkins = jobs::connect(&ctx, &config, &state).await?;
            run::log(session, &ctx, &jenkins, &config, &args).await
        }
    }
}
