//! `clouddeploy init`.

use std::fmt::{self, Write};

use clouddeploy::ops::{self, jobs::JobsRequest};
use cloudops_aws::{
    diagnose::Class,
    jenkins::job_set::Prune,
    terminal::{CliResult, JobPrograms, Report, Session, Style},
};

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    programs: JobPrograms,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let owner = &session.settings.owner;
    let (count, changed) = ops::init::init(&ctx, &config, owner).await?;
    let files = args.programs.files(session);
    let request = JobsRequest { config: &config, files: &files, prune: Prune::Disable };
    let jobs = ops::jobs::add(&ctx, &request, owner).await?;
    let changed = changed || jobs.is_some_and(|plan| plan.has_changes());
    session.print(&Shown { count, changed });
    Ok(Class::Done)
}

struct Shown {
    count: usize,
    changed: bool,
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        if !self.changed {
            return writeln!(out, "nothing to change: {} repositories are there", self.count);
        }
        writeln!(out, "{} repositories are there", self.count)?;
        writeln!(out, "Next: `clouddeploy images build`.")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "repositories": self.count, "changed": self.changed })
    }
}
