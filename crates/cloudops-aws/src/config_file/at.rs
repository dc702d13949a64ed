//! A value of the file and where it stands: errors with the place.

use std::{collections::BTreeMap, str::FromStr};

use serde_saphyr::Spanned;

use super::{ConfigError, form::Form, raw::Text};

/// Makes errors with the place of a value.
pub(super) struct At<'a> {
    pub(super) file: &'a str,
}

impl At<'_> {
    pub(super) fn error<T>(
        &self,
        key: &str,
        value: &Spanned<T>,
        message: impl Into<String>,
    ) -> ConfigError {
        ConfigError {
            file: self.file.to_owned(),
            line: value.referenced.line(),
            column: value.referenced.column(),
            key: Some(key.to_owned()),
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn id<T: FromStr>(&self, key: &str, value: &Text) -> Result<T, ConfigError>
    where
        T::Err: std::fmt::Display,
    {
        value.value.parse().map_err(|error: T::Err| self.error(key, value, error.to_string()))
    }

    pub(super) fn one_of(
        &self,
        key: &str,
        value: Option<&Text>,
        allowed: &[&str],
        default: &str,
    ) -> Result<String, ConfigError> {
        let Some(value) = value else {
            return Ok(default.to_owned());
        };
        if allowed.contains(&value.value.as_str()) {
            return Ok(value.value.clone());
        }
        Err(self.error(
            key,
            value,
            format!("`{}` is not one of {}", value.value, allowed.join(", ")),
        ))
    }

    /// A text that begins as AWS's names of a kind do, where one is given.
    pub(super) fn named(
        &self,
        key: &str,
        value: Option<&Text>,
        form: Form,
    ) -> Result<Option<String>, ConfigError> {
        let Some(value) = value else {
            return Ok(None);
        };
        if form.fits(&value.value) {
            return Ok(Some(value.value.clone()));
        }
        Err(self.error(key, value, format!("`{}` is not {}", value.value, form.what())))
    }
}

/// A text or its default.
pub(super) fn text(value: Option<&Text>, default: &str) -> String {
    value.map_or_else(|| default.to_owned(), |value| value.value.clone())
}

/// Texts without their places.
pub(super) fn texts(values: &BTreeMap<String, Text>) -> BTreeMap<String, String> {
    values.iter().map(|(key, value)| (key.clone(), value.value.clone())).collect()
}
