//! `cloudcore plan`.

use super::build_server;
use camino::Utf8PathBuf;
use cloudcore::ops;
use cloudops_aws::{
    cfn::gate::Approvals,
    diagnose::Class,
    terminal::{self, CliResult, PlanReport, Session},
};

/// Options of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Exit with 20 when there are changes
    #[arg(long)]
    detailed_exit_code: bool,
    /// Write the plan to this file, for `apply`
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
    /// Allow in the file that this data resource is replaced or removed, as STACK/LOGICAL-ID
    #[arg(long, value_name = "STACK/ID", requires = "out")]
    approve_data_loss: Vec<String>,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let known = ops::build_server::known(&ctx, &config, &build_server::folder(session)).await?;
    let plan = ops::plan::plan(&ctx, &config, &known, &session.settings.owner).await?;
    let appraisal = ops::plan::appraise(&ctx, &config, &known, &plan).await?;
    session.print(&PlanReport::appraised(&plan, &appraisal));
    if let Some(file) = &args.out {
        let approvals = Approvals::for_resources(args.approve_data_loss.clone());
        let made = ops::plan::file(&ctx, &config, &known, &plan, &approvals)?;
        terminal::write_plan(session, file, &made, "cloudcore apply")?;
    }
    let pending = args.detailed_exit_code && plan.has_changes();
    Ok(if pending { Class::ChangesPending } else { Class::Done })
}
