//! What is different between two definitions, place by place.

use std::fmt;

use super::Element;

/// A place where two definitions differ. A list of names stands for an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Names of the elements below the root, such as `definition/script`; an attribute has `@`.
    pub path: String,
    /// What the first has there; nothing when it has no such element.
    pub from: Option<String>,
    /// What the second has there.
    pub to: Option<String>,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = &self.path;
        match (&self.from, &self.to) {
            (None, Some(to)) => write!(f, "{path}: {to:?} is new"),
            (Some(from), None) => write!(f, "{path}: {from:?} goes"),
            (from, to) => {
                let shown = |text: &Option<String>| text.clone().unwrap_or_default();
                write!(f, "{path}: {:?} -> {:?}", shown(from), shown(to))
            }
        }
    }
}

/// The differences in meaning between two definitions: none exactly when
/// [`Element::same_meaning`] says so.
#[must_use]
pub fn differences(from: &Element, to: &Element) -> Vec<Difference> {
    let mut found = Vec::new();
    compare(&from.meaning(), &to.meaning(), "", &mut found);
    found
}

fn compare(from: &Element, to: &Element, path: &str, found: &mut Vec<Difference>) {
    let mut differ = |path: String, from: Option<String>, to: Option<String>| {
        if from != to {
            found.push(Difference { path, from, to });
        }
    };
    if from.name != to.name {
        differ(place(path, "@element"), Some(from.name.clone()), Some(to.name.clone()));
    }
    for name in from.attributes.keys().chain(to.attributes.keys()) {
        let (one, other) = (from.attributes.get(name), to.attributes.get(name));
        // A name that both have is looked at once.
        if one.is_none() || other != one {
            differ(place(path, &format!("@{name}")), one.cloned(), other.cloned());
        }
    }
    differ(place(path, ""), Some(from.text.clone()), Some(to.text.clone()));
    found.dedup();
    children(from, to, path, found);
}

fn children(from: &Element, to: &Element, path: &str, found: &mut Vec<Difference>) {
    let (before, after) = (keyed(from), keyed(to));
    let get = |all: &[(String, Element)], key: &str| {
        all.iter().find(|(other, _)| other == key).map(|(_, child)| child.clone())
    };
    for (key, child) in &before {
        match get(&after, key) {
            Some(other) => compare(child, &other, &place(path, key), found),
            None => only(child, true, &place(path, key), found),
        }
    }
    for (key, child) in after.iter().filter(|(key, _)| get(&before, key).is_none()) {
        only(child, false, &place(path, key), found);
    }
    let order = |all: &[(String, Element)], others: &[(String, Element)]| {
        let common = all.iter().map(|(key, _)| key).filter(|key| get(others, key).is_some());
        common.cloned().collect::<Vec<_>>().join(", ")
    };
    let (one, other) = (order(&before, &after), order(&after, &before));
    if one != other {
        found.push(Difference { path: place(path, "@order"), from: Some(one), to: Some(other) });
    }
}

/// Children by what tells them apart: the name of a parameter, else the name of the element, with
/// a number for a second one.
fn keyed(element: &Element) -> Vec<(String, Element)> {
    let mut all: Vec<(String, Element)> = Vec::new();
    for child in &element.children {
        let key = match child.child_text("name") {
            "" => child.name.clone(),
            name => name.to_owned(),
        };
        let same = |(other, _): &&(String, Element)| {
            other.split('[').next().is_some_and(|other| other == key)
        };
        let number = all.iter().filter(same).count() + 1;
        let key = if number == 1 { key } else { format!("{key}[{number}]") };
        all.push((key, child.clone()));
    }
    all
}

/// An element that one side has, with all that is in it.
fn only(element: &Element, goes: bool, path: &str, found: &mut Vec<Difference>) {
    let text = Some(summary(element));
    let (from, to) = if goes { (text, None) } else { (None, text) };
    found.push(Difference { path: path.to_owned(), from, to });
}

fn summary(element: &Element) -> String {
    if element.children.is_empty() {
        return element.text.clone();
    }
    let parts = element.children.iter().map(|child| format!("{}={}", child.name, summary(child)));
    parts.collect::<Vec<_>>().join(" ")
}

fn place(path: &str, name: &str) -> String {
    match (path, name) {
        ("", name) => name.to_owned(),
        (path, "") => path.to_owned(),
        (path, name) => format!("{path}/{name}"),
    }
}
