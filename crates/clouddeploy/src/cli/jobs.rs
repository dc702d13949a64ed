//! `clouddeploy jobs`.

use camino::Utf8PathBuf;
use clouddeploy::ops::jobs::{self, JobsRequest};
use cloudops_aws::{
    build_server::JobFiles,
    diagnose::Class,
    jenkins::job_set::Prune,
    terminal::{CliResult, JobDifferencesReport, JobsPlanReport, Session},
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
    /// Move jobs that are no longer defined to the folder `retired`, with their builds
    #[arg(long)]
    prune: bool,
    /// With --prune: delete them with their builds
    #[arg(long, requires = "prune")]
    prune_history: bool,
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
    /// Show line by line where jobs differ
    #[arg(long)]
    diff: bool,
    /// Exit with 20 when there is something to change
    #[arg(long)]
    detailed_exit_code: bool,
}

impl JobsArgs {
    fn prune(&self) -> Prune {
        match (self.prune, self.prune_history) {
            (_, true) => Prune::Delete,
            (true, false) => Prune::Retire,
            (false, false) => Prune::Disable,
        }
    }

    fn files(&self, session: &Session) -> JobFiles {
        files(session, self.programs.as_ref())
    }
}

/// Where the files are that jobs fetch.
pub(super) fn files(session: &Session, programs: Option<&Utf8PathBuf>) -> JobFiles {
    JobFiles {
        settings: session.settings.config.clone(),
        programs: programs.unwrap_or(&session.settings.programs).clone(),
    }
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    match verb {
        Verb::Plan(args) => {
            let (files, prune) = (args.jobs.files(session), args.jobs.prune());
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
            if args.prune_history {
                session
                    .confirm("Delete jobs that are no longer defined, and their builds?")
                    .await?;
            }
            let files = args.files(session);
            let request = JobsRequest { config: &config, files: &files, prune: args.prune() };
            let plan = jobs::apply(&ctx, &request, &session.settings.owner).await?;
            session.print(&JobsPlanReport(&plan));
            Ok(Class::Done)
        }
    }
}
