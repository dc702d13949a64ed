//! What an update could not remove: CloudFormation calls it complete all the same, and the
//! resources go on costing money (aws-cdk-cli #1576).

use aws_sdk_cloudformation::types::{ResourceStatus, StackEvent};

use crate::{ctx::Ctx, ids::StackName};

/// Warns of resources that the clean-up of an update left behind.
pub(super) fn warn(ctx: &Ctx, stack: &StackName, events: &[StackEvent]) {
    for orphan in find(events) {
        ctx.events.warn(format!("{stack} is done, but {orphan}"));
    }
}

/// One sentence per resource that could not be deleted.
fn find(events: &[StackEvent]) -> Vec<String> {
    let left = events
        .iter()
        .filter(|event| event.resource_status() == Some(&ResourceStatus::DeleteFailed));
    left.map(|event| {
        format!(
            "{} ({}, {}) could not be deleted and still exists: {}",
            event.logical_resource_id().unwrap_or_default(),
            event.resource_type().unwrap_or_default(),
            event.physical_resource_id().unwrap_or_default(),
            event.resource_status_reason().unwrap_or("no reason was given"),
        )
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_deleted_is_named() {
        let event = |id: &str, status| {
            StackEvent::builder()
                .logical_resource_id(id)
                .physical_resource_id(format!("{id}-1"))
                .resource_type("AWS::EC2::SecurityGroup")
                .resource_status(status)
                .resource_status_reason("it has a dependent object")
                .build()
        };
        let events = [
            event("Old", ResourceStatus::DeleteFailed),
            event("Gone", ResourceStatus::DeleteComplete),
        ];
        assert_eq!(
            find(&events),
            [
                "Old (AWS::EC2::SecurityGroup, Old-1) could not be deleted and still exists: it has a dependent object"
            ]
        );
    }
}
