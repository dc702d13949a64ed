//! How much a plan changes, in numbers.

use std::collections::BTreeMap;
use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::many;
use crate::{
    cfn::{
        changes::Action,
        plan::{GraphPlan, StackChange},
    },
    cost::PlanCosts,
};

/// Actions, with how each is told.
const TOLD: [(Action, &str); 6] = [
    (Action::Add, "added"),
    (Action::Modify, "modified"),
    (Action::Replace, "replaced"),
    (Action::MayReplace, "may be replaced"),
    (Action::Remove, "removed"),
    (Action::Unknown, "unknown"),
];

pub(super) fn human(
    out: &mut dyn Write,
    plan: &GraphPlan,
    costs: Option<&PlanCosts>,
) -> fmt::Result {
    if !plan.has_changes() {
        return writeln!(out, "Nothing to change.");
    }
    let changed = plan.changing().count();
    let all = many(plan.stacks.len(), "stack");
    let resources = resources(plan, costs);
    let parts: Vec<String> = TOLD
        .iter()
        .filter_map(|(action, word)| Some((resources.get(action)?, word)))
        .map(|(count, word)| format!("{count} {word}"))
        .collect();
    match parts.is_empty() {
        true => writeln!(out, "{changed} of {all} would change."),
        false => writeln!(out, "{changed} of {all} would change; resources: {}.", parts.join(", ")),
    }
}

fn resources(plan: &GraphPlan, costs: Option<&PlanCosts>) -> BTreeMap<Action, usize> {
    let mut sum: BTreeMap<Action, usize> = BTreeMap::new();
    for (name, change) in &plan.stacks {
        match costs.and_then(|costs| costs.created.get(name)) {
            Some(created) => {
                *sum.entry(Action::Add).or_default() += created.sure.len() + created.maybe.len();
            }
            None => {
                for (action, count) in change.counts() {
                    *sum.entry(action).or_default() += count;
                }
            }
        }
    }
    sum
}

pub(super) fn json(plan: &GraphPlan, costs: Option<&PlanCosts>) -> Value {
    let mut stacks: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, change) in &plan.stacks {
        let protects = plan.protections.contains(name);
        let only = protects && *change == StackChange::Unchanged;
        *stacks.entry(if only { "protect" } else { verb(change) }).or_default() += 1;
    }
    json!({ "stacks": stacks, "resources": resources(plan, costs) })
}

fn verb(change: &StackChange) -> &'static str {
    match change {
        StackChange::Create { .. } => "create",
        StackChange::Update { .. } => "update",
        StackChange::Unknown { .. } => "unknown",
        StackChange::Unchanged => "unchanged",
        StackChange::Busy { .. } => "busy",
        StackChange::Stuck { .. } => "stuck",
    }
}
