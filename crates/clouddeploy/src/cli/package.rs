//! `clouddeploy package`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use cloudops_aws::{
    diagnose::Class,
    package::Package,
    terminal::{CliResult, Report, Session, Style, Table},
};

/// Verbs of `package`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show what is in a package file, or why it would be refused
    Inspect {
        /// The zip file
        file: Utf8PathBuf,
    },
}

pub(super) fn exec(session: &Session, verb: &Verb) -> CliResult {
    let Verb::Inspect { file } = verb;
    session.print(&Shown(Package::open(file)?));
    Ok(Class::Done)
}

struct Shown(Package);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let package = &self.0;
        writeln!(out, "{}  {} bytes  {}", package.path(), package.size(), package.digest())?;
        if let Some(spec) = package.spec() {
            writeln!(out, "needs Java {} and Tomcat {}", spec.java, spec.tomcat)?;
        }
        let mut table = Table::new(style, &["WEB APPLICATION", "VERSION"]);
        for webapp in package.webapps() {
            table.row([&webapp.artifact, &webapp.version]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        let package = &self.0;
        serde_json::json!({
            "file": package.path(),
            "digest": package.digest(),
            "size": package.size(),
            "entries": package.entries(),
        })
    }
}
