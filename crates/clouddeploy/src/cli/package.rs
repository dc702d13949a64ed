//! `clouddeploy package`.

use camino::Utf8PathBuf;
use clouddeploy::topology::Topology;
use cloudops_aws::{
    diagnose::Class,
    package::{
        Limits,
        inspect::{Needed, inspect},
    },
    terminal::{CliResult, Session},
};

use super::package_report::Inspected;

/// Verbs of `package`.
#[derive(Debug, clap::Subcommand)]
pub(super) enum Verb {
    /// Show what is in a package file, and every reason why it would be refused; then it exits
    /// with 3
    Inspect {
        /// The zip file
        file: Utf8PathBuf,
    },
}

pub(super) fn exec(session: &Session, verb: &Verb) -> CliResult {
    let Verb::Inspect { file } = verb;
    let found = inspect(file, Limits::default(), &needed(&Topology::commerce()?))?;
    let class = if found.refused.is_empty() { Class::Done } else { Class::Configuration };
    session.print(&Inspected(found));
    Ok(class)
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
