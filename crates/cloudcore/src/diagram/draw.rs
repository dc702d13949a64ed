//! Where boxes stand on the page.

use std::collections::BTreeMap;

use super::{Diagram, Tier};

/// Width of a box.
pub(super) const WIDTH: i32 = 220;
/// Space between boxes, and around them.
pub(super) const GAP: i32 = 40;
/// Height of a line of text.
pub(super) const LINE: i32 = 18;
/// Height of the title of the picture and of a tier.
pub(super) const HEAD: i32 = 34;
/// Most characters of a line.
pub(super) const COLUMNS: usize = 28;
/// Most boxes in a row.
const ROW: usize = 5;

/// A rectangle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) x: i32,
    pub(super) y: i32,
    pub(super) width: i32,
    pub(super) height: i32,
}

impl Place {
    pub(super) fn middle(self) -> i32 {
        self.x + self.width / 2
    }

    pub(super) fn bottom(self) -> i32 {
        self.y + self.height
    }
}

/// Where everything stands.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) width: i32,
    pub(super) height: i32,
    pub(super) tiers: Vec<(Tier, Place)>,
    pub(super) nodes: BTreeMap<String, Place>,
}

/// Lines of text of a box.
pub(super) fn lines(title: &str, parts: &[String], id: Option<&String>) -> Vec<String> {
    let all = std::iter::once(title).chain(parts.iter().map(String::as_str));
    all.chain(id.map(String::as_str)).flat_map(wrapped).collect()
}

/// Text in lines that fit into a box; what has no spaces is cut where it must be.
fn wrapped(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let chars: Vec<char> = word.chars().collect();
        for piece in chars.chunks(COLUMNS) {
            let piece: String = piece.iter().collect();
            let Some(last) = lines.last_mut() else { continue };
            if !last.is_empty() && last.chars().count() + 1 + piece.chars().count() > COLUMNS {
                lines.push(piece);
            } else {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(&piece);
            }
        }
    }
    lines
}

/// Places all boxes: a band for each tier, at most five boxes beside each other.
pub(super) fn page(diagram: &Diagram) -> Page {
    let widest = Tier::ALL.map(|tier| diagram.tier(tier).count().min(ROW)).into_iter().max();
    let boxes = i32::try_from(widest.unwrap_or(0).max(1)).unwrap_or(1);
    let inner = boxes * (WIDTH + GAP) + GAP;
    let mut page = Page { width: inner + 2 * GAP, height: HEAD + GAP, ..Page::default() };
    for tier in Tier::ALL {
        let nodes: Vec<_> = diagram.tier(tier).collect();
        if nodes.is_empty() {
            continue;
        }
        let top = page.height;
        let mut y = top + HEAD;
        for row in nodes.chunks(ROW) {
            let mut tallest = 0;
            let mut x = 2 * GAP;
            for (key, node) in row {
                let count = lines(&node.title, &node.parts, node.id.as_ref()).len();
                let height = i32::try_from(count).unwrap_or(1) * LINE + LINE;
                page.nodes.insert((*key).to_owned(), Place { x, y, width: WIDTH, height });
                tallest = tallest.max(height);
                x += WIDTH + GAP;
            }
            y += tallest + GAP;
        }
        let place = Place { x: GAP, y: top, width: inner, height: y - top };
        page.tiers.push((tier, place));
        page.height = y + GAP;
    }
    page
}
