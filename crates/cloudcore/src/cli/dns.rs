//! `cloudcore dns`.

use std::{
    fmt::{self, Write},
    time::Duration,
};

use cloudcore::ops::dns;
use cloudops_aws::{
    diagnose::Class,
    dns::hops::{State, Verdict},
    terminal::{CliResult, Report, Session, Style},
};

/// Verbs of `dns`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Follow DNS from the root to the zone once; exits with 5 when a hop is wrong
    Status,
    /// Look again until no hop is wrong
    Watch {
        /// How many minutes to look at most
        #[arg(long, value_name = "MINUTES", default_value_t = 60)]
        minutes: u64,
    },
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let verdict = match verb {
        Verb::Status => dns::status(&ctx, &config).await?,
        Verb::Watch { minutes } => {
            dns::watch(&ctx, &config, Duration::from_secs(minutes.saturating_mul(60))).await?
        }
    };
    let class = if verdict.wrong().is_some() { Class::NotReady } else { Class::Done };
    session.print(&Shown(verdict));
    Ok(class)
}

struct Shown(Verdict);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let verdict = &self.0;
        for hop in &verdict.hops {
            let state = match hop.state {
                State::Good => style.good("good   "),
                State::Doubtful => style.warn("doubt  "),
                State::Wrong => style.bad("wrong  "),
                State::Unknown => style.warn("unknown"),
                State::Waiting => "waiting".to_owned(),
            };
            writeln!(out, "{state}  {:<18} {}", hop.hop, hop.now)?;
            if let Some(should) = &hop.should {
                writeln!(out, "{:29}should be: {should}", "")?;
            }
            if let Some(todo) = &hop.todo {
                writeln!(out, "{:29}{todo}", "")?;
            }
        }
        if verdict.wrong().is_some() {
            writeln!(out, "Name servers of {}:", verdict.domain)?;
            for name in &verdict.name_servers {
                writeln!(out, "{name}")?;
            }
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        let verdict = &self.0;
        serde_json::json!({
            "domain": verdict.domain,
            "delegated": verdict.wrong().is_none() && !verdict.is_unknown(),
            "name-servers": verdict.name_servers,
            "wrong": verdict.wrong(),
            "hops": verdict.hops,
        })
    }
}
