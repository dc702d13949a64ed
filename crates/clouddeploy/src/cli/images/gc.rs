//! `clouddeploy images gc`.

use std::fmt::{self, Write};

use clouddeploy::ops::images::{self, GcPlan, GcReport, GcRequest};
use cloudops_aws::{
    diagnose::Class,
    terminal::{CliResult, Report, Session, Style, Table},
};
use serde_json::{Value, json};

/// Options of `images gc`.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct GcArgs {
    /// Newest releases that stay deployable
    #[arg(long, value_name = "NUMBER", default_value_t = 20, value_parser = at_least_one)]
    keep: usize,
    /// Hours that an image stays at least: it may belong to a build that is running
    #[arg(long, value_name = "NUMBER", default_value_t = 24)]
    min_age_hours: u32,
    /// Show what would be removed, and change nothing
    #[arg(long)]
    plan: bool,
}

fn at_least_one(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) | Err(_) => Err("give a number of releases, 1 at least".to_owned()),
        Ok(keep) => Ok(keep),
    }
}

/// Plans, asks, removes.
pub(super) async fn exec(session: &Session, args: GcArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let owner = session.settings.owner.clone();
    let GcArgs { keep, min_age_hours, .. } = args;
    let request = GcRequest { config, owner, keep, min_age_hours };
    let plan = images::gc_plan(&ctx, &request).await?;
    if args.plan || plan.unneeded.is_empty() {
        session.print(&Planned(plan));
        return Ok(Class::Done);
    }
    if !session.settings.yes {
        session.print(&Planned(plan.clone()));
        let count = plan.unneeded.len();
        session.confirm(&format!("Remove {count} images and artifacts?")).await?;
    }
    let report = images::gc(&ctx, &request, plan).await?;
    let class = if report.failed.is_empty() { Class::Done } else { Class::NeedsOperator };
    session.print(&Removed(report));
    Ok(class)
}

struct Planned(GcPlan);

impl Report for Planned {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let plan = &self.0;
        if plan.unneeded.is_empty() {
            return writeln!(out, "nothing to change: all {} images are needed", plan.kept);
        }
        let mut table = Table::new(style, &["IMAGE", "DIGEST", "BYTES", "PUSHED", "TAGS"]);
        for one in &plan.unneeded {
            table.row([
                one.name.clone(),
                one.image.digest.short().to_owned(),
                one.image.size.to_string(),
                one.image.pushed_at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
                one.image.tags.join(" "),
            ]);
        }
        write!(out, "{table}")?;
        let releases = plan.releases.join(" ");
        writeln!(out, "{} stay; deployable are {releases}", plan.kept)
    }

    fn json(&self) -> Value {
        let plan = &self.0;
        let one = |one: &images::Unneeded| {
            json!({
                "image": one.name,
                "digest": one.image.digest,
                "size": one.image.size,
                "tags": one.image.tags,
            })
        };
        json!({
            "unneeded": plan.unneeded.iter().map(one).collect::<Vec<_>>(),
            "bytes": plan.bytes(),
            "kept": plan.kept,
            "releases": plan.releases,
        })
    }
}

struct Removed(GcReport);

impl Report for Removed {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let removed = self.0.plan.unneeded.len() - self.0.failed.len();
        writeln!(out, "{removed} removed, {} stay", self.0.plan.kept)?;
        for (name, digest, reason) in &self.0.failed {
            writeln!(out, "{}", style.bad(&format!("{name}@{digest}: {reason}")))?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let failed = self.0.failed.iter().map(
            |(name, digest, reason)| json!({"image": name, "digest": digest, "reason": reason}),
        );
        let mut document = Planned(self.0.plan.clone()).json();
        document["failed"] = failed.collect();
        document
    }
}
