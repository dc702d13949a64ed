//! Values as a hierarchical document, which `export` writes and `import` reads.
//!
//! ```yaml
//! schema: 1
//! instance:
//!   shop: {currency: EUR}
//! environments:
//!   live:
//!     values:
//!       shop: {currency: USD}
//!     services:
//!       cortex: {heap: 2048}
//! ```
//!
//! A key that has a value and keys below it has the value at `.`. A secret is its reference.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json};

use super::{
    key::{ConfigKey, InvalidKey, Scope},
    value::{Entry, InvalidValue, Value},
};
use crate::ids::{EnvName, InvalidId};

/// Schema number of the document.
const SCHEMA: i64 = 1;
/// Where a key has its value that has keys below it too.
const OWN: &str = ".";

/// Values that a document has, and the scopes that it names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    /// Values by key.
    pub values: BTreeMap<ConfigKey, Value>,
    /// Scopes that it names, also those without values.
    pub scopes: BTreeSet<Scope>,
}

/// What is wrong with a document.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Syntax(String),
    /// Another schema number.
    #[error("`schema: 1` must stand at its top")]
    Schema,
    /// Something that does not belong there.
    #[error("`{at}` is not known here")]
    Unknown {
        /// Where.
        at: String,
    },
    /// Something else than a mapping.
    #[error("`{at}` must be a mapping")]
    NoMapping {
        /// Where.
        at: String,
    },
    /// Something that cannot be a value.
    #[error("`{at}` must be a text, a number or a boolean, not {found}")]
    NoValue {
        /// Where.
        at: String,
        /// What it is.
        found: &'static str,
    },
    /// Not a name.
    #[error("`{at}`: {source}")]
    Name {
        /// Where.
        at: String,
        /// Which rule it breaks.
        source: InvalidId,
    },
    /// Not a key.
    #[error("`{at}`: {source}")]
    Key {
        /// Where.
        at: String,
        /// Which rule it breaks.
        source: InvalidKey,
    },
    /// Not a value.
    #[error("`{at}`: {source}")]
    Value {
        /// Where.
        at: String,
        /// Which rule it breaks.
        source: InvalidValue,
    },
}

impl DocumentError {
    /// The path in the document that it is about, for [`super::yaml::Places`]; nothing when it is
    /// about the document as a whole or says its place itself.
    #[must_use]
    pub fn at(&self) -> Option<&str> {
        match self {
            Self::Syntax(_) | Self::Schema => None,
            Self::Unknown { at }
            | Self::NoMapping { at }
            | Self::NoValue { at, .. }
            | Self::Name { at, .. }
            | Self::Key { at, .. }
            | Self::Value { at, .. } => Some(at),
        }
    }
}

/// Values as a document. Facts of the foundation are not in it.
#[must_use]
pub fn write(entries: &[Entry]) -> Json {
    let mut document = Map::from_iter([("schema".to_owned(), Json::from(SCHEMA))]);
    let mut trees: BTreeMap<Scope, Map<String, Json>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| !entry.key.is_of_the_foundation()) {
        let tree = trees.entry(entry.key.scope().clone()).or_default();
        let parts: Vec<&str> = entry.key.path().parts().collect();
        insert(tree, &parts, typed(&entry.value.stored()));
    }
    for (scope, tree) in trees {
        let path: Vec<&str> = match &scope {
            Scope::Instance => vec!["instance"],
            Scope::Environment(env) => vec!["environments", env.as_str(), "values"],
            Scope::Service(env, service) => {
                vec!["environments", env.as_str(), "services", service.as_str()]
            }
        };
        if let Some(slot) = folder(&mut document, &path) {
            *slot = tree;
        }
    }
    Json::Object(document)
}

/// One scope's values as a plain tree, for checks by a schema.
#[must_use]
pub(super) fn tree<'a>(values: impl Iterator<Item = (&'a str, Json)>) -> Json {
    let mut tree = Map::new();
    for (path, value) in values {
        insert(&mut tree, &path.split('/').collect::<Vec<_>>(), value);
    }
    Json::Object(tree)
}

/// The mapping at a path, made where it is not there. A value on the way moves to [`OWN`].
fn folder<'a>(
    mut tree: &'a mut Map<String, Json>,
    path: &[&str],
) -> Option<&'a mut Map<String, Json>> {
    for part in path {
        let slot = tree.entry((*part).to_owned()).or_insert_with(|| Json::Object(Map::new()));
        if !slot.is_object() {
            let own = slot.take();
            *slot = Json::Object(Map::from_iter([(OWN.to_owned(), own)]));
        }
        tree = slot.as_object_mut()?;
    }
    Some(tree)
}

