//! The picture as SVG: one file without anything from elsewhere, readable in the light and in the
//! dark.

use std::fmt::{self, Write};

use super::{
    Diagram, Edge, Node,
    draw::{self, LINE, Page, Place},
};

const STYLE: &str = "\
    svg { background: #ffffff; font: 13px system-ui, sans-serif; }\n\
    text { fill: #1a1a1a; } .title { font-size: 17px; font-weight: 600; }\n\
    .tier { fill: #f3f5f8; stroke: #c5ccd6; } .head { fill: #55606e; font-weight: 600; }\n\
    .node { fill: #ffffff; stroke: #33475b; } .planned { stroke-dasharray: 5 4; }\n\
    .name { font-weight: 600; } .edge { fill: none; stroke: #2f6fb3; stroke-width: 1.5; }\n\
    .ports { fill: #2f6fb3; font-size: 12px; } .tip { fill: #2f6fb3; }\n\
    .halo { stroke: #ffffff; stroke-width: 4; paint-order: stroke; }\n\
    @media (prefers-color-scheme: dark) {\n\
      svg { background: #14181d; } text { fill: #e8eaed; }\n\
      .tier { fill: #1b2128; stroke: #3a4552; } .head { fill: #9aa7b5; }\n\
      .node { fill: #222a33; stroke: #8fa3b8; } .edge { stroke: #7fb4ee; }\n\
      .ports { fill: #7fb4ee; } .tip { fill: #7fb4ee; } .halo { stroke: #14181d; }\n\
    }\n";

/// Writes the picture as SVG.
#[must_use]
pub fn svg(diagram: &Diagram) -> String {
    let page = draw::page(diagram);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write(&mut out, diagram, &page);
    out
}

fn write(out: &mut String, diagram: &Diagram, page: &Page) -> fmt::Result {
    let (width, height) = (page.width, page.height);
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\">"
    )?;
    let title = escaped(&diagram.title);
    writeln!(out, "<title>{title}</title>\n<style>\n{STYLE}</style>")?;
    writeln!(
        out,
        "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" \
         markerHeight=\"8\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>"
    )?;
    writeln!(out, "<text class=\"title\" x=\"{}\" y=\"{}\">{title}</text>", draw::GAP, draw::HEAD)?;
    for (tier, place) in &page.tiers {
        rectangle(out, "tier", *place)?;
        let (x, y) = (place.x + 14, place.y + 22);
        writeln!(out, "<text class=\"head\" x=\"{x}\" y=\"{y}\">{}</text>", tier.title())?;
    }
    for (key, node) in &diagram.nodes {
        if let Some(place) = page.nodes.get(key) {
            draw_node(out, node, *place)?;
        }
    }
    for (at, edge) in diagram.edges.iter().enumerate() {
        draw_edge(out, edge, page, at)?;
    }
    writeln!(out, "</svg>")
}

fn rectangle(out: &mut String, class: &str, place: Place) -> fmt::Result {
    let Place { x, y, width, height } = place;
    writeln!(
        out,
        "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"8\"/>"
    )
}

fn draw_node(out: &mut String, node: &Node, place: Place) -> fmt::Result {
    rectangle(out, if node.exists { "node" } else { "node planned" }, place)?;
    let titles = draw::lines(&node.title, &[], None).len();
    let lines = draw::lines(&node.title, &node.parts, node.id.as_ref());
    let mut y = place.y + LINE + LINE / 4;
    for (at, line) in lines.iter().enumerate() {
        let class = if at < titles { " class=\"name\"" } else { "" };
        writeln!(out, "<text{class} x=\"{}\" y=\"{y}\">{}</text>", place.x + 10, escaped(line))?;
        y += LINE;
    }
    Ok(())
}

/// An arrow from box to box: down to a deeper one, round about to one beside or above.
fn draw_edge(out: &mut String, edge: &Edge, page: &Page, at: usize) -> fmt::Result {
    let (Some(from), Some(to)) = (page.nodes.get(&edge.from), page.nodes.get(&edge.to)) else {
        return Ok(());
    };
    // Arrows to the same box end side by side.
    let aside = i32::try_from(at % 5).unwrap_or(0) * 22 - 44;
    let (path, x, y) = if from.bottom() < to.y {
        let (x1, y1, x2, y2) = (from.middle() + aside, from.bottom(), to.middle() + aside, to.y);
        let half = (y2 - y1) / 2;
        let path = format!("M{x1} {y1}C{x1} {} {x2} {} {x2} {y2}", y1 + half, y2 - half);
        (path, x2 + 6, y2 - 10)
    } else {
        let (x1, y1, x2, y2) =
            (from.middle() + aside, from.bottom(), to.middle() + aside, to.bottom());
        let deep = y1.max(y2) + 30;
        (format!("M{x1} {y1}C{x1} {deep} {x2} {deep} {x2} {y2}"), x2 + 6, y2 + 20)
    };
    writeln!(out, "<path class=\"edge\" d=\"{path}\" marker-end=\"url(#tip)\"/>")?;
    let ports = escaped(&edge.ports);
    writeln!(out, "<text class=\"ports halo\" x=\"{x}\" y=\"{y}\">{ports}</text>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
