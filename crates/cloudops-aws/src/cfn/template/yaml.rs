//! The only module that knows the YAML library: text in, tagged tree with places out.
//!
//! serde's data model has no room for a tag *and* a place on every node, so the tree is built from
//! the events of `granit-parser`, which serde-saphyr re-exports.

use std::collections::HashMap;

use serde_saphyr::granit_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::error::{Location, TemplateErrorKind};

/// More than any template of 51,200 bytes repeats by aliases, unless it means harm.
const MOST_NODES: usize = 200_000;

/// A YAML node with its tag and place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) content: Content,
    /// As written, such as `!Ref`; never a tag of YAML's core schema.
    pub(super) tag: Option<String>,
    pub(super) location: Location,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// A scalar; only an unquoted one can be something else than a string.
    Scalar { text: String, plain: bool },
    /// A sequence.
    Sequence(Vec<Node>),
    /// A mapping, in the order of the text.
    Mapping(Vec<Entry>),
}

/// One entry of a mapping.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_location: Location,
    pub(super) value: Node,
}

/// Why the text could not be read, and where.
pub(super) type ReadError = (Option<Location>, TemplateErrorKind);

/// Reads one YAML document.
pub(super) fn read(text: &str) -> Result<Node, ReadError> {
    let mut reader = Reader::default();
    for next in Parser::new_from_str(text) {
        let (event, span) = next.map_err(syntax)?;
        reader.take(event, &span)?;
    }
    reader.root.ok_or_else(|| (None, TemplateErrorKind::Syntax("the template is empty".to_owned())))
}

#[derive(Default)]
struct Reader {
    open: Vec<Frame>,
    root: Option<Node>,
    anchors: HashMap<usize, Node>,
    nodes: usize,
}

struct Frame {
    location: Location,
    tag: Option<String>,
    anchor: usize,
    content: Building,
}

enum Building {
    Sequence(Vec<Node>),
    Mapping { entries: Vec<Entry>, key: Option<(String, Location)> },
}

impl Reader {
    fn take(&mut self, event: Event<'_>, span: &Span) -> Result<(), ReadError> {
        let location = place(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                let core_string =
                    tag.as_ref().is_some_and(|tag| tag.is_yaml_core_schema_tag("str"));
                let plain = style == ScalarStyle::Plain && !core_string;
                let content = Content::Scalar { text: text.into_owned(), plain };
                self.place_node(Node { content, tag: short(tag.as_deref()), location }, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.open(location, short(tag.as_deref()), anchor, Building::Sequence(Vec::new()));
                Ok(())
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Building::Mapping { entries: Vec::new(), key: None };
                self.open(location, short(tag.as_deref()), anchor, content);
                Ok(())
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => {
                let node = self.anchors.get(&anchor).ok_or_else(|| {
                    refuse(location, "an alias cannot stand inside the node that it names")
                })?;
                self.nodes += weight(node);
                if self.nodes > MOST_NODES {
                    return Err(refuse(location, "the aliases expand to too much"));
                }
                let node = node.clone();
                self.place_node(node, 0)
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, location: Location, tag: Option<String>, anchor: usize, content: Building) {
        self.open.push(Frame { location, tag, anchor, content });
    }

    fn close(&mut self) -> Result<(), ReadError> {
        let Some(frame) = self.open.pop() else {
            return Ok(());
        };
        let content = match frame.content {
            Building::Sequence(items) => Content::Sequence(items),
            Building::Mapping { entries, .. } => Content::Mapping(entries),
        };
        self.place_node(Node { content, tag: frame.tag, location: frame.location }, frame.anchor)
    }

    fn place_node(&mut self, node: Node, anchor: usize) -> Result<(), ReadError> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None if self.root.is_some() => {
                Err(refuse(node.location, "a template is one YAML document, here begins another"))
            }
            None => {
                self.root = Some(node);
                Ok(())
            }
            Some(Frame { content: Building::Sequence(items), .. }) => {
                items.push(node);
                Ok(())
            }
            Some(Frame { content: Building::Mapping { entries, key }, .. }) => {
                place_in_mapping(entries, key, node)
            }
        }
    }
}

fn place_in_mapping(
    entries: &mut Vec<Entry>,
    key: &mut Option<(String, Location)>,
    node: Node,
) -> Result<(), ReadError> {
    if let Some((key, key_location)) = key.take() {
        entries.push(Entry { key, key_location, value: node });
        return Ok(());
    }
    let Content::Scalar { text, .. } = node.content else {
        return Err(refuse(node.location, "a key has to be plain text"));
    };
    if text == "<<" {
        return Err(refuse(node.location, "CloudFormation does not accept merge keys (<<)"));
    }
    if entries.iter().any(|entry| entry.key == text) {
        return Err((Some(node.location), TemplateErrorKind::DuplicateKey(text)));
    }
    *key = Some((text, node.location));
    Ok(())
}

/// Nodes in a tree that an alias repeats: counted so that aliases of aliases end early.
fn weight(node: &Node) -> usize {
    match &node.content {
        Content::Scalar { .. } => 1,
        Content::Sequence(items) => 1 + items.iter().map(weight).sum::<usize>(),
        Content::Mapping(entries) => {
            1 + entries.iter().map(|entry| weight(&entry.value)).sum::<usize>()
        }
    }
}

fn short(tag: Option<&Tag>) -> Option<String> {
    tag.filter(|tag| !tag.is_yaml_core_schema()).map(Tag::original)
}

fn place(span: &Span) -> Location {
    // The tag is what the reader of an error looks for, also when the value is lines below it.
    let marker = span.tag_start().unwrap_or(span.start);
    Location { line: narrow(marker.line()), column: narrow(marker.col().saturating_add(1)) }
}

fn narrow(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn refuse(location: Location, sentence: &str) -> ReadError {
    (Some(location), TemplateErrorKind::Syntax(sentence.to_owned()))
}

fn syntax(error: ScanError) -> ReadError {
    let marker = error.marker();
    let location =
        Location { line: narrow(marker.line()), column: narrow(marker.col().saturating_add(1)) };
    (Some(location), TemplateErrorKind::Syntax(error.info()))
}
