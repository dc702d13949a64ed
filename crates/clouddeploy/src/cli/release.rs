//! `clouddeploy release`.

use std::fmt::{self, Write};

use clouddeploy::ops;
use cloudops_aws::{
    diagnose::Class,
    state::releases::{self, Release},
    terminal::{CliResult, Report, Session, Style, Table},
};

/// Verbs of `release`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show all releases, the oldest first
    List,
}

pub(super) async fn exec(session: &Session, verb: &Verb) -> CliResult {
    let Verb::List = verb;
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    ops::initialized(&ctx.aws, &config).await?;
    session.print(&Listed(releases::list(&ops::store(&ctx.aws, &config)).await?));
    Ok(Class::Done)
}

struct Listed(Vec<Release>);

impl Report for Listed {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["RELEASE", "VERSION", "PACKAGE", "IMAGES", "MADE"]);
        for release in &self.0 {
            table.row([
                release.id.clone(),
                release.version.clone(),
                release.package.clone(),
                release.images.len().to_string(),
                release.created_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            ]);
        }
        write!(out, "{table}")?;
        match releases::broken_link(&self.0) {
            Some(release) => writeln!(
                out,
                "{}",
                style.bad(&format!("the chain of the ledger is broken at {}", release.id))
            ),
            None => Ok(()),
        }
    }

    fn json(&self) -> serde_json::Value {
        let broken = releases::broken_link(&self.0).map(|release| &release.id);
        serde_json::json!({ "releases": self.0, "chain-broken-at": broken })
    }
}
