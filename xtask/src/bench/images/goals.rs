//! What we want to reach, and whether we do.

use super::play::{MIB, Numbers, Row, Scenario};
use super::tool::Tool;
use crate::bench::goal::Goal;

/// How many times faster than buildah.
const COLD: f64 = 5.0;
const AGAIN: f64 = 20.0;
/// MiB of memory, always.
const PEAK: f64 = 150.0;
/// MiB uploaded for the image whose class changed.
const CHANGED: f64 = 1.0;

/// All goals, from the rows of the full package. `least` is the seconds of the least work that a
/// cold build can do: it tells how much of a missed goal is within reach.
pub(super) fn check(rows: &[Row], least: f64) -> Vec<Goal> {
    let of = |scenario| of_scenario(rows, scenario, least);
    let mut goals: Vec<Goal> = Scenario::ALL.into_iter().flat_map(of).collect();
    let ours = rows.iter().filter(|row| row.tool == Tool::Ours);
    let numbers: Vec<&Numbers> = ours.filter_map(|row| row.numbers.as_ref().ok()).collect();
    let peak = numbers.iter().map(|numbers| numbers.peak).fold(0.0, f64::max);
    goals.push(if numbers.is_empty() {
        Goal { met: false, text: "peak memory: not measured, we failed".to_owned() }
    } else {
        let text = format!("peak memory: {peak:.0} MiB, below {PEAK:.0} MiB");
        Goal { met: peak < PEAK, text }
    });
    if numbers.iter().any(|numbers| numbers.untrue) {
        let text = "our report names fewer uploaded bytes than the registry took".to_owned();
        goals.push(Goal { met: false, text });
    }
    goals
}

fn of_scenario(rows: &[Row], scenario: Scenario, least: f64) -> Vec<Goal> {
    let find = |tool| rows.iter().find(|row| row.tool == tool && row.scenario == scenario);
    let (Some(own), Some(peer)) = (find(Tool::Ours), find(Tool::Buildah)) else {
        return Vec::new();
    };
    let name = scenario.name();
    let own = match &own.numbers {
        Ok(numbers) => numbers,
        Err(why) => return vec![Goal { met: false, text: format!("{name}: we failed: {why}") }],
    };
    let mut goals = vec![faster(name, own, &peer.numbers, factor(scenario))];
    match scenario {
        Scenario::Cold => goals.iter_mut().for_each(|goal| {
            goal.text.push_str(&format!("; the least work takes {least:.2} s"));
        }),
        Scenario::NothingChanged => goals.push(Goal {
            met: own.blobs == 0.0,
            text: format!("{name}: {:.0} blobs uploaded, none allowed", own.blobs),
        }),
        Scenario::OneClass => goals.extend([changed(name, own), others(name, own)]),
    }
    goals
}

fn factor(scenario: Scenario) -> f64 {
    if scenario == Scenario::Cold { COLD } else { AGAIN }
}

fn faster(name: &str, own: &Numbers, peer: &Result<Numbers, String>, factor: f64) -> Goal {
    let peer = match peer {
        Ok(numbers) => numbers,
        Err(why) => {
            let text = format!("{name}: not compared, buildah failed: {why}");
            return Goal { met: false, text };
        }
    };
    let times = peer.seconds / own.seconds;
    let text = format!(
        "{name}: {times:.1} times faster than buildah ({:.2} s, {:.2} s), at least {factor:.0} times",
        own.seconds, peer.seconds
    );
    Goal { met: times >= factor, text }
}

fn changed(name: &str, own: &Numbers) -> Goal {
    let mib = own.changed / MIB;
    // Nothing at all would mean that the change got lost.
    let met = own.changed > 0.0 && mib < CHANGED;
    let text = format!("{name}: {mib:.3} MiB uploaded for that image, below {CHANGED:.0} MiB");
    Goal { met, text }
}

fn others(name: &str, own: &Numbers) -> Goal {
    let text = format!("{name}: {:.0} bytes uploaded for other images, none allowed", own.others);
    Goal { met: own.others == 0.0, text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(tool: Tool, scenario: Scenario, numbers: Result<Numbers, String>) -> Row {
        Row { tool, scenario, services: 6, package: 1, numbers }
    }

    fn timed(seconds: f64) -> Numbers {
        Numbers { seconds, ..Numbers::default() }
    }

    fn judged(rows: &[Row]) -> Vec<String> {
        let word = |met: bool| if met { "met" } else { "missed" };
        check(rows, 2.5).iter().map(|goal| format!("{}: {}", word(goal.met), goal.text)).collect()
    }

    #[test]
    fn every_scenario_is_held_against_buildah_and_against_its_own_limits() {
        let again = Numbers { blobs: 1.0, ..timed(2.0) };
        let class = Numbers { changed: MIB / 2.0, peak: 149.4, ..timed(1.0) };
        let rows = [
            row(Tool::Ours, Scenario::Cold, Ok(timed(5.0))),
            row(Tool::Ours, Scenario::NothingChanged, Ok(again)),
            row(Tool::Ours, Scenario::OneClass, Ok(class)),
            row(Tool::Buildah, Scenario::Cold, Ok(timed(25.0))),
            row(Tool::Buildah, Scenario::NothingChanged, Ok(timed(25.0))),
            row(Tool::Buildah, Scenario::OneClass, Ok(timed(25.0))),
        ];
        assert_eq!(
            judged(&rows),
            [
                "met: cold: 5.0 times faster than buildah (5.00 s, 25.00 s), at least 5 times; the \
                 least work takes 2.50 s",
                "missed: nothing changed: 12.5 times faster than buildah (2.00 s, 25.00 s), at \
                 least 20 times",
                "missed: nothing changed: 1 blobs uploaded, none allowed",
                "met: one class changed: 25.0 times faster than buildah (1.00 s, 25.00 s), at \
                 least 20 times",
                "met: one class changed: 0.500 MiB uploaded for that image, below 1 MiB",
                "met: one class changed: 0 bytes uploaded for other images, none allowed",
                "met: peak memory: 149 MiB, below 150 MiB",
            ]
        );
    }

    #[test]
    fn a_failure_is_a_missed_goal() {
        let rows = [
            row(Tool::Ours, Scenario::Cold, Ok(timed(5.0))),
            row(Tool::Buildah, Scenario::Cold, Err("it says no".to_owned())),
            row(Tool::Ours, Scenario::OneClass, Err("broken".to_owned())),
            row(Tool::Buildah, Scenario::OneClass, Ok(timed(1.0))),
        ];
        assert_eq!(
            judged(&rows),
            [
                "missed: cold: not compared, buildah failed: it says no; the least work takes \
                 2.50 s",
                "missed: one class changed: we failed: broken",
                "met: peak memory: 0 MiB, below 150 MiB",
            ]
        );
    }
}
