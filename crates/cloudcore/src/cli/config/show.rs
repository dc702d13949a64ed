//! What `config` prints. A secret is shown by its reference; its value is never here.

use std::fmt::{self, Write};

use cloudops_aws::{
    config::{ConfigKey, Entry, Value, Version, change::Change, view::Difference},
    terminal::{Report, Style, Table},
};
use serde_json::{Value as Json, json};

/// Longest value that a table shows whole.
const WIDTH: usize = 60;

/// Entries.
pub(super) struct Entries(pub(super) Vec<Entry>);

impl Report for Entries {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["KEY", "SCOPE", "VERSION", "VALUE"]);
        for Entry { key, value, version, .. } in &self.0 {
            let whole = self.0.len() == 1;
            let shown = if whole { value.to_string() } else { short(Some(value)) };
            let (path, scope) = (key.path().to_string(), key.scope().to_string());
            table.row([&path, &scope, &version.to_string(), &shown]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> Json {
        let one = |entry: &Entry| {
            json!({
                "key": entry.key.path().as_str(),
                "scope": entry.key.scope().to_string(),
                "value": entry.value.to_string(),
                "secret": matches!(entry.value, Value::Secret(_)),
                "version": entry.version,
                "changed": entry.changed,
            })
        };
        json!({ "entries": self.0.iter().map(one).collect::<Vec<_>>() })
    }
}

/// Versions of a key.
pub(super) struct History {
    pub(super) key: ConfigKey,
    pub(super) versions: Vec<Version>,
}

impl Report for History {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        let mut table = Table::new(style, &["VERSION", "WHEN", "WHO", "VALUE"]);
        for version in self.versions.iter().rev() {
            let who = version.by.as_deref().unwrap_or("unknown");
            let value = version.value();
            let shown = if value.is_some() { short(value.as_ref()) } else { "removed".to_owned() };
            table.row([&version.version.to_string(), &version.at.to_string(), who, &shown]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> Json {
        let one = |version: &Version| {
            json!({
                "version": version.version,
                "at": version.at,
                "by": version.by,
                "value": version.value().map(|value| value.to_string()),
                "removed": version.stored.is_none(),
            })
        };
        json!({
            "key": self.key.path().as_str(),
            "scope": self.key.scope().to_string(),
            "versions": self.versions.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

/// What was changed, or would be.
pub(super) struct Changes {
    pub(super) changes: Vec<Change>,
    pub(super) made: bool,
}

impl Report for Changes {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if self.changes.is_empty() {
            return writeln!(out, "nothing to change");
        }
        let mut table = Table::new(style, &["KEY", "SCOPE", "BEFORE", "AFTER"]);
        for change in &self.changes {
            let before = short(change.before.as_ref().map(|(value, _)| value));
            let (path, scope) = (change.key.path().to_string(), change.key.scope().to_string());
            table.row([&path, &scope, &before, &short(change.after.as_ref())]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> Json {
        let one = |change: &Change| {
            json!({
                "key": change.key.path().as_str(),
                "scope": change.key.scope().to_string(),
                "before": change.before.as_ref().map(|(value, _)| value.to_string()),
                "before-version": change.before.as_ref().map(|(_, version)| version),
                "after": change.after.as_ref().map(Value::to_string),
            })
        };
        json!({
            "made": self.made,
            "changes": self.changes.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

/// What differs.
pub(super) struct Differences {
    pub(super) differences: Vec<Difference>,
    pub(super) left: String,
    pub(super) right: String,
}

impl Report for Differences {
    fn human(&self, out: &mut dyn Write, style: Style) -> fmt::Result {
        if self.differences.is_empty() {
            return writeln!(out, "no difference");
        }
        let mut table = Table::new(style, &["KEY", &self.left, &self.right]);
        for one in &self.differences {
            table.row([&one.key, &short(one.left.as_ref()), &short(one.right.as_ref())]);
        }
        write!(out, "{table}")
    }

    fn json(&self) -> Json {
        let one = |one: &Difference| {
            json!({
                "key": one.key,
                "left": one.left.as_ref().map(Value::to_string),
                "right": one.right.as_ref().map(Value::to_string),
            })
        };
        json!({
            "left": self.left,
            "right": self.right,
            "differences": self.differences.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

/// A document.
pub(super) struct Exported(pub(super) Json);

impl Report for Exported {
    fn human(&self, out: &mut dyn Write, _style: Style) -> fmt::Result {
        write!(out, "{}", self.0)
    }

    fn json(&self) -> Json {
        self.0.clone()
    }
}

/// A value on one line.
fn short(value: Option<&Value>) -> String {
    let text = value.map_or_else(|| "-".to_owned(), Value::to_string);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match line.char_indices().nth(WIDTH) {
        // A reference says at its end which version it is.
        Some((at, _)) if !matches!(value, Some(Value::Secret(_))) => format!("{}…", &line[..at]),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_shows_one_line_of_a_value() {
        let text = |text: &str| short(Some(&Value::text(text).unwrap()));
        assert_eq!(text("a\nb"), "a b");
        assert_eq!(text(&"ä".repeat(61)), format!("{}…", "ä".repeat(60)));
        assert_eq!(short(None), "-");
        let reference = format!("secretsmanager:/cloudops/acme/{}#v1", "x".repeat(60));
        assert_eq!(short(Some(&Value::from_stored(&reference))), reference);
    }
}
