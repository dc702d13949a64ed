//! `clouddeploy package`.

use clouddeploy::{
    ops::package::{self, Input, PackageFile},
    topology::Topology,
};
use cloudops_aws::{
    diagnose::Class,
    package::inspect::{Needed, inspect},
    terminal::{CliResult, Failure, LimitArgs, Session, Settings},
};

use super::package_report::Inspected;

/// Verbs of `package`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show what is in a package, and every reason why it would be refused; then it exits with 3
    Inspect {
        /// A zip file, s3://BUCKET/KEY, or the id of a published package
        #[arg(value_name = "FILE|s3://...|ID")]
        package: String,
        #[command(flatten)]
        limits: LimitArgs,
    },
}

pub(super) async fn exec(session: &Session, verb: Verb) -> CliResult {
    let Verb::Inspect { package, limits } = verb;
    let needed = needed(&Topology::commerce()?);
    let file = fetch(session, Input::parse(&package)?).await?;
    let found = inspect(file.named(), limits.limits(), &needed)?;
    let class = if found.refused.is_empty() { Class::Done } else { Class::Configuration };
    session.print(&Inspected(found));
    Ok(class)
}

/// AWS is asked for nothing when the package is a file.
async fn fetch(session: &Session, input: Input) -> Result<PackageFile, Failure> {
    match input {
        Input::File(path) => Ok(PackageFile::local(path)),
        Input::Object { bucket, key } => {
            let Settings { config, region, profile, .. } = &session.settings;
            // Without settings of an instance, region and profile come from the usual places.
            let ctx = if config.exists() {
                session.connect(&session.config()?).await?
            } else {
                session.connect_as(region.as_ref(), profile.as_deref()).await?
            };
            Ok(package::fetch_object(&ctx, &bucket, &key).await?)
        }
        Input::Published(id) => {
            let config = session.config()?;
            let ctx = session.connect(&config).await?;
            Ok(package::fetch_published(&ctx, &config, &id).await?)
        }
    }
}

/// What the services and tools of a topology need from a package.
fn needed(topology: &Topology) -> Vec<Needed> {
    let webapps = topology.services.iter().flat_map(|(user, service)| {
        let needed =
            |artifact: &String| Needed::WebApp { artifact: artifact.clone(), user: user.clone() };
        service.webapps.keys().map(needed)
    });
    let tools = topology
        .tools
        .iter()
        .map(|(user, tool)| Needed::Tool { artifact: tool.artifact.clone(), user: user.clone() });
    webapps.chain(tools).collect()
}
