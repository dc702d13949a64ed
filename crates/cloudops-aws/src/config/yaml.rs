//! YAML of configuration documents: the only module of configuration management that knows the
//! YAML library.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
};

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::Value as Json;
use serde_saphyr::Spanned;

use super::document::DocumentError;

/// Reads YAML or JSON, which is YAML too.
///
/// # Errors
/// [`DocumentError::Syntax`] with line and column; also for a key that stands twice.
pub fn read(text: &str) -> Result<Json, DocumentError> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let wrong = |error: serde_saphyr::Error| DocumentError::Syntax(one_line(&error.to_string()));
    serde_saphyr::from_str_with_options(text, options).map_err(wrong)
}

/// Where each mapping and value of a document stands, by its path with dots.
#[derive(Debug, Default)]
pub struct Places(BTreeMap<String, (u64, u64)>);

impl Places {
    /// Looks for the places in a text that [`read`] has read.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let mut places = Self::default();
        // Only to say more about an error: what cannot be read has no places.
        if let Ok(Node::Mapping(children)) = serde_saphyr::from_str::<Node>(text) {
            places.add("", &children);
        }
        places
    }

    /// Line and column of a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<(u64, u64)> {
        self.0.get(path).copied()
    }

    fn add(&mut self, above: &str, children: &[(Spanned<String>, Node)]) {
        for (name, node) in children {
            let path = if above.is_empty() {
                name.value.clone()
            } else {
                format!("{above}.{}", name.value)
            };
            if let Node::Mapping(children) = node {
                self.add(&path, children);
            }
            let place = (name.referenced.line(), name.referenced.column());
            self.0.insert(path, place);
        }
    }
}

/// A document as far as places are concerned.
enum Node {
    Mapping(Vec<(Spanned<String>, Node)>),
    Other,
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("anything")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut children = Vec::new();
        while let Some(child) = map.next_entry()? {
            children.push(child);
        }
        Ok(Node::Mapping(children))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Node::Other)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_str<E>(self, _: &str) -> Result<Node, E> {
        Ok(Node::Other)
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Other)
    }
}

/// The library shows the lines around an error; its first line says it all.
fn one_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// Writes a document of mappings and scalars. What could be read as something else than the text
/// that it is stands in quotes.
#[must_use]
pub fn write(document: &Json) -> String {
    let mut text = String::new();
    mapping(&mut text, document, 0);
    text
}

fn mapping(text: &mut String, value: &Json, depth: usize) {
    for (name, value) in value.as_object().into_iter().flatten() {
        let (indent, name) = ("  ".repeat(depth), scalar(name));
        match value {
            Json::Object(inner) if !inner.is_empty() => {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "{indent}{name}:");
                mapping(text, value, depth + 1);
            }
            Json::String(value) => {
                let _ = writeln!(text, "{indent}{name}: {}", scalar(value));
            }
            value => {
                let _ = writeln!(text, "{indent}{name}: {value}");
            }
        }
    }
}

/// A text as plain scalar, or in double quotes.
fn scalar(text: &str) -> String {
    let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '/')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "_./@+-".contains(c))
        && !is_word_of_yaml(text);
    if plain { text.to_owned() } else { quoted(text) }
}

/// Words that some reader of YAML takes for a boolean, nothing or a number.
fn is_word_of_yaml(text: &str) -> bool {
    let words = ["true", "false", "yes", "no", "on", "off", "y", "n", "null", "nan", "inf"];
    words.contains(&text.to_ascii_lowercase().as_str())
}

fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            ' '..='~' => quoted.push(c),
            c if c.is_alphanumeric() => quoted.push(c),
            c => {
                let _ = write!(quoted, "\\U{:08X}", u32::from(c));
            }
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_those_of_names() {
        let text = "schema: 1\ninstance:\n  shop: {currency: EUR,\n    items: [1]}\n  x: 1.5\n";
        let places = Places::of(text);
        let check = |path: &str, place| assert_eq!(places.get(path), place, "{path}");
        check("instance", Some((2, 1)));
        check("instance.shop.currency", Some((3, 10)));
        check("instance.shop.items", Some((4, 5)));
        check("instance.x", Some((5, 3)));
        check("instance.y", None);
    }

    #[test]
    fn texts_stay_texts() {
        let check = |text: &str, written: &str| assert_eq!(scalar(text), written);
        check("EUR", "EUR");
        check("/a/b.c", "/a/b.c");
        check("yes", "\"yes\"");
        check("007", "\"007\"");
        check("a: b", "\"a: b\"");
        check("über", "\"über\"");
        check("a\u{7f}\n\"", "\"a\\U0000007F\\n\\\"\"");
    }
}
