//! The graphs that every tool is given.

/// A graph of stacks.
#[derive(Debug, Clone)]
pub(super) struct Graph {
    pub(super) name: &'static str,
    pub(super) stacks: Vec<Stack>,
}

/// One stack: numbered from 1, after all that it needs.
#[derive(Debug, Clone)]
pub(super) struct Stack {
    pub(super) number: usize,
    /// How long its resource takes.
    pub(super) seconds: u32,
    pub(super) needs: Vec<usize>,
}

/// Seconds and needs of the diamond's stacks: one root, branches of uneven length, one end.
const DIAMOND: [(u32, &[usize]); 12] = [
    (2, &[]),
    (3, &[1]),
    (5, &[1]),
    (8, &[1]),
    (12, &[1]),
    (20, &[1]),
    (6, &[2]),
    (4, &[3, 4]),
    (9, &[4]),
    (7, &[5]),
    (5, &[7, 8]),
    (3, &[6, 9, 10, 11]),
];

/// All graphs.
pub(super) fn all() -> Vec<Graph> {
    let before = |number: usize| if number > 1 { vec![number - 1] } else { Vec::new() };
    let chain = (1..=8).map(|number| stack(number, 2, &before(number)));
    let wide = (1..=24).zip([2, 3, 4, 5, 6].into_iter().cycle());
    let wide = wide.map(|(number, seconds)| stack(number, seconds, &[]));
    let diamond =
        (1..).zip(DIAMOND).map(|(number, (seconds, needs))| stack(number, seconds, needs));
    vec![
        Graph { name: "single", stacks: vec![stack(1, 4, &[])] },
        Graph { name: "chain", stacks: chain.collect() },
        Graph { name: "wide", stacks: wide.collect() },
        Graph { name: "diamond", stacks: diamond.collect() },
    ]
}

fn stack(number: usize, seconds: u32, needs: &[usize]) -> Stack {
    Stack { number, seconds, needs: needs.to_vec() }
}

impl Graph {
    /// The least time in which it can be made, in seconds: what its longest path takes.
    pub(super) fn critical_path(&self) -> u32 {
        let mut ends: Vec<u32> = Vec::new();
        for stack in &self.stacks {
            let begin = stack.needs.iter().map(|need| ends[need - 1]).max().unwrap_or(0);
            ends.push(begin + stack.seconds);
        }
        ends.into_iter().max().unwrap_or(0)
    }

    /// The name of a stack, which is also what Sceptre makes of project, group and file.
    pub(super) fn stack_name(&self, number: usize) -> String {
        format!("bench-{}-{number:02}", self.name)
    }

    /// Whether another stack needs this one.
    pub(super) fn is_needed(&self, number: usize) -> bool {
        self.stacks.iter().any(|stack| stack.needs.contains(&number))
    }

    /// In a few words: how many stacks, and the least time.
    pub(super) fn about(&self) -> String {
        let plural = if self.stacks.len() == 1 { "" } else { "s" };
        let path = self.critical_path();
        format!("{}: {} stack{plural}, critical path {path} s", self.name, self.stacks.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graphs_have_the_sizes_and_paths_that_the_documentation_names() {
        let about: Vec<String> = all().iter().map(Graph::about).collect();
        assert_eq!(
            about,
            [
                "single: 1 stack, critical path 4 s",
                "chain: 8 stacks, critical path 16 s",
                "wide: 24 stacks, critical path 6 s",
                "diamond: 12 stacks, critical path 25 s",
            ]
        );
    }

    #[test]
    fn a_stack_comes_after_what_it_needs() {
        for graph in all() {
            for (place, stack) in (1..).zip(&graph.stacks) {
                assert_eq!(stack.number, place);
                assert!(stack.needs.iter().all(|need| *need < place), "{} {place}", graph.name);
            }
        }
    }
}
