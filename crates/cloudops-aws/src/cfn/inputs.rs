//! Where the parameters of the stacks of a graph get their values, before any stack is there.

use std::collections::BTreeMap;

use super::graph::{GraphError, Outputs, StackGraph};
use crate::ids::StackName;

/// Where the parameters of one stack get their values. Those that are in neither map have the
/// default of the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inputs {
    /// Values that are given.
    pub given: BTreeMap<String, String>,
    /// Parameters that get an output of the same name, and of which stack.
    pub outputs: BTreeMap<String, StackName>,
}

/// The inputs of all stacks of a graph.
///
/// # Errors
/// [`GraphError`] for a parameter without a value or with one that is not allowed.
pub fn of(graph: &StackGraph) -> Result<BTreeMap<StackName, Inputs>, GraphError> {
    let nothing = Outputs::new();
    graph
        .stacks()
        .map(|spec| {
            let values = graph.values(spec, &nothing)?;
            let inputs = Inputs { given: values.known, outputs: values.unknown };
            Ok((spec.name.clone(), inputs))
        })
        .collect()
}
