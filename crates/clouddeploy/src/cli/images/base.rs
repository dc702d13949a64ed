//! `clouddeploy images base`.

use std::{
    fmt::{self, Write},
    io::{self, Write as _},
};

use camino::Utf8Path;
use clouddeploy::{
    error::DeployError,
    ops::images::{self, BaseReport, BaseRequest},
};
use cloudops_aws::{
    config_file::pin_base,
    diagnose::Class,
    state::store::StateError,
    terminal::{CliResult, Failure, Report, Session, Style},
};
use serde_json::{Value, json};

/// Options of `images base`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct BaseArgs {
    /// Image to pin: REPOSITORY:TAG, layout:FOLDER or archive:FILE [default: tell about the one
    /// that is pinned]
    image: Option<String>,
}

/// Shows or pins the base image.
pub(super) async fn exec(session: &Session, args: BaseArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let image = args.image.as_deref().map(super::base_image);
    let pin = image.is_some();
    let owner = session.settings.owner.clone();
    let request = BaseRequest { config, owner, image, folder: super::folder(session) };
    let report = images::base(&ctx, &request).await?;
    let written = if pin { Some(write(session, &report)?) } else { None };
    session.print(&Shown { report, written });
    Ok(Class::Done)
}

/// Writes the image into the settings; says when it stands there already, and gives the lines to
/// write when the form of the file does not let us.
fn write(session: &Session, report: &BaseReport) -> Result<Written, Failure> {
    let file = &session.settings.config;
    let failed = |error| DeployError::from(StateError::File(error));
    let text = fs_err::read_to_string(file).map_err(failed)?;
    match pin_base(file.as_str(), &text, &report.image)? {
        Ok(changed) if changed == text => Ok(Written::Same),
        Ok(changed) => {
            replace(file, &changed).map_err(failed)?;
            Ok(Written::Changed)
        }
        Err(lines) => Ok(Written::ByHand(lines)),
    }
}

/// The file has its old text or its new one, whatever happens.
fn replace(file: &Utf8Path, text: &str) -> io::Result<()> {
    let file = file.canonicalize_utf8()?;
    let folder = file.parent().unwrap_or(Utf8Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(text.as_bytes())?;
    new.as_file().set_permissions(fs_err::metadata(&file)?.permissions())?;
    new.persist(&file)?;
    Ok(())
}

enum Written {
    Same,
    Changed,
    ByHand(String),
}

struct Shown {
    report: BaseReport,
    written: Option<Written>,
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let BaseReport { image, digest, platforms, copy, newer, unknown } = &self.report;
        let platforms: Vec<String> = platforms.iter().map(ToString::to_string).collect();
        writeln!(out, "base image  {image}")?;
        writeln!(out, "digest      {digest}")?;
        writeln!(out, "platforms   {}", platforms.join(", "))?;
        writeln!(out, "copy        {}", copy.as_deref().unwrap_or("none yet"))?;
        match (&self.written, newer, unknown) {
            (Some(Written::Same), ..) => writeln!(out, "nothing to change: it is pinned"),
            (Some(Written::Changed), ..) => writeln!(out, "it is pinned in cloudops.yaml"),
            (Some(Written::ByHand(lines)), ..) => {
                writeln!(out, "write this into cloudops.yaml:\n\n{lines}")
            }
            (None, Some(newer), _) => {
                writeln!(out, "{}", style.warn(&format!("a newer one exists: {newer}")))?;
                let name = image.to_string();
                let name = name.split('@').next().unwrap_or_default();
                writeln!(out, "take it with `clouddeploy images base {name}`")
            }
            (None, None, Some(reason)) => {
                writeln!(out, "whether a newer one exists is not known: {reason}")
            }
            (None, None, None) => writeln!(out, "it is the newest one"),
        }
    }

    fn json(&self) -> Value {
        let report = &self.report;
        let lines = match &self.written {
            Some(Written::ByHand(lines)) => Some(lines),
            _ => None,
        };
        json!({
            "image": report.image.to_string(),
            "digest": report.digest,
            "platforms": report.platforms,
            "copy": report.copy,
            "newer": report.newer,
            "newer-unknown": report.unknown,
            "written": self.written.as_ref().map(|written| matches!(written, Written::Changed)),
            "write-by-hand": lines,
        })
    }
}
