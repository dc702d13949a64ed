//! `cloudcore plan`.

use cloudcore::ops;
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, PlanReport, Session},
};

/// Options of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Exit with 20 when there are changes
    #[arg(long)]
    detailed_exit_code: bool,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let plan = ops::plan::plan(&ctx, &config, &session.settings.owner).await?;
    session.print(&PlanReport { plan: &plan });
    let pending = args.detailed_exit_code && plan.has_changes();
    Ok(if pending { Class::ChangesPending } else { Class::Done })
}
