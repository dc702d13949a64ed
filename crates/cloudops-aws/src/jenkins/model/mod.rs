//! What Jenkins accepts in the `config.xml` of a pipeline job and of a folder.
//!
//! Jenkins drops elements that it does not know, and says so only in "Manage Old Data"; a value
//! of the wrong form becomes zero or `false`. So a definition must hold only what is known here:
//! what our jobs need, and what Jenkins itself adds when it saves them. The elements are those of
//! the fields of the Java classes in Jenkins' core, workflow-job, workflow-cps and cloudbees-folder.

mod cron;
mod schema;

use std::{collections::BTreeSet, fmt};

use crate::jenkins::xml::Element;
use schema::{Content, Rule};

/// What is wrong with an element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Names of the elements from the root, such as `flow-definition/definition/script`.
    pub path: String,
    /// What is wrong, in a sentence.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

/// All that Jenkins would drop, refuse or misread in the `config.xml` of an item; nothing for a
/// good one.
#[must_use]
pub fn check(item: &Element) -> Vec<Fault> {
    let mut faults = Vec::new();
    match schema::ITEMS.iter().find(|rule| rule.name == item.name) {
        Some(rule) => element(rule, item, &item.name, &mut faults),
        None => {
            let reason = "it is neither a pipeline job nor a folder".to_owned();
            faults.push(Fault { path: item.name.clone(), reason });
        }
    }
    faults
}

fn element(rule: &Rule, found: &Element, path: &str, faults: &mut Vec<Fault>) {
    let mut fault = |reason: String| faults.push(Fault { path: path.to_owned(), reason });
    for (name, value) in &found.attributes {
        match name.as_str() {
            "plugin" => {}
            "class" if rule.classes.contains(&value.as_str()) => {}
            "class" if rule.classes.is_empty() && rule.is_open() => {}
            "class" => fault(format!("class {value} is not known here")),
            name => fault(format!("attribute {name} is not known")),
        }
    }
    if !rule.classes.is_empty() && !found.attributes.contains_key("class") {
        fault("its class is missing".to_owned());
    }
    match rule.content {
        Content::Any => {}
        Content::Text(form) => {
            if !found.children.is_empty() {
                fault("it holds elements, and a text is expected".to_owned());
            } else if let Err(reason) = form(&found.text) {
                fault(reason);
            }
        }
        Content::Fields(rules) => fields(rules, found, path, faults),
        Content::List { of, unique } => list(of, unique, found, path, faults),
    }
}

/// A text between elements is nothing that Jenkins reads.
fn no_text(found: &Element, path: &str, faults: &mut Vec<Fault>) {
    if !found.text.trim().is_empty() {
        let reason = "it holds a text, and elements are expected".to_owned();
        faults.push(Fault { path: path.to_owned(), reason });
    }
}

fn fields(rules: &[Rule], found: &Element, path: &str, faults: &mut Vec<Fault>) {
    no_text(found, path, faults);
    let mut seen = BTreeSet::new();
    for child in &found.children {
        let path = format!("{path}/{}", child.name);
        let mut fault = |reason: &str| {
            faults.push(Fault { path: path.clone(), reason: reason.to_owned() });
        };
        if !seen.insert(child.name.as_str()) {
            fault("it stands twice");
        }
        match rules.iter().find(|rule| rule.name == child.name) {
            Some(rule) => element(rule, child, &path, faults),
            None => fault("Jenkins does not know it"),
        }
    }
    for rule in rules.iter().filter(|rule| rule.required && !seen.contains(rule.name)) {
        let path = format!("{path}/{}", rule.name);
        faults.push(Fault { path, reason: "it is missing".to_owned() });
    }
}

fn list(of: &[Rule], unique: bool, found: &Element, path: &str, faults: &mut Vec<Fault>) {
    no_text(found, path, faults);
    let mut keys = BTreeSet::new();
    for (index, child) in found.children.iter().enumerate() {
        let path = format!("{path}/{}[{}]", child.name, index + 1);
        // Parameters are told apart by their names, all else in such lists by the class.
        let key = child.child("name").map_or(child.name.as_str(), |name| name.text.as_str());
        if unique && !keys.insert(key) {
            faults.push(Fault { path: path.clone(), reason: format!("{key} stands twice") });
        }
        match of.iter().find(|rule| rule.name == child.name) {
            Some(rule) => element(rule, child, &path, faults),
            None => faults.push(Fault { path, reason: "Jenkins does not know it".to_owned() }),
        }
    }
}

#[cfg(test)]
mod tests;
