//! `cloudteam init`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style},
};
use cloudteam::{
    ops::{
        self,
        init::{InitReport, InitRequest},
    },
    source::Distribution,
};

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Folder with the unpacked source distribution
    #[arg(long, value_name = "DIR")]
    source: Utf8PathBuf,
    /// Repository that it is put into [default: source.repository of cloudops.yaml]
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
}

pub(super) async fn exec(session: &Session, args: Args) -> CliResult {
    let mut config = session.config()?;
    let ctx = session.connect(&config).await?;
    // The order of the tools matters more than what they are given.
    ops::foundation(&ctx.aws, &config).await?;
    let distribution = Distribution::open(&args.source)?;
    config.source.repository = args.repository.or(config.source.repository);
    let owner = session.settings.owner.clone();
    let request = InitRequest { config, owner, distribution };
    let report = ops::init::init(&ctx, &request).await?;
    session.print(&Shown(report));
    Ok(Class::Done)
}

struct Shown(InitReport);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        if !self.0.changed {
            return writeln!(out, "nothing to change: repository and jobs are up to date");
        }
        let import = &self.0.import;
        writeln!(out, "distribution {} is on {}", import.version, import.vendor_branch)?;
        for (path, changed) in &self.0.jobs {
            writeln!(out, "  {path}{}", if *changed { " (changed)" } else { "" })?;
        }
        writeln!(out, "Next: `cloudteam package build`.")
    }

    fn json(&self) -> serde_json::Value {
        let import = &self.0.import;
        serde_json::json!({
            "changed": self.0.changed,
            "version": import.version,
            "vendor-branch": import.vendor_branch,
            "commit": import.commit,
            "jobs": self.0.jobs.iter().map(|(path, changed)| {
                serde_json::json!({"path": path, "changed": changed})
            }).collect::<Vec<_>>(),
        })
    }
}
