//! The rounds: each tool makes each graph, then is run again with nothing to change.

use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use fs_err as fs;

use super::calls::{self, Summary};
use super::graph::Graph;
use super::kit::Kit;
use super::local_aws::LocalAws;
use super::tool::Tool;
use crate::bench::measure::{self, Ran};
use crate::bench::statistics::{highest, median};
use crate::failure::Outcome;
use crate::print;

/// A call is recorded when its answer is on its way: the last one may come after its tool's end.
const LAST_RECORD: Duration = Duration::from_millis(100);

/// What was done with a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scenario {
    CreateAll,
    NothingChanged,
}

impl Scenario {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CreateAll => "create all",
            Self::NothingChanged => "nothing changed",
        }
    }
}

/// What a tool's runs of a scenario come to.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) graph: Graph,
    pub(super) tool: Tool,
    pub(super) scenario: Scenario,
    /// Why there are no numbers, when there are none.
    pub(super) numbers: Result<Numbers, String>,
}

/// Medians over the rounds, and the highest of what must never be exceeded.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Numbers {
    pub(super) seconds: f64,
    /// The first round alone, which knows nothing of earlier ones.
    pub(super) first: f64,
    pub(super) megabytes: f64,
    pub(super) calls: f64,
    pub(super) cloudformation: f64,
    pub(super) waiting: f64,
    pub(super) waiting_busiest: f64,
    pub(super) busiest: f64,
    pub(super) callers: String,
}

type Round = (Ran, Summary);

/// Plays `rounds` rounds and gives a row per scenario.
pub(super) fn play(kit: &Kit, graph: &Graph, tool: Tool, rounds: usize, work: &Path) -> Vec<Row> {
    let mut created = Vec::new();
    let mut again = Vec::new();
    let mut failure = None;
    for round in 1..=rounds {
        print::note(format!("{}, {}: round {round} of {rounds}", graph.name, tool.name()));
        let folder = work.join(format!("{}-{}-{round}", graph.name, tool.name()));
        match one(kit, graph, tool, &folder) {
            Ok([first, second]) => {
                print::note(format!("  {:.2} s, then {:.2} s", first.0.seconds, second.0.seconds));
                created.push(first);
                again.push(second);
            }
            Err(error) => {
                print::failure(&error);
                failure = Some(error.to_string());
                break;
            }
        }
    }
    let row = |scenario, runs: &[Round]| Row {
        graph: graph.clone(),
        tool,
        scenario,
        numbers: failure.clone().map_or_else(|| Ok(numbers(runs)), Err),
    };
    vec![row(Scenario::CreateAll, &created), row(Scenario::NothingChanged, &again)]
}

fn one(kit: &Kit, graph: &Graph, tool: Tool, folder: &Path) -> Outcome<[Round; 2]> {
    // One home for all rounds of a tool: what it looks up once a week is no part of its work.
    let home = folder.with_file_name(format!("home-{}", tool.name()));
    let files = folder.join("files");
    fs::create_dir_all(&home)?;
    fs::create_dir_all(&files)?;
    tool.prepare(graph, &files)?;
    let aws = LocalAws::start(kit, graph, &folder.join("aws"))?;
    let mut before = 0;
    let mut run = |log: PathBuf| -> Outcome<Round> {
        let mut command = tool.deploy(kit, graph, &files);
        aws.equip(&mut command, &home);
        let ran = measure::run(&mut command, &log)?;
        thread::sleep(LAST_RECORD);
        let calls = aws.calls()?;
        let summary = calls::summarize(&calls[before..], graph);
        before = calls.len();
        Ok((ran, summary))
    };
    Ok([run(folder.join("create.log"))?, run(folder.join("again.log"))?])
}

fn numbers(runs: &[Round]) -> Numbers {
    let all = |of: &dyn Fn(&Round) -> f64| runs.iter().map(of).collect::<Vec<f64>>();
    let callers = runs.first().map(|(_, calls)| {
        let one = |(who, count): (&String, &usize)| format!("{who} {count}");
        calls.callers.iter().map(one).collect::<Vec<_>>().join(", ")
    });
    Numbers {
        seconds: median(&all(&|(ran, _)| ran.seconds)),
        first: runs.first().map_or(0.0, |(ran, _)| ran.seconds),
        megabytes: median(&all(&|(ran, _)| ran.megabytes)),
        calls: median(&all(&|(_, calls)| calls.calls)),
        cloudformation: median(&all(&|(_, calls)| calls.cloudformation)),
        waiting: median(&all(&|(_, calls)| calls.waiting)),
        waiting_busiest: highest(&all(&|(_, calls)| calls.waiting_busiest)),
        busiest: highest(&all(&|(_, calls)| calls.busiest)),
        callers: callers.unwrap_or_default(),
    }
}
