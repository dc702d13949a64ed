//! The command line of `cloudteam`.

mod import;
mod init;
mod jobs;
mod jobs_run;
mod package;
mod package_report;
mod show;
mod source;
mod unlock;

use clap::{CommandFactory, Parser, Subcommand};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, CompletionArgs, GlobalArgs, Program, RunsArgs, Session, ShowArgs},
};

/// Takes the commerce source code into a git repository, creates the jobs on the build server,
/// and builds the deployment package with them.
#[derive(Debug, Parser)]
#[command(name = "cloudteam", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    globals: GlobalArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Set up the pipeline: import the distribution, create the jobs; can be run again
    Init(init::Args),
    /// Import another distribution and merge it into the working branch
    Import(import::Args),
    /// The jobs on the build server
    #[command(subcommand)]
    Jobs(jobs::Verb),
    /// The source code
    #[command(subcommand)]
    Source(source::Verb),
    /// The deployment package
    #[command(subcommand)]
    Package(package::Verb),
    /// List what was run, the newest first
    Runs(RunsArgs),
    /// Show a run again, as it went
    Show(ShowArgs),
    /// Remove the lock of a run that is certainly dead
    Unlock(unlock::Args),
    /// Write a completion script for a shell
    Completion(CompletionArgs),
}

impl Program for Cli {
    const NAME: &'static str = "cloudteam";

    fn globals(&self) -> &GlobalArgs {
        &self.globals
    }

    async fn execute(self, session: &Session) -> CliResult {
        match self.verb {
            Verb::Init(args) => init::exec(session, args).await,
            Verb::Import(args) => import::exec(session, args).await,
            Verb::Jobs(verb) => jobs::exec(session, verb).await,
            Verb::Source(verb) => source::exec(session, verb).await,
            Verb::Package(verb) => package::exec(session, verb).await,
            Verb::Runs(args) => show::runs(session, &args).await,
            Verb::Show(args) => show::show(session, &args).await,
            Verb::Unlock(args) => unlock::exec(session, &args).await,
            Verb::Completion(args) => {
                args.print(Self::command());
                Ok(Class::Done)
            }
        }
    }
}
