//! `cloudteam source`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style},
};
use cloudteam::ops::{self, Machine};

/// Verbs of `source`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Build and test a working copy, as the job for every commit does
    Verify(VerifyArgs),
}

/// Options of `verify`.
#[derive(Debug, clap::Args)]
pub(super) struct VerifyArgs {
    /// The working copy
    #[arg(long, value_name = "DIR", default_value = ".")]
    source: Utf8PathBuf,
    /// Keep dependencies in the artifact bucket from build to build
    #[arg(long)]
    cache: bool,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let Verb::Verify(args) = verb;
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    ops::source::verify(&ctx, &config, &args.source, &machine(session, args.cache)).await?;
    session.print(&Verified(args.source));
    Ok(Class::Done)
}

/// What this machine gives to a build.
pub(super) fn machine(session: &Session, cache: bool) -> Machine {
    let variables = session.settings.variables.clone();
    let home = variables.get("HOME").map_or_else(|| ".".into(), Utf8PathBuf::from);
    Machine { variables, home, cache }
}

struct Verified(Utf8PathBuf);

impl Report for Verified {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        writeln!(out, "{} builds, and its tests pass", self.0)
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "source": self.0, "verified": true })
    }
}
