//! What a change adds to the bill and takes off it.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    estimate::{Estimate, Line},
    money::Usd,
};
use crate::ids::StackName;

/// A line whose price or size changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Change {
    /// As it is.
    pub before: Line,
    /// As it would be.
    pub after: Line,
}

/// What a change does to the cost a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Day of the price table.
    pub prices_of: String,
    /// What comes.
    pub added: Vec<Line>,
    /// What goes.
    pub removed: Vec<Line>,
    /// What stays and costs something else.
    pub changed: Vec<Change>,
    /// Known cost a month of the whole stack afterwards; absent where only a part was looked at.
    pub total: Option<Usd>,
}

/// Differences of the stacks of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct PlanCosts {
    /// By stack; a stack that does not change is not there.
    pub stacks: BTreeMap<StackName, Difference>,
    /// What the stacks that would be created hold, once the conditions of their templates are
    /// worked out.
    pub created: BTreeMap<StackName, Created>,
}

/// Types of the resources of a stack that would be created, each as often as it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Created {
    /// Those that will be there.
    pub sure: Vec<String>,
    /// Those whose condition nobody can tell yet.
    pub maybe: Vec<String>,
}

impl Difference {
    /// What is known of the difference a month.
    #[must_use]
    pub fn monthly(&self) -> Usd {
        self.increase() - self.decrease()
    }

    /// Known cost a month of what is added, and of what becomes dearer.
    #[must_use]
    pub fn increase(&self) -> Usd {
        let added: Usd = self.added.iter().map(|line| line.monthly.known()).sum();
        added + self.changes().filter(|change| !change.is_negative()).sum()
    }

    /// Known cost a month of what is removed, and of what becomes cheaper.
    #[must_use]
    pub fn decrease(&self) -> Usd {
        let removed: Usd = self.removed.iter().map(|line| line.monthly.known()).sum();
        removed - self.changes().filter(|change| change.is_negative()).sum()
    }

    fn changes(&self) -> impl Iterator<Item = Usd> {
        self.changed
            .iter()
            .map(|change| change.after.monthly.known() - change.before.monthly.known())
    }

    /// Whether nothing changes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }
}

impl PlanCosts {
    /// Takes in the costs of other stacks.
    pub fn extend(&mut self, other: Self) {
        self.stacks.extend(other.stacks);
        self.created.extend(other.created);
    }

    /// What is known of the difference a month.
    #[must_use]
    pub fn monthly(&self) -> Usd {
        self.stacks.values().map(Difference::monthly).sum()
    }
}

/// What changes between two estimates of the same stack. Lines belong together when they have the
/// same logical id and the same place among the lines of that resource.
#[must_use]
pub fn difference(before: &Estimate, after: &Estimate) -> Difference {
    let mut old = keyed(before);
    let mut difference = Difference {
        prices_of: after.prices_of.clone(),
        added: Vec::new(),
        removed: Vec::new(),
        changed: Vec::new(),
        total: Some(after.total()),
    };
    for (key, line) in ordered(after) {
        match old.remove(&key) {
            None => difference.added.push(line.clone()),
            Some(same) if same == line => {}
            Some(other) => {
                let (before, after) = (other.clone(), line.clone());
                difference.changed.push(Change { before, after });
            }
        }
    }
    let gone = ordered(before).into_iter().filter(|(key, _)| old.contains_key(key));
    difference.removed = gone.map(|(_, line)| line.clone()).collect();
    difference
}

type Key<'a> = (&'a str, &'a str, usize);

fn ordered(estimate: &Estimate) -> Vec<(Key<'_>, &Line)> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let mut lines = Vec::new();
    for line in &estimate.lines {
        let index = seen.entry(&line.logical_id).or_default();
        lines.push(((line.logical_id.as_str(), line.resource_type.as_str(), *index), line));
        *index += 1;
    }
    lines
}

fn keyed(estimate: &Estimate) -> BTreeMap<Key<'_>, &Line> {
    ordered(estimate).into_iter().collect()
}
