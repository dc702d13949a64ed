//! What `cloudteam package` shows.

use std::fmt::{self, Write};

use cloudops_aws::{
    package::{Package, WebApp},
    state::packages::PackageManifest,
    terminal::{Report, Style, Table},
};

/// Published packages.
pub(super) struct Packages(pub(super) Vec<PackageManifest>);

/// A package that was published, now or before.
pub(super) struct Published {
    pub(super) manifest: PackageManifest,
    pub(super) new: bool,
}

/// All that is known about a package.
pub(super) struct Shown(pub(super) PackageManifest);

/// A file that is a package.
pub(super) struct Verified(pub(super) Package);

impl Report for Packages {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        write!(out, "{}", table(style, &self.0))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "packages": self.0 })
    }
}

fn table(style: Style, packages: &[PackageManifest]) -> Table {
    let mut table = Table::new(style, &["PACKAGE", "VERSION", "COMMIT", "BYTES", "PUBLISHED"]);
    for package in packages {
        let commit = package.source_commit.as_deref().and_then(|commit| commit.get(..10));
        table.row([
            package.id.clone(),
            package.version.clone(),
            commit.unwrap_or("-").to_owned(),
            package.size.to_string(),
            package.published_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        ]);
    }
    table
}

impl Report for Published {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if !self.new {
            writeln!(out, "nothing to change: this package was published before")?;
        }
        write!(out, "{}", table(style, std::slice::from_ref(&self.manifest)))
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "packages": [self.manifest], "new": self.new })
    }
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let package = &self.0;
        writeln!(out, "{}  {}", style.bold(&package.id), package.digest)?;
        let mut line = |name: &str, value: &str| writeln!(out, "{name:<10}{value}");
        line("version", &package.version)?;
        line("commit", package.source_commit.as_deref().unwrap_or("-"))?;
        line("bytes", &package.size.to_string())?;
        line("built by", &package.built_by)?;
        line("log", package.build_log.as_deref().unwrap_or("-"))?;
        for (name, version) in &package.tools {
            line(name, version)?;
        }
        line("published", &package.published_at.strftime("%Y-%m-%d %H:%M UTC").to_string())?;
        if package.sizes.is_empty() {
            return Ok(());
        }
        let mut table = Table::new(style, &["FILE", "BYTES"]);
        for (entry, bytes) in &package.sizes {
            table.row([entry.clone(), bytes.to_string()]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({ "package": self.0 })
    }
}

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
        let webapp = |webapp: &WebApp| serde_json::json!({"artifact": webapp.artifact, "version": webapp.version});
        serde_json::json!({
            "file": self.0.path(),
            "digest": self.0.digest().ok(),
            "size": self.0.size(),
            "webapps": self.0.webapps().iter().map(webapp).collect::<Vec<_>>(),
        })
    }
}
