//! The picture as Mermaid, for a page that draws it.

use std::{collections::BTreeMap, fmt::Write};

use super::{Diagram, Node, Tier};

/// Writes the picture as a Mermaid flowchart.
#[must_use]
pub fn mermaid(diagram: &Diagram) -> String {
    let names: BTreeMap<&str, String> = diagram
        .nodes
        .keys()
        .enumerate()
        .map(|(at, key)| (key.as_str(), format!("n{at}")))
        .collect();
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, diagram, &names);
    out
}

fn write(out: &mut String, diagram: &Diagram, names: &BTreeMap<&str, String>) -> std::fmt::Result {
    writeln!(out, "---\ntitle: {}\n---\nflowchart TB", diagram.title)?;
    for tier in Tier::ALL {
        let mut nodes = diagram.tier(tier).peekable();
        if nodes.peek().is_none() {
            continue;
        }
        writeln!(out, "  subgraph {tier:?}[\"{}\"]", tier.title())?;
        for (key, node) in nodes {
            let shape = label(node);
            writeln!(out, "    {}[\"{shape}\"]", names[key])?;
            if !node.exists {
                writeln!(out, "    class {} planned", names[key])?;
            }
        }
        writeln!(out, "  end")?;
    }
    for edge in &diagram.edges {
        if let (Some(from), Some(to)) = (names.get(edge.from.as_str()), names.get(edge.to.as_str()))
        {
            writeln!(out, "  {from} -->|{}| {to}", edge.ports)?;
        }
    }
    writeln!(out, "  classDef planned stroke-dasharray: 5 5")
}

fn label(node: &Node) -> String {
    let lines = std::iter::once(&node.title).chain(&node.parts).chain(&node.id);
    let lines: Vec<String> = lines.map(|line| escaped(line)).collect();
    lines.join("<br/>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;")
}
