//! Values, and what is known about each of their versions.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::key::ConfigKey;

/// What a key holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A secret, which lies in Secrets Manager.
    Secret(SecretRef),
}

/// Where a secret lies: its name and the version of its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRef {
    /// Name in Secrets Manager.
    pub name: String,
    /// Version id.
    pub version: String,
}

/// How the text of a reference begins.
const REFERENCE: &str = "secretsmanager:";
/// Largest value of an advanced parameter; every backend keeps to it, so that values can move.
const LARGEST: usize = 8192;
/// Largest value of a secret.
const LARGEST_SECRET: usize = 65536;

/// Text that cannot be a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidValue {
    /// Parameter Store takes none.
    #[error("an empty text cannot be stored; remove the key instead")]
    Empty,
    /// Too large.
    #[error("the value has {0} bytes, and at most 8192 are possible")]
    TooLarge(usize),
    /// Too large for Secrets Manager.
    #[error("the secret has {0} bytes, and at most 65536 are possible")]
    SecretTooLarge(usize),
    /// Parameter Store refuses it.
    #[error("a value must not contain `{{{{`")]
    Braces,
    /// It would be taken for a reference.
    #[error("a text must not begin with `secretsmanager:`; secrets are set with --secret")]
    Reference,
    /// No text.
    #[error("a value must not contain a null character")]
    Null,
}

impl Value {
    /// Takes a text in that a person or a file gave.
    ///
    /// # Errors
    /// [`InvalidValue`].
    pub fn text(text: impl Into<String>) -> Result<Self, InvalidValue> {
        let text = text.into();
        match text.len() {
            0 => Err(InvalidValue::Empty),
            size if size > LARGEST => Err(InvalidValue::TooLarge(size)),
            _ if text.contains("{{") => Err(InvalidValue::Braces),
            _ if text.starts_with(REFERENCE) => Err(InvalidValue::Reference),
            _ if text.contains('\0') => Err(InvalidValue::Null),
            _ => Ok(Self::Text(text)),
        }
    }

    /// Whether a text can be the value of a secret: Secrets Manager takes 1 to 65536 bytes.
    ///
    /// # Errors
    /// [`InvalidValue`].
    pub fn secret_text(text: &str) -> Result<(), InvalidValue> {
        match text.len() {
            0 => Err(InvalidValue::Empty),
            size if size > LARGEST_SECRET => Err(InvalidValue::SecretTooLarge(size)),
            _ => Ok(()),
        }
    }

    /// The text that a backend stores. That of a secret is a reference without its value.
    #[must_use]
    pub fn stored(&self) -> String {
        match self {
            Self::Text(text) => text.clone(),
            Self::Secret(SecretRef { name, version }) => format!("{REFERENCE}{name}#{version}"),
        }
    }

    /// Reads what a backend has stored.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        let reference = text.strip_prefix(REFERENCE).and_then(|rest| rest.rsplit_once('#'));
        match reference {
            Some((name, version)) if !name.is_empty() && !version.is_empty() => {
                Self::Secret(SecretRef { name: name.to_owned(), version: version.to_owned() })
            }
            _ => Self::Text(text.to_owned()),
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.stored())
    }
}

/// A key and its current value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: ConfigKey,
    /// Its value.
    pub value: Value,
    /// Version: 1 for the first value, one more with each change.
    pub version: i64,
    /// When it was last changed, where the backend says so.
    pub changed: Option<Timestamp>,
}

/// One version of a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its number. In Parameter Store a key that was removed and set again counts anew.
    pub version: i64,
    /// What the key held, as stored; nothing when this is its removal.
    pub stored: Option<String>,
    /// When.
    pub at: Timestamp,
    /// Who: the ARN of the caller, where the backend knows it.
    pub by: Option<String>,
}

impl Version {
    /// What the key held.
    #[must_use]
    pub fn value(&self) -> Option<Value> {
        self.stored.as_deref().map(Value::from_stored)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_checked_and_read_back() {
        for bad in ["", "{{x}}", "secretsmanager:/a#1", "a\0b", &"x".repeat(8193)] {
            assert!(Value::text(bad).is_err(), "{bad:.20}");
        }
        assert!(Value::secret_text("{{x}}").is_ok() && Value::secret_text("").is_err());
        assert!(Value::secret_text(&"x".repeat(65537)).is_err());
        let secret = SecretRef { name: "/cloudops/acme/db".to_owned(), version: "v-1".to_owned() };
        for value in [Value::text("EUR").unwrap(), Value::Secret(secret)] {
            assert_eq!(Value::from_stored(&value.stored()), value);
        }
        let odd = "secretsmanager:no-version";
        assert_eq!(Value::from_stored(odd), Value::Text(odd.to_owned()));
    }
}
