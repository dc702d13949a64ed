//! Finds the failure that caused the others.

use aws_sdk_cloudformation::types::StackEvent;

use super::{error::RootCause, quirks, template::Template};

/// The first failure of a resource, in the order of events, that is not a consequence of another.
pub(super) fn root_cause(events: &[StackEvent], template: Option<&Template>) -> Option<RootCause> {
    let event = failures(events).next()?;
    let logical_id = event.logical_resource_id().unwrap_or_default().to_owned();
    Some(RootCause {
        place: template.and_then(|template| place(template, &logical_id)),
        resource_type: event.resource_type().unwrap_or_default().to_owned(),
        reason: event.resource_status_reason().unwrap_or("no reason was given").to_owned(),
        logical_id,
    })
}

/// The failures of resources that are no consequences of others, in the order of events.
pub(super) fn failures(events: &[StackEvent]) -> impl Iterator<Item = &StackEvent> {
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
}
