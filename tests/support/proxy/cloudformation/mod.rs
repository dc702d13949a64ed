//! CloudFormation, answered by the proxy.
//!
//! A request comes in through [`CloudFormation::handle`], is checked in `api`, and changes what
//! `state` remembers. Work goes on in the background (`engine`): templates are read with the
//! library's own parser, conditions decided (`model`), functions evaluated (`intrinsics`),
//! resources ordered (`schedule`) and made one at a time by the emulator (`provision`). What a
//! change set says comes from `diff` and `changes`, with the create-only properties of the
//! public resource schemas (`schema`). Words and statuses are those of AWS.

mod answer;
mod api;
mod changes;
mod comparison;
mod diff;
mod drift;
mod engine;
mod faults;
mod form;
mod intrinsics;
mod model;
mod names;
mod nested;
mod parameters;
mod policy;
mod provision;
mod references;
mod schedule;
mod schema;
mod state;
mod stored_template;
#[cfg(test)]
mod tests;
mod validate;

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::upstream::Upstream;

pub use answer::Answer;
pub use faults::{FaultAction, FaultPhase, ResourceFault};

/// What a resource is waited for with.
pub type Stabilizing = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Asked after a resource was made or changed: returns when it is stable, or why it never will be.
pub trait StabilizeHook: Send + Sync {
    /// Waits until the resource is stable. `properties` are the literal ones it was made with.
    fn stabilize(
        &self,
        resource_type: String,
        physical_id: String,
        properties: Value,
    ) -> Stabilizing;
}

/// The hook of a proxy that waits for nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct StableAtOnce;

impl StabilizeHook for StableAtOnce {
    fn stabilize(
        &self,
        _resource_type: String,
        _physical_id: String,
        _properties: Value,
    ) -> Stabilizing {
        Box::pin(async { Ok(()) })
    }
}

/// CloudFormation of one account and region.
#[derive(Clone)]
pub struct CloudFormation {
    engine: Arc<engine::Engine>,
}

impl CloudFormation {
    /// A CloudFormation without stacks, whose resources live in the emulator at `upstream`.
    #[must_use]
    pub fn new(upstream: Upstream, account: &str, hooks: Arc<dyn StabilizeHook>) -> Self {
        Self { engine: Arc::new(engine::Engine::new(upstream, account, hooks)) }
    }

    /// Lets resources take `durations` (by type; `AWS::CloudFormation::ChangeSet` for the making
    /// of a change set), multiplied by `scale`. Without this, everything is instant.
    pub fn set_durations(&self, durations: BTreeMap<String, Duration>, scale: f64) {
        self.engine.set_durations(durations, scale);
    }

    /// Lets each resource of the named stacks take that time, whatever its type is.
    pub fn set_stack_durations(&self, durations: BTreeMap<String, Duration>) {
        self.engine.set_stack_durations(durations);
    }

    /// The name of the stack that a change set, named by its ARN, belongs to.
    #[must_use]
    pub fn stack_of_change_set(&self, arn: &str) -> Option<String> {
        let state = self.engine.state();
        let mut stacks = state.stacks.iter();
        let stack = stacks.find(|stack| stack.change_sets.iter().any(|set| set.id == arn))?;
        Some(stack.name.clone())
    }

    /// Lets resources fail.
    pub fn add_fault(&self, fault: ResourceFault) {
        self.engine.faults.add(fault);
    }

    /// The failures that are still to come.
    #[must_use]
    pub fn faults(&self) -> Vec<ResourceFault> {
        self.engine.faults.list()
    }

    /// Forgets the failures that are still to come.
    pub fn clear_faults(&self) {
        self.engine.faults.clear();
    }

    /// One sentence per resource type that was asked for and is not real in the emulator.
    #[must_use]
    pub fn simulated(&self) -> Vec<String> {
        self.engine.provisioner.simulated()
    }

    /// Answers one call: `parameters` is the decoded form, with or without `Action` and `Version`.
    pub async fn handle(&self, action: &str, parameters: BTreeMap<String, String>) -> Answer {
        match api::dispatch(&self.engine, action, form::Form(parameters)).await {
            Ok(result) => answer::success(action, &result),
            Err(fault) => fault.answer(),
        }
    }
}

/// Sentences about everything that is not AWS in the proxy's CloudFormation, whether a run met it
/// or not.
#[must_use]
pub fn simulated() -> Vec<String> {
    provision::gaps()
}
