//! What applying a graph would change, without changing it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::ChangeSetType;
use futures::future;
use serde::Serialize;

use super::{
    api::Api,
    change_set,
    changes::{Action, ResourceDelta},
    error::CfnError,
    graph::{Outputs, StackGraph, StackSpec},
    observe::Observed,
    status::{NextAction, StackStatus},
};
use crate::{ctx::Ctx, ids::StackName, state::lock::Locked};

/// What would happen to a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "verb", rename_all = "kebab-case")]
pub enum StackChange {
    /// It would be created.
    Create {
        /// Types of the resources in the template. Conditions may leave some of them out.
        resources: Vec<String>,
    },
    /// It would be updated.
    Update {
        /// What the change set would do.
        changes: Vec<ResourceDelta>,
    },
    /// It would be compared again once the stacks before it are done.
    Unknown {
        /// Parameters that wait for another stack's outputs.
        waits_for: BTreeSet<String>,
    },
    /// Nothing would change.
    Unchanged,
    /// Somebody works on it; a run would watch until that ends.
    Busy {
        /// CloudFormation's status.
        status: String,
    },
    /// It is stuck; a run would refuse.
    Stuck {
        /// CloudFormation's status.
        status: String,
    },
}

/// What would happen to the stacks of a graph, by name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GraphPlan {
    /// The stacks.
    pub stacks: BTreeMap<StackName, StackChange>,
}

impl GraphPlan {
    /// Whether anything would change.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.stacks.values().any(|change| *change != StackChange::Unchanged)
    }
}

impl StackChange {
    /// How many resources would be added, changed, replaced and removed.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<Action, usize> {
        let mut counts = BTreeMap::new();
        match self {
            Self::Create { resources } => {
                counts.insert(Action::Add, resources.len());
            }
            Self::Update { changes } => {
                for change in changes {
                    *counts.entry(change.action).or_default() += 1;
                }
            }
            _ => {}
        }
        counts
    }
}

/// Compares a graph with what is there (`DescribeStacks`, `GetTemplate`; change sets are made and
/// deleted again for stacks that would be updated). The lock is needed because of the change sets.
///
/// # Errors
/// [`CfnError`].
pub async fn plan(ctx: &Ctx, _locked: &Locked, graph: &StackGraph) -> Result<GraphPlan, CfnError> {
    graph.check()?;
    let api = Api::new(&ctx.aws);
    let looks = graph.stacks().map(|spec| async {
        let found = api.describe(&spec.name, None).await?.map(Observed::read).transpose()?;
        Ok::<_, CfnError>((spec.name.clone(), found))
    });
    let found: BTreeMap<StackName, Option<Observed>> =
        future::try_join_all(looks).await?.into_iter().collect();
    let usable = |found: &Option<Observed>| {
        found.clone().filter(|found| found.status.next_action() == NextAction::Update)
    };
    let outputs: Outputs = found
        .iter()
        .filter_map(|(name, found)| Some((name.clone(), usable(found)?.outputs)))
        .collect();
    let plans = graph.stacks().map(|spec| async {
        let found = found.get(&spec.name).cloned().flatten();
        Ok::<_, CfnError>((spec.name.clone(), one(ctx, &api, graph, spec, found, &outputs).await?))
    });
    let stacks = future::try_join_all(plans).await?.into_iter().collect();
    Ok(GraphPlan { stacks })
}

async fn one(
    ctx: &Ctx,
    api: &Api,
    graph: &StackGraph,
    spec: &StackSpec,
    found: Option<Observed>,
    outputs: &Outputs,
) -> Result<StackChange, CfnError> {
    let Some(found) = found else {
        return Ok(creation(spec));
    };
    let status = found.status;
    match status.next_action() {
        NextAction::Create | NextAction::Recreate => return Ok(creation(spec)),
        NextAction::Attach => {
            return Ok(StackChange::Busy { status: name_of(status) });
        }
        NextAction::Refuse => {
            return Ok(StackChange::Stuck { status: name_of(status) });
        }
        NextAction::Update => {}
    }
    let values = graph.values(spec, outputs)?;
    if !values.unknown.is_empty() {
        return Ok(StackChange::Unknown { waits_for: values.unknown.into_keys().collect() });
    }
    if found.has_inputs(spec, &values) && api.template(&spec.name).await? == spec.template.text() {
        return Ok(StackChange::Unchanged);
    }
    let made = change_set::make(ctx, api, spec, &values, ChangeSetType::Update).await?;
    let Some(set) = made else {
        return Ok(StackChange::Unchanged);
    };
    change_set::delete(api, &spec.name, &set.id).await?;
    Ok(StackChange::Update { changes: set.changes })
}

fn name_of(status: StackStatus) -> String {
    status.name().to_owned()
}

fn creation(spec: &StackSpec) -> StackChange {
    let resources = spec.template.resources();
    StackChange::Create {
        resources: resources.into_iter().map(|resource| resource.resource_type).collect(),
    }
}
