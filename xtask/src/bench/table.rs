//! Tables as Markdown: they are read on a terminal and kept in the book.

/// A table whose columns line up, without a closing line break. Missing cells are empty.
pub(super) fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let mut lines = vec![head.iter().map(|&cell| cell.to_owned()).collect::<Vec<String>>()];
    lines.extend(rows.iter().cloned());
    lines.iter_mut().for_each(|line| line.resize(head.len(), String::new()));
    let widths: Vec<usize> = (0..head.len())
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    lines.insert(1, rule);
    lines.iter().map(|line| joined(line, &widths)).collect::<Vec<_>>().join("\n")
}

fn joined(cells: &[String], widths: &[usize]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
    format!("| {} |", padded.collect::<Vec<_>>().join(" | "))
}
