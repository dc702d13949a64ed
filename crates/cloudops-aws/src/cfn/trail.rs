//! The events of one operation on a stack, read back only to the last known one.

use std::time::Duration;

use aws_sdk_cloudformation::types::StackEvent;
use jiff::Timestamp;

use super::{api::Api, error::CfnError, nested};
use crate::{ctx::Ctx, events::EventKind, ids::StackName};

/// The events of an operation so far.
#[derive(Debug)]
pub(super) struct Trail {
    stack: StackName,
    id: String,
    token: Option<String>,
    /// The way to a nested stack, such as `Child/`; empty for the stack that was asked for.
    path: String,
    /// Events of a nested stack from before this moment are of another operation.
    since: Option<Timestamp>,
    events: Vec<StackEvent>,
}

impl Trail {
    /// Follows the operation that was asked for with this token; without one, the operation that
    /// runs now or ran last.
    pub(super) fn new(stack: &StackName, id: &str, token: Option<&str>) -> Self {
        let token = token.map(str::to_owned);
        Self {
            stack: stack.clone(),
            id: id.to_owned(),
            token,
            path: String::new(),
            since: None,
            events: Vec::new(),
        }
    }

    /// The trails of the nested stacks that the events speak of. Nothing says which token the
    /// events of a nested stack carry, so they are told apart by the clock of AWS, which is one.
    pub(super) fn children(&self) -> Vec<Self> {
        let since = self.since.or_else(|| self.events.first().and_then(time_of));
        let is_child = |event: &&StackEvent| {
            let id = event.physical_resource_id().unwrap_or_default();
            event.resource_type() == Some(nested::TYPE)
                && id != self.id
                && nested::name_in(id).is_some()
        };
        let child = |event: &StackEvent| Self {
            stack: self.stack.clone(),
            id: event.physical_resource_id().unwrap_or_default().to_owned(),
            token: None,
            path: format!("{}{}/", self.path, event.logical_resource_id().unwrap_or_default()),
            since,
            events: Vec::new(),
        };
        self.events.iter().filter(is_child).map(child).collect()
    }

    /// Stack id.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The way to a nested stack, such as `Child/`; empty for the stack that was asked for.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Reads the events that are new, and reports them.
    pub(super) async fn read(&mut self, ctx: &Ctx, api: &Api) -> Result<(), CfnError> {
        let last = self.events.last().and_then(StackEvent::event_id);
        let is_old = |event: &StackEvent| {
            self.since.zip(time_of(event)).is_some_and(|(since, at)| at < since)
        };
        let is_before = |event: &StackEvent| match (&self.token, last) {
            (_, Some(last)) => event.event_id() == Some(last),
            _ if is_old(event) => true,
            // Another token is another operation; those of clean-ups carry the same.
            (Some(token), None) => event.client_request_token() != Some(token),
            (None, None) => false,
        };
        let mut fresh = api.events_back_to(&self.stack, &self.id, is_before).await?;
        if last.is_none() && self.token.is_none() && self.since.is_none() {
            fresh = last_operation(fresh);
        }
        fresh.iter().for_each(|event| self.report(ctx, event));
        self.events.extend(fresh);
        Ok(())
    }

    fn report(&self, ctx: &Ctx, event: &StackEvent) {
        if !self.path.is_empty() && event.physical_resource_id() == Some(&self.id) {
            // The stack above tells of it, as of its resource.
            return;
        }
        let logical_id = event.logical_resource_id().unwrap_or_default();
        ctx.events.send(EventKind::Resource {
            stack: self.stack.to_string(),
            logical_id: format!("{}{logical_id}", self.path),
            resource_type: event.resource_type().unwrap_or_default().to_owned(),
            status: event.resource_status().map_or("", |status| status.as_str()).to_owned(),
            reason: event.resource_status_reason().map(str::to_owned),
            at: time_of(event),
        });
    }

    /// The events, oldest first.
    pub(super) fn events(&self) -> &[StackEvent] {
        &self.events
    }

    /// Whether the stack says that the operation has ended.
    pub(super) fn has_ended(&self) -> bool {
        let of_stack = |event: &&StackEvent| event.physical_resource_id() == Some(&self.id);
        self.events.iter().rfind(of_stack).is_some_and(is_end)
    }

