//! Costs of the stacks of a graph and of its plan.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    difference::{Created, Difference, PlanCosts, difference},
    estimate::{Estimate, Line, Monthly, Values, estimate_values},
    evaluate::{Evaluated, Evaluator, for_another_template},
    kinds::{Kind, kind},
};
use crate::{
    cfn::{
        changes::{Action, ResourceDelta},
        graph::{StackGraph, StackSpec},
        inputs,
        plan::{GraphPlan, StackChange},
        template::Template,
        words,
    },
    ids::{Region, StackName},
};

/// The type of a stack, as a resource of another stack too.
const STACK: &str = "AWS::CloudFormation::Stack";

/// A stack as it is now.
#[derive(Debug, Clone)]
pub struct Running {
    /// Its template.
    pub template: Template,
    /// Values of its parameters.
    pub parameters: BTreeMap<String, String>,
}

/// What each stack of a graph would cost. Outputs that a template gives from its own parameters
/// are worked out; what waits for an id of AWS, or has no value yet, is unknown.
#[must_use]
pub fn of_graph(graph: &StackGraph, region: &Region) -> BTreeMap<StackName, Estimate> {
    let values = values(graph, region);
    let estimates = graph.stacks().filter_map(|spec| {
        let values = values.get(&spec.name)?;
        Some((spec.name.clone(), estimate_values(&spec.template, values, region, None)))
    });
    estimates.collect()
}

/// What a plan adds to the bill and takes off it. `running` are the stacks as they are now; for a
/// stack that would be updated and is not there, only what its change set adds is worked out, and
/// the rest is unknown.
#[must_use]
pub fn of_plan(
    graph: &StackGraph,
    plan: &GraphPlan,
    running: &BTreeMap<StackName, Running>,
    region: &Region,
) -> PlanCosts {
    let values = values(graph, region);
    let mut costs = PlanCosts::default();
    for spec in graph.stacks() {
        let (Some(change), Some(values)) = (plan.stacks.get(&spec.name), values.get(&spec.name))
        else {
            continue;
        };
        let mut difference = match change {
            StackChange::Create { .. } => {
                let created = created(&spec.template, values, region);
                costs.created.insert(spec.name.clone(), created);
                let after = estimate_values(&spec.template, values, region, None);
                difference(&Estimate::empty(region), &after)
            }
            StackChange::Update { changes, .. } => match running.get(&spec.name) {
                Some(running) => compare(spec, values, running, region),
                None => added_only(spec, values, changes, region),
            },
            StackChange::Unknown { .. } => match running.get(&spec.name) {
                Some(running) => compare(spec, values, running, region),
                None => compared_later(region),
            },
            _ => continue,
        };
        if let StackChange::Update { changes, .. } = change {
            add_nested(&mut difference, changes);
        }
        costs.stacks.insert(spec.name.clone(), difference);
    }
    costs
}

/// Which resources of a template the conditions let exist.
fn created(template: &Template, values: &Values, region: &Region) -> Created {
    let evaluator = Evaluator::new(template, &values.known, &values.unknown, region);
    let mut created = Created::default();
    for (_, resource_type, body) in evaluator.resources() {
        let exists = body["Condition"].as_str().map(|condition| evaluator.condition(condition));
        match exists {
            Some(Ok(false)) => {}
            Some(Err(_)) => created.maybe.push(resource_type.to_owned()),
            Some(Ok(true)) | None => created.sure.push(resource_type.to_owned()),
        }
    }
    created
}

fn compare(spec: &StackSpec, values: &Values, running: &Running, region: &Region) -> Difference {
    let before = Values { known: running.parameters.clone(), unknown: BTreeSet::new() };
    let before = estimate_values(&running.template, &before, region, None);
    difference(&before, &estimate_values(&spec.template, values, region, None))
}

