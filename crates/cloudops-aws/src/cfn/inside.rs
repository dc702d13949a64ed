//! What a change set would do inside nested stacks.

use aws_sdk_cloudformation::types::Change;

use super::{
    api::Api,
    changes::{self, Action, ResourceDelta},
    error::CfnError,
    nested,
    repair::ResourceState,
    template::Template,
};
use crate::ids::StackName;

/// A nested stack that a change set touches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Touched {
    /// The way to it, such as `Child/`.
    path: String,
    /// The change set that says what happens in it.
    change_set: Option<String>,
    /// Its stack id, where it goes or may go.
    leaves: Option<String>,
}

/// Whether a template has a nested stack.
pub(super) fn has_nested(template: &Template) -> bool {
    template.resources().iter().any(|one| one.resource_type == nested::TYPE)
}

/// The nested stacks that changes touch; `path` is the way to the stack that is changed.
pub(super) fn touched(path: &str, changes: &[Change]) -> Vec<Touched> {
    let nested = changes.iter().filter_map(|change| change.resource_change()).filter_map(|one| {
        let delta = changes::read_one(one);
        let leaves = matches!(delta.action, Action::Remove | Action::Replace | Action::MayReplace);
        (delta.resource_type == nested::TYPE).then(|| Touched {
            path: format!("{path}{}/", delta.logical_id),
            change_set: one.change_set_id().map(str::to_owned),
            leaves: delta.physical_id.filter(|_| leaves),
        })
    });
    nested.collect()
}

/// What happens inside these nested stacks and in those nested in them, each resource named by the
/// way to it (`DescribeChangeSet`, all pages). Of a stack that goes, every resource goes
/// (`ListStackResources`).
pub(super) async fn read(
    api: &Api,
    stack: &StackName,
    mut open: Vec<Touched>,
) -> Result<Vec<ResourceDelta>, CfnError> {
    let mut all = Vec::new();
    while let Some(one) = open.pop() {
        if let Some(id) = &one.change_set {
            let changes = changes_of(api, stack, id).await?;
            open.extend(touched(&one.path, &changes));
            all.extend(changes::read(&changes).into_iter().map(|delta| within(&one.path, delta)));
        }
        if let Some(id) = &one.leaves {
            for state in api.resources_of(stack, id).await? {
                let delta = gone(&one.path, state);
                if delta.resource_type == nested::TYPE {
                    open.push(Touched {
                        path: format!("{}/", delta.logical_id),
                        change_set: None,
                        leaves: delta.physical_id.clone(),
                    });
                }
                all.push(delta);
            }
        }
    }
    Ok(all)
}

async fn changes_of(api: &Api, stack: &StackName, id: &str) -> Result<Vec<Change>, CfnError> {
    let mut all = Vec::new();
    let mut next = None;
    loop {
        let answer = api.change_set(stack, id, next).await?;
        all.extend(answer.changes.unwrap_or_default());
        next = answer.next_token;
        if next.is_none() {
            return Ok(all);
        }
    }
}

fn within(path: &str, delta: ResourceDelta) -> ResourceDelta {
    ResourceDelta { logical_id: format!("{path}{}", delta.logical_id), ..delta }
}

/// A resource goes with its stack. What its template says of keeping it is not known here.
fn gone(path: &str, state: ResourceState) -> ResourceDelta {
    ResourceDelta {
        logical_id: format!("{path}{}", state.logical_id),
        physical_id: Some(state.physical_id).filter(|id| !id.is_empty()),
        resource_type: state.resource_type,
        action: Action::Remove,
        policy_action: None,
        changes: Vec::new(),
        dynamic: false,
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudformation::types::ResourceChange;

    use super::*;
    use crate::cfn::gate::{self, Approvals};

    const CHILD: &str = "arn:aws:cloudformation:eu-central-1:1:stack/acme-Child-2/2";

    fn change(kind: &str, action: &str, set: Option<&str>) -> Change {
        let one = ResourceChange::builder()
            .logical_resource_id("Child")
            .physical_resource_id(CHILD)
            .resource_type(kind)
            .action(action.into())
            .set_change_set_id(set.map(str::to_owned));
        Change::builder().resource_change(one.build()).build()
    }

    #[test]
    fn nested_stacks_are_followed_by_their_change_sets_or_because_they_go() {
        let modify = touched("", &[change(nested::TYPE, "Modify", Some("set-2"))]);
        assert_eq!(modify[0].change_set.as_deref(), Some("set-2"));
        assert_eq!((modify[0].path.as_str(), modify[0].leaves.as_deref()), ("Child/", None));
        let remove = touched("Up/", &[change(nested::TYPE, "Remove", None)]);
        assert_eq!(
            (remove[0].path.as_str(), remove[0].leaves.as_deref()),
            ("Up/Child/", Some(CHILD))
        );
        assert!(touched("", &[change("AWS::SQS::Queue", "Remove", None)]).is_empty());
    }

    #[test]
    fn data_in_a_nested_stack_is_refused_until_it_is_approved_by_its_way() {
        let state = ResourceState {
            logical_id: "Cluster".to_owned(),
            physical_id: "acme-cluster".to_owned(),
            resource_type: "AWS::RDS::DBCluster".to_owned(),
            status: "CREATE_COMPLETE".to_owned(),
            reason: None,
        };
        let stack: StackName = "acme-live-data".parse().unwrap();
        let removed = gone("Child/", state);
        let replaced = within("", ResourceDelta { action: Action::Replace, ..removed.clone() });
        for delta in [removed, replaced] {
            let deltas = [delta];
            let denied = gate::check(&stack, &deltas, &Approvals::default()).unwrap_err();
            assert_eq!(denied.delta.logical_id, "Child/Cluster");
            let other = Approvals::for_resources(["acme-live-data/Cluster".to_owned()]);
            assert!(gate::check(&stack, &deltas, &other).is_err());
            let approved = Approvals::for_resources(["acme-live-data/Child/Cluster".to_owned()]);
            assert_eq!(gate::check(&stack, &deltas, &approved), Ok(()));
        }
    }

    #[test]
    fn only_templates_with_nested_stacks_ask_for_nested_change_sets() {
        let template = |kind: &str| {
            let text = format!("Resources:\n  Child:\n    Type: {kind}\n");
            Template::parse("a.yaml", &text).unwrap()
        };
        assert!(has_nested(&template(nested::TYPE)));
        assert!(!has_nested(&template("AWS::SQS::Queue")));
    }
}
