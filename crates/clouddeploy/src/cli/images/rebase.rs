//! `clouddeploy images rebase`.

use std::fmt::{self, Write};

use clouddeploy::ops::images::{self, RebaseReport, RebaseRequest};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style},
};
use serde_json::{Value, json};

use super::build::{document, table};

/// Options of `images rebase`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct RebaseArgs {
    /// Release whose images are taken [default: the newest]
    #[arg(long, value_name = "ID")]
    release: Option<String>,
    /// The new base [default: that of cloudops.yaml]
    #[arg(long, value_name = "IMAGE")]
    base: Option<String>,
}

/// Puts the images of a release on another base.
pub(super) async fn exec(session: &Session, args: RebaseArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let request = RebaseRequest {
        config,
        owner: session.settings.owner.clone(),
        release: args.release,
        base: args.base.as_deref().map(super::base_image),
        folder: super::folder(session),
    };
    session.print(&Rebased(images::rebase(&ctx, &request).await?));
    Ok(Class::Done)
}

struct Rebased(RebaseReport);

impl Report for Rebased {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        write!(out, "{}", table(style, &self.0.images))?;
        let (id, from) = (&self.0.release.id, &self.0.from.id);
        if self.0.new {
            writeln!(out, "release {id}: the images of {from} on base {}", self.0.release.base)
        } else {
            writeln!(out, "nothing to change: release {id} has exactly these images")
        }
    }

    fn json(&self) -> Value {
        json!({
            "from": self.0.from.id,
            "release": self.0.release.id,
            "new": self.0.new,
            "base": self.0.release.base,
            "images": document(&self.0.images),
        })
    }
}
