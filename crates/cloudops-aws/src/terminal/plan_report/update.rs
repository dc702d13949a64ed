//! What an update does to the resources of a stack.

use std::fmt::{self, Write};

use serde_json::{Value, json};

use super::{
    super::report::Style,
    access::is_access,
    is_data_risk,
    properties::{self, Property},
    values::{self, HIDDEN},
};
use crate::{
    cfn::{
        changes::{Action, ResourceDelta},
        gate,
        plan::ValueDelta,
        secret_properties::SecretProperties,
        words,
    },
    ids::StackName,
};

/// How a change is filed, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Group {
    Data,
    Access,
    Rest,
}

/// A change with the values that may be seen.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    pub(super) delta: &'a ResourceDelta,
    pub(super) properties: Vec<Property<'a>>,
}

/// The changes, secrets hidden, in the order in which they are told.
pub(super) fn shown<'a>(
    stack: &StackName,
    changes: &'a [ResourceDelta],
    secrets: &SecretProperties,
) -> Vec<Shown<'a>> {
    let mut shown: Vec<Shown<'a>> = changes
        .iter()
        .map(|delta| {
            let mut properties = properties::of(delta);
            hide(&mut properties, |path| secrets.contains(stack, &delta.logical_id, path));
            Shown { delta, properties }
        })
        .collect();
    sort(&mut shown);
    shown
}

pub(super) fn sort(shown: &mut [Shown<'_>]) {
    shown.sort_by_key(|one| (one.group(), !gate::holds_data(&one.delta.resource_type)));
}

/// Takes the values of secrets away.
pub(super) fn hide(properties: &mut [Property<'_>], is_known_secret: impl Fn(&str) -> bool) {
    for property in properties {
        if values::is_secret(&property.path) || is_known_secret(&property.path) {
            property.before = property.before.take().map(|_| HIDDEN.into());
            property.after = property.after.take().map(|_| HIDDEN.into());
        }
    }
}

pub(super) fn human(out: &mut dyn Write, style: Style, shown: &[Shown<'_>]) -> fmt::Result {
    let mut current = None;
    let has_headings = shown.iter().any(|one| one.group() != Group::Rest);
    for one in shown {
        let group = one.group();
        if has_headings && current != Some(group) {
            writeln!(out, "    {}", group.heading(style))?;
        }
        current = Some(group);
        one.human(out, style, if has_headings { "      " } else { "    " })?;
    }
    Ok(())
}

impl Group {
    fn heading(self, style: Style) -> String {
        match self {
            Self::Data => style.bad("data at risk:"),
            Self::Access => style.bold("who may do what, and who reaches what:"),
            Self::Rest => style.bold("the rest:"),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Data => "data-at-risk",
            Self::Access => "access",
            Self::Rest => "rest",
        }
    }
}

impl Shown<'_> {
    fn group(&self) -> Group {
        if is_data_risk(self.delta) {
            Group::Data
        } else if is_access(&self.delta.resource_type) {
            Group::Access
        } else {
            Group::Rest
        }
    }

    fn human(&self, out: &mut dyn Write, style: Style, indent: &str) -> fmt::Result {
        let delta = self.delta;
        let kind = words::of(&delta.resource_type).singular;
        write!(out, "{indent}{} {} ({kind})", verb(style, delta.action), delta.logical_id)?;
        if let Some(fate) = delta.policy_action.as_deref().and_then(fate) {
            write!(out, ", {fate}")?;
        }
        let (valued, named): (Vec<&Property<'_>>, Vec<&Property<'_>>) =
            self.properties.iter().partition(|property| property.has_values());
        let names: Vec<&str> = named.iter().map(|it| values::readable(&it.path)).collect();
        match names.is_empty() {
            true => writeln!(out)?,
            false => writeln!(out, ": {}", names.join(", "))?,
        }
        for property in valued {
            writeln!(out, "{indent}  {}", property.words())?;
        }
        Ok(())
    }

    pub(super) fn json(&self) -> Value {
        let mut value = json!(self.delta);
        value["words"] = json!(words::of(&self.delta.resource_type).singular);
        value["group"] = json!(self.group().name());
        value["property_changes"] = self.properties.iter().map(Property::json).collect();
        // The engine's own list may hold values; the one above has no secrets in it.
        if let Some(map) = value.as_object_mut() {
            map.remove("changes");
        }
        value
    }
}

impl Property<'_> {
    fn has_values(&self) -> bool {
        self.before.is_some() || self.after.is_some()
    }

    fn words(&self) -> String {
        let (before, after) = values::pair(self.before.as_deref(), self.after.as_deref());
        let replaces = match self.requires_replacement.as_deref() {
            Some("Always") => " (makes a new one)",
            Some("Conditionally") => " (may make a new one)",
            _ => "",
        };
        let path = values::readable(&self.path);
        format!("{path}: {before} -> {after}{replaces}")
    }

    fn json(&self) -> Value {
        json!({
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "requires_replacement": self.requires_replacement,
        })
    }
}

fn verb(style: Style, action: Action) -> String {
    match action {
        Action::Add => style.good("add"),
        Action::Modify => style.warn("modify"),
        Action::Replace => style.bad("replace"),
        Action::MayReplace => style.bad("may replace"),
        Action::Remove => style.bad("remove"),
        Action::Unknown => style.bad("unknown change of"),
    }
}

/// What becomes of the old one, in words.
fn fate(policy_action: &str) -> Option<&'static str> {
    match policy_action {
        "Delete" | "ReplaceAndDelete" => Some("the old one is deleted"),
        "Retain" | "ReplaceAndRetain" => Some("the old one is left as it is"),
        "Snapshot" | "ReplaceAndSnapshot" => Some("a snapshot of the old one is kept"),
        _ => None,
    }
}

/// Writes parameters or tags that get another value.
pub(super) fn inputs(out: &mut dyn Write, what: &str, deltas: &[ValueDelta]) -> fmt::Result {
    let none = || "(none)".to_owned();
    for delta in deltas {
        let before = delta.before.clone().unwrap_or_else(none);
        let after = delta.after.clone().unwrap_or_else(none);
        writeln!(out, "    {what} {}: {before} -> {after}", delta.name)?;
    }
    Ok(())
}
