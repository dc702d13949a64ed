//! How long applying a graph will take, and why: the longest way through it.
//!
//! What this instance's own history knows is taken from there. Else the resources of a template
//! that AWS takes long for say how long their stack takes at least (`typical`). Pure.

mod typical;

use std::{collections::BTreeMap, time::Duration};

use serde::Serialize;

use super::{
    changes::ResourceDelta,
    graph::{StackGraph, StackSpec},
    history::{History, Operation},
    plan::{GraphPlan, StackChange},
};
use crate::ids::StackName;

/// Where a duration comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// Earlier runs of this instance.
    History,
    /// What such resources usually take, by a table.
    Typical,
}

/// A wait that is AWS's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Wait {
    /// Logical id of the resource; in a nested stack the way to it, such as `Child/Topic`.
    pub logical_id: String,
    /// Its type.
    pub resource_type: String,
    /// Seconds that it usually takes.
    pub seconds: u64,
}

/// One stack on the longest way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Name of the stack.
    pub stack: StackName,
    /// What it is.
    pub title: String,
    /// Seconds.
    pub seconds: u64,
    /// Where they come from.
    pub basis: Basis,
    /// Waits of AWS in it that decide how long it takes, the longest first.
    pub waits: Vec<Wait>,
}

/// How long a plan will take.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// The longest way through the graphs, in order.
    pub path: Vec<Step>,
    /// Titles of the stacks that change beside it.
    pub beside: Vec<String>,
}

impl Forecast {
    /// How long it will take in all.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_secs(self.path.iter().map(|step| step.seconds).sum())
    }

    /// Whether all of it comes from history.
    #[must_use]
    pub fn is_measured(&self) -> bool {
        self.path.iter().all(|step| step.basis == Basis::History)
    }

    /// Goes on with what begins when this has ended.
    pub fn then(&mut self, other: Self) {
        self.path.extend(other.path);
        self.beside.extend(other.beside);
    }
}

/// The longest way through the stacks of a graph that a plan changes.
#[must_use]
pub fn forecast(graph: &StackGraph, plan: &GraphPlan, history: &History) -> Forecast {
    let steps: BTreeMap<&StackName, Step> = graph
        .stacks()
        .filter_map(|spec| Some((&spec.name, step(spec, plan.stacks.get(&spec.name)?, history)?)))
        .collect();
    let longest = longest(graph, &steps);
    let path: Vec<Step> = longest.iter().filter_map(|name| steps.get(name).cloned()).collect();
    let aside = steps.values().filter(|step| !path.contains(step));
    let beside = aside.map(|step| step.title.clone()).collect();
    Forecast { path, beside }
}

/// The way through the graph that takes longest. Stacks that do not change take no time.
fn longest<'a>(graph: &'a StackGraph, steps: &BTreeMap<&StackName, Step>) -> Vec<&'a StackName> {
    let mut ways: BTreeMap<&StackName, (u64, Vec<&StackName>)> = BTreeMap::new();
    // As many rounds as stacks: each settles at least one of those that are left.
    for _ in graph.stacks() {
        for spec in graph.stacks() {
            let before: Option<Vec<_>> =
                spec.depends_on.iter().map(|need| ways.get(need)).collect();
            let Some(before) = before.filter(|_| !ways.contains_key(&spec.name)) else {
                continue;
            };
            let longest = before.into_iter().max_by_key(|(seconds, _)| *seconds).cloned();
            let (mut seconds, mut way) = longest.unwrap_or_default();
            if let Some(step) = steps.get(&spec.name) {
                seconds += step.seconds;
                way.push(&spec.name);
            }
            ways.insert(&spec.name, (seconds, way));
        }
    }
    let longest = ways.into_values().max_by_key(|(seconds, _)| *seconds);
    longest.map(|(_, way)| way).unwrap_or_default()
}

fn step(spec: &StackSpec, change: &StackChange, history: &History) -> Option<Step> {
    let operation = match change {
        StackChange::Create { .. } => Operation::Create,
        StackChange::Update { .. } | StackChange::Unknown { .. } => Operation::Update,
        _ => return None,
    };
    let usual = match change {
        StackChange::Create { .. } => typical::way(&spec.template, |resource| {
            Some(typical::wait(&resource.logical_id, &resource.resource_type))
        }),
        StackChange::Update { changes, .. } => {
            typical::way(&spec.template, |resource| slowest(changes, &resource.logical_id))
        }
        // Nobody knows yet what changes; most often nothing that takes long.
        _ => Vec::new(),
    };
    let (seconds, basis) = match history.expected(operation, spec.name.as_str()) {
        Some(expected) => (expected.as_secs_f64().ceil() as u64, Basis::History),
        None => (usual.iter().map(|wait| wait.seconds).sum(), Basis::Typical),
    };
    let mut waits: Vec<Wait> = usual.into_iter().filter(|wait| wait.seconds >= LONG).collect();
    waits.sort_by_key(|wait| std::cmp::Reverse(wait.seconds));
    Some(Step { stack: spec.name.clone(), title: spec.title.clone(), seconds, basis, waits })
}

/// The wait for a resource that changes; for a nested stack, the longest of those inside.
fn slowest(changes: &[ResourceDelta], logical_id: &str) -> Option<Wait> {
    let inside = format!("{logical_id}/");
    let its = changes
        .iter()
        .filter(|delta| delta.logical_id == logical_id || delta.logical_id.starts_with(&inside));
    let waits = its.map(|delta| typical::wait(&delta.logical_id, &delta.resource_type));
    waits.max_by_key(|wait| wait.seconds)
}

/// Shorter waits are not worth a word, in seconds.
const LONG: u64 = 30;

#[cfg(test)]
mod tests;
