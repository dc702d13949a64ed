//! Conditions, with three outcomes: true, false, and the reason why nobody knows.

use serde_json::Value;

use super::{Evaluator, names_resource};

/// Conditions that name each other deeper than this name each other in a circle.
const DEEPEST: usize = 50;

impl Evaluator<'_> {
    /// Whether the condition with this name holds.
    ///
    /// # Errors
    /// Why that is not known.
    pub(in super::super) fn condition(&self, name: &str) -> Result<bool, String> {
        self.named_condition(name, 0)
    }

    fn named_condition(&self, name: &str, depth: usize) -> Result<bool, String> {
        match self.body["Conditions"].get(name) {
            Some(value) if depth < DEEPEST => self.holds(value, depth + 1),
            Some(_) => Err(format!("the condition {name} names itself")),
            None => Err(format!("there is no condition {name}")),
        }
    }

    fn holds(&self, value: &Value, depth: usize) -> Result<bool, String> {
        let Some((function, argument)) = value.as_object().and_then(|map| map.iter().next()) else {
            return Err("a condition is not evaluated".to_owned());
        };
        match (function.as_str(), argument) {
            ("Condition", Value::String(name)) => self.named_condition(name, depth),
            ("Fn::Equals", Value::Array(sides)) => self.equal(sides),
            ("Fn::Not", Value::Array(parts)) if parts.len() == 1 => {
                Ok(!self.holds(&parts[0], depth)?)
            }
            ("Fn::And", Value::Array(parts)) => self.all(parts, depth, true),
            // One is true exactly when not all are false.
            ("Fn::Or", Value::Array(parts)) => self.all(parts, depth, false).map(|none| !none),
            _ => Err(format!("{function} is not evaluated")),
        }
    }

    /// Whether all parts have this outcome: one that has not decides, whatever is unknown.
    fn all(&self, parts: &[Value], depth: usize, outcome: bool) -> Result<bool, String> {
        let found: Vec<Result<bool, String>> =
            parts.iter().map(|part| self.holds(part, depth)).collect();
        if found.contains(&Ok(!outcome)) {
            return Ok(false);
        }
        found.into_iter().find(Result::is_err).unwrap_or(Ok(true))
    }

    fn equal(&self, sides: &[Value]) -> Result<bool, String> {
        let [left, right] = sides else {
            return Err("Fn::Equals cannot be evaluated here".to_owned());
        };
        let (left, right) = (self.evaluate(left), self.evaluate(right));
        let (Some(left), Some(right)) = (left.text()?, right.text()?) else {
            return Err("Fn::Equals compares with nothing".to_owned());
        };
        match names_resource(left) || names_resource(right) {
            false => Ok(left == right),
            // An id is never empty; more is not known about it.
            true if left.is_empty() || right.is_empty() => Ok(false),
            true if left == right => Ok(true),
            true => Err("an id that is not known yet is compared".to_owned()),
        }
    }
}
