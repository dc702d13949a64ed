//! `cloudteam jobs`.

use cloudops_aws::{
    build_server::{Demand, Fetched},
    diagnose::Class,
    jenkins::job_set::Prune,
    state::init::{Component, InitState},
    terminal::{
        CliResult, JobDifferencesReport, JobListReport, JobPrograms, JobsPlanReport, PruneArgs,
        Session,
    },
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
    #[command(flatten)]
    prune: PruneArgs,
    #[command(flatten)]
    programs: JobPrograms,
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
    programs: JobPrograms,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let state = ops::foundation(&ctx.aws, &config).await?;
    state.require(Component::Team)?;
    let fetched = |programs: &JobPrograms, state: &InitState| -> Result<Fetched, _> {
        jobs::fetched(&ctx, state, &programs.files(session))
    };
    match verb {
        Verb::Plan(args) => {
            let fetched = fetched(&args.jobs.programs, &state)?;
            let jenkins = jobs::connect(&ctx, &config, &state, Demand::Plugins).await?;
            let plan = jobs::plan(&jenkins, &config, &fetched, args.jobs.prune.prune()).await?;
            session.print(&JobsPlanReport(&plan));
            let pending = args.detailed_exit_code && plan.has_changes();
            Ok(if pending { Class::ChangesPending } else { Class::Done })
        }
        Verb::Apply(args) => {
            let prune = args.prune.confirmed(session).await?;
            let fetched = fetched(&args.programs, &state)?;
            let jenkins = jobs::connect(&ctx, &config, &state, Demand::Plugins).await?;
            let owner = &session.settings.owner;
            let plan = jobs::apply_locked(&ctx, &jenkins, &config, &fetched, prune, owner).await?;
            session.print(&JobsPlanReport(&plan));
            Ok(Class::Done)
        }
        Verb::Diff(args) => {
            let fetched = fetched(&args.programs, &state)?;
            let jenkins = jobs::connect(&ctx, &config, &state, Demand::Answer).await?;
            let mut plan = jobs::plan(&jenkins, &config, &fetched, Prune::Disable).await?;
            if let Some(name) = &args.job {
                let path = jobs::known(&plan, &config, name)?;
                plan.changes.retain(|change| change.path == path);
            }
            session.print(&JobDifferencesReport(&plan));
            Ok(Class::Done)
        }
        Verb::List => {
            let jenkins = jobs::connect(&ctx, &config, &state, Demand::Answer).await?;
            session.print(&JobListReport(&jobs::list(&jenkins, &config).await?));
            Ok(Class::Done)
        }
        Verb::Run(args) => {
            let jenkins = jobs::connect(&ctx, &config, &state, Demand::Plugins).await?;
            run::run(session, &ctx, &jenkins, &config, args).await
        }
        Verb::Log(args) => {
            let jenkins = jobs::connect(&ctx, &config, &state, Demand::Answer).await?;
            run::log(session, &ctx, &jenkins, &config, &args).await
        }
    }
}
