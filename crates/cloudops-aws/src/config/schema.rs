//! Checks values by a JSON Schema. Pure.
//!
//! The schema describes the values as an environment or a service sees them, with what it
//! inherits, as one tree. The instance's own values are checked too, but nothing is required of
//! them alone. A secret is the text of its reference: its value is never read.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    fmt,
};

use boon::{Compiler, ErrorKind, Schemas, UrlLoader, ValidationError};
use serde_json::Value as Json;

use super::{document, error::ConfigError, key::Scope, value::Entry, view, yaml};

/// A schema that can be used.
#[derive(Debug, Clone)]
pub struct Schema {
    file: String,
    json: Json,
}

/// A rule that a value breaks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Who would see it.
    pub scope: Scope,
    /// Path of the key, or of what should have one.
    pub path: String,
    /// The rule.
    pub rule: String,
    required: bool,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "the values" } else { &self.path };
        match &self.scope {
            Scope::Instance => write!(f, "{path}: {}", self.rule),
            scope => write!(f, "{path} ({scope}): {}", self.rule),
        }
    }
}

/// Where the schema lies for the validator; nothing is ever fetched.
const URL: &str = "https://cloudops.invalid/schema.json";

struct Nothing;

impl UrlLoader for Nothing {
    fn load(&self, url: &str) -> Result<Json, Box<dyn Error>> {
        Err(format!("{url} is another file; a schema must stand in one file").into())
    }
}

impl Schema {
    /// Reads a schema from YAML or JSON.
    ///
    /// # Errors
    /// [`ConfigError::SchemaFile`] when it is none.
    pub fn parse(file: &str, text: &str) -> Result<Self, ConfigError> {
        let wrong = |reason: String| ConfigError::SchemaFile { schema: file.to_owned(), reason };
        let json = yaml::read(text).map_err(|error| wrong(error.to_string()))?;
        compiled(&json).map_err(wrong)?;
        Ok(Self { file: file.to_owned(), json })
    }

    /// Refuses changes that would break a rule that holds now. What is wrong already does not
    /// stand in the way of correcting it.
    ///
    /// # Errors
    /// [`ConfigError::Schema`] with all that would be wrong, by key and rule.
    pub fn check(&self, before: &[Entry], after: &[Entry]) -> Result<(), ConfigError> {
        let wrong = |reason: String| ConfigError::SchemaFile { schema: self.file.clone(), reason };
        let scopes: BTreeSet<Scope> =
            view::scopes(before).union(&view::scopes(after)).cloned().collect();
        let known = self.problems(before, &scopes).map_err(wrong)?;
        let found = self.problems(after, &scopes).map_err(wrong)?;
        let problems: Vec<Problem> = found.difference(&known).cloned().collect();
        if problems.is_empty() {
            return Ok(());
        }
        Err(ConfigError::Schema { schema: self.file.clone(), problems })
    }

    fn problems(
        &self,
        entries: &[Entry],
        scopes: &BTreeSet<Scope>,
    ) -> Result<BTreeSet<Problem>, String> {
        let (schemas, index) = compiled(&self.json)?;
        let mut problems = BTreeSet::new();
        for scope in scopes {
            let seen = view::effective(entries, scope);
            let values: BTreeMap<String, String> = seen
                .iter()
                .filter(|(_, entry)| !entry.key.is_of_the_foundation())
                .map(|(path, entry)| (path.to_string(), entry.value.stored()))
                .collect();
            problems.extend(wrong_in(&schemas, index, scope, &values));
        }
        Ok(problems)
    }
}

fn compiled(json: &Json) -> Result<(Schemas, boon::SchemaIndex), String> {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.use_loader(Box::new(Nothing));
    compiler.enable_format_assertions();
    let said = |error: boon::CompileError| format!("{error:#}").replace(URL, "it");
    compiler.add_resource(URL, json.clone()).map_err(said)?;
    let index = compiler.compile(URL, &mut schemas).map_err(said)?;
    Ok((schemas, index))
}

