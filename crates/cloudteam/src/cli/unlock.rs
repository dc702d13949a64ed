//! `cloudteam unlock`.

use cloudops_aws::{
    diagnose::Class,
    state::lock,
    terminal::{CliResult, Session, UnlockReport},
};
use cloudteam::ops;

/// Options of `unlock`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Scope of the lock, as the message about it says
    #[arg(long, default_value = ops::SCOPE)]
    scope: String,
    /// Run that holds it, as the message says
    #[arg(long)]
    run: String,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let store = ops::store(&ctx.aws, &config);
    let removed = lock::unlock(&store, &args.scope, &args.run).await?;
    session.print(&UnlockReport { scope: args.scope.clone(), removed });
    Ok(Class::Done)
}
