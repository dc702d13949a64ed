//! What CloudFormation remembers: stacks, their resources, events, change sets and operations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use cloudops_aws::cfn::template::Template;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::answer::Fault;
use super::drift::Found;

/// Everything, in the order of creation.
#[derive(Default)]
pub(super) struct State {
    pub(super) stacks: Vec<Stack>,
    pub(super) drift_runs: Vec<DriftRun>,
}

/// A parameter as it was given, and what an SSM parameter stood for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) value: String,
    pub(super) resolved: Option<String>,
    pub(super) no_echo: bool,
}

/// What a submission wants a stack to be.
#[derive(Debug, Clone)]
pub(super) struct Desired {
    pub(super) template: Arc<Template>,
    pub(super) parameters: BTreeMap<String, Parameter>,
    pub(super) tags: Vec<(String, String)>,
    pub(super) capabilities: Vec<String>,
    pub(super) notifications: Vec<String>,
    pub(super) role: Option<String>,
}

/// A stack.
pub(super) struct Stack {
    pub(super) id: String,
    pub(super) name: String,
    /// Where it is nested.
    pub(super) above: Option<Above>,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Option<Timestamp>,
    pub(super) deleted: Option<Timestamp>,
    /// None while only a change set is there (`REVIEW_IN_PROGRESS`).
    pub(super) desired: Option<Desired>,
    pub(super) disable_rollback: bool,
    pub(super) on_failure: OnFailure,
    pub(super) termination_protection: bool,
    pub(super) retain_except_on_create: bool,
    pub(super) timeout_minutes: Option<u32>,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) outputs: Vec<Output>,
    pub(super) imports: BTreeSet<String>,
    pub(super) events: Vec<Event>,
    pub(super) policy: Option<String>,
    /// The policy that stands in for `policy` during one update.
    pub(super) policy_during_update: Option<String>,
    pub(super) change_sets: Vec<ChangeSet>,
    pub(super) executed_change_set: Option<String>,
    pub(super) operations: Vec<Operation>,
    pub(super) tokens: BTreeMap<String, &'static str>,
    /// Stops the operation that is running.
    pub(super) cancel: CancellationToken,
    /// Held by the operation that is running.
    pub(super) busy: Arc<tokio::sync::Mutex<()>>,
    /// The stack as it was before the update that is running or failed.
    pub(super) before: Option<Box<Before>>,
    pub(super) drift: Option<(&'static str, Timestamp)>,
}

/// The stacks that a nested one belongs to, by their ids.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Above {
    /// The one that it is a resource of.
    pub(super) parent: String,
    /// The one that has no other above it.
    pub(super) root: String,
}

/// What happens when the creation of a stack fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum OnFailure {
    #[default]
    Rollback,
    Delete,
    Nothing,
}

/// What an update can go back to.
pub(super) struct Before {
    pub(super) desired: Option<Desired>,
    pub(super) resources: BTreeMap<String, Resource>,
    pub(super) outputs: Vec<Output>,
    pub(super) imports: BTreeSet<String>,
    /// Resources that the update changed, in place or by replacing them.
    pub(super) touched: BTreeSet<String>,
    /// Those of them that it replaced.
    pub(super) replaced: BTreeSet<String>,
}

/// A resource of a stack.
#[derive(Debug, Clone, Default)]
pub(super) struct Resource {
    pub(super) logical_id: String,
    pub(super) resource_type: String,
    pub(super) physical_id: Option<String>,
    /// What the emulator knows it by, which is not always what AWS calls its physical id.
    pub(super) handle: String,
    pub(super) status: &'static str,
    pub(super) reason: Option<String>,
    pub(super) changed: Timestamp,
    /// Properties as declared, with functions evaluated.
    pub(super) properties: Value,
    /// Tags of the stack that it was given.
    pub(super) tags: Vec<(String, String)>,
    pub(super) attributes: Map<String, Value>,
    /// Property and value of a name that the template left to CloudFormation.
    pub(super) generated: Option<(String, String)>,
    pub(super) deletion_policy: String,
    pub(super) update_replace_policy: String,
    pub(super) depends_on: BTreeSet<String>,
    /// The declaration without properties, to see changed metadata and policies.
    pub(super) declaration: Value,
    pub(super) drift: Option<Drift>,
}

