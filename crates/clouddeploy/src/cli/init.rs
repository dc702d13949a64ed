//! `clouddeploy init`.

use std::fmt::{self, Write};

use clouddeploy::ops;
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style},
};

pub(super) async fn exec(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let (count, changed) = ops::init::init(&ctx, &config, &session.settings.owner).await?;
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
