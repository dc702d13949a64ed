//! `clouddeploy env`.

use std::fmt::{self, Write};

use clap::ValueEnum;
use clouddeploy::ops::{
    env::{self, CreateRequest, DestroyRequest},
    protect::{self, ProtectReport, ProtectRequest},
};
use cloudops_aws::{
    diagnose::Class,
    ids::{EnvName, StackName},
    state::environments::{EnvKind, Environment},
    terminal::{CliResult, Failure, Report, Session, Style, Table},
};

/// Verbs of `env`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Create an environment, or finish one that was interrupted
    Create(CreateArgs),
    /// Show all environments
    List,
    /// Let AWS refuse to delete an environment, its databases and its load balancer
    Protect(ProtectArgs),
    /// Take the protection from deletion off an environment
    Unprotect(UnprotectArgs),
    /// Delete an environment; its databases leave a final snapshot
    Destroy(DestroyArgs),
}

/// Options of `env create`.
#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// Name, such as shop
    name: EnvName,
    /// What it is made of
    #[arg(long, value_enum)]
    kind: Kind,
    /// Size of its services [default: environments.size of cloudops.yaml]
    #[arg(long, value_parser = ["dev", "prod"])]
    size: Option<String>,
    /// Where its containers run [default: environments.launch-type of cloudops.yaml]
    #[arg(long, value_parser = ["ec2", "fargate"])]
    launch_type: Option<String>,
    /// Let AWS refuse to delete it [default: for author-live and for size prod]
    #[arg(long)]
    protect: bool,
    /// Do not protect it from deletion
    #[arg(long, conflicts_with = "protect")]
    no_protect: bool,
}

impl CreateArgs {
    /// Whether it is to be protected, where that was said.
    fn protected(&self) -> Option<bool> {
        (self.protect || self.no_protect).then_some(self.protect)
    }
}

/// Options of `env protect`.
#[derive(Debug, clap::Args)]
pub(super) struct ProtectArgs {
    /// Environment
    env: EnvName,
}

/// Options of `env unprotect`.
#[derive(Debug, clap::Args)]
pub(super) struct UnprotectArgs {
    /// Environment
    env: EnvName,
    /// Name of the environment again, to confirm it without a question (with --yes)
    #[arg(long)]
    name: Option<String>,
}

/// What an environment is made of.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    /// One side, for developers
    Single,
    /// An Author side that publishes to a Live side
    AuthorLive,
}

/// Options of `env destroy`.
#[derive(Debug, clap::Args)]
pub(super) struct DestroyArgs {
    /// Environment
    env: EnvName,
    /// Name of the environment again, to confirm it without a question (with --yes)
    #[arg(long)]
    name: Option<String>,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    confirm(session, &verb).await?;
    let ctx = session.connect(&config).await?;
    let owner = session.settings.owner.clone();
    match verb {
        Verb::Create(args) => {
            let request = CreateRequest {
                owner,
                protected: args.protected(),
                name: args.name,
                kind: match args.kind {
                    Kind::Single => EnvKind::Single,
                    Kind::AuthorLive => EnvKind::AuthorLive,
                },
                size: args.size.unwrap_or_else(|| config.environments.size.clone()),
                launch_type: args
                    .launch_type
                    .unwrap_or_else(|| config.environments.launch_type.clone()),
                config,
            };
            let (environment, changed) = env::create(&ctx, &request).await?;
            session.print(&Created { environment, changed });
        }
        Verb::List => session.print(&Listed(env::list(&ctx, &config).await?)),
        Verb::Protect(ProtectArgs { env: name }) => {
            let request = ProtectRequest { config, owner, name, protected: true };
            session.print(&Protected(protect::protect(&ctx, &request).await?));
        }
        Verb::Unprotect(UnprotectArgs { env: name, .. }) => {
            let request = ProtectRequest { config, owner, name, protected: false };
            session.print(&Protected(protect::protect(&ctx, &request).await?));
        }
        Verb::Destroy(args) => {
            let request = DestroyRequest { config, owner, name: args.env };
            session.print(&Destroyed(env::destroy(&ctx, &request).await?));
        }
    }
    Ok(Class::Done)
}

/// Makes sure that a person means it.
async fn confirm(session: &Session, verb: &Verb) -> Result<(), Failure> {
    let (what, env, name) = match verb {
        Verb::Destroy(DestroyArgs { env, name }) => {
            ("This deletes the environment with everything that runs in it.", env, name)
        }
        Verb::Unprotect(UnprotectArgs { env, name }) => {
            ("After this the environment and its databases can be deleted.", env, name)
        }
        Verb::Create(_) | Verb::List | Verb::Protect(_) => return Ok(()),
    };
    session.confirm_name(what, env.as_str(), name.as_deref()).await
}

struct Protected(ProtectReport);

impl Report for Protected {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let ProtectReport { environment, stacks, changed } = &self.0;
        let name = &environment.name;
        let is = if environment.protected { "protected" } else { "not protected" };
        if !changed {
            return writeln!(out, "nothing to change: the environment {name} is {is}");
        }
        writeln!(
            out,
            "the environment {name} is {is} from deletion; stacks changed: {}",
            stacks.len()
        )
    }

    fn json(&self) -> serde_json::Value {
        let ProtectReport { environment, stacks, changed } = &self.0;
        serde_json::json!({ "environment": environment, "stacks": stacks, "changed": changed })
    }
}

struct Created {
    environment: Environment,
    changed: bool,
}

impl Report for Created {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let name = &self.environment.name;
        if !self.changed {
            return writeln!(out, "nothing to change: the environment {name} is there");
        }
        writeln!(out, "the environment {name} is there")?;
        writeln!(out, "Next: `clouddeploy deploy --env {name}`.")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "environment": self.environment, "changed": self.changed })
    }
}

struct Listed(Vec<Environment>);

impl Report for Listed {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table =
            Table::new(style, &["ENVIRONMENT", "SIZE", "RUNS ON", "PROTECTED", "RELEASE"]);
        for environment in &self.0 {
            table.row([
                environment.name.as_str(),
                &environment.size,
                &environment.launch_type,
                if environment.protected { "yes" } else { "no" },
                environment.release().unwrap_or("-"),
            ]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "environments": self.0 })
    }
}

struct Destroyed(Vec<StackName>);

impl Report for Destroyed {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        writeln!(out, "{} stacks are gone", self.0.len())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "deleted": self.0 })
    }
}