/// What drift detection found about a resource.
#[derive(Debug, Clone)]
pub(super) struct Drift {
    pub(super) status: &'static str,
    pub(super) actual: Value,
    pub(super) differences: Vec<Difference>,
    pub(super) at: Timestamp,
}

/// A property that is not as declared.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    pub(super) path: String,
    pub(super) expected: Value,
    pub(super) actual: Value,
    pub(super) kind: &'static str,
}

/// A run of drift detection.
pub(super) struct DriftRun {
    pub(super) id: String,
    pub(super) stack_id: String,
    pub(super) status: &'static str,
    pub(super) result: Option<&'static str>,
    pub(super) drifted: usize,
    pub(super) at: Timestamp,
}

/// An output of a stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Output {
    pub(super) key: String,
    pub(super) value: String,
    pub(super) description: Option<String>,
    pub(super) export: Option<String>,
}

/// An event, oldest first in a stack.
#[derive(Debug, Clone)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) logical_id: String,
    pub(super) physical_id: Option<String>,
    pub(super) resource_type: String,
    pub(super) status: String,
    pub(super) reason: Option<String>,
    pub(super) properties: Option<String>,
    pub(super) token: Option<String>,
    pub(super) operation: Option<String>,
    pub(super) validation: Option<Validation>,
    pub(super) at: Timestamp,
}

/// What an early validation found.
#[derive(Debug, Clone)]
pub(super) struct Validation {
    pub(super) name: &'static str,
    pub(super) path: String,
}

/// An operation on a stack.
#[derive(Debug, Clone)]
pub(super) struct Operation {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) token: Option<String>,
    pub(super) status: &'static str,
    pub(super) started: Timestamp,
    pub(super) ended: Option<Timestamp>,
}

/// What executing a change set does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ChangeSetKind {
    Create,
    Update,
    Import,
}

/// An existing resource that is to become a stack's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Import {
    pub(super) logical_id: String,
    pub(super) resource_type: String,
    /// What the service knows it by.
    pub(super) identifier: String,
}

/// A change set.
#[derive(Debug, Clone)]
pub(super) struct ChangeSet {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) description: Option<String>,
    pub(super) kind: ChangeSetKind,
    /// Existing resources that it brings into the stack.
    pub(super) imports: Vec<Import>,
    /// What the service said about the resources, where drift is to be reverted.
    pub(super) drift: Option<Found>,
    pub(super) status: &'static str,
    pub(super) execution: &'static str,
    pub(super) reason: Option<String>,
    pub(super) created: Timestamp,
    pub(super) desired: Desired,
    pub(super) changes: Vec<Value>,
    pub(super) on_failure: Option<OnFailure>,
    pub(super) token: Option<String>,
    pub(super) operation: String,
    /// Whether change sets of nested stacks belong to it.
    pub(super) nested: bool,
    /// The change sets of the stacks above, where it is one of a nested stack.
    pub(super) above: Option<Above>,
}

impl State {
    /// The stack with this name (not deleted) or id (deleted ones too).
    pub(super) fn find(&self, name: &str) -> Option<&Stack> {
        let matches = |stack: &&Stack| {
            stack.id == name || (stack.name == name && stack.status != "DELETE_COMPLETE")
        };
        self.stacks.iter().rev().find(matches)
    }

    /// As [`Self::find`], to change it.
    pub(super) fn find_mut(&mut self, name: &str) -> Option<&mut Stack> {
        let id = self.find(name)?.id.clone();
        self.stacks.iter_mut().find(|stack| stack.id == id)
    }

