//! How long things take: by resource type, or by the name of the stack that they belong to.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// The durations in force.
#[derive(Debug, Default)]
pub(super) struct Pace {
    inner: Mutex<Durations>,
}

#[derive(Debug, Default)]
struct Durations {
    types: BTreeMap<String, Duration>,
    stacks: BTreeMap<String, Duration>,
    scale: f64,
}

impl Pace {
    /// Lets every resource take the time of its type, in every stack.
    pub(super) fn set_types(&self, types: BTreeMap<String, Duration>, scale: f64) {
        self.with(|durations| (durations.types, durations.scale) = (types, sane(scale)));
    }

    /// Lets every resource of a named stack take that time, whatever its type, unscaled.
    pub(super) fn set_stacks(&self, stacks: BTreeMap<String, Duration>) {
        self.with(|durations| durations.stacks = stacks);
    }

    /// What a resource type takes where no stack says otherwise.
    pub(super) fn of_type(&self, resource_type: &str) -> Duration {
        self.with(|durations| {
            let full = durations.types.get(resource_type);
            full.map_or(Duration::ZERO, |full| full.mul_f64(durations.scale))
        })
    }

    /// What a resource of that type takes in that stack.
    pub(super) fn of(&self, stack: &str, resource_type: &str) -> Duration {
        let named = self.with(|durations| durations.stacks.get(stack).copied());
        named.unwrap_or_else(|| self.of_type(resource_type))
    }

    fn with<T>(&self, work: impl FnOnce(&mut Durations) -> T) -> T {
        work(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn sane(scale: f64) -> f64 {
    if scale.is_finite() { scale.clamp(0.0, 10_000.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_that_is_named_has_its_own_time_and_others_that_of_the_type() {
        let second = Duration::from_secs(1);
        let pace = Pace::default();
        assert_eq!(pace.of("a", "AWS::SQS::Queue"), Duration::ZERO);
        pace.set_types([("AWS::SQS::Queue".to_owned(), second)].into(), 2.0);
        pace.set_stacks([("a".to_owned(), second * 7)].into());
        assert_eq!(pace.of("a", "AWS::SQS::Queue"), second * 7);
        assert_eq!(pace.of("b", "AWS::SQS::Queue"), second * 2);
        assert_eq!(pace.of("b", "AWS::SNS::Topic"), Duration::ZERO);
    }
}
