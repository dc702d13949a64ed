//! What the YAML reader says, in words of the settings file.

use serde_saphyr::Error;

use super::{ConfigError, error::did_you_mean};

/// The error of a text that cannot be read, with its place and, where it is known, its key.
pub(super) fn error(file: &str, text: &str, error: &Error) -> ConfigError {
    let error = error.without_snippet();
    let (line, column) = error.location().map_or((0, 0), |place| (place.line(), place.column()));
    let here = Place::new(text, line, column);
    let (key, message, hint) = match error {
        Error::SerdeUnknownField { field, expected, .. } => {
            (Some(field.clone()), "there is no such key".to_owned(), Some(meant(field, expected)))
        }
        Error::SerdeMissingField { field, .. } => {
            (Some((*field).to_owned()), "the key is missing".to_owned(), None)
        }
        Error::DuplicateMappingKey { key, .. } => {
            (key.clone(), "the key is given twice".to_owned(), None)
        }
        Error::InvalidScalar { .. } => {
            (here.key(), format!("`{}` is not a whole number", here.value()), None)
        }
        Error::Unexpected { expected, .. } => {
            (here.key(), format!("must be {}", plain(expected)), None)
        }
        Error::Eof { .. } => (None, "the file ends too early".to_owned(), None),
        other => (None, without_place(&other.to_string()), None),
    };
    ConfigError { file: file.to_owned(), line, column, key, message, hint }
}

fn meant(field: &str, expected: &[&str]) -> String {
    match did_you_mean(field, expected) {
        Some(known) => format!("Did you mean `{known}`?"),
        None => format!("Keys here: {}.", expected.join(", ")),
    }
}

/// What the reader expected, without its own words for kinds of nodes.
fn plain(expected: &str) -> String {
    match expected {
        "string scalar" | "scalar" => "a single value".to_owned(),
        "mapping" | "mapping start" => "a list of `key: value` entries".to_owned(),
        "sequence" | "sequence start" => "a list".to_owned(),
        other => other.to_owned(),
    }
}

/// The first line, without the place at its end: the error has it already.
fn without_place(text: &str) -> String {
    let first = text.lines().next().unwrap_or_default();
    first.rsplit_once(" at line ").map_or(first, |(message, _)| message).to_owned()
}

/// The text around a place.
struct Place<'a> {
    before: &'a str,
    after: &'a str,
}

impl<'a> Place<'a> {
    /// Lines and columns count from one, columns in characters.
    fn new(text: &'a str, line: u64, column: u64) -> Self {
        let index = |number: u64| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
        let line = text.lines().nth(index(line)).unwrap_or_default();
        let at = line.char_indices().nth(index(column)).map_or(line.len(), |(at, _)| at);
        let (before, after) = line.split_at(at);
        Self { before, after }
    }

    /// The key whose value stands here, when it stands on the same line.
    fn key(&self) -> Option<String> {
        let before = self.before.trim_end().strip_suffix(':')?;
        let key = before.rsplit([' ', '{', ',', '[']).next().unwrap_or(before);
        (!key.is_empty()).then(|| key.to_owned())
    }

    /// The value that begins here, as it is written.
    fn value(&self) -> &'a str {
        let end = self.after.find([',', '}', ']', '#']).unwrap_or(self.after.len());
        self.after[..end].trim()
    }
}

#[cfg(test)]
mod tests {
    use super::super::CloudOpsConfig;

    const GOOD: &str = "schema: 1\ninstance: acme\naccount: '123456789012'\nregion: us-west-2\n\
                        domain: shop.example.com\n";

    fn says(text: &str) -> String {
        CloudOpsConfig::parse("cloudops.yaml", text).unwrap_err().to_string()
    }

    #[test]
    fn a_wrong_value_is_named_with_its_key() {
        let with = |more: &str| says(&format!("{GOOD}{more}"));
        insta::assert_snapshot!(with("network: {cidr: 10.0.0.0/16, zones: seven} # why"), @"cloudops.yaml:6:37: zones: `seven` is not a whole number");
        insta::assert_snapshot!(with("network:\n  zones: 2.5\n"), @"cloudops.yaml:7:10: zones: `2.5` is not a whole number");
        insta::assert_snapshot!(with("network: [1, 2]\n"), @"cloudops.yaml:6:10: network: must be a list of `key: value` entries");
        insta::assert_snapshot!(with("domain: twice.example.com\n"), @"cloudops.yaml:6:1: domain: the key is given twice");
        insta::assert_snapshot!(with("admin-cidrs: 10.0.0.0/8\n"), @"cloudops.yaml:6:14: admin-cidrs: must be a list");
    }

    #[test]
    fn what_is_no_yaml_is_named_with_its_place() {
        insta::assert_snapshot!(says("schema: [1\n"), @"cloudops.yaml:1:9: schema: must be a single value");
        insta::assert_snapshot!(says("instance: \"acme\n"), @"cloudops.yaml:1:11: unclosed quote");
        insta::assert_snapshot!(says("instance: a\n\tb: c\n"), @"cloudops.yaml:1:11: while scanning a plain scalar, found a tab");
        insta::assert_snapshot!(says(""), @"cloudops.yaml:1:1: the file ends too early");
    }
}
