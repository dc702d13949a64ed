//! Failures of resources that a test asked for.

use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

/// What of a resource fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultAction {
    /// Its creation.
    Create,
    /// Its change in place, its replacement, or its return to what it was.
    Update,
    /// Its deletion, in a clean-up and a way back too.
    Delete,
    /// Its import into a stack.
    Import,
}

/// On which way of the stack a resource fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultPhase {
    /// On both.
    #[default]
    Any,
    /// On the way forward only.
    Forward,
    /// On the way back only: the stack has a status with `ROLLBACK`.
    Rollback,
}

/// A failure of resources of stacks: what is left out matches everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourceFault {
    /// Name or id of the stack.
    pub stack: Option<String>,
    /// Logical id of the resource.
    pub logical_id: Option<String>,
    /// Type of the resource, such as `AWS::ECS::Service`.
    pub resource_type: Option<String>,
    /// What fails.
    pub action: FaultAction,
    /// On which way.
    #[serde(default)]
    pub phase: FaultPhase,
    /// How often; every time without.
    pub times: Option<u64>,
    /// The reason, as AWS's service would give it.
    pub reason: String,
}

impl ResourceFault {
    /// A failure of one resource in whatever stack, every time.
    #[must_use]
    pub fn new(logical_id: &str, action: FaultAction, reason: &str) -> Self {
        Self {
            stack: None,
            logical_id: Some(logical_id.to_owned()),
            resource_type: None,
            action,
            phase: FaultPhase::Any,
            times: None,
            reason: reason.to_owned(),
        }
    }

    /// The same failure, on one way only.
    #[must_use]
    pub fn on(mut self, phase: FaultPhase) -> Self {
        self.phase = phase;
        self
    }

    /// The same failure, so many times.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = Some(times);
        self
    }

    fn matches(&self, work: &Work<'_>) -> bool {
        let fits = |wanted: &Option<String>, found: &[&str]| {
            wanted.as_deref().is_none_or(|wanted| found.contains(&wanted))
        };
        self.action == work.action
            && self.times != Some(0)
            && match self.phase {
                FaultPhase::Any => true,
                FaultPhase::Forward => !work.rolls_back,
                FaultPhase::Rollback => work.rolls_back,
            }
            && fits(&self.stack, &work.stack)
            && fits(&self.logical_id, &[work.logical_id])
            && fits(&self.resource_type, &[work.resource_type])
    }
}

/// Something that is about to be done to a resource.
pub(super) struct Work<'a> {
    /// Name and id of the stack.
    pub(super) stack: [&'a str; 2],
    pub(super) logical_id: &'a str,
    pub(super) resource_type: &'a str,
    pub(super) action: FaultAction,
    pub(super) rolls_back: bool,
}

/// The failures that were asked for.
#[derive(Debug, Default)]
pub(super) struct Faults(Mutex<Vec<ResourceFault>>);

impl Faults {
    pub(super) fn add(&self, fault: ResourceFault) {
        self.list_mut(|all| all.push(fault));
    }

    /// Those that are still to come.
    pub(super) fn list(&self) -> Vec<ResourceFault> {
        self.list_mut(|all| all.iter().filter(|fault| fault.times != Some(0)).cloned().collect())
    }

    pub(super) fn clear(&self) {
        self.list_mut(Vec::clear);
    }

    /// The reason of the first failure that fits, which has then happened once more.
    pub(super) fn meet(&self, work: &Work<'_>) -> Option<String> {
        self.list_mut(|all| {
            let fault = all.iter_mut().find(|fault| fault.matches(work))?;
            fault.times = fault.times.map(|left| left.saturating_sub(1));
            Some(fault.reason.clone())
        })
    }

    fn list_mut<T>(&self, change: impl FnOnce(&mut Vec<ResourceFault>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn work(logical_id: &str, rolls_back: bool) -> Work<'_> {
        Work {
            stack: ["s", "arn:s"],
            logical_id,
            resource_type: "AWS::SNS::Topic",
            action: FaultAction::Update,
            rolls_back,
        }
    }

    #[test]
    fn a_fault_happens_as_often_as_it_was_asked_for() {
        let faults = Faults::default();
        faults.add(ResourceFault::new("Topic", FaultAction::Update, "no").times(1));
        assert_eq!(faults.meet(&work("Other", false)), None);
        assert_eq!(faults.meet(&work("Topic", false)).as_deref(), Some("no"));
        assert_eq!(faults.meet(&work("Topic", false)), None);
        assert!(faults.list().is_empty());
    }

    #[test]
    fn a_fault_can_wait_for_the_way_back() {
        let faults = Faults::default();
        let fault = ResourceFault {
            stack: Some("arn:s".to_owned()),
            ..ResourceFault::new("Topic", FaultAction::Update, "no")
        };
        faults.add(fault.on(FaultPhase::Rollback));
        assert_eq!(faults.meet(&work("Topic", false)), None);
        assert!(faults.meet(&work("Topic", true)).is_some());
        faults.clear();
        assert_eq!(faults.meet(&work("Topic", true)), None);
    }

    #[test]
    fn a_fault_is_read_from_few_words() {
        let read: ResourceFault = serde_json::from_str(
            r#"{"resource_type": "AWS::ECS::Service", "action": "delete", "reason": "no"}"#,
        )
        .expect("a fault");
        assert_eq!((read.times, read.phase), (None, FaultPhase::Any));
        assert_eq!(read.stack, None);
    }
}
