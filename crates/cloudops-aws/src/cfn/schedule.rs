//! Which stack may start when: pure bookkeeping over a graph, without level barriers.

use std::collections::{BTreeMap, BTreeSet};

/// How a node ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// Its dependants may start.
    Well,
    /// Its dependants never start.
    Badly,
}

/// The nodes that wait, run, and are blocked by a failure.
#[derive(Debug)]
pub(super) struct Schedule<K> {
    waiting: BTreeMap<K, BTreeSet<K>>,
    running: BTreeSet<K>,
    skipped: BTreeSet<K>,
    limit: usize,
}

impl<K: Clone + Ord> Schedule<K> {
    /// A schedule of nodes and what each of them depends on; at most `limit` run at once.
    pub(super) fn new(nodes: BTreeMap<K, BTreeSet<K>>, limit: usize) -> Self {
        Self { waiting: nodes, running: BTreeSet::new(), skipped: BTreeSet::new(), limit }
    }

    /// Takes the nodes that may start now.
    pub(super) fn start(&mut self) -> Vec<K> {
        let room = self.limit.saturating_sub(self.running.len());
        let free = |(key, needs): (&K, &BTreeSet<K>)| needs.is_empty().then(|| key.clone());
        let ready: Vec<K> = self.waiting.iter().filter_map(free).take(room).collect();
        for key in &ready {
            self.waiting.remove(key);
            self.running.insert(key.clone());
        }
        ready
    }

    /// Records the end of a node.
    pub(super) fn end(&mut self, key: &K, ended: Ended) {
        self.running.remove(key);
        match ended {
            Ended::Well => self.waiting.values_mut().for_each(|needs| {
                needs.remove(key);
            }),
            Ended::Badly => self.skip_dependants(key),
        }
    }

    /// Nodes that will never start because something they need failed.
    pub(super) fn skipped(&self) -> &BTreeSet<K> {
        &self.skipped
    }

    fn skip_dependants(&mut self, failed: &K) {
        let needing =
            |(key, needs): (&K, &BTreeSet<K>)| needs.contains(failed).then(|| key.clone());
        let dependants: Vec<K> = self.waiting.iter().filter_map(needing).collect();
        for key in dependants {
            self.waiting.remove(&key);
            self.skipped.insert(key.clone());
            self.skip_dependants(&key);
        }
    }
}

/// The same graph backwards: what must be gone before a node may be deleted.
pub(super) fn reversed<K: Clone + Ord>(
    nodes: &BTreeMap<K, BTreeSet<K>>,
) -> BTreeMap<K, BTreeSet<K>> {
    let mut backwards: BTreeMap<K, BTreeSet<K>> =
        nodes.keys().map(|key| (key.clone(), BTreeSet::new())).collect();
    for (key, needs) in nodes {
        for need in needs {
            backwards.entry(need.clone()).or_default().insert(key.clone());
        }
    }
    backwards
}

/// Nodes that lie on a cycle or behind one, in order; empty when the graph has none.
pub(super) fn cyclic<K: Clone + Ord>(nodes: &BTreeMap<K, BTreeSet<K>>) -> Vec<K> {
    let mut schedule = Schedule::new(nodes.clone(), usize::MAX);
    loop {
        let started = schedule.start();
        if started.is_empty() {
            return schedule.waiting.keys().cloned().collect();
        }
        for key in started {
            schedule.end(&key, Ended::Well);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(
        edges: &[(&'static str, &[&'static str])],
    ) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
        edges.iter().map(|(key, needs)| (*key, needs.iter().copied().collect())).collect()
    }

    #[test]
    fn a_node_starts_the_moment_its_last_need_is_done() {
        let mut schedule =
            Schedule::new(nodes(&[("a", &[]), ("b", &[]), ("c", &["a"]), ("d", &["a", "b"])]), 9);
        assert_eq!(schedule.start(), ["a", "b"]);
        schedule.end(&"a", Ended::Well);
        assert_eq!(schedule.start(), ["c"], "c does not wait for b");
        schedule.end(&"b", Ended::Well);
        assert_eq!(schedule.start(), ["d"]);
    }

    #[test]
    fn a_failure_stops_only_its_dependants() {
        let mut schedule =
            Schedule::new(nodes(&[("a", &[]), ("b", &["a"]), ("c", &["b"]), ("x", &[])]), 1);
        assert_eq!(schedule.start(), ["a"], "the limit holds");
        schedule.end(&"a", Ended::Badly);
        assert_eq!(schedule.start(), ["x"]);
        assert_eq!(schedule.skipped().iter().copied().collect::<Vec<_>>(), ["b", "c"]);
    }

    #[test]
    fn deletion_runs_backwards_and_cycles_are_found() {
        let forwards = nodes(&[("a", &[]), ("b", &["a"])]);
        assert_eq!(reversed(&forwards), nodes(&[("a", &["b"]), ("b", &[])]));
        assert!(cyclic(&forwards).is_empty());
        assert_eq!(cyclic(&nodes(&[("a", &["b"]), ("b", &["a"]), ("c", &[])])), ["a", "b"]);
    }
}
