//! The table of the results.

use super::play::{Numbers, Row};
use crate::bench::table;

const HEAD: [&str; 10] = [
    "graph",
    "scenario",
    "tool",
    "wall s",
    "first round s",
    "calls",
    "waiting calls per stack and s",
    "waiting calls, most in 1 s",
    "calls, most in 1 s",
    "memory MB",
];

/// The table, without a closing line break.
pub(super) fn table(rows: &[Row]) -> String {
    table::table(&HEAD, &rows.iter().map(cells).collect::<Vec<_>>())
}

fn cells(row: &Row) -> Vec<String> {
    let mut cells =
        vec![row.graph.name.to_owned(), row.scenario.name().to_owned(), row.tool.name().to_owned()];
    match &row.numbers {
        Ok(numbers) => cells.extend(shown(numbers)),
        Err(_) => cells.push("failed".to_owned()),
    }
    cells
}

fn shown(numbers: &Numbers) -> [String; 7] {
    [
        format!("{:.2}", numbers.seconds),
        format!("{:.2}", numbers.first),
        format!("{:.0}", numbers.calls),
        format!("{:.2}", numbers.waiting),
        format!("{:.0}", numbers.waiting_busiest),
        format!("{:.0}", numbers.busiest),
        format!("{:.0}", numbers.megabytes),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::graph;
    use super::super::play::Scenario;
    use super::super::tool::Tool;
    use super::*;

    #[test]
    fn columns_line_up_and_a_failure_shows() {
        let graph = graph::all().remove(0);
        let numbers = Numbers { seconds: 4.567, first: 4.9, calls: 12.0, ..Numbers::default() };
        let row = |tool, numbers| Row {
            graph: graph.clone(),
            tool,
            scenario: Scenario::CreateAll,
            numbers,
        };
        let text = table(&[row(Tool::Ours, Ok(numbers)), row(Tool::Sam, Err("no".to_owned()))]);
        let lines: Vec<&str> = text.lines().collect();
        assert!(
            lines[2].starts_with(
                "| single | create all | ours | 4.57   | 4.90          | 12    | 0.00 "
            )
        );
        assert!(
            lines[3].starts_with(
                "| single | create all | sam  | failed |               |       |      "
            )
        );
        let length = lines[0].len();
        assert!(lines.iter().all(|line| line.len() == length), "{text}");
    }
}
