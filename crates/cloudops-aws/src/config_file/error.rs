//! Errors in `cloudops.yaml`, with the place.

use std::fmt;

use crate::diagnose::{Class, Diagnose};

/// Something in `cloudops.yaml` that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    /// Name of the file.
    pub file: String,
    /// Line, from 1; 0 when the place is not known.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// Key, such as `network.zones`.
    pub key: Option<String>,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub hint: Option<String>,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}:{}", self.line, self.column)?;
        }
        if let Some(key) = &self.key {
            write!(f, ": {key}")?;
        }
        write!(f, ": {}", self.message)
    }
}

impl std::error::Error for ConfigError {}

impl Diagnose for ConfigError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hints(&self) -> Vec<String> {
        self.hint.iter().cloned().collect()
    }
}

/// The known word that is most like an unknown one, if it is like it at all.
pub(super) fn did_you_mean<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let distance = |known: &&str| strsim::damerau_levenshtein(word, known);
    let best = known.iter().copied().min_by_key(|known| distance(known))?;
    (distance(&best) <= 1 + word.len() / 4).then_some(best)
}
