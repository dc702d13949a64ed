//! Stacks that are resources of other stacks.

use super::{api::Api, error::CfnError, repair::ResourceState, status::StackStatus};
use crate::ids::StackName;

/// The type of a stack that is a resource of another stack.
pub(super) const TYPE: &str = "AWS::CloudFormation::Stack";

/// A resource of a stack, or of a stack nested in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    /// The logical ids on the way to it, such as `Child/Topic`.
    pub(super) path: String,
    /// The name that `ContinueUpdateRollback` knows it by: `NestedStackName.LogicalId`, the bare
    /// logical id in the root stack.
    pub(super) skip_name: String,
    /// Stack id, type, status and reason as its own stack has them.
    pub(super) state: ResourceState,
    /// Status of the stack that it is, if it is one.
    pub(super) child: Option<StackStatus>,
}

/// The name in a stack id, `arn:...:stack/NAME/UUID`; none for anything else.
pub(super) fn name_in(id: &str) -> Option<&str> {
    let (head, rest) = id.split_once(":stack/")?;
    let service = head.starts_with("arn:") && head.contains(":cloudformation:");
    rest.split('/').next().filter(|name| service && !name.is_empty())
}

/// The resources of a stack and of all stacks nested in it (`ListStackResources`, all pages,
/// and `DescribeStacks` for each nested stack).
pub(super) async fn members(api: &Api, root: &StackName) -> Result<Vec<Member>, CfnError> {
    let mut all = Vec::new();
    let mut open = vec![(String::new(), String::new(), root.to_string())];
    while let Some((path, skip, id)) = open.pop() {
        for state in api.resources_of(root, &id).await? {
            let mut member = Member {
                path: format!("{path}{}", state.logical_id),
                skip_name: format!("{skip}{}", state.logical_id),
                child: None,
                state,
            };
            if member.state.resource_type == TYPE
                && let Some(name) = name_in(&member.state.physical_id)
            {
                let id = member.state.physical_id.clone();
                member.child = child_status(api, root, &id).await?;
                // A stack that is gone has no resources to speak of.
                if member.child.is_some_and(|status| status != StackStatus::DeleteComplete) {
                    open.push((format!("{}/", member.path), format!("{name}."), id));
                }
            }
            all.push(member);
        }
    }
    Ok(all)
}

async fn child_status(
    api: &Api,
    root: &StackName,
    id: &str,
) -> Result<Option<StackStatus>, CfnError> {
    let Some(stack) = api.describe(root, Some(id)).await? else {
        return Ok(None);
    };
    let status = stack.stack_status.as_ref().map_or("", |status| status.as_str());
    let unexpected = |error| CfnError::Unexpected { stack: root.clone(), what: format!("{error}") };
    status.parse().map(Some).map_err(unexpected)
}

/// The resources that may be skipped when undoing an update goes on, by the names that
/// `ContinueUpdateRollback` knows them by. A nested stack itself may be skipped only while it is
/// being deleted, or was; else what is stuck in it is.
pub(super) fn skippable(members: &[Member]) -> Vec<ResourceState> {
    let gone = |status| {
        use StackStatus as S;
        matches!(status, S::DeleteInProgress | S::DeleteComplete | S::DeleteFailed)
    };
    let may = |member: &&Member| {
        let itself = member.state.resource_type != TYPE || member.child.is_none_or(gone);
        let within_gone = members.iter().any(|other| {
            other.child.is_some_and(gone) && member.path.starts_with(&format!("{}/", other.path))
        });
        itself && !within_gone
    };
    let named = |member: &Member| ResourceState {
        logical_id: member.skip_name.clone(),
        ..member.state.clone()
    };
    members.iter().filter(may).map(named).collect()
}

/// The resources of the stack itself, without those of nested stacks.
pub(super) fn own(members: &[Member]) -> Vec<ResourceState> {
    let own = members.iter().filter(|member| member.path == member.state.logical_id);
    own.map(|member| member.state.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cfn::repair::{Remedy, remedy};

    fn member(path: &str, skip: &str, kind: &str, status: &str) -> Member {
        Member {
            path: path.to_owned(),
            skip_name: skip.to_owned(),
            state: ResourceState {
                logical_id: path.rsplit('/').next().unwrap().to_owned(),
                physical_id: "id".to_owned(),
                resource_type: kind.to_owned(),
                status: status.to_owned(),
                reason: None,
            },
            child: None,
        }
    }

    fn stack(path: &str, status: StackStatus) -> Member {
        Member { child: Some(status), ..member(path, path, TYPE, "UPDATE_FAILED") }
    }

    fn skipped(members: &[Member]) -> Vec<String> {
        let stuck = remedy(StackStatus::UpdateRollbackFailed, &skippable(members));
        let Remedy::ContinueRollback { skip } = stuck else { panic!("{stuck:?}") };
        skip.into_iter().collect()
    }

    #[test]
    fn a_name_is_read_from_a_stack_id_only() {
        let id = "arn:aws:cloudformation:eu-central-1:1:stack/acme-Child-1ABC/5f3e";
        assert_eq!(name_in(id), Some("acme-Child-1ABC"));
        assert_eq!(name_in("arn:aws:sns:eu-central-1:1:stack/acme/1"), None);
        assert_eq!(name_in("acme-Child-1ABC"), None);
    }

    #[test]
    fn what_is_stuck_in_a_nested_stack_is_skipped_and_the_nested_stack_is_not() {
        let queue = "AWS::SQS::Queue";
        let members = [
            member("Own", "Own", queue, "UPDATE_FAILED"),
            stack("Child", StackStatus::UpdateRollbackFailed),
            member("Child/Queue", "acme-Child-1.Queue", queue, "UPDATE_FAILED"),
            member("Child/Fine", "acme-Child-1.Fine", queue, "UPDATE_COMPLETE"),
            stack("Child/Deep", StackStatus::UpdateRollbackFailed),
            member("Child/Deep/Q", "acme-Child-1-Deep-2.Q", queue, "UPDATE_FAILED"),
        ];
        assert_eq!(skipped(&members), ["Own", "acme-Child-1-Deep-2.Q", "acme-Child-1.Queue"],);
        assert_eq!(own(&members).len(), 2);
    }

    #[test]
    fn a_nested_stack_that_is_being_deleted_is_skipped_as_a_whole() {
        for status in
            [StackStatus::DeleteInProgress, StackStatus::DeleteComplete, StackStatus::DeleteFailed]
        {
            let inner =
                member("Child/Queue", "acme-Child-1.Queue", "AWS::SQS::Queue", "UPDATE_FAILED");
            assert_eq!(skipped(&[stack("Child", status), inner]), ["Child"]);
        }
    }

    #[test]
    fn what_was_only_cancelled_cannot_be_skipped() {
        let mut cancelled = member("A", "A", "AWS::SQS::Queue", "UPDATE_FAILED");
        cancelled.state.reason = Some("Resource update cancelled".to_owned());
        assert!(skipped(&[cancelled]).is_empty());
    }
}
