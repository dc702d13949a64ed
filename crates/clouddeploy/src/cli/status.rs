//! `clouddeploy status`.

use std::fmt::{self, Write};

use clouddeploy::ops::status::{self, ServiceStatus, Status};
use cloudops_aws::{
    containers::Verdict,
    diagnose::Class,
    ids::EnvName,
    terminal::{CliResult, Report, Session, Style, Table},
};

/// Options of `status`.
#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Environment
    #[arg(long)]
    env: EnvName,
    /// Fail with 10 unless every service serves its release
    #[arg(long)]
    require_healthy: bool,
}

pub(super) async fn exec(session: &Session, args: &Args) -> CliResult {
    let config = session.config()?;
    let ctx = session.connect(&config).await?;
    let status = status::status(&ctx, &config, &args.env).await?;
    let healthy = status.healthy();
    session.print(&Shown(status));
    if args.require_healthy {
        healthy?;
    }
    Ok(Class::Done)
}

struct Shown(Status);

impl Report for Shown {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let environment = &self.0.environment;
        let release = environment.release().unwrap_or("none");
        let protected = if environment.protected { "protected" } else { "not protected" };
        let name = style.bold(environment.name.as_str());
        writeln!(out, "{name}  release {release}  {protected}")?;
        let mut table = Table::new(style, &["SERVICE", "TASKS", "VERDICT", "IMAGE"]);
        for service in &self.0.services {
            let tasks = service.service.as_ref();
            let tasks = tasks.map_or("-".to_owned(), |s| format!("{}/{}", s.running, s.desired));
            table.row([service.title.clone(), tasks, verdict(style, service), image(service)]);
        }
        write!(out, "{table}")?;
        for (side, status) in &self.0.databases {
            writeln!(out, "database {side}  {status}")?;
        }
        match &self.0.storefront {
            Some(url) => writeln!(out, "storefront  {url}"),
            None => Ok(()),
        }
    }

    fn json(&self) -> serde_json::Value {
        let service = |service: &ServiceStatus| {
            serde_json::json!({
                "name": service.title,
                "verdict": service.verdict,
                "image": service.image,
                "service": service.service,
            })
        };
        serde_json::json!({
            "environment": self.0.environment,
            "services": self.0.services.iter().map(service).collect::<Vec<_>>(),
            "databases": self.0.databases,
            "storefront": self.0.storefront,
        })
    }
}

fn verdict(style: Style, service: &ServiceStatus) -> String {
    match &service.verdict {
        Verdict::Serving { .. } => style.good("serving"),
        Verdict::ScaledToZero => style.warn("scaled to zero"),
        Verdict::InProgress { .. } => style.warn("rolling out"),
        Verdict::Other { .. } => style.bad("serves something else"),
        Verdict::Failed { .. } => style.bad("failed"),
        Verdict::Missing => style.bad("missing"),
    }
}

/// The part of the image reference that tells images apart.
fn image(service: &ServiceStatus) -> String {
    let image = service.image.as_deref().unwrap_or("-");
    let digest = image.rsplit(':').next().unwrap_or(image);
    digest.get(..12).unwrap_or(digest).to_owned()
}
