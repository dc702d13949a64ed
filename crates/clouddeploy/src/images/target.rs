//! Which images there are to be: what the topology says, as far as images go.

use crate::topology_file::{Service, Tool, Topology};

/// An image to make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Name of the image, which ends the name of its repository.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
}

/// What an image holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Tomcat with web applications.
    Service {
        /// Artifact id and context of each web application, the main one first.
        webapps: Vec<(String, String)>,
        /// Path that answers 200 when requests are welcome.
        health: String,
    },
    /// A command-line tool of the package, with the jars of the database.
    Tool {
        /// Artifact id of its zip in `tools/`.
        artifact: String,
        /// Script in the zip that starts it.
        script: String,
    },
}

/// The images of a topology, sorted by name.
#[must_use]
pub fn targets(topology: &Topology) -> Vec<Target> {
    let services = topology.services.iter().map(|(name, service)| Target {
        name: name.clone(),
        kind: service_kind(service),
    });
    let tools = topology.tools.iter().map(|(name, tool)| Target {
        name: name.clone(),
        kind: tool_kind(tool),
    });
    let mut all: Vec<Target> = services.chain(tools).collect();
    all.sort_by(|one, other| one.name.cmp(&other.name));
    all
}

fn service_kind(service: &Service) -> Kind {
    let context = |context: &str| context.trim_matches('/').to_owned();
    let mut webapps: Vec<(String, String)> = service
        .webapps
        .iter()
        .map(|(artifact, path)| (artifact.clone(), context(path)))
        .collect();
    // The main one is the one whose health is asked for.
    let main = service.health.trim_start_matches('/');
    let main = main.split('/').next().unwrap_or_default();
    webapps.sort_by_key(|(_, context)| context != main);
    Kind::Service {
        webapps,
        health: service.health.clone(),
    }
}

fn tool_kind(tool: &Tool) -> Kind {
    Kind::Tool {
        artifact: tool.artifact.clone(),
        script: tool.script.clone(),
    }
}
