//! `cloudteam import`.

use std::fmt::{self, Write};

use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style},
};
use cloudteam::{
    error::TeamError,
    git,
    ops::{
        self,
        import::{self, ImportReport, ImportRequest},
    },
    source::{self, SourceSpec, unpack::Limits},
};

/// Options of `import`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Source distribution: a folder, a .zip, .tar.gz or .tar.zst file, s3://BUCKET/KEY of one, or
    /// the address of a git repository with #REF
    #[arg(long, value_name = "SOURCE", allow_hyphen_values = true)]
    source: String,
    /// Merge into a working branch that no distribution was ever merged into
    #[arg(long)]
    adopt: bool,
    /// Go back to a distribution that is older than the newest one there
    #[arg(long)]
    older: bool,
}

pub(super) async fn exec(session: &Session, args: Args) -> CliResult {
    let config = session.config()?;
    let source = SourceSpec::parse(&args.source)?;
    let repository = config.source.repository.clone().ok_or(TeamError::MissingSetting {
        key: "source.repository",
        hint: "Set it to the address of the repository.",
    })?;
    let ctx = session.connect(&config).await?;
    ops::foundation(&ctx.aws, &config).await?;
    let git = git::Options::default();
    let distribution = source::fetch(&ctx, &source, Limits::default(), &git).await?;
    let request = ImportRequest::new(distribution, repository, config.source.branch.clone());
    let request = ImportRequest { adopt: args.adopt, older: args.older, ..request };
    let owner = &session.settings.owner;
    let report = import::recorded(&ctx, &config, owner, &request).await?;
    session.print(&Shown(report));
    Ok(Class::Done)
}

struct Shown(ImportReport);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let ImportReport { version, vendor_branch, commit, changed, files } = &self.0;
        if !*changed {
            return writeln!(out, "nothing to change: the repository has distribution {version}");
        }
        writeln!(out, "distribution {version} is on {vendor_branch} and merged ({commit})")?;
        let import::Changes { added, changed, deleted } = files;
        writeln!(out, "  files: {added} added, {changed} changed, {deleted} deleted")
    }

    fn json(&self) -> serde_json::Value {
        let ImportReport { version, vendor_branch, commit, changed, files } = &self.0;
        let import::Changes { added, changed: other, deleted } = files;
        serde_json::json!({
            "version": version, "vendor-branch": vendor_branch, "commit": commit,
            "changed": changed,
            "files": {"added": added, "changed": other, "deleted": deleted},
        })
    }
}
