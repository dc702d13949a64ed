//! `cloudcore destroy`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use cloudcore::ops::destroy::{self, Datum, DestroyReport, DestroyRequest, Survey, price};
use cloudops_aws::{
    config_file::CloudOpsConfig,
    diagnose::Class,
    state::store::Usage,
    terminal::{CliResult, Report, Session, Style, Table},
};
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

/// Options of `destroy`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Name of the instance, to confirm it without a question (with --yes)
    #[arg(long)]
    name: Option<String>,
    /// Delete what the templates keep as well: buckets, files, snapshots, secrets, keys and the state
    #[arg(long)]
    delete_data: bool,
    /// Folder for the export, which must not exist
    #[arg(long, value_name = "DIR")]
    export: Option<Utf8PathBuf>,
    /// Export nothing
    #[arg(long, conflicts_with = "export")]
    no_export: bool,
    /// Only show what would be lost and what would be kept
    #[arg(long)]
    dry_run: bool,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let what = if args.delete_data {
        "This deletes the foundation with all packages, artifacts, logs and the state."
    } else {
        "This deletes the foundation; packages, artifacts, logs and the state stay."
    };
    let (name, given) = (config.instance.to_string(), args.name.as_deref());
    if !args.dry_run {
        session.can_confirm_name(what, &name, given)?;
    }
    let ctx = session.connect(&config).await?;
    let survey = destroy::survey(&ctx, &config).await?;
    session.print(&Surveyed { survey: &survey, delete_data: args.delete_data });
    if args.dry_run {
        return Ok(Class::Done);
    }
    survey.permits(args.delete_data)?;
    session.confirm_name(what, &name, given).await?;
    let export = (!args.no_export && !survey.is_empty()).then(|| folder(args, &config));
    let owner = session.settings.owner.clone();
    let request = DestroyRequest { config, owner, delete_data: args.delete_data, export };
    let report = destroy::destroy(&ctx, &request, &survey).await?;
    let class = if report.costly().next().is_some() { Class::NeedsOperator } else { Class::Done };
    session.print(&Shown(report));
    Ok(class)
}

/// Each export has a folder of its own: one after an interruption must not replace the one before.
fn folder(args: &Args, config: &CloudOpsConfig) -> Utf8PathBuf {
    args.export.clone().unwrap_or_else(|| {
        let now = Timestamp::now().to_zoned(TimeZone::UTC).strftime("%Y%m%dT%H%M%SZ");
        format!("{}-{}-export-{now}", config.instance, config.region).into()
    })
}

struct Surveyed<'a> {
    survey: &'a Survey,
    delete_data: bool,
}

impl Report for Surveyed<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let survey = self.survey;
        if survey.is_empty() {
            return writeln!(out, "there is nothing to delete");
        }
        let mut stacks = Table::new(style, &["STACK", "RESOURCES", "A MONTH"]);
        for stack in &survey.stacks {
            let name = stack.name.to_string();
            stacks.row([name, stack.resources.to_string(), stack.monthly.to_string()]);
        }
        writeln!(out, "{}", style.bold("These stacks go:"))?;
        writeln!(out, "{stacks}")?;
        if !survey.data.is_empty() {
            let fate = if self.delete_data { "This data goes for good:" } else { "This stays:" };
            writeln!(out, "{}", style.bold(fate))?;
            let mut data = Table::new(style, &["WHAT", "HOLDS", "A MONTH"]);
            for datum in &survey.data {
                let holds = datum.holds.map(holds).unwrap_or_default();
                data.row([datum.what.remain.words(), holds, price(&datum.what.monthly)]);
            }
            writeln!(out, "{data}")?;
        }
        for set in survey.records.values().flatten() {
            writeln!(out, "record of others: {} {} {}", set.name, set.kind, set.values.join(" "))?;
        }
        let kept = if self.delete_data { "nothing".to_owned() } else { survey.kept().to_string() };
        let saved = survey.saved();
        writeln!(out, "It saves {saved} a month; what stays costs {kept} and what is used of it.")
    }

    fn json(&self) -> Value {
        let datum = |datum: &Datum| {
            json!({
                "type": datum.what.remain.resource_type,
                "id": datum.what.remain.id,
                "stack": datum.what.remain.stack,
                "monthly": datum.what.monthly,
                "versions": datum.holds.map(|usage| usage.versions),
                "bytes": datum.holds.map(|usage| usage.bytes),
            })
        };
        json!({
            "stacks": self.survey.stacks,
            "data": self.survey.data.iter().map(datum).collect::<Vec<_>>(),
            "records": self.survey.records,
            "saved": self.survey.saved(),
            "kept": self.survey.kept(),
            "delete_data": self.delete_data,
        })
    }
}

/// `12 versions, 3.4 MB`.
fn holds(usage: Usage) -> String {
    let more = if usage.more { "more than " } else { "" };
    let megabytes = usage.bytes as f64 / 1e6;
    format!("{more}{} object versions, {megabytes:.1} MB", usage.versions)
}

struct Shown(DestroyReport);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let report = &self.0;
        let (stacks, data) = (report.deleted.len(), report.data.len());
        writeln!(out, "{stacks} stacks and {data} things that they kept are gone")?;
        if let Some(folder) = &report.exported {
            writeln!(out, "exported to {folder}")?;
        }
        for remain in &report.kept {
            writeln!(out, "kept: {}", remain.words())?;
        }
        for left in report.costly() {
            writeln!(out, "still there, and billed: {} {}", left.what, left.arn)?;
        }
        for left in report.unproved() {
            writeln!(out, "AWS still lists {} {}; look whether it is gone", left.what, left.arn)?;
        }
        let proved = report.left.is_some()
            && report.costly().next().is_none()
            && report.unproved().next().is_none();
        match (proved, report.kept.is_empty()) {
            (true, true) => writeln!(out, "nothing that costs money is left"),
            (true, false) => writeln!(out, "nothing else that costs money is left"),
            (false, _) => Ok(()),
        }
    }

    fn json(&self) -> Value {
        let report = &self.0;
        json!({
            "deleted": report.deleted,
            "data": report.data,
            "exported": report.exported,
            "kept": report.kept,
            "left": report.left,
        })
    }
}