fn insert(tree: &mut Map<String, Json>, path: &[&str], value: Json) {
    let Some((last, before)) = path.split_last() else {
        return;
    };
    let Some(tree) = folder(tree, before) else {
        return;
    };
    match tree.get_mut(*last) {
        Some(Json::Object(inner)) => inner.insert(OWN.to_owned(), value),
        _ => tree.insert((*last).to_owned(), value),
    };
}

/// A text as number or boolean where that is written the same way, so that nothing is lost.
#[must_use]
pub(super) fn typed(text: &str) -> Json {
    serde_json::from_str::<Json>(text)
        .ok()
        .filter(|value| value.is_boolean() || value.is_number())
        .filter(|value| serde_json::to_string(value).is_ok_and(|written| written == text))
        .unwrap_or_else(|| Json::String(text.to_owned()))
}

/// Reads a document.
///
/// # Errors
/// [`DocumentError`], for the first thing that is wrong.
pub fn read(document: &Json) -> Result<Document, DocumentError> {
    let mut found = Document::default();
    let top = mapping(document, "the document")?;
    if top.get("schema").and_then(Json::as_i64) != Some(SCHEMA) {
        return Err(DocumentError::Schema);
    }
    for (name, value) in top {
        match name.as_str() {
            "schema" => {}
            "instance" => found.scope(&Scope::Instance, value, "instance")?,
            "environments" => {
                for (env, value) in mapping(value, name)? {
                    found.environment(env, value)?;
                }
            }
            _ => return Err(DocumentError::Unknown { at: name.clone() }),
        }
    }
    Ok(found)
}

impl Document {
    fn environment(&mut self, name: &str, value: &Json) -> Result<(), DocumentError> {
        let at = format!("environments.{name}");
        let named = |source| DocumentError::Name { at: at.clone(), source };
        let env: EnvName = name.parse().map_err(named)?;
        for (part, value) in mapping(value, &at)? {
            let at = format!("{at}.{part}");
            match part.as_str() {
                "values" => self.scope(&Scope::Environment(env.clone()), value, &at)?,
                "services" => {
                    for (service, value) in mapping(value, &at)? {
                        let at = format!("{at}.{service}");
                        let named = |source| DocumentError::Name { at: at.clone(), source };
                        let service = service.parse().map_err(named)?;
                        self.scope(&Scope::Service(env.clone(), service), value, &at)?;
                    }
                }
                _ => return Err(DocumentError::Unknown { at }),
            }
        }
        Ok(())
    }

    fn scope(&mut self, scope: &Scope, value: &Json, at: &str) -> Result<(), DocumentError> {
        self.scopes.insert(scope.clone());
        self.values(scope, "", mapping(value, at)?, at)
    }

    fn values(
        &mut self,
        scope: &Scope,
        path: &str,
        tree: &Map<String, Json>,
        at: &str,
    ) -> Result<(), DocumentError> {
        for (name, value) in tree {
            let at = format!("{at}.{name}");
            let path = match (path, name.as_str()) {
                ("", _) => name.clone(),
                (_, OWN) => path.to_owned(),
                _ => format!("{path}/{name}"),
            };
            if let (Json::Object(inner), true) = (value, name != OWN) {
                self.values(scope, &path, inner, &at)?;
                continue;
            }
            let key = path.parse().and_then(|path| ConfigKey::new(scope.clone(), path));
            let key = key.map_err(|source| DocumentError::Key { at: at.clone(), source })?;
            self.values.insert(key, leaf(value, at)?);
        }
        Ok(())
    }
}

fn leaf(value: &Json, at: String) -> Result<Value, DocumentError> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Bool(_) | Json::Number(_) => value.to_string(),
        Json::Null => return Err(DocumentError::NoValue { at, found: "nothing" }),
        Json::Array(_) => return Err(DocumentError::NoValue { at, found: "a list" }),
        Json::Object(_) => return Err(DocumentError::NoValue { at, found: "a mapping" }),
    };
    match Value::from_stored(&text) {
        secret @ Value::Secret(_) => Ok(secret),
        Value::Text(text) => {
            Value::text(text).map_err(|source| DocumentError::Value { at, source })
        }
    }
}

fn mapping<'a>(value: &'a Json, at: &str) -> Result<&'a Map<String, Json>, DocumentError> {
    value.as_object().ok_or_else(|| DocumentError::NoMapping { at: at.to_owned() })
}

#[cfg(test)]
mod tests;
