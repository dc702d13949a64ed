//! `cloudteam jobs`.

use std::fmt::{self, Write};

use cloudops_aws::{
    diagnose::Class,
    state::init::Component,
    terminal::{CliResult, Report, Session, Style},
};
use cloudteam::ops::{self, jobs};

/// Verbs of `jobs`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Create the jobs, or bring them to their definition
    Apply,
    /// Show the jobs of the instance
    List,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let state = ops::foundation(&ctx.aws, &config).await?;
    state.require(Component::Team)?;
    let jenkins = jobs::connect(&ctx, &config, &state).await?;
    let rows = match verb {
        Verb::Apply => {
            let applied = jobs::apply(&ctx, &jenkins, &config).await?;
            let words = |changed| {
                if changed { "changed" } else { "nothing to change" }
            };
            applied.iter().map(|(path, changed)| (path.to_string(), words(*changed))).collect()
        }
        Verb::List => {
            let listed = jobs::list(&jenkins, &config).await?;
            listed.iter().map(|item| (item.name.clone(), "")).collect()
        }
    };
    session.print(&Shown(rows));
    Ok(Class::Done)
}

struct Shown(Vec<(String, &'static str)>);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        self.0.iter().try_for_each(|(name, words)| {
            writeln!(out, "{}", format!("{name}  {words}").trim_end())
        })
    }

    fn json(&self) -> serde_json::Value {
        let job = |(name, words): &(String, &'static str)| serde_json::json!({"name": name, "result": words});
        serde_json::json!({ "jobs": self.0.iter().map(job).collect::<Vec<_>>() })
    }
}
