//! `clouddeploy jobs`.

use clouddeploy::ops::jobs::{self, JobsRequest};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, JobDifferencesReport, JobPrograms, JobsPlanReport, PruneArgs, Session},
};

/// Verbs of `jobs`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show what `apply` would change
    Plan(PlanArgs),
    /// Create the jobs, or bring them to their definition
    Apply(JobsArgs),
}

/// Options of both verbs.
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
    /// Show line by line where jobs differ
    #[arg(long)]
    diff: bool,
    /// Exit with 20 when there is something to change
    #[arg(long)]
    detailed_exit_code: bool,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    match verb {
        Verb::Plan(args) => {
            let (files, prune) = (args.jobs.programs.files(session), args.jobs.prune.prune());
            let request = JobsRequest { config: &config, files: &files, prune };
            let plan = jobs::plan(&ctx, &request).await?;
            match args.diff {
                true => session.print(&JobDifferencesReport(&plan)),
                false => session.print(&JobsPlanReport(&plan)),
            }
            let pending = args.detailed_exit_code && plan.has_changes();
            Ok(if pending { Class::ChangesPending } else { Class::Done })
        }
        Verb::Apply(args) => {
            let prune = args.prune.confirmed(session).await?;
            let files = args.programs.files(session);
            let request = JobsRequest { config: &config, files: &files, prune };
            let plan = jobs::apply(&ctx, &request, &session.settings.owner).await?;
            session.print(&JobsPlanReport(&plan));
            Ok(Class::Done)
        }
    }
}