    /// The stack, or the error that CloudFormation answers with.
    pub(super) fn stack(&self, name: &str) -> Result<&Stack, Fault> {
        self.find(name).ok_or_else(|| missing(name))
    }

    /// As [`Self::stack`], to change it.
    pub(super) fn stack_mut(&mut self, name: &str) -> Result<&mut Stack, Fault> {
        self.find_mut(name).ok_or_else(|| missing(name))
    }

    /// Whether a stack may not be deleted: a nested one is protected as its root is.
    pub(super) fn is_protected(&self, stack: &Stack) -> bool {
        let root = stack.above.as_ref().and_then(|above| self.find(&above.root));
        root.unwrap_or(stack).termination_protection
    }

    /// The exports of all stacks, with the id of the stack.
    pub(super) fn exports(&self) -> Vec<(String, String, String)> {
        let live = self.stacks.iter().filter(|stack| stack.deleted.is_none());
        live.flat_map(|stack| {
            stack.outputs.iter().filter_map(|output| {
                Some((output.export.clone()?, output.value.clone(), stack.id.clone()))
            })
        })
        .collect()
    }

    /// Names of the stacks that import `export`.
    pub(super) fn importers(&self, export: &str) -> Vec<String> {
        let live = self.stacks.iter().filter(|stack| stack.deleted.is_none());
        live.filter(|stack| stack.imports.contains(export))
            .map(|stack| stack.name.clone())
            .collect()
    }
}

impl Resource {
    /// Whether it was made, and not given up on the way.
    pub(super) fn exists(&self) -> bool {
        self.physical_id.is_some() && self.status != "CREATE_FAILED"
    }
}

impl Stack {
    /// Change sets that wait are of no use once the stack has changed.
    pub(super) fn outdate_change_sets(&mut self) {
        let waiting = |set: &&mut ChangeSet| set.execution == "AVAILABLE";
        self.change_sets.iter_mut().filter(waiting).for_each(|set| set.execution = "OBSOLETE");
    }

    /// The policy that the update at hand has to keep to.
    pub(super) fn policy_in_force(&self) -> Option<&str> {
        self.policy_during_update.as_deref().or(self.policy.as_deref())
    }

    /// An empty stack that something is about to fill.
    pub(super) fn new(id: String, name: String, status: &'static str) -> Self {
        Self {
            id,
            name,
            above: None,
            status,
            reason: None,
            created: Timestamp::now(),
            updated: None,
            deleted: None,
            desired: None,
            disable_rollback: false,
            on_failure: OnFailure::Rollback,
            termination_protection: false,
            retain_except_on_create: false,
            timeout_minutes: None,
            resources: BTreeMap::new(),
            outputs: Vec::new(),
            imports: BTreeSet::new(),
            events: Vec::new(),
            policy: None,
            policy_during_update: None,
            change_sets: Vec::new(),
            executed_change_set: None,
            operations: Vec::new(),
            tokens: BTreeMap::new(),
            cancel: CancellationToken::new(),
            busy: Arc::default(),
            before: None,
            drift: None,
        }
    }
}

fn missing(name: &str) -> Fault {
    Fault::validation(format!("Stack with id {name} does not exist"))
}

/// Statuses from which a stack can be updated.
pub(super) fn can_update(status: &str) -> bool {
    matches!(
        status,
        "CREATE_COMPLETE"
            | "UPDATE_COMPLETE"
            | "UPDATE_ROLLBACK_COMPLETE"
            | "IMPORT_COMPLETE"
            | "IMPORT_ROLLBACK_COMPLETE"
            | "CREATE_FAILED"
            | "UPDATE_FAILED"
    )
}

/// Whether an operation is running.
pub(super) fn in_progress(status: &str) -> bool {
    status.ends_with("_IN_PROGRESS") && status != "REVIEW_IN_PROGRESS"
}
