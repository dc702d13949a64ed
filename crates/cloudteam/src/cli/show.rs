//! `cloudteam runs` and `cloudteam show`.

use cloudops_aws::terminal::{self, CliResult, RunsArgs, Session, ShowArgs};
use cloudteam::ops;

/// Scopes of the locks that this program holds.
const SCOPES: &[&str] = &[ops::SCOPE, ops::package::SCOPE];

pub(super) async fn runs(session: &Session, args: &RunsArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    terminal::list_runs(session, &ops::store(&ctx.aws, &config), args, SCOPES).await
}

pub(super) async fn show(session: &Session, args: &ShowArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    terminal::show_run(session, &ops::store(&ctx.aws, &config), args, SCOPES).await
}
