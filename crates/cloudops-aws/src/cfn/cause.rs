//! Finds the failure that caused the others.

use aws_sdk_cloudformation::types::StackEvent;

use super::{error::RootCause, nested, quirks, template::Template};

/// A failure of a resource, and the way to its stack: empty, or such as `Child/`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failure<'a> {
    pub(super) path: &'a str,
    pub(super) event: &'a StackEvent,
}

/// The first failure of a resource, in the order of events, that is not a consequence of another.
pub(super) fn root_cause(events: &[StackEvent], template: Option<&Template>) -> Option<RootCause> {
    failures_in(&[("", events)]).into_iter().next().map(|failure| describe(failure, template))
}

/// A failure in words; `template` is that of the stack it happened in.
pub(super) fn describe(failure: Failure<'_>, template: Option<&Template>) -> RootCause {
    let Failure { path, event } = failure;
    let logical_id = event.logical_resource_id().unwrap_or_default();
    RootCause {
        place: template.and_then(|template| place(template, logical_id)),
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        reason: event.resource_status_reason().unwrap_or("no reason was given").to_owned(),
        logical_id: format!("{path}{logical_id}"),
    }
}

/// The failures of resources that are no consequences of others, in the order of events, of a
/// stack and of those nested in it. A nested stack that failed because something in it did is a
/// consequence of that.
pub(super) fn failures_in<'a>(groups: &[(&'a str, &'a [StackEvent])]) -> Vec<Failure<'a>> {
    let mut all: Vec<Failure<'a>> = groups
        .iter()
        .flat_map(|(path, events)| failures(events).map(|event| Failure { path, event }))
        .collect();
    let stacks: Vec<String> =
        all.iter().filter_map(|one| one.event.stack_id()).map(str::to_owned).collect();
    all.retain(|one| {
        let is_stack = one.event.resource_type() == Some(nested::TYPE);
        let id = one.event.physical_resource_id();
        // What failed deeper down counts as well: each level but the lowest is a consequence.
        !is_stack || !id.is_some_and(|id| stacks.iter().any(|stack| stack == id))
    });
    // Stable: events of the same moment stay in the order of their stack.
    all.sort_by_key(|one| one.event.timestamp().map(|at| (at.secs(), at.subsec_nanos())));
    all
}

/// The failures of resources of one stack that are no consequences of others.
fn failures(events: &[StackEvent]) -> impl Iterator<Item = &StackEvent> {
    events.iter().filter(|event| {
        let status = event.resource_status().map_or("", |status| status.as_str());
        status.ends_with("_FAILED")
            && event.physical_resource_id() != event.stack_id()
            && !quirks::is_consequence(event.resource_status_reason().unwrap_or_default())
    })
}

fn place(template: &Template, logical_id: &str) -> Option<String> {
    let location = template.locate(&format!("Resources.{logical_id}"))?;
    Some(format!("{}:{location}", template.name()))
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::ResourceStatus;

    use super::*;

    fn event(id: &str, status: ResourceStatus, reason: &str) -> StackEvent {
        StackEvent::builder()
            .logical_resource_id(id)
            .physical_resource_id(format!("{id}-1"))
            .resource_type("AWS::EC2::VPC")
            .resource_status(status)
            .resource_status_reason(reason)
            .stack_id("arn:stack")
            .build()
    }

    #[test]
    fn the_first_failure_that_is_no_consequence() {
        let events = [
            event("A", ResourceStatus::CreateComplete, ""),
            event("B", ResourceStatus::CreateFailed, "Resource creation cancelled"),
            event("C", ResourceStatus::CreateFailed, "The CIDR is in use"),
            event("D", ResourceStatus::CreateFailed, "Another one"),
        ];
        let cause = root_cause(&events, None).unwrap();
        assert_eq!(cause.to_string(), "C (AWS::EC2::VPC): The CIDR is in use");
        assert_eq!(root_cause(&events[..2], None), None);
    }

    const ROOT: &str = "arn:aws:cloudformation:eu-central-1:1:stack/acme/1";
    const CHILD: &str = "arn:aws:cloudformation:eu-central-1:1:stack/acme-Child-2/2";
    const DEEP: &str = "arn:aws:cloudformation:eu-central-1:1:stack/acme-Child-2-Deep-3/3";

    fn failed(stack: &str, id: &str, physical: &str, reason: &str, second: i64) -> StackEvent {
        let kind = if physical.contains(":stack/") { nested::TYPE } else { "AWS::SQS::Queue" };
        StackEvent::builder()
            .stack_id(stack)
            .logical_resource_id(id)
            .physical_resource_id(physical)
            .resource_type(kind)
            .resource_status(ResourceStatus::CreateFailed)
            .resource_status_reason(reason)
            .timestamp(aws_smithy_types::DateTime::from_secs(second))
            .build()
    }

    fn embedded(id: &str, name: &str) -> String {
        format!(
            "Embedded stack {id} was not successfully created: The following resource(s) failed \
             to create: [{name}]. "
        )
    }

    #[test]
    fn a_nested_stack_fails_because_of_what_is_in_it() {
        let root = [
            failed(ROOT, "Child", CHILD, &embedded(CHILD, "Deep"), 7),
            failed(ROOT, "Other", "", "Resource creation cancelled", 8),
        ];
        let child = [
            failed(CHILD, "Deep", DEEP, &embedded(DEEP, "Queue"), 6),
            failed(CHILD, "acme-Child-2", CHILD, "The following resource(s) failed to create", 6),
        ];
        let deep = [failed(DEEP, "Queue", "q", "A queue of this name already exists", 5)];
        let groups =
            [("", root.as_slice()), ("Child/", child.as_slice()), ("Child/Deep/", deep.as_slice())];
        let all = failures_in(&groups);
        assert_eq!(all.len(), 1, "{all:?}");
        let text = "Resources:\n  Queue:\n    Type: AWS::SQS::Queue\n";
        let template = Template::parse("Child/Deep", text).unwrap();
        assert_eq!(
            describe(all[0], Some(&template)).to_string(),
            "Child/Deep/Queue (AWS::SQS::Queue): A queue of this name already exists \
             [Child/Deep:2:3]"
        );
    }

    #[test]
    fn a_nested_stack_that_says_nothing_is_the_cause_itself() {
        let root =
            [failed(ROOT, "Child", CHILD, "TemplateURL must reference a valid S3 object", 3)];
        let cause = root_cause(&root, None).unwrap();
        assert_eq!(cause.logical_id, "Child");
    }

    #[test]
    fn the_first_failure_counts_wherever_it_is() {
        let root = [failed(ROOT, "Own", "o", "denied", 4)];
        let child = [failed(CHILD, "Queue", "q", "too late", 5)];
        let all = failures_in(&[("", root.as_slice()), ("Child/", child.as_slice())]);
        assert_eq!(describe(all[0], None).logical_id, "Own");
        assert_eq!(describe(all[1], None).logical_id, "Child/Queue");
    }
}
