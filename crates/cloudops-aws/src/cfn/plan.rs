//! What applying a graph would change, without changing it.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_cloudformation::types::ChangeSetType;
use futures::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};

use super::{
    api::Api,
    change_set::{self, Purpose},
    changes::{Action, ResourceDelta},
    error::CfnError,
    facts::{self, Facts, Found},
    gate,
    graph::{Outputs, StackGraph, StackSpec, Values},
    history::History,
    observe::Observed,
    status::{NextAction, StackStatus},
};
use crate::{ctx::Ctx, ids::StackName, state::lock::Locked};

/// What stands in a plan for a value that is not to be echoed.
const MASK: &str = "****";

/// What would happen to a stack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
        /// Parameters with another value.
        #[serde(default)]
        parameters: Vec<ValueDelta>,
        /// Tags with another value.
        #[serde(default)]
        tags: Vec<ValueDelta>,
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

/// A parameter or tag of a stack that differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueDelta {
    /// Name.
    pub name: String,
    /// Value before; none when there was none.
    pub before: Option<String>,
    /// Value after; none when it goes.
    pub after: Option<String>,
}

/// What would happen to the stacks of a graph, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphPlan {
    /// The stacks.
    pub stacks: BTreeMap<StackName, StackChange>,
    /// The form of each stack that was found: status and when it was last changed. Stacks that do
    /// not exist are not in it.
    #[serde(default)]
    pub observed: BTreeMap<StackName, String>,
    /// Stacks on which termination protection would be put, new ones as well.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub protections: BTreeSet<StackName>,
}

impl GraphPlan {
    /// Adds the plan of other stacks.
    pub fn extend(&mut self, other: Self) {
        self.stacks.extend(other.stacks);
        self.observed.extend(other.observed);
        self.protections.extend(other.protections);
    }

    /// The data resources that would be lost, each `stack/LogicalId`: without an approval by name
    /// a run refuses.
    #[must_use]
    pub fn needs_approval(&self) -> Vec<String> {
        let of_stack = |(name, change): (&StackName, &StackChange)| match change {
            StackChange::Update { changes, .. } => gate::lost(name, changes),
            _ => Vec::new(),
        };
        self.stacks.iter().flat_map(of_stack).collect()
    }

    /// Whether anything would change.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        self.changing().next().is_some()
    }

    /// The stacks that would change, protection included.
    pub fn changing(&self) -> impl Iterator<Item = &StackName> {
        let changes = |name: &StackName, change: &StackChange| {
            *change != StackChange::Unchanged || self.protections.contains(name)
        };
        let all = self.stacks.iter().filter(move |(name, change)| changes(name, change));
        all.map(|(name, _)| name)
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
            Self::Update { changes, .. } => {
                for change in changes {
                    *counts.entry(change.action).or_default() += 1;
                }
            }
            _ => {}
        }
        counts
    }
}

/// Compares a graph with what is there (`DescribeStacks`, `GetTemplate`; change sets are made side
/// by side for the stacks that would be updated, read, and deleted again). A stack that does not
/// exist gets no change set, which would leave its shell behind. The lock is needed because of the
/// change sets.
///
/// # Errors
/// [`CfnError`].
pub async fn plan(ctx: &Ctx, _locked: &Locked, graph: &StackGraph) -> Result<GraphPlan, CfnError> {
    graph.check()?;
    let api = Api::new(&ctx.aws);
    // A plan trusts nothing that was learnt before.
    let history = History::default();
    let facts = Facts::read(&api, graph, &history).await?;
    let outputs = facts.outputs();
    let (outputs, facts, api, history) = (&outputs, &facts, &api, &history);
    let plans = graph.stacks().map(|spec| async move {
        let change = one(ctx, api, graph, spec, (facts.get(&spec.name), history), outputs).await?;
        Ok::<_, CfnError>((spec.name.clone(), change))
    });
    // Collected, so that who calls this may spawn it: a closure that takes a reference is not
    // general enough for `Send` where it stays in the future.
    let plans: Vec<_> = plans.collect();
    let stacks = stream::iter(plans).buffer_unordered(ctx.concurrency.get()).try_collect().await?;
    Ok(GraphPlan { stacks, observed: facts.forms(), protections: protections(graph, facts) })
}

