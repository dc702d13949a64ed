//! What happens to which calls.

use serde::{Deserialize, Serialize};

use super::route::Call;

/// When a rule acts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum When {
    /// The call has not reached AWS.
    #[default]
    Before,
    /// The call has taken effect, and its answer is not yet given.
    After,
}

/// What a rule does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Answers with an AWS error.
    Answer {
        /// HTTP status.
        status: u16,
        /// AWS error code.
        code: String,
        /// AWS error message.
        #[serde(default)]
        message: String,
    },
    /// Waits, then goes on.
    DelayMs(u64),
    /// Closes the connection without an answer.
    Drop,
    /// Waits until it is released.
    Hold,
}

/// Which calls are met, and what happens to them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    /// Given by the proxy.
    #[serde(default)]
    pub id: u64,
    /// Service as in the credential scope; any when absent.
    #[serde(default)]
    pub service: Option<String>,
    /// Operation; any when absent.
    #[serde(default)]
    pub operation: Option<String>,
    /// Text that the resource has to contain.
    #[serde(default)]
    pub resource: Option<String>,
    /// The first matching call that is met, from 1.
    #[serde(default = "one")]
    pub nth: u64,
    /// How many calls are met from there; all when absent.
    #[serde(default)]
    pub times: Option<u64>,
    /// Before or after the call takes effect.
    #[serde(default)]
    pub when: When,
    /// What happens.
    pub effect: Effect,
}

fn one() -> u64 {
    1
}

impl Rule {
    /// A rule for one operation of a service.
    #[must_use]
    pub fn new(service: &str, operation: &str, effect: Effect) -> Self {
        Self {
            id: 0,
            service: Some(service.to_owned()),
            operation: Some(operation.to_owned()),
            resource: None,
            nth: 1,
            times: None,
            when: When::Before,
            effect,
        }
    }

    /// Only calls about a resource whose name contains `text`.
    #[must_use]
    pub fn on(mut self, text: &str) -> Self {
        self.resource = Some(text.to_owned());
        self
    }

    /// Only `times` calls, from the `nth` on.
    #[must_use]
    pub fn only(mut self, nth: u64, times: u64) -> Self {
        (self.nth, self.times) = (nth, Some(times));
        self
    }

    /// Acts when the call has taken effect.
    #[must_use]
    pub fn after(mut self) -> Self {
        self.when = When::After;
        self
    }

    pub(super) fn matches(&self, call: &Call, when: When) -> bool {
        let is =
            |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|w| w == found);
        let about = self.resource.as_deref().is_none_or(|text| {
            call.resource.as_deref().is_some_and(|resource| resource.contains(text))
        });
        self.when == when
            && is(&self.service, &call.service)
            && is(&self.operation, &call.operation)
            && about
    }

    pub(super) fn covers(&self, seen: u64) -> bool {
        let last = self.times.map(|times| self.nth.saturating_add(times));
        seen >= self.nth && last.is_none_or(|last| seen < last)
    }
}
