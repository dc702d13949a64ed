//! Everything that the benchmark runs, fetched and built.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::tool::Tool;
use crate::bench::programs;
use crate::failure::Outcome;
use crate::prerequisites;
use crate::print;
use crate::progress::{Board, Job, Progress};
use crate::tools::Tools;
use crate::workspace::Workspace;

/// Where the programs are.
#[derive(Debug)]
pub(super) struct Kit {
    pub(super) fakecloud: PathBuf,
    pub(super) proxy: PathBuf,
    /// Our library's example, built for release.
    pub(super) apply_graph: PathBuf,
    /// Folders with the programs of the peers, all on the `PATH` of what is run.
    pub(super) folders: Vec<PathBuf>,
}

/// Gets the peers in the background while our own programs are built.
pub(super) fn prepare(workspace: &Workspace, peers: &[Tool], programs: bool) -> Outcome<Kit> {
    prerequisites::for_benchmark()?;
    print::heading("preparing: tools and programs (the first time takes minutes)");
    let (tools, board) = (Tools::open()?, Board::new());
    let job = tools.clone();
    let fakecloud = board.spawn("fakecloud", move |progress| job.fakecloud(progress));
    let jobs: Vec<Job<PathBuf>> =
        peers.iter().map(|peer| fetch(*peer, &tools, &board, workspace)).collect();
    let (own, job) = (workspace.clone(), tools.clone());
    let built = board.spawn("our programs", move |progress| build(&own, &job, programs, progress));
    built.join()?;
    Ok(Kit {
        folders: jobs.into_iter().map(Job::join).collect::<Outcome<_>>()?,
        fakecloud: fakecloud.join()?,
        proxy: workspace.bin_dir().join("cloudops-aws-proxy"),
        apply_graph: workspace.release_dir().join("examples/apply_graph"),
    })
}

fn fetch(peer: Tool, tools: &Tools, board: &Board, workspace: &Workspace) -> Job<PathBuf> {
    let (tools, root) = (tools.clone(), workspace.root.clone());
    board.spawn(peer.name(), move |progress| match peer {
        Tool::Sceptre => tools.sceptre(progress),
        Tool::Sam => tools.sam(progress),
        Tool::Cdk => tools.cdk(progress),
        Tool::Aws | Tool::Ours => {
            let python = tools.python(&root, progress)?;
            Ok(python.parent().map(Path::to_owned).unwrap_or_default())
        }
    })
}

fn build(own: &Workspace, tools: &Tools, programs: bool, progress: &Progress) -> Outcome {
    let log = tools.root().join("logs/benchmark.log");
    progress.run(&mut proxy(own), &log)?;
    progress.run(&mut example(own), &log)?;
    if programs {
        progress.run(&mut release(own), &log)?;
    }
    Ok(())
}

fn proxy(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--package", "cloudops-e2e", "--bin", "cloudops-aws-proxy"]);
    cargo
}

fn example(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release", "--package", "cloudops-aws", "--example", "apply_graph"]);
    cargo.args(["--no-default-features", "--features", "stacks"]);
    cargo
}

fn release(workspace: &Workspace) -> Command {
    let mut cargo = workspace.cargo();
    cargo.args(["build", "--release"]);
    cargo.args(programs::NAMES.iter().flat_map(|name| ["--package", *name]));
    cargo.arg("--bins");
    cargo
}
