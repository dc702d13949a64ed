//! `cargo xtask bench stacks`: the stack engine beside its peers, against the same local AWS.
//!
//! The [`graph`]s and their [`template`]s are written out as each [`tool`] wants them ([`folder`]).
//! Each round has a [`local_aws`] of its own, in which every stack takes the time that its graph
//! says and every call the same latency. A tool makes the graph and is then run again ([`play`]);
//! `measure` watches it, [`calls`] reads what the proxy recorded, [`goals`] judges.

mod calls;
mod folder;
mod goals;
mod graph;
mod kit;
mod local_aws;
mod play;
mod table;
mod template;
mod tool;

use std::path::PathBuf;
use std::process::ExitCode;

use fs_err as fs;

use super::goal;
use super::programs::{self, Measured};
use crate::failure::{Failure, Outcome};
use crate::print;
use crate::workspace::Workspace;

use graph::Graph;
use kit::Kit;
use play::Row;
use tool::Tool;

/// Options of `cargo xtask bench stacks`.
#[derive(clap::Args)]
pub(super) struct Args {
    /// How often each tool makes each graph; the numbers are medians. A round of everything takes
    /// about 15 minutes, most of it the AWS CLI, which looks every 30 seconds
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u8).range(1..=99))]
    rounds: u8,
    /// Compare with this tool only; may be given several times
    #[arg(long = "peer", value_name = "NAME")]
    peers: Vec<Tool>,
    /// Make this graph only (single, chain, wide, diamond); may be given several times
    #[arg(long = "graph", value_name = "NAME")]
    graphs: Vec<String>,
    /// One round, for development
    #[arg(long, conflicts_with = "rounds")]
    quick: bool,
    /// Build the release programs too, and measure them
    #[arg(long)]
    build: bool,
}

/// Runs the benchmark. Success when every goal is met.
pub(super) fn run(workspace: &Workspace, args: &Args) -> Outcome<ExitCode> {
    let graphs = graphs(&args.graphs)?;
    let mut peers = if args.peers.is_empty() { Tool::PEERS.to_vec() } else { args.peers.clone() };
    peers.sort();
    peers.dedup();
    peers.retain(|peer| graphs.iter().any(|graph| peer.plays(graph)));
    let kit = kit::prepare(workspace, &peers, args.build)?;
    print_what(&kit, &graphs, &peers);
    let rounds = if args.quick { 1 } else { usize::from(args.rounds) };
    let work = work_folder(workspace)?;
    let mut rows = Vec::new();
    for graph in &graphs {
        print::heading(graph.about());
        let tools = [Tool::Ours].into_iter().chain(peers.iter().copied());
        for tool in tools.filter(|tool| tool.plays(graph)) {
            rows.extend(play::play(&kit, graph, tool, rounds, &work));
        }
    }
    let programs = programs::measure(&workspace.release_dir())?;
    Ok(report(&rows, &programs, rounds))
}

fn graphs(names: &[String]) -> Outcome<Vec<Graph>> {
    let all = graph::all();
    if let Some(unknown) = names.iter().find(|name| all.iter().all(|one| one.name != **name)) {
        let known: Vec<&str> = all.iter().map(|graph| graph.name).collect();
        return Err(Failure::configuration(format!("there is no graph {unknown}"))
            .hint(format!("there are {}", known.join(", "))));
    }
    let wanted = |graph: &Graph| names.is_empty() || names.iter().any(|name| name == graph.name);
    Ok(all.into_iter().filter(wanted).collect())
}

/// A new folder for the files and logs of this run; that of the last one goes.
fn work_folder(workspace: &Workspace) -> Outcome<PathBuf> {
    let folder = workspace.target.join("bench/stacks");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn print_what(kit: &Kit, graphs: &[Graph], peers: &[Tool]) {
    print::heading("tools and graphs");
    for tool in [Tool::Ours].iter().chain(peers) {
        print::result(format!("{:10} {}", tool.name(), tool.version(kit)));
    }
    graphs.iter().for_each(|graph| print::result(graph.about()));
    print::result(format!("every call takes {} ms more", local_aws::LATENCY_MS));
}

fn report(rows: &[Row], programs: &[Measured], rounds: usize) -> ExitCode {
    print::result(format!("\nmedians of {rounds}; what is \"most\" is the highest of all rounds"));
    print::result(table::table(rows));
    print::result("\ncalls by client, in the first round");
    for row in rows {
        let (graph, scenario, tool) = (row.graph.name, row.scenario.name(), row.tool.name());
        let callers = row.numbers.as_ref().map_or("failed", |numbers| &numbers.callers);
        print::result(format!("{graph}, {scenario}, {tool}: {callers}"));
    }
    for name in programs::NAMES {
        if programs.iter().all(|program| program.name != name) {
            print::result(format!("{name}: not measured, no release build (--build makes one)"));
        }
    }
    goal::judge(&goals::check(rows, programs))
}
