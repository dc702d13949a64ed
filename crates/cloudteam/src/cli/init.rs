//! `cloudteam init`.

use std::fmt::{self, Write};

use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, JobPrograms, Report, Session, Style},
};
use cloudteam::{
    git,
    ops::{
        self,
        init::{InitReport, InitRequest},
    },
    source::{self, SourceSpec, unpack::Limits},
};

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Source distribution: a folder, a .zip, .tar.gz or .tar.zst file, s3://BUCKET/KEY of one, or
    /// the address of a git repository with #REF
    #[arg(long, value_name = "SOURCE", allow_hyphen_values = true)]
    source: String,
    /// Repository that it is put into [default: source.repository of cloudops.yaml]
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
    /// Merge into a working branch that no distribution was ever merged into
    #[arg(long)]
    adopt: bool,
    #[command(flatten)]
    programs: JobPrograms,
}

pub(super) async fn exec(session: &Session, args: Args) -> CliResult {
    let mut config = session.config()?;
    let source = SourceSpec::parse(&args.source)?;
    let ctx = session.connect(&config).await?;
    // The order of the tools matters more than what they are given.
    ops::foundation(&ctx.aws, &config).await?;
    let distribution =
        source::fetch(&ctx, &source, Limits::default(), &git::Options::default()).await?;
    config.source.repository = args.repository.or(config.source.repository);
    let owner = session.settings.owner.clone();
    let jobs = args.programs.files(session);
    let request = InitRequest { config, owner, distribution, adopt: args.adopt, jobs };
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
        for change in &self.0.jobs.changes {
            writeln!(out, "  {}  {}", change.path, change.action.word())?;
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
            "jobs": self.0.jobs.changes.iter().map(|change| {
                serde_json::json!({"path": change.path.to_string(), "action": change.action.word()})
            }).collect::<Vec<_>>(),
        })
    }
}