/// What is wrong with the values of one scope. Values are texts; one that looks like a number is
/// taken for one unless the schema wants a text there.
fn wrong_in(
    schemas: &Schemas,
    index: boon::SchemaIndex,
    scope: &Scope,
    values: &BTreeMap<String, String>,
) -> Vec<Problem> {
    let typed =
        document::tree(values.iter().map(|(path, text)| (path.as_str(), document::typed(text))));
    let first = leaves(schemas, index, scope, &typed);
    let texts: BTreeSet<&str> = first.iter().map(|problem| problem.path.as_str()).collect();
    let again = document::tree(values.iter().map(|(path, text)| {
        let as_text = texts.contains(path.as_str());
        let value = if as_text { Json::String(text.clone()) } else { document::typed(text) };
        (path.as_str(), value)
    }));
    // A rule that both readings break is said as the first reading says it.
    let second = leaves(schemas, index, scope, &again);
    let still: BTreeSet<&str> = second.iter().map(|problem| problem.path.as_str()).collect();
    let mut found: Vec<Problem> =
        first.iter().filter(|problem| still.contains(problem.path.as_str())).cloned().collect();
    found.extend(second.iter().filter(|problem| !texts.contains(problem.path.as_str())).cloned());
    found.retain(|problem| !(problem.required && *scope == Scope::Instance));
    found
}

fn leaves(
    schemas: &Schemas,
    index: boon::SchemaIndex,
    scope: &Scope,
    values: &Json,
) -> Vec<Problem> {
    let mut found = Vec::new();
    if let Err(error) = schemas.validate(values, index) {
        collect(&error, scope, &mut found);
    }
    found
}

fn collect(error: &ValidationError<'_, '_>, scope: &Scope, found: &mut Vec<Problem>) {
    for cause in &error.causes {
        collect(cause, scope, found);
    }
    if !error.causes.is_empty() {
        return;
    }
    found.push(Problem {
        scope: scope.clone(),
        path: error.instance_location.to_string().trim_start_matches('/').to_owned(),
        rule: error.kind.to_string(),
        required: matches!(error.kind, ErrorKind::Required { .. }),
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::view::tests::entry;

    const SCHEMA: &str = r"
type: object
properties:
  shop:
    type: object
    required: [currency]
    properties:
      currency: {type: string, pattern: '^[A-Z]{3}$'}
      code: {type: string}
      items: {type: integer, maximum: 100}
additionalProperties: false
";

    fn refused(before: &[Entry], after: &[Entry]) -> String {
        let schema = Schema::parse("values.schema.yaml", SCHEMA).unwrap();
        match schema.check(before, after) {
            Ok(()) => String::new(),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn key_and_rule_are_named() {
        let check = |below: &str, value: &str, expected: &str| {
            let said = refused(&[], &[entry(below, value, 1)]);
            assert!(said.contains(expected) && said.is_empty() == expected.is_empty(), "{said}");
        };
        check("shop/currency", "EUR", "");
        check("shop/currency", "euro", "shop/currency: ");
        check("shop/items", "100", "");
        check("shop/items", "101", "shop/items: ");
        check("shop/items", "many", "shop/items: ");
        check("shop/code", "007", "");
        check("shop/code", "7", "");
        check("shpo/code", "7", "shpo");
        // What an environment sees must be whole; the instance's own values need not be.
        check("env/live/shop/code", "7", "shop (live): missing propert");
        check("core/vpc-id", "vpc-1", "");
    }

    #[test]
    fn what_is_wrong_already_does_not_stand_in_the_way() {
        let before = [entry("shop/currency", "euro", 1), entry("shop/items", "5", 1)];
        let after = [before[0].clone(), entry("shop/items", "6", 2)];
        assert_eq!(refused(&before, &after), "");
        let worse = [before[0].clone(), entry("shop/items", "600", 2)];
        assert!(refused(&before, &worse).contains("shop/items"));
        assert!(!refused(&before, &worse).contains("currency"));
    }

    #[test]
    fn a_schema_stands_in_one_file() {
        let parse = |text| Schema::parse("s.yaml", text).map(|_| ()).map_err(|e| e.to_string());
        assert!(parse("{type: object}").is_ok());
        assert!(
            parse("{type: strange}").unwrap_err().starts_with("the schema s.yaml cannot be used")
        );
        assert!(parse("{$ref: other.json}").unwrap_err().contains("one file"));
    }
}
