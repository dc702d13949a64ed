//! What happened in a run: its steps, what each waited for, and the resources in it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::critical::{self, Node};
use crate::{
    events::{Event, EventKind, GraphStack, Outcome},
    state::runs::RunDocument,
};

/// A run, told.
#[derive(Debug)]
pub(super) struct Story {
    pub(super) began: Timestamp,
    pub(super) ended: Timestamp,
    /// In the order in which they began; those that never did come last.
    pub(super) steps: Vec<Step>,
    /// Indexes of the steps that made the run as long as it was, the first one first.
    pub(super) path: Vec<usize>,
}

/// A step of a run.
#[derive(Debug, Clone, Default)]
pub(super) struct Step {
    pub(super) key: String,
    pub(super) title: String,
    pub(super) stack: Option<String>,
    needs: Vec<String>,
    /// Since when it was known to come: until it began, it waited.
    pub(super) known: Option<Timestamp>,
    pub(super) began: Option<Timestamp>,
    pub(super) ended: Option<Timestamp>,
    pub(super) outcome: Option<Outcome>,
    pub(super) detail: String,
    pub(super) resources: Vec<Resource>,
}

/// A resource that a step worked on.
#[derive(Debug, Clone)]
pub(super) struct Resource {
    pub(super) logical_id: String,
    pub(super) resource_type: String,
    pub(super) work: Vec<Work>,
}

/// CloudFormation working on a resource, once.
#[derive(Debug, Clone)]
pub(super) struct Work {
    /// `create`, `update`, `delete`.
    pub(super) verb: String,
    pub(super) began: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) failed: bool,
}

impl Story {
    /// How long the run took, as far as it is known.
    pub(super) fn length(&self) -> SignedDuration {
        self.ended.duration_since(self.began)
    }
}

impl Step {
    /// How long it worked.
    pub(super) fn took(&self) -> Option<SignedDuration> {
        Some(self.ended?.duration_since(self.began?))
    }
}

/// Makes the story of a run.
pub(super) fn tell(run: &RunDocument) -> Story {
    let mut teller = Teller::default();
    run.events.iter().for_each(|event| teller.hear(event));
    let mut steps = teller.steps;
    steps.sort_by_key(|step| (step.began.is_none(), step.began));
    let began = run.report.began;
    let ended = run.report.ended.as_ref().map(|ended| ended.time);
    let last = run.events.last().map_or(began, |event| event.time);
    let path = path(&steps);
    Story { began, ended: ended.unwrap_or(last).max(last).max(began), steps, path }
}

/// The critical path over the steps that began and ended.
fn path(steps: &[Step]) -> Vec<usize> {
    let index: BTreeMap<&str, usize> = steps
        .iter()
        .enumerate()
        .filter_map(|(at, step)| Some((step.stack.as_deref()?, at)))
        .collect();
    let node = |step: &Step| {
        let needs = step.needs.iter().filter_map(|need| index.get(need.as_str()).copied());
        Some(Node { began: step.began?, ended: step.ended?, needs: needs.collect() })
    };
    critical::path(&steps.iter().map(node).collect::<Vec<_>>())
}

#[derive(Default)]
struct Teller {
    steps: Vec<Step>,
}

impl Teller {
    fn hear(&mut self, event: &Event) {
        let time = event.time;
        match &event.kind {
            EventKind::Graph { stacks } => {
                stacks.iter().for_each(|stack| self.step_of_graph(stack, time));
            }
            EventKind::StepStarted { step, title, .. } => {
                let step = self.begin(step);
                step.title.clone_from(title);
                step.began = Some(time);
            }
            EventKind::StepFinished { step, outcome, detail } => {
                let step = self.find(step);
                // A step that was never tried has no end either.
                step.ended = step.began.map(|_| time);
                step.outcome = Some(*outcome);
                step.detail.clone_from(detail);
            }
            EventKind::Resource { stack, logical_id, resource_type, status, at, .. } => {
                // CloudFormation reports the stack itself as a resource of its own name.
                if let Some(step) = self.step_of_stack(stack).filter(|_| logical_id != stack) {
                    step.resource(logical_id, resource_type).hear(status, at.unwrap_or(time));
                }
            }
            _ => {}
        }
    }

    fn step_of_graph(&mut self, stack: &GraphStack, time: Timestamp) {
        let step = self.begin(&stack.step);
        step.title.clone_from(&stack.title);
        step.stack = Some(stack.name.clone());
        step.needs.clone_from(&stack.needs);
        step.known = Some(time);
    }

    /// The step of this key that has not begun; a new one, if there is none.
    fn begin(&mut self, key: &str) -> &mut Step {
        if !self.steps.iter().any(|step| step.key == key && step.began.is_none()) {
            let stack = key.strip_prefix("stack/").or(key.strip_prefix("delete/"));
            let (key, title) = (key.to_owned(), key.to_owned());
            let stack = stack.map(str::to_owned);
            self.steps.push(Step { key, title, stack, ..Step::default() });
        }
        self.find(key)
    }

    /// The newest step of this key; a new one, if there is none.
    fn find(&mut self, key: &str) -> &mut Step {
        let found = self.steps.iter().rposition(|step| step.key == key);
        let at = found.unwrap_or_else(|| {
            let (key, title) = (key.to_owned(), key.to_owned());
            self.steps.push(Step { key, title, ..Step::default() });
            self.steps.len() - 1
        });
        &mut self.steps[at]
    }

    fn step_of_stack(&mut self, stack: &str) -> Option<&mut Step> {
        self.steps
            .iter_mut()
            .rev()
            .find(|step| step.began.is_some() && step.stack.as_deref() == Some(stack))
    }
}

impl Step {
    fn resource(&mut self, logical_id: &str, resource_type: &str) -> &mut Resource {
        let found = self.resources.iter().position(|one| one.logical_id == logical_id);
        let at = found.unwrap_or_else(|| {
            let (logical_id, resource_type) = (logical_id.to_owned(), resource_type.to_owned());
            self.resources.push(Resource { logical_id, resource_type, work: Vec::new() });
            self.resources.len() - 1
        });
        &mut self.resources[at]
    }
}

impl Resource {
    fn hear(&mut self, status: &str, time: Timestamp) {
        let verb = status.split('_').next().unwrap_or_default().to_lowercase();
        let open = self.work.iter_mut().rfind(|work| work.verb == verb && work.ended.is_none());
        let failed = status.ends_with("_FAILED");
        let goes_on = status.ends_with("_IN_PROGRESS");
        match open {
            Some(_) if goes_on => {}
            Some(work) => {
                work.ended = Some(time);
                work.failed = failed;
            }
            None => {
                let ended = Some(time).filter(|_| !goes_on);
                self.work.push(Work { verb, began: time, ended, failed });
            }
        }
    }

    /// Whether the last that was done to it failed, or anything before.
    pub(super) fn failed(&self) -> bool {
        self.work.iter().any(|work| work.failed)
    }
}
