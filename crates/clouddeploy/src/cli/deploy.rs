//! `clouddeploy plan`, `deploy` and `rollback`.

use std::fmt::{self, Write};

use camino::Utf8PathBuf;
use clouddeploy::{
    error::DeployError,
    ops::{
        deploy::{self, DeployReport, DeployRequest, Which},
        plan::{self, Planned},
    },
};
use cloudops_aws::{
    cfn::gate::Approvals,
    diagnose::Class,
    ids::EnvName,
    terminal::{self, CliResult, PlanReport, Report, Session, Style},
};

/// Options of `plan`.
#[derive(Debug, clap::Args)]
pub(super) struct PlanArgs {
    /// Environment
    #[arg(long)]
    env: EnvName,
    /// Release [default: the newest]
    #[arg(long, value_name = "ID")]
    release: Option<String>,
    /// Exit with 20 when there are changes
    #[arg(long)]
    detailed_exit_code: bool,
    /// Write the plan to this file, for `apply`
    #[arg(long, value_name = "FILE")]
    out: Option<Utf8PathBuf>,
    /// Allow in the file that this data resource is replaced or removed, as STACK/LOGICAL-ID
    #[arg(long, value_name = "STACK/ID", requires = "out")]
    approve_data_loss: Vec<String>,
}

/// Options of `apply`.
#[derive(Debug, clap::Args)]
pub(super) struct ApplyArgs {
    /// The plan
    #[arg(value_name = "FILE")]
    file: Utf8PathBuf,
}

/// Options of `deploy`.
#[derive(Debug, clap::Args)]
pub(super) struct DeployArgs {
    /// Environment
    #[arg(long)]
    env: EnvName,
    /// Release [default: the newest]
    #[arg(long, value_name = "ID")]
    release: Option<String>,
    /// Run of the build job whose package the release is made of
    #[arg(long, value_name = "ID", conflicts_with = "release")]
    run: Option<String>,
}

/// Options of `rollback`.
#[derive(Debug, clap::Args)]
pub(super) struct RollbackArgs {
    /// Environment
    #[arg(long)]
    env: EnvName,
    /// Release [default: the one that served before]
    #[arg(long, value_name = "ID")]
    to: Option<String>,
}

fn request(
    session: &Session,
    env: EnvName,
    release: Which,
) -> Result<DeployRequest, cloudops_aws::terminal::Failure> {
    let config = session.config()?;
    Ok(DeployRequest { config, owner: session.settings.owner.clone(), env, release, plan: None })
}

pub(super) async fn plan(session: &Session, args: PlanArgs) -> CliResult {
    let request = request(session, args.env, args.release.map_or(Which::Newest, Which::Id))?;
    let ctx = session.connect(&request.config).await?;
    let Planned { release, plan, appraisal } = plan::plan(&ctx, &request).await?;
    session.events().note(format!("plan for release {} in {}", release.id, request.env));
    session.print(&PlanReport::appraised(&plan, &appraisal));
    if let Some(file) = &args.out {
        let approvals = Approvals::for_resources(args.approve_data_loss.clone());
        let made = plan::file(&ctx, &request, &release, &plan, &approvals).await?;
        terminal::write_plan(session, file, &made, "clouddeploy apply")?;
    }
    let pending = args.detailed_exit_code && plan.has_changes();
    Ok(if pending { Class::ChangesPending } else { Class::Done })
}

pub(super) async fn apply(session: &Session, args: &ApplyArgs) -> CliResult {
    let plan = terminal::read_plan(&args.file)?;
    let release = plan.release.clone().map_or(Which::Newest, Which::Id);
    let env = plan.target.parse::<EnvName>().map_err(DeployError::from)?;
    let request = DeployRequest { plan: Some(plan), ..request(session, env, release)? };
    let ctx = session.connect(&request.config).await?;
    let report = deploy::deploy(&ctx, &request).await?;
    session.print(&Shown { report, env: request.env });
    Ok(Class::Done)
}

pub(super) async fn deploy(session: &Session, args: DeployArgs) -> CliResult {
    let which = match (args.release, args.run) {
        (Some(id), _) => Which::Id(id),
        (None, Some(run)) => Which::Run(run),
        (None, None) => Which::Newest,
    };
    run(session, args.env, which).await
}

pub(super) async fn rollback(session: &Session, args: RollbackArgs) -> CliResult {
    run(session, args.env, args.to.map_or(Which::Previous, Which::Id)).await
}

/// Shows the plan, asks, and deploys.
async fn run(session: &Session, env: EnvName, which: Which) -> CliResult {
    let mut request = request(session, env, which)?;
    let ctx = session.connect(&request.config).await?;
    if !session.settings.yes {
        let Planned { release, plan, appraisal } = plan::plan(&ctx, &request).await?;
        session.print(&PlanReport::appraised(&plan, &appraisal));
        let question = format!("Deploy release {} to {}?", release.id, request.env);
        session.confirm(&question).await?;
        // What was shown is what is deployed, also when a newer release appears meanwhile.
        request.release = Which::Id(release.id);
    }
    let report = deploy::deploy(&ctx, &request).await?;
    session.print(&Shown { report, env: request.env });
    Ok(Class::Done)
}

struct Shown {
    report: DeployReport,
    env: EnvName,
}

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let (report, env) = (&self.report, &self.env);
        let release = &report.release.id;
        let changed = report.services.values().filter(|changed| **changed).count();
        let headline = format!("{env} serves release {release}");
        match &report.before {
            Some(before) if before != release => {
                writeln!(out, "{}, before it was {before}", style.good(&headline))?;
            }
            _ => writeln!(out, "{}", style.good(&headline))?,
        }
        writeln!(out, "{changed} of {} services changed", report.services.len())?;
        match &report.storefront {
            Some(url) => writeln!(out, "storefront  {url}"),
            None => Ok(()),
        }
    }

    fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "environment": self.env,
            "release": self.report.release.id,
            "before": self.report.before,
            "changed": self.report.changed,
            "services": self.report.services,
            "storefront": self.report.storefront,
        })
    }
}
