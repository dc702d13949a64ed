//! The critical path: the chain of steps, each begun because the one before had ended, that made
//! the run as long as it was.

use jiff::{SignedDuration, Timestamp};

/// A step that began and ended.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    /// Indexes of the nodes that it needs.
    pub(super) needs: Vec<usize>,
}

/// A step that begins within this of the end of what it needs did not wait for anything else.
const SLACK: SignedDuration = SignedDuration::from_millis(500);

/// Indexes of the nodes on the critical path, the first one first. What is no node (it never
/// began, or never ended) is not on it.
pub(super) fn path(nodes: &[Option<Node>]) -> Vec<usize> {
    let mut path = Vec::new();
    let mut next = latest(nodes, |_, _| true);
    while let Some(at) = next {
        path.push(at);
        // Events carry the time at which they were seen, so two may have the same: a node is on
        // the path only once.
        next = nodes[at].as_ref().and_then(|node| before(nodes, node, &path));
    }
    path.reverse();
    path
}

/// What a node waited for last: what it needs; or, when that ended long before it began, whatever
/// ended then and made room for it.
fn before(nodes: &[Option<Node>], node: &Node, path: &[usize]) -> Option<usize> {
    let ended = |at: usize, other: &Node| !path.contains(&at) && other.ended <= node.began;
    let need = latest(nodes, |at, other| node.needs.contains(&at) && ended(at, other));
    let close = |at: &usize| {
        let other = nodes[*at].as_ref();
        other.is_some_and(|other| node.began.duration_since(other.ended) <= SLACK)
    };
    need.filter(close).or_else(|| latest(nodes, ended)).or(need)
}

/// The node that ended last of those that fit.
fn latest(nodes: &[Option<Node>], fits: impl Fn(usize, &Node) -> bool) -> Option<usize> {
    let present = nodes.iter().enumerate().filter_map(|(at, node)| Some((at, node.as_ref()?)));
    present
        .filter(|(at, node)| fits(*at, node))
        .max_by_key(|(_, node)| node.ended)
        .map(|(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nodes as (began, ended, needs), in seconds; no node for an end before the begin.
    fn check(given: &[(i64, i64, &[usize])], expected: &[usize]) {
        let second = |second| Timestamp::from_second(second).unwrap();
        let node = |(began, ended, needs): &(i64, i64, &[usize])| {
            let (began, ended) = (second(*began), second(*ended));
            (began <= ended).then(|| Node { began, ended, needs: needs.to_vec() })
        };
        let nodes: Vec<Option<Node>> = given.iter().map(node).collect();
        assert_eq!(path(&nodes), expected, "{given:?}");
    }

    #[test]
    fn the_longest_chain_of_a_diamond_is_the_path() {
        check(&[(0, 2, &[]), (2, 9, &[0]), (2, 5, &[0]), (9, 12, &[1, 2])], &[0, 1, 3]);
        check(&[(0, 2, &[]), (2, 4, &[0]), (2, 5, &[0]), (5, 12, &[1, 2])], &[0, 2, 3]);
    }

    #[test]
    fn what_waited_for_room_follows_what_made_room() {
        // The third needs nothing, but only two run at once.
        check(&[(0, 4, &[]), (0, 9, &[]), (4, 20, &[])], &[0, 2]);
        // It needs the first, which ended long before; the second made room.
        check(&[(0, 1, &[]), (0, 8, &[]), (8, 20, &[0])], &[1, 2]);
    }

    #[test]
    fn a_second_graph_follows_the_end_of_the_first() {
        check(&[(0, 5, &[]), (0, 3, &[]), (6, 9, &[]), (9, 11, &[2])], &[0, 2, 3]);
    }

    #[test]
    fn what_never_ended_is_not_on_it_and_nothing_repeats() {
        check(&[], &[]);
        check(&[(0, 5, &[]), (5, 1, &[0])], &[0]);
        check(&[(3, 3, &[1]), (3, 3, &[0])], &[0, 1]);
    }
}
