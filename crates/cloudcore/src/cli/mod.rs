//! The command line of `cloudcore`.

mod build_server;
mod config;
mod destroy;
mod dns;
mod doctor;
mod graph;
mod init;
mod list;
mod new;
mod operate;
mod plan;
mod reach;
mod show;
mod status;
mod unlock;

use clap::{CommandFactory, Parser, Subcommand};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, CompletionArgs, GlobalArgs, Program, RunsArgs, Session, ShowArgs},
};

/// Sets up the foundation of a commerce environment in an AWS account: network, bastion, build
/// server, configuration management, storage, DNS and certificates.
#[derive(Debug, Parser)]
#[command(name = "cloudcore", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    globals: GlobalArgs,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Write a `cloudops.yaml`, by asking for the few things that matter
    New(new::Args),
    /// Look for what would stand in the way of `init`, before anything is made; exits with 5 then
    Doctor,
    /// Show what `init` would change
    Plan(plan::Args),
    /// Create the foundation, or bring it up to date; can be run again at any time
    Init(init::Args),
    /// Execute a plan that `plan --out` wrote, exactly as it was, or say that it is stale
    Apply(init::ApplyArgs),
    /// List the instances of an account, or of several, in all regions
    List(list::Args),
    /// Show what exists, asked of AWS
    Status,
    /// Show the outputs of the foundation's stacks
    Outputs,
    /// Draw the instance: what there is, where, and who may reach whom
    Graph(graph::Args),
    /// Read and write the configuration of the instance
    #[command(subcommand)]
    Config(config::Verb),
    /// Look after the build server: its health, its image, tokens
    #[command(subcommand)]
    BuildServer(build_server::Verb),
    /// Say whether the domain is delegated, and which hop of the way is wrong
    #[command(subcommand)]
    Dns(dns::Verb),
    /// Open a shell on the bastion, or run a command there
    Ssh(reach::SshArgs),
    /// Open a port here that leads into the network: to a database, the configuration, or HOST:PORT
    Tunnel(reach::TunnelArgs),
    /// Delete the foundation
    Destroy(destroy::Args),
    /// Get stacks out of statuses that `init` refuses to touch; shows first what it would do
    Repair,
    /// Compare all stacks of the instance with their templates; exits with 20 when some differ
    Drift(operate::DriftArgs),
    /// Watch what is going on with the stacks of the instance, whoever began it
    Attach,
    /// Undo the updates that are running on stacks of the instance
    Cancel,
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
    const NAME: &'static str = "cloudcore";

    fn globals(&self) -> &GlobalArgs {
        &self.globals
    }

    async fn execute(self, session: &Session) -> CliResult {
        match self.verb {
            Verb::New(args) => new::exec(session, &args).await,
            Verb::Doctor => doctor::exec(session).await,
            Verb::Plan(args) => plan::exec(session, &args).await,
            Verb::Init(args) => init::exec(session, &args).await,
            Verb::Apply(args) => init::apply(session, &args).await,
            Verb::Repair => operate::repair(session).await,
            Verb::Drift(args) => operate::drift(session, &args).await,
            Verb::Attach => operate::attach(session).await,
            Verb::Cancel => operate::cancel(session).await,
            Verb::List(args) => list::exec(session, &args).await,
            Verb::Status => status::exec(session).await,
            Verb::Outputs => status::outputs(session).await,
            Verb::Graph(args) => graph::exec(session, &args).await,
            Verb::Config(verb) => config::exec(session, verb).await,
            Verb::BuildServer(verb) => build_server::exec(session, verb).await,
            Verb::Dns(verb) => dns::exec(session, verb).await,
            Verb::Ssh(args) => reach::ssh(session, &args).await,
            Verb::Tunnel(args) => reach::tunnel(session, &args).await,
            Verb::Destroy(args) => destroy::exec(session, &args).await,
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
