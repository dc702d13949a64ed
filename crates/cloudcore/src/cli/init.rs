//! `cloudcore init`.

use std::{
    fmt::{self, Write},
    time::Duration,
};

use super::build_server;
use camino::Utf8PathBuf;
use cloudcore::ops::init::{self, InitReport, InitRequest};
use cloudops_aws::{
    cfn::gate::Approvals,
    ctx::Ctx,
    diagnose::{Class, Diagnose},
    events::Outcome,
    terminal::{self, CliResult, Report, Session, Style},
};

/// Options of `init`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Allow that this data resource is replaced or removed, as STACK/LOGICAL-ID
    #[arg(long, value_name = "STACK/ID")]
    approve_data_loss: Vec<String>,
    #[command(flatten)]
    delegation: DelegationArgs,
}

/// What to do about the delegation of the domain.
#[derive(Debug, clap::Args)]
struct DelegationArgs {
    /// Replace the NS record that others wrote for this domain in its parent zone
    #[arg(long, value_name = "DOMAIN")]
    replace_delegation: Option<String>,
    /// Wait this long for the delegation when all else is done
    #[arg(long, value_name = "MINUTES", default_value_t = 0)]
    wait_for_dns: u64,
}

/// The option names another domain than `cloudops.yaml`.
#[derive(Debug, thiserror::Error)]
#[error("--replace-delegation {named}: the domain of this instance is {domain}")]
struct OtherDomain {
    named: String,
    domain: String,
}

impl Diagnose for OtherDomain {
    fn class(&self) -> Class {
        Class::Usage
    }
}

impl DelegationArgs {
    fn replaces(&self, domain: &str) -> Result<bool, OtherDomain> {
        match &self.replace_delegation {
            Some(named) if named != domain => {
                Err(OtherDomain { named: named.clone(), domain: domain.to_owned() })
            }
            named => Ok(named.is_some()),
        }
    }

    fn patience(&self) -> Duration {
        Duration::from_secs(self.wait_for_dns.saturating_mul(60))
    }
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let replace_delegation = args.delegation.replaces(&config.domain)?;
    let ctx = session.connect(&config).await?;
    let request = InitRequest {
        config,
        owner: session.settings.owner.clone(),
        approvals: Approvals::for_resources(args.approve_data_loss.clone()),
        plan: None,
        replace_delegation,
        wait_for_dns: args.delegation.patience(),
        folder: build_server::folder(session),
    };
    run(session, &ctx, &request).await
}

/// Options of `apply`.
#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// The plan
    #[arg(value_name = "FILE")]
    file: Utf8PathBuf,
    #[command(flatten)]
    delegation: DelegationArgs,
}

pub(super) async fn apply(session: &Session, args: &ApplyArgs) -> CliResult {
    let config = session.config()?;
    let replace_delegation = args.delegation.replaces(&config.domain)?;
    let plan = terminal::read_plan(&args.file)?;
    let ctx = session.connect(&config).await?;
    let owner = session.settings.owner.clone();
    let approvals = Approvals::default();
    let request = InitRequest {
        config,
        owner,
        approvals,
        plan: Some(plan),
        replace_delegation,
        wait_for_dns: args.delegation.patience(),
        folder: build_server::folder(session),
    };
    run(session, &ctx, &request).await
}

async fn run(session: &Session, ctx: &Ctx, request: &InitRequest) -> CliResult {
    let report = init::init(ctx, request).await?;
    session.print(&Shown { report, instance: request.config.instance.to_string() });
    Ok(Class::Done)
}

struct Shown {
    report: InitReport,
    instance: String,
}

impl Shown {
    fn changed_stacks(&self) -> usize {
        self.report.stacks.values().filter(|outcome| **outcome == Outcome::Done).count()
    }
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let (instance, count) = (&self.instance, self.report.stacks.len());
        if !self.report.changed {
            return writeln!(out, "{instance}: nothing to change, {count} stacks are up to date");
        }
        let changed = self.changed_stacks();
        writeln!(out, "{}: {changed} of {count} stacks changed", style.bold(instance))?;
        for (label, name) in [
            ("VPC", "VpcId"),
            ("build server", "BuildServerUrl"),
            ("Consul", "ConsulUrl"),
            ("name servers", "NameServers"),
            ("state bucket", "StateBucketName"),
        ] {
            if let Some(value) = self.report.outputs.get(name) {
                writeln!(out, "  {label:<13} {value}")?;
            }
        }
        writeln!(out, "Next: `cloudteam init --source <distribution>`.")
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "instance": self.instance,
            "changed": self.report.changed,
            "stacks": self.report.stacks,
            "outputs": self.report.outputs,
        })
    }
}
