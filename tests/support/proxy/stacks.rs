//! Hands CloudFormation calls to the proxy's own CloudFormation, and lets its stacks wait for
//! ECS services as AWS does.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::cloudformation::{CloudFormation, ResourceFault, StabilizeHook, Stabilizing};
use super::ecs::{Ecs, STABILIZE_LIMIT};
use super::upstream::{Overlay, Upstream};

/// How long resources take, in seconds. What is not named is instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pace {
    /// By resource type; `AWS::CloudFormation::ChangeSet` is the making of a change set.
    #[serde(default)]
    pub types: BTreeMap<String, f64>,
    /// Each resource of a stack, by the stack's name; wins over the type.
    #[serde(default)]
    pub stacks: BTreeMap<String, f64>,
    /// What the times of types are multiplied by.
    #[serde(default = "one")]
    pub scale: f64,
}

fn one() -> f64 {
    1.0
}

fn seconds(times: &BTreeMap<String, f64>) -> BTreeMap<String, Duration> {
    let read = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or_default();
    times.iter().map(|(name, seconds)| (name.clone(), read(*seconds))).collect()
}

/// The proxy's CloudFormation.
pub(super) struct Stacks {
    cloudformation: CloudFormation,
}

/// Waits for what takes its time after it was made.
struct Settling {
    ecs: Arc<Ecs>,
}

impl StabilizeHook for Settling {
    fn stabilize(&self, resource_type: String, physical_id: String, _: Value) -> Stabilizing {
        let ecs = Arc::clone(&self.ecs);
        Box::pin(async move {
            match resource_type.as_str() {
                "AWS::ECS::Service" => ecs.stabilize(&physical_id, STABILIZE_LIMIT).await,
                _ => Ok(()),
            }
        })
    }
}

impl Stacks {
    pub(super) fn new(upstream: Upstream, account: &str, ecs: &Arc<Ecs>) -> Self {
        let overlay: Arc<dyn Overlay> = Arc::clone(ecs) as Arc<dyn Overlay>;
        let hooks = Arc::new(Settling { ecs: Arc::clone(ecs) });
        // A stack's services are made as a client of the proxy would make them.
        let upstream = upstream.with_overlay(overlay);
        Self { cloudformation: CloudFormation::new(upstream, account, hooks) }
    }

    /// The answer: status and document.
    pub(super) async fn answer(
        &self,
        action: &str,
        parameters: Vec<(String, String)>,
    ) -> (u16, String) {
        let answer = self.cloudformation.handle(action, parameters.into_iter().collect()).await;
        (answer.status, answer.xml)
    }

    /// Lets resources of stacks fail.
    pub(super) fn add_fault(&self, fault: ResourceFault) {
        self.cloudformation.add_fault(fault);
    }

    /// The failures that are still to come.
    pub(super) fn faults(&self) -> Vec<ResourceFault> {
        self.cloudformation.faults()
    }

    /// Forgets the failures that are still to come.
    pub(super) fn clear_faults(&self) {
        self.cloudformation.clear_faults();
    }

    /// The stack that a call is about which names only a change set.
    pub(super) fn meant_by(&self, parameters: &[(String, String)]) -> Option<String> {
        let (_, arn) = parameters.iter().find(|(name, _)| name == "ChangeSetName")?;
        self.cloudformation.stack_of_change_set(arn)
    }

    /// Lets resources take `pace`.
    pub(super) fn set_pace(&self, pace: &Pace) {
        self.cloudformation.set_durations(seconds(&pace.types), pace.scale);
        self.cloudformation.set_stack_durations(seconds(&pace.stacks));
    }

    /// What was asked for and is not real in the emulator.
    pub(super) fn simulated(&self) -> Vec<String> {
        self.cloudformation.simulated()
    }
}
