//! Errors as a person or a program reads them: message, causes, what to do next.

use std::fmt::Write as _;

use super::report::Style;
use crate::diagnose::{Class, Diagnose};

/// An error of a verb.
#[derive(Debug)]
pub struct Failure(Box<dyn Diagnose>);

impl<E: Diagnose> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(Box::new(error))
    }
}

impl Failure {
    /// Its class.
    #[must_use]
    pub fn class(&self) -> Class {
        self.0.class()
    }

    /// The sources that say something that the message does not say already.
    fn causes(&self) -> Vec<String> {
        let mut said = self.0.to_string();
        let mut causes = Vec::new();
        let mut next = self.0.source();
        while let Some(source) = next {
            let text = source.to_string();
            if !said.contains(&text) {
                said.push_str(&text);
                causes.push(text);
            }
            next = source.source();
        }
        causes
    }

    pub(super) fn human(&self, style: Style) -> String {
        let mut text = format!("{}: {}\n", style.bad("error"), self.0);
        for cause in self.causes() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "  caused by: {cause}");
        }
        for hint in self.0.hints() {
            let _ = writeln!(text, "  {}: {hint}", style.warn("hint"));
        }
        text
    }

    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::json!({
            "schema": 1,
            "error": {
                "class": self.class(),
                "exit-code": self.class().code(),
                "message": self.0.to_string(),
                "causes": self.causes(),
                "hints": self.0.hints(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::{init::Component, init::InitError};

    #[test]
    fn an_error_shows_message_and_next_step() {
        let error = Failure::from(InitError::NotInitialized {
            component: Component::Core,
            account: "123456789012".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
        });
        insta::assert_snapshot!(error.human(Style { color: false }), @r"
        error: cloudcore has not been initialized in account 123456789012, region us-west-2
          hint: Run `cloudcore init` first.
        ");
        assert_eq!(error.json()["error"]["exit-code"], 5);
    }
}
