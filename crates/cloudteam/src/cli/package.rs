//! `cloudteam package`.

use camino::Utf8PathBuf;
use cloudops_aws::{
    config_file::CloudOpsConfig,
    ctx::Ctx,
    diagnose::Class,
    package::Package,
    terminal::{CliResult, LimitArgs, Session},
};
use cloudteam::ops::package::{self, LocalRequest, PublishRequest, ServerRequest};

use super::{package_report as report, source::machine};

/// Verbs of `package`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Build the deployment package and publish it
    Build(BuildArgs),
    /// Show the published packages, the newest first
    List,
    /// Show what is known about a published package
    Show {
        /// Begin of its id or digest [default: the newest]
        package: Option<String>,
    },
    /// Check a package file, as CloudDeploy does
    Verify {
        /// The zip file
        file: Utf8PathBuf,
        #[command(flatten)]
        limits: LimitArgs,
    },
    /// Check a package file and publish it
    Publish(PublishArgs),
}

/// Where a build runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Runner {
    /// On the build server
    BuildServer,
    /// On this machine
    Local,
}

/// Options of `build`.
#[derive(Debug, clap::Args)]
pub(super) struct BuildArgs {
    /// Where it runs
    #[arg(long, value_enum, default_value = "build-server")]
    runner: Runner,
    /// Branch, tag or commit [default: source.branch of cloudops.yaml]
    #[arg(long, conflicts_with = "source")]
    revision: Option<String>,
    /// With --runner local: working copy to build in, in place of a fresh clone
    #[arg(long, value_name = "DIR")]
    source: Option<Utf8PathBuf>,
    /// With --runner local: keep dependencies in the artifact bucket from build to build
    #[arg(long)]
    cache: bool,
    #[command(flatten)]
    made: Made,
}

/// Options of `publish`.
#[derive(Debug, clap::Args)]
pub(super) struct PublishArgs {
    /// The zip file
    file: Utf8PathBuf,
    /// Folder of the source code that it was built from
    #[arg(long, value_name = "DIR")]
    source: Option<Utf8PathBuf>,
    #[command(flatten)]
    made: Made,
    #[command(flatten)]
    limits: LimitArgs,
}

/// How a package was made.
#[derive(Debug, clap::Args)]
pub(super) struct Made {
    /// Build that made it [default: user and host]
    #[arg(long, value_name = "TEXT")]
    built_by: Option<String>,
    /// Where the log of the build is
    #[arg(long, value_name = "URL")]
    log: Option<String>,
    /// Run of the build job, by which it is found
    #[arg(long, value_name = "ID")]
    run: Option<String>,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    if let Verb::Verify { file, limits } = verb {
        let package = Package::open_within(&file, limits.limits())?;
        package.check_contents()?;
        package.digest()?;
        session.print(&report::Verified(package));
        return Ok(Class::Done);
    }
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    match verb {
        Verb::Build(args) => build(session, &ctx, &config, args).await?,
        Verb::Publish(args) => {
            let request = PublishRequest {
                file: args.file,
                source: args.source,
                built_by: built_by(session, args.made.built_by),
                build_log: args.made.log,
                run: args.made.run.filter(|run| !run.is_empty()),
                limits: args.limits.limits(),
                ..PublishRequest::default()
            };
            let (manifest, new) = package::publish(&ctx, &config, &request).await?;
            session.print(&report::Published { manifest, new });
        }
        Verb::Show { package: text } => {
            session.print(&report::Shown(package::find(&ctx, &config, text.as_deref()).await?));
        }
        Verb::List | Verb::Verify { .. } => {
            session.print(&report::Packages(package::list(&ctx, &config).await?));
        }
    }
    Ok(Class::Done)
}

async fn build(
    session: &Session,
    ctx: &Ctx,
    config: &CloudOpsConfig,
    args: BuildArgs,
) -> Result<(), cloudteam::error::TeamError> {
    let revision = args.revision.unwrap_or_else(|| config.source.branch.clone());
    let run = args.made.run.filter(|run| !run.is_empty());
    let (manifest, new) = match args.runner {
        Runner::BuildServer => {
            let owner = session.settings.owner.clone();
            let request = ServerRequest { revision, run, owner };
            (package::build_on_server(ctx, config, &request).await?, true)
        }
        Runner::Local => {
            let request = LocalRequest {
                source: args.source,
                revision,
                machine: machine(session, args.cache),
                built_by: built_by(session, args.made.built_by),
                build_log: args.made.log,
                run,
            };
            package::build_here(ctx, config, &request).await?
        }
    };
    session.print(&report::Published { manifest, new });
    Ok(())
}

fn built_by(session: &Session, given: Option<String>) -> String {
    let owner = &session.settings.owner;
    given.unwrap_or_else(|| format!("{}@{}", owner.user, owner.host))
}
