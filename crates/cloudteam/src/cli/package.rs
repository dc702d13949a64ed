//! `cloudteam package`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use cloudops_aws::{
    diagnose::Class,
    package::Package,
    state::packages::PackageManifest,
    terminal::{CliResult, Report, Session, Style, Table},
};
use cloudteam::ops::package::{self, PublishRequest};

/// Verbs of `package`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Build the deployment package on the build server and publish it
    Build,
    /// Show the published packages, the newest first
    List,
    /// Check a package file
    Verify {
        /// The zip file
        file: Utf8PathBuf,
    },
    /// Check a package file and publish it
    Publish(PublishArgs),
}

/// Options of `publish`.
#[derive(Debug, clap::Args)]
pub(super) struct PublishArgs {
    /// The zip file
    file: Utf8PathBuf,
    /// Folder of the source code that it was built from
    #[arg(long, value_name = "DIR")]
    source: Option<Utf8PathBuf>,
    /// Build that made it
    #[arg(long, default_value = "by hand", value_name = "TEXT")]
    built_by: String,
    /// Run of the build job
    #[arg(long, value_name = "ID")]
    run: Option<String>,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    if let Verb::Verify { file } = verb {
        let package = Package::open(&file)?;
        session.print(&Verified(package));
        return Ok(Class::Done);
    }
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let packages = match verb {
        Verb::Build => vec![package::build(&ctx, &config).await?],
        Verb::Publish(args) => {
            let PublishArgs { file, source, built_by, run } = args;
            let request = PublishRequest { file, source, built_by, run };
            vec![package::publish(&ctx, &config, &request).await?.0]
        }
        Verb::List | Verb::Verify { .. } => package::list(&ctx, &config).await?,
    };
    session.print(&Packages(packages));
    Ok(Class::Done)
}

struct Packages(Vec<PackageManifest>);

impl Report for Packages {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["PACKAGE", "VERSION", "COMMIT", "BYTES", "PUBLISHED"]);
        for package in &self.0 {
            let commit = package.source_commit.as_deref().and_then(|commit| commit.get(..10));
            table.row([
                package.id.clone(),
                package.version.clone(),
                commit.unwrap_or("-").to_owned(),
                package.size.to_string(),
                package.published_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            ]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "packages": self.0 })
    }
}

struct Verified(Package);

impl Report for Verified {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        writeln!(out, "{} is a deployment package of {} bytes", self.0.path(), self.0.size())?;
        let mut table = Table::new(style, &["WEB APPLICATION", "VERSION"]);
        for webapp in self.0.webapps() {
            table.row([&webapp.artifact, &webapp.version]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        let webapp = |webapp: &cloudops_aws::package::WebApp| serde_json::json!({"artifact": webapp.artifact, "version": webapp.version});
        serde_json::json!({
            "file": self.0.path(),
            "digest": self.0.digest(),
            "size": self.0.size(),
            "webapps": self.0.webapps().iter().map(webapp).collect::<Vec<_>>(),
        })
    }
}