    /// How long the operation took by AWS's clock, when both its ends are known.
    pub(super) fn took(&self) -> Option<Duration> {
        let of_stack = |event: &&StackEvent| event.physical_resource_id() == Some(&self.id);
        let mut own = self.events.iter().filter(of_stack);
        let first = time_of(own.next()?)?;
        let last = own.rfind(|event| is_end(event)).and_then(time_of)?;
        Duration::try_from(last.duration_since(first)).ok()
    }
}

/// Whether this is the end of what was asked for. Cleaning up comes after: the stack serves.
fn is_end(event: &StackEvent) -> bool {
    let status = event.resource_status().map_or("", |status| status.as_str());
    !status.ends_with("_IN_PROGRESS")
}

/// Cuts off what happened before the last operation began: CloudFormation says `User Initiated`
/// at the begin of each.
fn last_operation(events: Vec<StackEvent>) -> Vec<StackEvent> {
    let begins = |event: &StackEvent| {
        event.physical_resource_id() == event.stack_id()
            && event.resource_status_reason() == Some("User Initiated")
    };
    let begin = events.iter().rposition(begins).unwrap_or(0);
    events.into_iter().skip(begin).collect()
}

fn time_of(event: &StackEvent) -> Option<Timestamp> {
    let at = event.timestamp()?;
    Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::ResourceStatus;
    use aws_smithy_types::DateTime;

    use super::*;

    fn event(id: &str, status: ResourceStatus, reason: &str, second: i64) -> StackEvent {
        StackEvent::builder()
            .stack_id("arn:stack")
            .physical_resource_id(id)
            .resource_status(status)
            .resource_status_reason(reason)
            .timestamp(DateTime::from_secs(second))
            .build()
    }

    fn trail(events: Vec<StackEvent>) -> Trail {
        let name = "acme-net".parse().unwrap();
        Trail { events, ..Trail::new(&name, "arn:stack", None) }
    }

    #[test]
    fn an_operation_lasts_from_its_begin_to_its_end_on_the_clock_of_aws() {
        let all = vec![
            event("arn:stack", ResourceStatus::CreateInProgress, "User Initiated", 10),
            event("vpc-1", ResourceStatus::CreateComplete, "", 15),
            event("arn:stack", ResourceStatus::CreateComplete, "", 17),
        ];
        assert_eq!(trail(all.clone()).took(), Some(Duration::from_secs(7)));
        assert_eq!(trail(all[..2].to_vec()).took(), None, "it has not ended");
        assert!(trail(all.clone()).has_ended() && !trail(all[..2].to_vec()).has_ended());
    }

    #[test]
    fn nested_stacks_are_found_by_their_ids_and_cut_off_by_the_clock() {
        let id = "arn:aws:cloudformation:eu-central-1:1:stack/acme-net-Child-1/2";
        let child = StackEvent::builder()
            .stack_id("arn:stack")
            .logical_resource_id("Child")
            .physical_resource_id(id)
            .resource_type(nested::TYPE)
            .resource_status(ResourceStatus::UpdateInProgress)
            .timestamp(DateTime::from_secs(12))
            .build();
        let begin = event("arn:stack", ResourceStatus::UpdateInProgress, "User Initiated", 10);
        let children = trail(vec![begin, child]).children();
        let [child] = children.as_slice() else { panic!("{children:?}") };
        assert_eq!((child.path(), child.id()), ("Child/", id));
        assert_eq!(child.since, Some(Timestamp::from_second(10).unwrap()));
        assert!(child.token.is_none() && !child.has_ended());
    }

    #[test]
    fn without_a_token_the_last_operation_counts() {
        let events = vec![
            event("arn:stack", ResourceStatus::CreateInProgress, "User Initiated", 1),
            event("arn:stack", ResourceStatus::CreateComplete, "", 2),
            event("arn:stack", ResourceStatus::UpdateInProgress, "User Initiated", 8),
            event("vpc-1", ResourceStatus::UpdateInProgress, "", 9),
        ];
        let last = last_operation(events);
        assert_eq!(last.len(), 2);
        assert_eq!(last[0].resource_status(), Some(&ResourceStatus::UpdateInProgress));
    }
}
