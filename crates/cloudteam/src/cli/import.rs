//! `cloudteam import`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style},
};
use cloudteam::{
    error::TeamError,
    ops::import::{self, ImportReport, ImportRequest},
    source::Distribution,
};

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with the unpacked source distribution
    #[arg(long, value_name = "DIR")]
    source: Utf8PathBuf,
}

pub(super) async fn exec(session: &Session, args: Args) -> CliResult {
    let config = session.config()?;
    let distribution = Distribution::open(&args.source)?;
    let repository = config.source.repository.clone().ok_or(TeamError::MissingSetting {
        key: "source.repository",
        hint: "Set it to the address of the repository.",
    })?;
    let ctx = session.connect(&config).await?;
    let request = ImportRequest { distribution, repository, branch: config.source.branch };
    let report = import::import(&ctx, &request).await?;
    session.print(&Shown(report));
    Ok(Class::Done)
}

struct Shown(ImportReport);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let ImportReport { version, vendor_branch, commit, changed } = &self.0;
        if *changed {
            writeln!(out, "distribution {version} is on {vendor_branch} and merged ({commit})")
        } else {
            writeln!(out, "nothing to change: the repository has distribution {version}")
        }
    }

    fn json(&self) -> serde_json::Value {
        let ImportReport { version, vendor_branch, commit, changed } = &self.0;
        serde_json::json!({
            "version": version, "vendor-branch": vendor_branch, "commit": commit, "changed": changed,
        })
    }
}
