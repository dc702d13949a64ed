//! The trails of the stacks nested in one that is watched, and the failures in them.

use aws_sdk_cloudformation::types::StackEvent;

use super::{
    api::Api,
    cause::{self, Failure},
    error::{CfnError, RootCause},
    nested,
    template::Template,
    trail::Trail,
};
use crate::{ctx::Ctx, ids::StackName};

/// A stack is nested at most this deep before we stop to look: CloudFormation's own limit is lower.
const DEEPEST: usize = 10;

/// The nested stacks that have been seen in events so far.
#[derive(Debug, Default)]
pub(super) struct Family {
    trails: Vec<Trail>,
}

impl Family {
    /// Takes up the nested stacks that the events speak of and that are not known yet.
    pub(super) fn discover(&mut self, root: &Trail) {
        let mut next = 0;
        self.take_up(root);
        while next < self.trails.len() {
            let children = self.trails.get(next).map(Trail::children).unwrap_or_default();
            self.add(children);
            next += 1;
        }
    }

    fn take_up(&mut self, trail: &Trail) {
        let children = trail.children();
        self.add(children);
    }

    fn add(&mut self, children: Vec<Trail>) {
        for child in children {
            let known = self.trails.iter().any(|trail| trail.id() == child.id());
            if !known && child.path().matches('/').count() <= DEEPEST {
                self.trails.push(child);
            }
        }
    }

    /// How many nested stacks are known.
    pub(super) fn len(&self) -> usize {
        self.trails.len()
    }

    /// Whether there may be events of this nested stack that have not been read.
    pub(super) fn is_open(&self, index: usize) -> bool {
        self.trails.get(index).is_some_and(|trail| !trail.has_ended())
    }

    /// Reads the new events of one nested stack, and reports them (`DescribeStackEvents`).
    pub(super) async fn read(
        &mut self,
        index: usize,
        ctx: &Ctx,
        api: &Api,
    ) -> Result<(), CfnError> {
        match self.trails.get_mut(index) {
            Some(trail) => trail.read(ctx, api).await,
            None => Ok(()),
        }
    }

    /// The events of each nested stack with the way to it, such as `Child/`.
    fn groups<'a>(&'a self, root: &'a Trail) -> Vec<(&'a str, &'a [StackEvent])> {
        let own = std::iter::once((root.path(), root.events()));
        own.chain(self.trails.iter().map(|trail| (trail.path(), trail.events()))).collect()
    }

    /// The failures that are no consequences of others, in this stack and in those nested in it.
    pub(super) fn failures<'a>(&'a self, root: &'a Trail) -> Vec<Failure<'a>> {
        cause::failures_in(&self.groups(root))
    }

    /// The cause, when it is in a nested stack, with its place in the template of that stack where
    /// that can be read (`GetTemplate`).
    pub(super) async fn nested_cause(
        &self,
        api: &Api,
        stack: &StackName,
        root: &Trail,
    ) -> Option<RootCause> {
        let failure = self.failures(root).into_iter().next()?;
        if failure.path.is_empty() {
            return None;
        }
        let id = failure.event.stack_id().filter(|id| nested::name_in(id).is_some())?;
        let text = api.template_of(stack, id).await.ok();
        let name = failure.path.trim_end_matches('/');
        let template = text.and_then(|text| Template::parse(name, &text).ok());
        Some(cause::describe(failure, template.as_ref()))
    }
}
