//! `cloudcore build-server`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use cloudcore::ops::build_server::{
    self, BuildServerStatus, TokenReport, UpgradePlan, UpgradeReport,
};
use cloudops_aws::{
    diagnose::Class,
    jenkins::plugins::PluginChange,
    state::build_server::ServerImage,
    terminal::{CliResult, Report, Session, Style, Table},
};
use serde_json::{Value, json};

/// Verbs of `build-server`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Say whether it works, of which image it runs, and what is different from that; exits with 10
    /// when it does not work
    Status,
    /// Give it the image that the settings ask for, or one that it had before, after showing what
    /// that changes
    Upgrade(UpgradeArgs),
    /// Make an API token for a tool, and keep it in Secrets Manager
    Token(TokenArgs),
}

/// Options of `build-server upgrade`.
#[derive(Debug, clap::Args)]
pub(super) struct UpgradeArgs {
    /// An image that it had, by its digest or the first digits of it; it stays with that one
    #[arg(long, value_name = "DIGEST")]
    to: Option<String>,
    /// Only show what would change; exits with 20 when something would
    #[arg(long)]
    dry_run: bool,
}

/// Options of `build-server token`.
#[derive(Debug, clap::Args)]
pub(super) struct TokenArgs {
    /// Name of the token and of the secret
    #[arg(long, default_value = "token")]
    name: String,
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    match verb {
        Verb::Status => status(session).await,
        Verb::Upgrade(args) => upgrade(session, &args).await,
        Verb::Token(args) => token(session, &args).await,
    }
}

/// The folder that relative paths in the settings start from.
pub(super) fn folder(session: &Session) -> Utf8PathBuf {
    session.settings.config.parent().map(Utf8PathBuf::from).unwrap_or_default()
}

async fn status(session: &Session) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let status = build_server::status(&ctx, &config, &folder(session)).await?;
    let class = if status.jenkins.is_ok() { Class::Done } else { Class::NeedsOperator };
    session.print(&StatusReport(status));
    Ok(class)
}

async fn upgrade(session: &Session, args: &UpgradeArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let planned = build_server::plan(&ctx, &config, &folder(session), args.to.as_deref()).await?;
    session.print(&PlanReport(planned.as_ref()));
    let Some(planned) = planned else {
        return Ok(Class::Done);
    };
    if args.dry_run {
        return Ok(Class::ChangesPending);
    }
    session.confirm("Restart the build server with it? Builds that run go on afterwards.").await?;
    let owner = &session.settings.owner;
    let done = build_server::upgrade(&ctx, &config, owner, planned).await?;
    session.print(&DoneReport(done));
    Ok(Class::Done)
}

async fn token(session: &Session, args: &TokenArgs) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let owner = &session.settings.owner;
    let made = build_server::token(&ctx, &config, owner, &args.name).await?;
    session.print(&TokenShown(made));
    Ok(Class::Done)
}

fn of_image(image: &ServerImage) -> Value {
    json!({
        "digest": image.digest,
        "base": image.base,
        "jenkins": image.jenkins,
        "plugins": image.plugins,
        "made_at": image.made_at,
        "made_by": image.made_by,
    })
}

fn of_changes(changes: &[PluginChange]) -> Vec<Value> {
    let change =
        |change: &PluginChange| json!({"name": change.name, "from": change.from, "to": change.to});
    changes.iter().map(change).collect()
}

struct StatusReport(BuildServerStatus);

impl StatusReport {
    fn images(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let images = &self.0.images;
        let mut table = Table::new(style, &["IMAGE", "JENKINS", "PLUGINS", "MADE", ""]);
        for image in &images.images {
            let is_current = images.current.as_ref() == Some(&image.digest);
            let note = match (is_current, images.pinned) {
                (true, true) => "current, stays",
                (true, false) => "current",
                _ => "",
            };
            table.row([
                image.digest.short().to_owned(),
                image.jenkins.clone().unwrap_or_default(),
                image.plugins.len().to_string(),
                image.made_at.strftime("%Y-%m-%d %H:%M").to_string(),
                note.to_owned(),
            ]);
        }
        writeln!(out, "{table}")
    }
}

