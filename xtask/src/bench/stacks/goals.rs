//! What we want to reach, and whether we do.

use super::play::{Numbers, Row, Scenario};
use super::tool::Tool;
use crate::bench::goal::Goal;
use crate::bench::programs::Measured;

/// How much more than the critical path a graph may take: a factor, and seconds.
const WALL: (f64, f64) = (1.05, 1.0);
/// How many times faster we are where nothing changed.
const FASTER: f64 = 10.0;
/// Calls to CloudFormation per stack where nothing changed.
const CALLS_A_STACK: f64 = 2.0;
/// Our part of Sceptre's calls while waiting.
const PART_OF_SCEPTRE: f64 = 0.25;
/// Calls of ours while waiting, in any second, for all stacks together.
const WAITING_CALLS: f64 = 2.0;
/// Seconds of `--help`, and MB of a program.
const HELP: f64 = 0.015;
const PROGRAM: f64 = 30.0;

/// All goals that the rows have something to say about.
pub(super) fn check(rows: &[Row], programs: &[Measured]) -> Vec<Goal> {
    let ours = rows.iter().filter(|row| row.tool == Tool::Ours);
    let mut goals: Vec<Goal> = ours.flat_map(|row| of_row(row, rows)).collect();
    goals.extend(programs.iter().flat_map(of_program));
    goals
}

fn of_row(row: &Row, rows: &[Row]) -> Vec<Goal> {
    let own = match &row.numbers {
        Ok(numbers) => numbers,
        Err(why) => {
            let (graph, scenario) = (row.graph.name, row.scenario.name());
            return vec![Goal {
                met: false,
                text: format!("{graph}, {scenario}: we failed: {why}"),
            }];
        }
    };
    let peers = rows.iter().filter(|other| {
        let same = other.graph.name == row.graph.name && other.scenario == row.scenario;
        other.tool != Tool::Ours && same
    });
    match row.scenario {
        Scenario::CreateAll => {
            let mut goals = vec![wall(row, own), waiting_calls(row, own)];
            let sceptre = peers.filter(|peer| peer.tool == Tool::Sceptre);
            goals.extend(sceptre.map(|peer| part_of(row, own, peer)));
            goals
        }
        Scenario::NothingChanged => {
            let mut goals = vec![calls_a_stack(row, own)];
            goals.extend(peers.map(|peer| faster(row, own, peer)));
            goals
        }
    }
}

fn wall(row: &Row, own: &Numbers) -> Goal {
    let path = f64::from(row.graph.critical_path());
    let limit = path.mul_add(WALL.0, WALL.1);
    let took = own.seconds;
    Goal {
        met: took <= limit,
        text: format!(
            "{}, create all: {took:.2} s, at most {limit:.2} s (critical path {path:.0} s)",
            row.graph.name
        ),
    }
}

fn waiting_calls(row: &Row, own: &Numbers) -> Goal {
    let most = own.waiting_busiest;
    Goal {
        met: most <= WAITING_CALLS,
        text: format!(
            "{}, create all: {most:.0} calls while waiting in one second, at most {WAITING_CALLS:.0}",
            row.graph.name
        ),
    }
}

fn part_of(row: &Row, own: &Numbers, peer: &Row) -> Goal {
    let what = format!("{}, create all: calls per stack and second of waiting", row.graph.name);
    against(peer, &what, |other| {
        let limit = other.waiting * PART_OF_SCEPTRE;
        let text = format!("{:.2}, below {limit:.2} (a quarter of Sceptre's)", own.waiting);
        (own.waiting < limit, text)
    })
}

fn calls_a_stack(row: &Row, own: &Numbers) -> Goal {
    let stacks = f64::from(u32::try_from(row.graph.stacks.len()).unwrap_or(u32::MAX));
    let calls = own.cloudformation / stacks;
    Goal {
        met: calls <= CALLS_A_STACK,
        text: format!(
            "{}, nothing changed: {calls:.2} calls a stack, at most {CALLS_A_STACK:.0}",
            row.graph.name
        ),
    }
}

