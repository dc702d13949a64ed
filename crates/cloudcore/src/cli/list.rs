//! `cloudcore list`.

use std::fmt::{self, Write};

use cloudcore::ops::list::{self, Listed};
use cloudops_aws::{
    diagnose::Class,
    ids::Region,
    terminal::{CliResult, Report, Session, Style, Table},
};

/// Options of `list`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Regions to look in, separated by commas [default: all that are enabled for the account]
    #[arg(long, value_name = "REGION", value_delimiter = ',')]
    regions: Vec<Region>,
    /// AWS profiles to look with, separated by commas: one for each account [default: --profile]
    #[arg(long, value_name = "PROFILE", value_delimiter = ',')]
    profiles: Vec<String>,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let profiles: Vec<Option<&str>> = match args.profiles.as_slice() {
        [] => vec![session.settings.profile.as_deref()],
        several => several.iter().map(|profile| Some(profile.as_str())).collect(),
    };
    let mut found: Vec<Listed> = Vec::new();
    for profile in profiles {
        let region = args.regions.first().or(session.settings.region.as_ref());
        let ctx = session.connect_as(region, profile).await?;
        for listed in list::list(&ctx, &args.regions).await? {
            // Two profiles may be of one account.
            if !found.contains(&listed) {
                found.push(listed);
            }
        }
    }
    session.print(&Shown(found));
    Ok(Class::Done)
}

struct Shown(Vec<Listed>);

fn state(listed: &Listed, style: Style) -> String {
    if !listed.broken.is_empty() {
        style.bad(&format!("broken: {}", listed.broken.join(", ")))
    } else if !listed.busy.is_empty() {
        format!("busy: {}", listed.busy.join(", "))
    } else if listed.versions.is_empty() {
        "not complete: run `cloudcore init` again".to_owned()
    } else {
        style.good("good")
    }
}

fn versions(listed: &Listed) -> String {
    let mut versions: Vec<&str> = listed.versions.values().map(String::as_str).collect();
    versions.sort_unstable();
    versions.dedup();
    versions.join(", ")
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if self.0.is_empty() {
            return writeln!(out, "there is no instance");
        }
        let headers = [
            "INSTANCE",
            "ACCOUNT",
            "REGION",
            "DOMAIN",
            "VERSION",
            "ENVIRONMENTS",
            "STACKS",
            "STATE",
        ];
        let mut table = Table::new(style, &headers);
        for listed in &self.0 {
            table.row([
                listed.instance.to_string(),
                listed.account.to_string(),
                listed.region.to_string(),
                listed.domain.clone().unwrap_or_default(),
                versions(listed),
                listed.environments.join(", "),
                listed.stacks.to_string(),
                state(listed, style),
            ]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> serde_json::Value {
        let instance = |listed: &Listed| {
            serde_json::json!({
                "instance": listed.instance,
                "account": listed.account,
                "region": listed.region,
                "domain": listed.domain,
                "versions": listed.versions,
                "environments": listed.environments,
                "stacks": listed.stacks,
                "busy": listed.busy,
                "broken": listed.broken,
            })
        };
        serde_json::json!({ "instances": self.0.iter().map(instance).collect::<Vec<_>>() })
    }
}
