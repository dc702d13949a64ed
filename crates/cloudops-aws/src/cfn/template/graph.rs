//! Finds a circle in "needs" edges.

use std::collections::{BTreeMap, BTreeSet};

/// The first circle of `edges`, as names with the first one repeated at the end.
pub(super) fn cycle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    edges.keys().find_map(|start| visit(start, edges, &mut done))
}

/// Depth first without recursion, so that a long chain cannot exhaust the stack.
fn visit(
    start: &str,
    edges: &BTreeMap<String, BTreeSet<String>>,
    done: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    if done.contains(start) {
        return None;
    }
    let mut trail: Vec<(String, Vec<String>)> = vec![(start.to_owned(), needs(start, edges))];
    while let Some((_, pending)) = trail.last_mut() {
        let Some(next) = pending.pop() else {
            if let Some((finished, _)) = trail.pop() {
                done.insert(finished);
            }
            continue;
        };
        if let Some(at) = trail.iter().position(|(name, _)| *name == next) {
            let mut names: Vec<_> = trail[at..].iter().map(|(name, _)| name.clone()).collect();
            names.push(next);
            return Some(names);
        }
        if !done.contains(&next) {
            let pending = needs(&next, edges);
            trail.push((next, pending));
        }
    }
    None
}

fn needs(name: &str, edges: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    edges.get(name).map(|set| set.iter().rev().cloned().collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(list: &[(&str, &[&str])]) -> BTreeMap<String, BTreeSet<String>> {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        list.iter().map(|(name, needs)| ((*name).to_owned(), set(needs))).collect()
    }

    #[test]
    fn a_circle_is_named_from_its_first_member() {
        let found = cycle(&edges(&[("A", &["B"]), ("B", &["C"]), ("C", &["B"])]));
        assert_eq!(found, Some(vec!["B".to_owned(), "C".to_owned(), "B".to_owned()]));
    }

    #[test]
    fn a_diamond_is_no_circle() {
        let found = cycle(&edges(&[("A", &["B", "C"]), ("B", &["D"]), ("C", &["D"]), ("D", &[])]));
        assert_eq!(found, None);
    }

    #[test]
    fn a_resource_that_needs_itself_is_a_circle() {
        let found = cycle(&edges(&[("A", &["A"])]));
        assert_eq!(found, Some(vec!["A".to_owned(), "A".to_owned()]));
    }
}
