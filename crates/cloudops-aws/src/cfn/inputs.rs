//! Where the parameters of the stacks of a graph get their values, before any stack is there.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::{GraphError, Source, StackGraph, StackSpec};
use crate::ids::StackName;

/// Where the parameters of one stack get their values. Those that are in none of these have the
/// default of the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Values that are given.
    pub given: BTreeMap<String, String>,
    /// Parameters that get an output of the same name, and of which stack.
    pub outputs: BTreeMap<String, StackName>,
    /// Parameters that get no value from anywhere: the graph cannot be applied as it is.
    pub missing: BTreeSet<String>,
}

/// The inputs of all stacks of a graph.
///
/// # Errors
/// [`GraphError`] for a parameter without a value or with one that is not allowed.
pub fn of(graph: &StackGraph) -> Result<BTreeMap<StackName, Inputs>, GraphError> {
    graph.check()?;
    Ok(as_known(graph))
}

/// The inputs of all stacks of a graph that may be incomplete: what has no value is listed.
#[must_use]
pub fn as_known(graph: &StackGraph) -> BTreeMap<StackName, Inputs> {
    graph.stacks().map(|spec| (spec.name.clone(), one(graph, spec))).collect()
}

fn one(graph: &StackGraph, spec: &StackSpec) -> Inputs {
    let mut inputs = Inputs::default();
    for parameter in spec.template.parameters() {
        match graph.source(spec, &parameter) {
            Ok(Source::Value(value)) => {
                let value = value.to_owned();
                inputs.given.insert(parameter.name, value);
            }
            Ok(Source::Output(stack)) => {
                let stack = stack.clone();
                inputs.outputs.insert(parameter.name, stack);
            }
            Ok(Source::Default) => {}
            Err(_) => {
                inputs.missing.insert(parameter.name);
            }
        }
    }
    inputs
}
