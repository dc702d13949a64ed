//! `cloudcore repair`, `drift`, `attach` and `cancel`.

use cloudcore::ops::{self, operate};
use cloudops_aws::{
    cfn::{attend, drift, gate::Approvals, repair},
    diagnose::Class,
    terminal::{
        AttendedReport, CancelledReport, CliResult, DriftReport, FindingsReport, RepairedReport,
        RevertReport, Session,
    },
};

/// Options of `drift`.
#[derive(Debug, clap::Args)]
pub(super) struct DriftArgs {
    /// Take the stacks of the foundation back to their templates, after showing what that does
    #[arg(long)]
    revert: bool,
    /// Allow that this data resource is replaced or removed, as STACK/LOGICAL-ID
    #[arg(long, value_name = "STACK/ID", requires = "revert")]
    approve_data_loss: Vec<String>,
}

pub(super) async fn repair(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    ops::check_place(&ctx.aws, &config)?;
    let findings = repair::plan(&ctx, &operate::foundation(&config)).await?;
    session.print(&FindingsReport(&findings));
    if findings.is_empty() {
        return Ok(Class::Done);
    }
    session.confirm("Repair them?").await?;
    let owner = &session.settings.owner;
    let repaired = operate::repair(&ctx, &config, owner, &findings).await?;
    session.print(&RepairedReport(&repaired));
    Ok(Class::Done)
}

pub(super) async fn drift(session: &Session, args: &DriftArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    ops::check_place(&ctx.aws, &config)?;
    let all = operate::everything(&config);
    let scope = if args.revert { operate::foundation(&config) } else { all };
    let drifts = drift::detect(&ctx, &scope).await?;
    let report = DriftReport(&drifts);
    session.print(&report);
    if !report.has_drift() {
        return Ok(Class::Done);
    }
    if !args.revert {
        return Ok(Class::ChangesPending);
    }
    let owner = &session.settings.owner;
    let planned = operate::plan_revert(&ctx, &config, owner, &drifts).await?;
    let report = RevertReport { planned: &planned, drifts: &drifts };
    session.print(&report);
    if planned.is_empty() && report.leaves_drift() {
        return Ok(Class::ChangesPending);
    }
    session.confirm("Take them back to their templates?").await?;
    let approvals = Approvals::for_resources(args.approve_data_loss.clone());
    operate::revert(&ctx, &config, owner, &planned, &approvals).await?;
    Ok(if report.leaves_drift() { Class::ChangesPending } else { Class::Done })
}

pub(super) async fn attach(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    ops::check_place(&ctx.aws, &config)?;
    let attended = attend::attach(&ctx, &operate::everything(&config)).await?;
    session.print(&AttendedReport(&attended));
    let good = attended.iter().all(|one| one.good);
    Ok(if good { Class::Done } else { Class::NeedsOperator })
}

pub(super) async fn cancel(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    ops::check_place(&ctx.aws, &config)?;
    session.confirm("Undo the updates that are running?").await?;
    let cancelled = attend::cancel(&ctx, &operate::everything(&config)).await?;
    session.print(&CancelledReport(&cancelled));
    Ok(Class::Done)
}
