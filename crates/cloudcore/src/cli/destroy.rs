//! `cloudcore destroy`.

use std::fmt::{self, Write};

use cloudcore::ops::destroy::{self, DestroyReport, DestroyRequest};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style},
};

/// Options of `destroy`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the instance, to confirm it without a question (with --yes)
    #[arg(long)]
    name: Option<String>,
    /// Delete the buckets with packages, artifacts, logs and state as well
    #[arg(long)]
    delete_data: bool,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let what = if args.delete_data {
        "This deletes the foundation with all packages, artifacts, logs and the state."
    } else {
        "This deletes the foundation; packages, artifacts, logs and the state stay."
    };
    session.confirm_name(what, config.instance.as_str(), args.name.as_deref()).await?;
    let ctx = session.connect(&config).await?;
    let owner = session.settings.owner.clone();
    let request = DestroyRequest { config, owner, delete_data: args.delete_data };
    let report = destroy::destroy(&ctx, &request).await?;
    session.print(&Shown(report));
    Ok(Class::Done)
}

struct Shown(DestroyReport);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let (stacks, buckets) = (self.0.deleted.len(), self.0.buckets.len());
        writeln!(out, "{stacks} stacks and {buckets} buckets are gone")?;
        if !self.0.kept.is_empty() {
            writeln!(out, "kept, with everything in them: {}", self.0.kept.join(", "))?;
        }
        Ok(())
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "deleted": self.0.deleted,
            "buckets": self.0.buckets,
            "kept": self.0.kept,
        })
    }
}
