//! Hands CloudFormation calls to the proxy's own CloudFormation, and lets its stacks wait for
//! ECS services as AWS does.

use std::sync::Arc;

use serde_json::Value;

use super::cloudformation::{CloudFormation, ResourceFault, StabilizeHook, Stabilizing};
use super::ecs::{Ecs, STABILIZE_LIMIT};
use super::upstream::{Overlay, Upstream};

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

    /// What was asked for and is not real in the emulator.
    pub(super) fn simulated(&self) -> Vec<String> {
        self.cloudformation.simulated()
    }
}
