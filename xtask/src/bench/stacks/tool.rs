//! The tools that are compared, and how each is run at its best.

use std::ffi::OsString;
use std::path::Path;
use std::process::Command;

use clap::ValueEnum;

use super::folder::{self, REGION};
use super::graph::Graph;
use super::kit::Kit;
use super::template::Wiring;
use crate::command;
use crate::failure::Outcome;

/// A tool that drives CloudFormation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub(super) enum Tool {
    #[value(skip)]
    Ours,
    Sceptre,
    Aws,
    Cdk,
    Sam,
}

impl Tool {
    pub(super) const PEERS: [Self; 4] = [Self::Sceptre, Self::Aws, Self::Cdk, Self::Sam];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Sceptre => "sceptre",
            Self::Aws => "aws",
            Self::Cdk => "cdk",
            Self::Sam => "sam",
        }
    }

    /// Whether it can deploy that graph. aws-sam-cli knows single stacks only, and is there to be
    /// compared on one.
    pub(super) fn plays(self, graph: &Graph) -> bool {
        match self {
            Self::Ours => true,
            Self::Sam => graph.stacks.len() == 1,
            _ => graph.stacks.len() > 1,
        }
    }

    /// Writes what it reads.
    pub(super) fn prepare(self, graph: &Graph, folder: &Path) -> Outcome {
        match self {
            Self::Ours => folder::ours(graph, folder),
            Self::Sceptre => folder::sceptre(graph, folder),
            Self::Aws => folder::shell(graph, folder),
            Self::Cdk => folder::cdk(graph, folder),
            Self::Sam => folder::templates(graph, folder, Wiring::Parameters),
        }
    }

    /// Deploys the graph that was prepared in `folder`.
    pub(super) fn deploy(self, kit: &Kit, graph: &Graph, folder: &Path) -> Command {
        let stacks = graph.stacks.len().to_string();
        let mut command = self.program(kit);
        match self {
            // Each round knows what the rounds before it took, as on a person's machine.
            Self::Ours => command
                .args(["--concurrency", &stacks, "."])
                .args(["--history", &format!("../../history-{}.json", graph.name)]),
            Self::Sceptre => command.args(["launch", "--yes", graph.name]),
            Self::Aws => command.arg("deploy.sh"),
            // Without a change set it makes fewer calls.
            Self::Cdk => command
                .args(["deploy", "--all", "--app", "cdk.out", "--concurrency", &stacks])
                .args(["--require-approval", "never", "--method", "direct", "--no-notices"]),
            Self::Sam => command
                .args(["deploy", "--stack-name", &graph.stack_name(1), "--region", REGION])
                .args(["--template-file", &format!("{}.json", graph.stack_name(1))])
                .args(["--no-confirm-changeset", "--no-fail-on-empty-changeset"]),
        };
        command.current_dir(folder);
        command
    }

    /// What it says about its version.
    pub(super) fn version(self, kit: &Kit) -> String {
        let mut command = match self {
            Self::Ours => return format!("{} of this checkout", env!("CARGO_PKG_VERSION")),
            Self::Aws => on_path(kit, "aws"),
            _ => self.program(kit),
        };
        let said = command::first_line(command.arg("--version"));
        said.unwrap_or_else(|| "does not say its version".to_owned())
    }

    fn program(self, kit: &Kit) -> Command {
        match self {
            Self::Ours => command::program(&kit.apply_graph),
            Self::Aws => on_path(kit, "sh"),
            _ => on_path(kit, self.name()),
        }
    }
}

/// A program of the peers, or of the system, with both on its `PATH`.
fn on_path(kit: &Kit, name: &str) -> Command {
    let own = std::env::var_os("PATH").unwrap_or_default();
    let folders = kit.folders.iter().cloned().chain(std::env::split_paths(&own));
    let path: OsString = std::env::join_paths(folders).unwrap_or(own.clone());
    let found = kit.folders.iter().map(|folder| folder.join(name)).find(|file| file.is_file());
    let mut command = command::program(found.map_or_else(|| name.into(), OsString::from));
    command.env("PATH", path);
    command
}
