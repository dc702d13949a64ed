//! The calls that a tool made: how many, how many at once, and how many only to wait.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::graph::Graph;
use crate::failure::{Failure, Outcome};

/// One call, as the proxy recorded it.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// Seconds since 1970 at which it arrived.
    arrived: f64,
    /// How long it took, in seconds.
    took: f64,
    service: String,
    operation: String,
    /// The stack that it names, if any.
    stack: Option<String>,
    mutating: bool,
    failed: bool,
    who: String,
}

/// What the calls of one run come to.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Summary {
    pub(super) calls: f64,
    /// Those to CloudFormation.
    pub(super) cloudformation: f64,
    /// The most calls within any second.
    pub(super) busiest: f64,
    /// Calls only to wait, per stack and second of waiting; zero when nothing was waited for.
    pub(super) waiting: f64,
    /// The most calls only to wait within any second.
    pub(super) waiting_busiest: f64,
    /// How many calls each client made, by what it calls itself.
    pub(super) callers: BTreeMap<String, usize>,
}

/// Reads a recording: one JSON document per line.
pub(super) fn read(text: &str) -> Outcome<Vec<Call>> {
    text.lines().map(one).collect()
}

fn one(line: &str) -> Outcome<Call> {
    let broken = |what: String| Failure::new(format!("the recording of calls: {what}: {line}"));
    let value: Value = serde_json::from_str(line).map_err(|error| broken(error.to_string()))?;
    let text = |name: &str| value[name].as_str().unwrap_or_default().to_owned();
    let time: Timestamp = text("time").parse().map_err(|error| broken(format!("{error}")))?;
    // A call that names a change set by its ARN has the stack as its resource only.
    let (named, meant) = (&value["request"]["StackName"], &value["resource"]);
    let stack = if named.is_null() { meant } else { named };
    let status = value["status"].as_u64().unwrap_or_default();
    Ok(Call {
        arrived: time.as_duration().as_secs_f64(),
        took: value["duration_ms"].as_f64().unwrap_or_default() / 1e3,
        service: text("service"),
        operation: text("operation"),
        stack: stack.as_str().map(plain_name),
        mutating: value["mutating"].as_bool().unwrap_or_default(),
        failed: status == 0 || status >= 400,
        who: text("who"),
    })
}

/// The name in an ARN (`...:stack/NAME/ID`), or the name itself.
fn plain_name(text: &str) -> String {
    text.split('/').nth(1).unwrap_or(text).to_owned()
}

/// A stack that is being worked on, in seconds since 1970.
struct Wait {
    begin: f64,
    end: f64,
}

/// What the calls of one run of a graph come to.
pub(super) fn summarize(calls: &[Call], graph: &Graph) -> Summary {
    let waits = waits(calls, graph);
    let waiting: Vec<f64> =
        calls.iter().filter(|call| is_waiting(call, &waits)).map(|call| call.arrived).collect();
    let seconds: f64 = waits.values().map(|wait| wait.end - wait.begin).sum();
    let mut callers = BTreeMap::new();
    for call in calls {
        *callers.entry(call.who.clone()).or_default() += 1;
    }
    let arrivals: Vec<f64> = calls.iter().map(|call| call.arrived).collect();
    Summary {
        calls: number(calls.len()),
        cloudformation: number(
            calls.iter().filter(|call| call.service == "cloudformation").count(),
        ),
        busiest: number(busiest(arrivals)),
        waiting: if seconds > 0.0 { number(waiting.len()) / seconds } else { 0.0 },
        waiting_busiest: number(busiest(waiting)),
        callers,
    }
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// From when each stack was worked on, and until when, which is known beforehand.
fn waits(calls: &[Call], graph: &Graph) -> BTreeMap<String, Wait> {
    let begins = |call: &&Call| {
        let names = ["CreateStack", "UpdateStack", "ExecuteChangeSet"];
        !call.failed && names.contains(&call.operation.as_str())
    };
    let mut found = BTreeMap::new();
    for call in calls.iter().filter(begins) {
        let stack = graph
            .stacks
            .iter()
            .find(|stack| call.stack.as_ref() == Some(&graph.stack_name(stack.number)));
        if let (Some(stack), Some(name)) = (stack, &call.stack) {
            let begin = call.arrived + call.took;
            found.insert(name.clone(), Wait { begin, end: begin + f64::from(stack.seconds) });
        }
    }
    found
}

/// Whether a call only looks how a stack that is being worked on gets along. A call that names no
/// stack looks at all of them.
fn is_waiting(call: &Call, waits: &BTreeMap<String, Wait>) -> bool {
    let during = |wait: &Wait| wait.begin <= call.arrived && call.arrived < wait.end;
    let meant = match &call.stack {
        Some(name) => waits.get(name).is_some_and(during),
        None => waits.values().any(during),
    };
    call.service == "cloudformation" && !call.mutating && meant
}

/// The most of these moments that lie within any second.
fn busiest(mut moments: Vec<f64>) -> usize {
    moments.sort_by(f64::total_cmp);
    let within = |place: usize| {
        let end = moments[place] + 1.0;
        moments[place..].iter().take_while(|moment| **moment < end).count()
    };
    (0..moments.len()).map(within).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::graph;
    use super::*;
    use serde_json::json;

    /// A call to CloudFormation, `at` seconds after noon, that takes 100 ms.
    fn line(at: f64, operation: &str, stack: Option<&str>) -> String {
        let time = Timestamp::from_millisecond(1_800_000_000_000 + (at * 1e3) as i64).unwrap();
        json!({"time": time.to_string(), "service": "cloudformation", "operation": operation,
               "mutating": !operation.starts_with("Describe"), "status": 200, "duration_ms": 100,
               "who": "x/1", "request": {"StackName": stack}})
        .to_string()
    }

    fn summary(lines: &[String]) -> Summary {
        let chain = graph::all().into_iter().find(|graph| graph.name == "chain").unwrap();
        summarize(&read(&lines.join("\n")).unwrap(), &chain)
    }

    #[test]
    fn only_what_looks_at_a_stack_that_is_worked_on_waits() {
        let arn = "arn:aws:cloudformation:us-west-2:123456789012:stack/bench-chain-01/1";
        let found = summary(&[
            line(0.0, "DescribeStacks", Some("bench-chain-01")),
            line(0.1, "CreateStack", Some("bench-chain-01")),
            line(0.5, "DescribeStacks", Some("bench-chain-02")),
            line(0.9, "DescribeStackEvents", Some(arn)),
            line(1.2, "DescribeStacks", None),
            line(2.1, "DescribeStacks", Some("bench-chain-01")),
            line(2.3, "DescribeStacks", Some("bench-chain-01")),
        ]);
        // Two seconds, of 0.2 to 2.2, with three calls in them.
        assert_eq!(found.waiting, 1.5);
        assert_eq!((found.calls, found.waiting_busiest, found.busiest), (7.0, 2.0, 4.0));
        assert_eq!(found.callers, BTreeMap::from([("x/1".to_owned(), 7)]));
    }

    #[test]
    fn where_nothing_is_made_nothing_is_waited_for() {
        let found = summary(&[line(0.0, "DescribeStacks", None)]);
        assert_eq!((found.waiting, found.waiting_busiest, found.calls), (0.0, 0.0, 1.0));
    }

    #[test]
    fn a_second_begins_anywhere() {
        assert_eq!(busiest(vec![0.9, 1.0, 1.8, 1.95, 5.0]), 3);
        assert_eq!(busiest(Vec::new()), 0);
    }
}
