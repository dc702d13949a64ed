//! The command line of `clouddeploy`.

mod deploy;
mod env;
mod images;
mod init;
mod jobs;
mod logs;
mod operate;
mod package;
mod package_report;
mod registry_login;
mod release;
mod show;
mod status;
mod unlock;

use clap::{CommandFactory, Parser, Subcommand};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, CompletionArgs, GlobalArgs, Program, RunsArgs, Session, ShowArgs},
};

/// Builds container images from the deployment package, and deploys, watches and rolls back
/// commerce environments.
#[derive(Debug, Parser)]
#[command(name = "clouddeploy", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    globals: GlobalArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Create the image repositories and the jobs; can be run again
    Init(init::Args),
    /// Container images
    #[command(subcommand)]
    Images(images::Verb),
    /// The jobs on the build server
    #[command(subcommand)]
    Jobs(jobs::Verb),
    /// Deployment packages
    #[command(subcommand)]
    Package(package::Verb),
    /// Environments
    #[command(subcommand)]
    Env(env::Verb),
    /// Releases in the ledger
    #[command(subcommand)]
    Release(release::Verb),
    /// Show what `deploy` would change
    Plan(deploy::PlanArgs),
    /// Deploy a release to an environment
    Deploy(deploy::DeployArgs),
    /// Execute a plan that `plan --out` wrote, exactly as it was, or say that it is stale
    Apply(deploy::ApplyArgs),
    /// Get stacks of an environment out of statuses that `deploy` refuses to touch; shows first
    /// what it would do
    Repair(operate::EnvArgs),
    /// Compare the stacks of an environment with their templates; exits with 20 when some differ
    Drift(operate::DriftArgs),
    /// Watch what is going on with the stacks of an environment, whoever began it
    Attach(operate::EnvArgs),
    /// Undo the updates that are running on stacks of an environment
    Cancel(operate::EnvArgs),
    /// Go back to an earlier release
    Rollback(deploy::RollbackArgs),
    /// Show what runs in an environment, asked of AWS
    Status(status::Args),
    /// Show the log lines of the services of an environment
    Logs(logs::Args),
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
    const NAME: &'static str = "clouddeploy";

    fn globals(&self) -> &GlobalArgs {
        &self.globals
    }

    async fn execute(self, session: &Session) -> CliResult {
        match self.verb {
            Verb::Init(args) => init::exec(session, &args).await,
            Verb::Images(verb) => images::exec(session, verb).await,
            Verb::Jobs(verb) => jobs::exec(session, verb).await,
            Verb::Package(verb) => package::exec(session, verb).await,
            Verb::Env(verb) => env::exec(session, verb).await,
            Verb::Release(verb) => release::exec(session, &verb).await,
            Verb::Plan(args) => deploy::plan(session, args).await,
            Verb::Deploy(args) => deploy::deploy(session, args).await,
            Verb::Apply(args) => deploy::apply(session, &args).await,
            Verb::Repair(args) => operate::repair(session, &args).await,
            Verb::Drift(args) => operate::drift(session, &args).await,
            Verb::Attach(args) => operate::attach(session, &args).await,
            Verb::Cancel(args) => operate::cancel(session, &args).await,
            Verb::Rollback(args) => deploy::rollback(session, args).await,
            Verb::Status(args) => status::exec(session, &args).await,
            Verb::Logs(args) => logs::exec(session, args).await,
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