fn faster(row: &Row, own: &Numbers, peer: &Row) -> Goal {
    let name = peer.tool.name();
    let what = format!("{}, nothing changed: faster than {name}", row.graph.name);
    against(peer, &what, |other| {
        let times = other.seconds / own.seconds;
        let text = format!(
            "{times:.1} times ({:.3} s, {:.3} s), at least {FASTER:.0} times",
            own.seconds, other.seconds
        );
        (times >= FASTER, text)
    })
}

/// A comparison with a peer, which is missed when the peer has no numbers.
fn against(peer: &Row, what: &str, compare: impl FnOnce(&Numbers) -> (bool, String)) -> Goal {
    let (met, text) = match &peer.numbers {
        Ok(other) => compare(other),
        Err(why) => (false, format!("not compared, {} failed: {why}", peer.tool.name())),
    };
    Goal { met, text: format!("{what}: {text}") }
}

fn of_program(program: &Measured) -> Vec<Goal> {
    let Measured { name, help, megabytes } = program;
    vec![
        Goal {
            met: *help < HELP,
            text: format!("{name} --help: {:.1} ms, below {:.0} ms", help * 1e3, HELP * 1e3),
        },
        Goal {
            met: *megabytes < PROGRAM,
            text: format!("{name}: {megabytes:.1} MB, below {PROGRAM:.0} MB"),
        },
    ]
}

#[cfg(test)]
mod tests {
    use super::super::graph;
    use super::*;

    fn row(tool: Tool, scenario: Scenario, numbers: Result<Numbers, String>) -> Row {
        let graph = graph::all().into_iter().find(|graph| graph.name == "chain").unwrap();
        Row { graph, tool, scenario, numbers }
    }

    fn judged(rows: &[Row]) -> Vec<String> {
        let goals = check(rows, &[]);
        let word = |met: bool| if met { "met" } else { "missed" };
        goals.iter().map(|goal| format!("{}: {}", word(goal.met), goal.text)).collect()
    }

    #[test]
    fn creation_is_held_against_the_path_and_against_sceptre() {
        let numbers = |seconds, waiting, waiting_busiest| {
            Ok(Numbers { seconds, waiting, waiting_busiest, ..Numbers::default() })
        };
        let rows = [
            row(Tool::Ours, Scenario::CreateAll, numbers(17.9, 0.3, 2.0)),
            row(Tool::Sceptre, Scenario::CreateAll, numbers(34.0, 1.0, 9.0)),
            row(Tool::Aws, Scenario::CreateAll, numbers(34.0, 0.1, 9.0)),
        ];
        assert_eq!(
            judged(&rows),
            [
                "missed: chain, create all: 17.90 s, at most 17.80 s (critical path 16 s)",
                "met: chain, create all: 2 calls while waiting in one second, at most 2",
                "missed: chain, create all: calls per stack and second of waiting: 0.30, below \
                 0.25 (a quarter of Sceptre's)",
            ]
        );
    }

    #[test]
    fn where_nothing_changed_every_peer_counts_and_a_failed_one_is_missed() {
        let numbers =
            |seconds, cloudformation| Ok(Numbers { seconds, cloudformation, ..Numbers::default() });
        let rows = [
            row(Tool::Ours, Scenario::NothingChanged, numbers(0.1, 16.0)),
            row(Tool::Sceptre, Scenario::NothingChanged, numbers(2.0, 90.0)),
            row(Tool::Cdk, Scenario::NothingChanged, Err("it says no".to_owned())),
        ];
        assert_eq!(
            judged(&rows),
            [
                "met: chain, nothing changed: 2.00 calls a stack, at most 2",
                "met: chain, nothing changed: faster than sceptre: 20.0 times (0.100 s, 2.000 s), \
                 at least 10 times",
                "missed: chain, nothing changed: faster than cdk: not compared, cdk failed: it \
                 says no",
            ]
        );
    }

    #[test]
    fn programs_are_quick_and_small() {
        let program = Measured { name: "cloudcore", help: 0.0164, megabytes: 12.3 };
        let goals = check(&[], &[program]);
        let texts: Vec<(bool, &str)> = goals.iter().map(|goal| (goal.met, &*goal.text)).collect();
        let expect = [
            (false, "cloudcore --help: 16.4 ms, below 15 ms"),
            (true, "cloudcore: 12.3 MB, below 30 MB"),
        ];
        assert_eq!(texts, expect);
    }
}