/// Stacks that should be protected and are not.
fn protections(graph: &StackGraph, facts: &Facts) -> BTreeSet<StackName> {
    let is_on = |name| facts.get(name).is_some_and(|found| found.stack.termination_protection);
    let wanted = graph.stacks().filter(|spec| spec.termination_protection);
    wanted.map(|spec| &spec.name).filter(|name| !is_on(name)).cloned().collect()
}

async fn one(
    ctx: &Ctx,
    api: &Api,
    graph: &StackGraph,
    spec: &StackSpec,
    (found, history): (Option<&Found>, &History),
    outputs: &Outputs,
) -> Result<StackChange, CfnError> {
    let Some(found) = found else {
        return Ok(creation(spec));
    };
    let status = found.stack.status;
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
    if found.stack.has_inputs(spec, &values) && facts::is_same(api, spec, found, history).await? {
        return Ok(StackChange::Unchanged);
    }
    let wanted = (ChangeSetType::Update, Purpose::Plan);
    let made = change_set::make(ctx, api, graph, spec, &values, wanted).await?;
    let Some(set) = made else {
        return Ok(StackChange::Unchanged);
    };
    change_set::delete(api, &spec.name, &set.id).await?;
    Ok(update(spec, &found.stack, &values, set.changes))
}

/// What a change set would do to a stack, and which of its inputs differ.
pub(super) fn update(
    spec: &StackSpec,
    found: &Observed,
    values: &Values,
    changes: Vec<ResourceDelta>,
) -> StackChange {
    let parameters = spec.template.parameters();
    let wanted = parameters.iter().filter_map(|parameter| {
        let value = values.known.get(&parameter.name).or(parameter.default.as_ref())?;
        Some((parameter.name.clone(), value.clone()))
    });
    let mut differences = differences(&found.parameters, &wanted.collect());
    let secret = |name: &str| parameters.iter().any(|one| one.no_echo && one.name == name);
    for delta in differences.iter_mut().filter(|delta| secret(&delta.name)) {
        delta.before = delta.before.take().map(|_| MASK.to_owned());
        delta.after = delta.after.take().map(|_| MASK.to_owned());
    }
    let tags = self::differences(&found.tags, &spec.tags);
    StackChange::Update { changes, parameters: differences, tags }
}

fn differences(
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) -> Vec<ValueDelta> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let delta = |name: &String| ValueDelta {
        name: name.clone(),
        before: before.get(name).cloned(),
        after: after.get(name).cloned(),
    };
    names.into_iter().map(delta).filter(|delta| delta.before != delta.after).collect()
}

fn name_of(status: StackStatus) -> String {
    status.name().to_owned()
}

/// What creating a stack would make.
pub(super) fn creation(spec: &StackSpec) -> StackChange {
    let resources = spec.template.resources();
    StackChange::Create {
        resources: resources.into_iter().map(|resource| resource.resource_type).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfn::graph::tests::spec;

    #[test]
    fn parameters_and_tags_differ_by_value_and_secrets_are_masked() {
        let text = "Parameters: {Size: {Type: String}, Password: {Type: String, NoEcho: true}, \
                    Old: {Type: String, Default: a}}\nResources: {Topic: {Type: 'AWS::SNS::Topic'}}";
        let mut wanted = spec("acme-a", text, &[], &[]);
        wanted.tags.insert("cost".to_owned(), "2".to_owned());
        let pairs = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let mut found = Observed::for_tests("acme-a");
        found.parameters = pairs(&[("Size", "1"), ("Password", "****"), ("Old", "b")]);
        let known = pairs(&[("Size", "2"), ("Password", "hush")]);
        let values = Values { known, unknown: BTreeMap::new() };
        let change = update(&wanted, &found, &values, Vec::new());
        insta::assert_snapshot!(serde_json::to_string(&change).unwrap(), @r#"{"verb":"update","changes":[],"parameters":[{"name":"Old","before":"b","after":"a"},{"name":"Password","before":"****","after":"****"},{"name":"Size","before":"1","after":"2"}],"tags":[{"name":"cost","before":null,"after":"2"}]}"#);
    }
}
