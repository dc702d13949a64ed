//! The tables of the results.

use super::limit::Least;
use super::play::{MIB, Numbers, Row, Scenario, number};
use super::tool::Tool;
use crate::bench::table::table;

const HEAD: [&str; 8] = [
    "scenario",
    "tool",
    "wall s",
    "buildah / ours",
    "peak MiB",
    "blobs uploaded",
    "MiB uploaded",
    "of that, other images",
];

/// The scenarios of the full package.
pub(super) fn scenarios(rows: &[Row]) -> String {
    let line = |row: &Row| {
        let mut cells = vec![row.scenario.name().to_owned(), row.tool.name().to_owned()];
        match &row.numbers {
            Ok(numbers) => cells.extend(shown(numbers, row, rows)),
            Err(_) => cells.push("failed".to_owned()),
        }
        cells
    };
    table(&HEAD, &rows.iter().map(line).collect::<Vec<_>>())
}

fn shown(numbers: &Numbers, row: &Row, rows: &[Row]) -> [String; 6] {
    let ratio = if row.tool == Tool::Ours { ratio(row, rows) } else { String::new() };
    [
        format!("{:.2}", numbers.seconds),
        ratio,
        format!("{:.0}", numbers.peak),
        format!("{:.0}", numbers.blobs),
        format!("{:.3}", numbers.bytes / MIB),
        format!("{:.3}", numbers.others / MIB),
    ]
}

/// How many times faster than buildah, in the same scenario of the same package.
fn ratio(row: &Row, rows: &[Row]) -> String {
    let same = |other: &&Row| {
        let scenario = other.scenario == row.scenario;
        let package = (other.services, other.package) == (row.services, row.package);
        other.tool == Tool::Buildah && scenario && package
    };
    let peer = rows.iter().find(same).and_then(|peer| peer.numbers.as_ref().ok());
    match (&row.numbers, peer) {
        (Ok(own), Some(peer)) => format!("{:.1}", peer.seconds / own.seconds),
        _ => String::new(),
    }
}

/// How the cold build grows: a line per package.
pub(super) fn growth(rows: &[Row]) -> String {
    let head =
        ["services", "package MB", "ours, cold s", "buildah, cold s", "buildah / ours", "peak MiB"];
    let is_cold_of = |row: &&Row, tool| row.scenario == Scenario::Cold && row.tool == tool;
    let seconds = |row: Option<&Row>| match row.map(|row| &row.numbers) {
        Some(Ok(numbers)) => format!("{:.2}", numbers.seconds),
        _ => "failed".to_owned(),
    };
    let line = |own: &Row| {
        let same = |row: &&Row| (row.services, row.package) == (own.services, own.package);
        let peer = rows.iter().find(|row| same(row) && is_cold_of(row, Tool::Buildah));
        let peak =
            own.numbers.as_ref().map_or_else(|_| String::new(), |n| format!("{:.0}", n.peak));
        vec![
            own.services.to_string(),
            format!("{:.0}", number(own.package) / 1e6),
            seconds(Some(own)),
            seconds(peer),
            ratio(own, rows),
            peak,
        ]
    };
    let own = rows.iter().filter(|row| is_cold_of(row, Tool::Ours));
    table(&head, &own.map(line).collect::<Vec<_>>())
}

/// How near a cold build of `cold` seconds comes to the least work.
pub(super) fn limits(inflate: f64, least: &[Least], cold: Option<f64>) -> String {
    let head = [
        "compression",
        "inflate package s",
        "read, hash, compress s",
        "MB before",
        "MB after",
        "our cold build / least work",
    ];
    let line = |least: &Least| {
        let work = inflate + least.seconds;
        vec![
            least.compression.name(),
            format!("{inflate:.2}"),
            format!("{:.2}", least.seconds),
            format!("{:.0}", number(least.bytes) / 1e6),
            format!("{:.0}", number(least.compressed) / 1e6),
            cold.map_or_else(|| "failed".to_owned(), |cold| format!("{:.2}", cold / work)),
        ]
    };
    table(&head, &least.iter().map(line).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::super::limit::Compression;
    use super::*;

    fn row(tool: Tool, package: u64, seconds: f64) -> Row {
        let numbers = Numbers { seconds, bytes: MIB, ..Numbers::default() };
        Row { tool, scenario: Scenario::Cold, services: 6, package, numbers: Ok(numbers) }
    }

    #[test]
    fn a_row_is_compared_with_that_of_the_same_package() {
        let rows = [
            row(Tool::Ours, 2_000_000, 2.0),
            row(Tool::Buildah, 2_000_000, 9.0),
            row(Tool::Ours, 1_000_000, 1.0),
            Row { numbers: Err("no".to_owned()), ..row(Tool::Buildah, 1_000_000, 1.0) },
        ];
        let table = scenarios(&rows);
        let lines: Vec<&str> = table.lines().collect();
        assert!(lines[2].starts_with("| cold     | ours    | 2.00   | 4.5            | 0 "));
        assert!(lines[5].starts_with("| cold     | buildah | failed |      "), "{table}");
        let growth = growth(&rows);
        let lines: Vec<&str> = growth.lines().collect();
        assert!(lines[2].starts_with("| 6        | 2          | 2.00         | 9.00 "));
        assert!(lines[3].starts_with("| 6        | 1          | 1.00         | failed "));
    }

    #[test]
    fn the_least_work_is_inflating_and_the_rest() {
        let compression = Compression::Zstd(1);
        let least = Least { compression, seconds: 1.5, bytes: 3_000_000, compressed: 2_000_000 };
        let text = limits(0.5, &[least], Some(3.0));
        let line = text.lines().nth(2).unwrap();
        assert!(line.starts_with("| zstd 1      | 0.50 "), "{line}");
        assert!(line.trim_end_matches(" |").trim_end().ends_with("| 1.50"), "{line}");
    }
}