/// Without the stack as it is: what comes is known, what goes or changes is not.
fn added_only(
    spec: &StackSpec,
    values: &Values,
    changes: &[ResourceDelta],
    region: &Region,
) -> Difference {
    let is_added = |delta: &&ResourceDelta| delta.action == Action::Add;
    let added: BTreeSet<String> =
        changes.iter().filter(is_added).map(|delta| delta.logical_id.clone()).collect();
    let after = estimate_values(&spec.template, values, region, Some(&added));
    let mut difference = difference(&Estimate::empty(region), &after);
    let others = changes.iter().filter(|delta| !is_added(delta) && !is_nested(delta));
    let paid = others.filter(|delta| kind(&delta.resource_type) == Kind::Priced);
    difference.added.extend(paid.map(unknown_change));
    difference.total = None;
    difference
}

/// Whether a change is in a nested stack: its name is the way to it then.
fn is_nested(delta: &ResourceDelta) -> bool {
    delta.logical_id.contains('/')
}

/// Names what costs something and changes in nested stacks. Their templates are not read, so how
/// much it costs is not known.
fn add_nested(difference: &mut Difference, changes: &[ResourceDelta]) {
    let paid = |delta: &&ResourceDelta| match kind(&delta.resource_type) {
        Kind::Priced => true,
        Kind::Unknown => {
            matches!(delta.action, Action::Add | Action::Remove) && delta.resource_type != STACK
        }
        Kind::Free | Kind::Usage(_) => false,
    };
    for delta in changes.iter().filter(|delta| is_nested(delta)).filter(paid) {
        let line = unknown(delta, "the template of its nested stack is not read");
        match delta.action {
            Action::Remove => difference.removed.push(line),
            _ => difference.added.push(line),
        }
    }
}

/// Nothing is known of a stack that is there and waits for others.
fn compared_later(region: &Region) -> Difference {
    let mut difference = difference(&Estimate::empty(region), &Estimate::empty(region));
    let why = "it is compared once the stacks before it are done".to_owned();
    difference.added.push(Line {
        logical_id: String::new(),
        resource_type: STACK.to_owned(),
        what: "the stack".to_owned(),
        monthly: Monthly::Unknown(why),
        assumption: None,
    });
    difference.total = None;
    difference
}

fn unknown_change(delta: &ResourceDelta) -> Line {
    unknown(delta, "what it costs now is not known")
}

fn unknown(delta: &ResourceDelta, why: &str) -> Line {
    Line {
        logical_id: delta.logical_id.clone(),
        resource_type: delta.resource_type.clone(),
        what: words::of(&delta.resource_type).singular.into_owned(),
        monthly: Monthly::Unknown(why.to_owned()),
        assumption: None,
    }
}

/// Values of the parameters of each stack, with outputs of the stacks before it worked out.
pub(super) fn values(graph: &StackGraph, region: &Region) -> BTreeMap<StackName, Values> {
    let inputs = inputs::as_known(graph);
    let mut done: BTreeMap<StackName, Values> = BTreeMap::new();
    // Each round finishes at least one stack; a circle, which `check` finds, ends the rounds.
    for _ in 0..inputs.len() {
        for (name, input) in &inputs {
            let ready = input.outputs.values().all(|from| done.contains_key(from));
            if ready && !done.contains_key(name) {
                let values = one(graph, input, &done, region);
                done.insert(name.clone(), values);
            }
        }
    }
    done
}

fn one(
    graph: &StackGraph,
    input: &inputs::Inputs,
    done: &BTreeMap<StackName, Values>,
    region: &Region,
) -> Values {
    let mut values = Values { known: input.given.clone(), unknown: input.missing.clone() };
    for (parameter, from) in &input.outputs {
        let output = graph.get(from).zip(done.get(from)).map(|(spec, from)| {
            let evaluator = Evaluator::new(&spec.template, &from.known, &from.unknown, region);
            evaluator.output(parameter)
        });
        match output.as_ref().map(Evaluated::text) {
            Some(Ok(Some(text))) => {
                values.known.insert(parameter.clone(), for_another_template(text));
            }
            // An output that is not there leaves the parameter to its default.
            Some(Ok(None)) => {}
            Some(Err(_)) | None => {
                values.unknown.insert(parameter.clone());
            }
        }
    }
    values
}

#[cfg(test)]
mod tests;