impl Report for StatusReport {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let status = &self.0;
        match &status.jenkins {
            Ok(version) => writeln!(out, "{}: Jenkins {version} works", style.bold(&status.url))?,
            Err(reason) => writeln!(out, "{}: {reason}", style.bold(&status.url))?,
        }
        for stray in status.strays.iter().flatten() {
            writeln!(out, "  differs from its image: {stray}")?;
        }
        if !status.images.images.is_empty() {
            self.images(out, style)?;
        }
        match status.outdated {
            Some(true) => {
                writeln!(out, "The settings ask for another: `cloudcore build-server upgrade`.")
            }
            Some(false) => writeln!(out, "It has the image that the settings ask for."),
            None => writeln!(out, "The settings name the image; CloudOps makes none."),
        }
    }

    fn json(&self) -> Value {
        let status = &self.0;
        json!({
            "url": status.url,
            "works": status.jenkins.is_ok(),
            "jenkins": status.jenkins.as_ref().ok(),
            "reason": status.jenkins.as_ref().err(),
            "strays": status.strays.as_deref().map(of_changes),
            "current": status.images.current,
            "pinned": status.images.pinned,
            "images": status.images.images.iter().map(of_image).collect::<Vec<_>>(),
            "outdated": status.outdated,
        })
    }
}

struct PlanReport<'a>(Option<&'a UpgradePlan>);

impl Report for PlanReport<'_> {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let Some(plan) = self.0 else {
            return writeln!(out, "the build server has this image already");
        };
        let name = |image: &Option<ServerImage>, other: &str| {
            image.as_ref().map_or(other.to_owned(), |image| image.digest.short().to_owned())
        };
        let (from, to) = (name(&plan.from, "none"), name(&plan.to, "a new one"));
        writeln!(out, "{} {from} -> {to}", style.bold("image"))?;
        if let Some((from, to)) = &plan.base {
            writeln!(out, "  base {from} -> {to}")?;
        }
        for change in &plan.plugins {
            writeln!(out, "  plugin {change}")?;
        }
        if plan.base.is_none() && plan.plugins.is_empty() {
            writeln!(out, "  base and plugins stay; configuration or start script differ")?;
        }
        if plan.pinned {
            writeln!(
                out,
                "It stays with this image until `cloudcore build-server upgrade` is run without --to."
            )?;
        }
        Ok(())
    }

    fn json(&self) -> Value {
        let plan = self.0;
        json!({
            "changes": plan.is_some(),
            "from": plan.and_then(|plan| plan.from.as_ref()).map(|image| &image.digest),
            "to": plan.and_then(|plan| plan.to.as_ref()).map(|image| &image.digest),
            "base": plan.and_then(|plan| plan.base.as_ref()),
            "plugins": plan.map(|plan| of_changes(&plan.plugins)).unwrap_or_default(),
            "pinned": plan.is_some_and(|plan| plan.pinned),
        })
    }
}

struct DoneReport(UpgradeReport);

impl Report for DoneReport {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let UpgradeReport { image, before } = &self.0;
        writeln!(out, "the build server has the image {}", image.digest.short())?;
        match before {
            Some(before) if *before != image.digest => {
                let before = before.short();
                writeln!(out, "Back again: `cloudcore build-server upgrade --to {before}`.")
            }
            _ => Ok(()),
        }
    }

    fn json(&self) -> Value {
        json!({"image": of_image(&self.0.image), "before": self.0.before})
    }
}

struct TokenShown(TokenReport);

impl Report for TokenShown {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        let TokenReport { user, secret } = &self.0;
        writeln!(out, "the token of {user} is in the secret {secret}")
    }

    fn json(&self) -> Value {
        json!({"user": self.0.user, "secret": self.0.secret})
    }
}
