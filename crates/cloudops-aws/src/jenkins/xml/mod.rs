//! As much XML as the `config.xml` of a Jenkins item needs: read, write, and compare by meaning.
//!
//! Jenkins writes XML 1.1, which the XML crates refuse, without namespaces and document types;
//! so this reads elements, attributes, text, CDATA, comments and the predefined entities, and
//! refuses a document type.

mod difference;
mod read;

pub use difference::{Difference, differences};

use std::{collections::BTreeMap, fmt};

/// An element.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// Name, such as `hudson.model.StringParameterDefinition`.
    pub name: String,
    /// Attributes by name.
    pub attributes: BTreeMap<String, String>,
    /// Elements inside, in their order.
    pub children: Vec<Element>,
    /// Text inside, without the blanks between elements. Line ends are `\n`.
    pub text: String,
}

/// A text that is not XML of the form that Jenkins writes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {reason}")]
pub struct XmlError {
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl Element {
    /// Reads a document.
    ///
    /// # Errors
    /// [`XmlError`] when the text is not well formed or has a document type.
    pub fn parse(text: &str) -> Result<Self, XmlError> {
        read::document(text)
    }

    /// The first child of that name.
    #[must_use]
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first child of that name; empty when there is none.
    #[must_use]
    pub fn child_text(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| child.text.as_str())
    }

    /// Sets the text of a child, which is added when it is missing.
    pub fn set_child_text(&mut self, name: &str, text: &str) {
        let found = self.children.iter().position(|child| child.name == name);
        let place = found.unwrap_or_else(|| {
            self.children.push(Self { name: name.to_owned(), ..Self::default() });
            self.children.len() - 1
        });
        self.children[place].text = text.to_owned();
    }

    /// Puts a child in the place of the first one of its name, or behind all.
    pub fn set_child(&mut self, child: Self) {
        match self.children.iter_mut().find(|other| other.name == child.name) {
            Some(place) => *place = child,
            None => self.children.push(child),
        }
    }

    /// Whether both mean the same to Jenkins. Not looked at are the order of attributes, fields,
    /// properties and triggers (the order of parameters and of values to choose from counts),
    /// blanks between elements, the `plugin` attribute, what Jenkins notes in `actions` when a
    /// pipeline has run, and what it adds or leaves out when it saves: empty fields and fields
    /// that are `false`.
    #[must_use]
    pub fn same_meaning(&self, other: &Self) -> bool {
        self.meaning() == other.meaning()
    }

    fn meaning(&self) -> Self {
        let mut plain = self.clean();
        plain.children.retain(|child| child.name != "actions");
        plain
    }

    fn clean(&self) -> Self {
        let attributes = self.attributes.clone().into_iter().filter(|(name, _)| name != "plugin");
        let children = self.children.iter().map(Self::clean).filter(|child| !child.is_default());
        let mut children: Vec<_> = children.collect();
        if self.name != "parameterDefinitions" {
            children.sort_by(|a, b| a.name.cmp(&b.name));
        }
        let (name, text) = (self.name.clone(), self.text.clone());
        Self { name, attributes: attributes.collect(), children, text }
    }

    /// A field with the value it has when it is not there. An element named after a class (with
    /// a dot) or a value of a list says something by being there.
    fn is_default(&self) -> bool {
        let field = !self.name.contains('.') && self.name != "string";
        field && self.children.is_empty() && matches!(self.text.as_str(), "" | "false")
    }

    fn write(&self, f: &mut fmt::Formatter<'_>, depth: usize) -> fmt::Result {
        let indent = "  ".repeat(depth);
        write!(f, "{indent}<{}", self.name)?;
        for (name, value) in &self.attributes {
            write!(f, " {name}=\"{}\"", escape(value))?;
        }
        if self.children.is_empty() {
            return match self.text.as_str() {
                "" => writeln!(f, "/>"),
                text => writeln!(f, ">{}</{}>", escape(text), self.name),
            };
        }
        writeln!(f, ">")?;
        for child in &self.children {
            child.write(f, depth + 1)?;
        }
        writeln!(f, "{indent}</{}>", self.name)
    }
}

impl fmt::Display for Element {
    /// The document, with its declaration.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "<?xml version='1.1' encoding='UTF-8'?>")?;
        self.write(f, 0)
    }
}

/// Text as it stands in an element or an attribute.
#[must_use]
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
    out
}

/// Whether the character can stand in XML. Jenkins' own reader takes no others.
#[must_use]
pub fn allowed(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r')
        || (c >= ' ' && !matches!(c, '\u{7f}'..='\u{9f}' | '\u{fffe}' | '\u{ffff}'))
}
