//! Stacks that are resources of other stacks.

use super::stand_in::{Cloud, tag};
use crate::proxy::cloudformation::{FaultAction, FaultPhase, ResourceFault};

const REASON: &str = "the service has a bad day";

const CHILD: &str = "Parameters:\n  Shown: {Type: String}\nResources:\n  \
    Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Shown}}\n  \
    Queue: {Type: AWS::SQS::Queue, DependsOn: Topic, Properties: {DelaySeconds: !If [Slow, 9, 0]}}\n\
    Conditions:\n  Slow: !Equals [!Ref Shown, slow]\nOutputs:\n  Topic: {Value: !Ref Topic}\n  \
    Shown: {Value: !Ref Shown}\n";

/// A stack with a nested stack, and a parameter that has an output of that one.
pub(super) fn parent(shown: &str, more: &str) -> String {
    format!(
        "Resources:\n  Child:\n    Type: AWS::CloudFormation::Stack\n    Properties:\n      \
         TemplateURL: https://b.s3.us-west-2.amazonaws.com/child.yaml\n      \
         Parameters: {{Shown: {shown}}}\n      Tags: [{{Key: part, Value: child}}]\n  \
         Own: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, \
         Value: !GetAtt Child.Outputs.Shown}}}}\n{more}"
    )
}

const LAST: &str = "  Last: {Type: AWS::SQS::Queue, DependsOn: Own}\n";

async fn create(body: &str, prepare: impl FnOnce(&Cloud)) -> (Cloud, String) {
    let cloud = Cloud::start().await;
    cloud.store("/b/child.yaml", CHILD);
    prepare(&cloud);
    let tags = [("Tags.member.1.Key", "who"), ("Tags.member.1.Value", "me")];
    let fields = [("StackName", "s"), ("TemplateBody", body), tags[0], tags[1]];
    cloud.ok("CreateStack", &fields).await;
    let status = cloud.settled().await;
    (cloud, status)
}

pub(super) async fn created() -> Cloud {
    let (cloud, status) = create(&parent("a", ""), |_| {}).await;
    assert_eq!(status, "CREATE_COMPLETE");
    cloud
}

async fn update(cloud: &Cloud, body: &str, fields: &[(&str, &str)]) -> String {
    let mut all = vec![("StackName", "s"), ("TemplateBody", body)];
    all.extend(fields);
    cloud.ok("UpdateStack", &all).await;
    cloud.settled().await
}

fn fails(cloud: &Cloud, name: &str, action: FaultAction, phase: FaultPhase) {
    cloud.formation.add_fault(ResourceFault::new(name, action, REASON).on(phase));
}

/// Id of the nested stack.
pub(super) async fn child(cloud: &Cloud) -> String {
    let xml = cloud.ok("ListStacks", &[]).await;
    let mut stacks = xml.split("<member>").skip(1).filter(|one| one.contains("<ParentId>"));
    stacks.next().map(|one| tag(one, "StackId")).expect("a nested stack")
}

fn name_in(id: &str) -> &str {
    id.split('/').nth(1).expect("a name")
}

/// Statuses and reasons of a stack itself.
async fn story(cloud: &Cloud, id: &str) -> Vec<String> {
    let own = format!("{} ", name_in(id));
    let events = cloud.events(id).await.into_iter();
    events.filter_map(|event| event.strip_prefix(&own).map(str::to_owned)).collect()
}

fn shown(cloud: &Cloud, kind: &str, property: &str) -> String {
    let resources = cloud.resources.lock().expect("resources");
    let mut found = resources.values().filter(|(own, _)| own == kind);
    found.next().map(|(_, own)| own[property].as_str().unwrap_or_default().to_owned()).expect("one")
}

#[tokio::test]
async fn a_nested_stack_is_made_changed_and_deleted_with_the_one_above() {
    let cloud = created().await;
    let (root, id) = (cloud.id_of("s").await, child(&cloud).await);
    let (stack, random) = name_in(&id).rsplit_once('-').expect("a name");
    assert_eq!((stack, random.len()), ("s-Child", 12));
    let xml = cloud.ok("DescribeStacks", &[("StackName", &id)]).await;
    assert_eq!((tag(&xml, "ParentId"), tag(&xml, "RootId")), (root.clone(), root));
    assert_eq!(tag(&xml, "StackStatus"), "CREATE_COMPLETE");
    for word in ["<Key>part</Key>", "<Key>who</Key>"] {
        assert!(xml.contains(word), "{xml}");
    }
    assert_eq!(shown(&cloud, "AWS::SSM::Parameter", "Value"), "a");

    assert_eq!(update(&cloud, &parent("b", ""), &[]).await, "UPDATE_COMPLETE");
    assert_eq!(shown(&cloud, "AWS::SSM::Parameter", "Value"), "b");
    assert_eq!(shown(&cloud, "AWS::SNS::Topic", "DisplayName"), "b");
    assert_eq!(
        story(&cloud, &id).await.split_off(2),
        [
            "UPDATE_IN_PROGRESS User Initiated",
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_COMPLETE"
        ]
    );
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    cloud.gone("s").await;
    assert_eq!(cloud.settled_as(&id).await, "DELETE_COMPLETE");
    assert!(cloud.types().is_empty(), "{:?}", cloud.types());
}

#[tokio::test]
async fn a_nested_stack_in_which_nothing_changes_is_not_updated() {
    let cloud = created().await;
    let id = child(&cloud).await;
    let before = cloud.events(&id).await;
    assert_eq!(update(&cloud, &parent("a", LAST), &[]).await, "UPDATE_COMPLETE");
    assert_eq!(cloud.events(&id).await, before);
    // The template in S3 counts, also where the one above is as it was.
    cloud.store("/b/child.yaml", &CHILD.replace("[Slow, 9, 0]", "[Slow, 9, 5]"));
    assert_eq!(update(&cloud, &parent("a", LAST), &[]).await, "UPDATE_COMPLETE");
    assert_eq!(cloud.events(&id).await.len(), before.len() + 5);
}

#[tokio::test]
async fn a_creation_that_fails_inside_is_undone_as_a_whole() {
    let fault = |cloud: &Cloud| fails(cloud, "Queue", FaultAction::Create, FaultPhase::Any);
    let (cloud, status) = create(&parent("a", ""), fault).await;
    assert_eq!(status, "ROLLBACK_COMPLETE");
    let id = child(&cloud).await;
    let failed = "The following resource(s) failed to create: [Queue].";
    let expect =
        format!("Child CREATE_FAILED Embedded stack {id} was not successfully created: {failed}");
    let events = cloud.events("s").await;
    assert!(events.contains(&expect), "{events:?}");
    assert_eq!(
        story(&cloud, &id).await,
        [
            "CREATE_IN_PROGRESS User Initiated",
            &format!("CREATE_FAILED {failed}"),
            "DELETE_IN_PROGRESS User Initiated",
            "DELETE_COMPLETE"
        ]
    );
    assert!(cloud.types().is_empty(), "{:?}", cloud.types());
}

#[tokio::test]
async fn a_template_that_is_not_there_fails_the_resource() {
    let body = parent("a", "").replace("child.yaml", "other.yaml");
    let (cloud, status) = create(&body, |_| {}).await;
    assert_eq!(status, "ROLLBACK_COMPLETE");
    let expect = "Child CREATE_FAILED S3 error: Access Denied for \
                  https://b.s3.us-west-2.amazonaws.com/other.yaml";
    let events = cloud.events("s").await;
    assert!(events.contains(&expect.to_owned()), "{events:?}");
}

#[tokio::test]
async fn an_update_that_fails_inside_goes_back_everywhere() {
    let cloud = created().await;
    let id = child(&cloud).await;
    fails(&cloud, "Queue", FaultAction::Update, FaultPhase::Forward);
    assert_eq!(update(&cloud, &parent("slow", ""), &[]).await, "UPDATE_ROLLBACK_COMPLETE");
    let expect = format!(
        "Child UPDATE_FAILED Embedded stack {id} was not successfully updated. Currently in \
         UPDATE_ROLLBACK_IN_PROGRESS with reason: The following resource(s) failed to update: [Queue]."
    );
    let events = cloud.events("s").await;
    assert!(events.contains(&expect), "{events:?}");
    assert_eq!(
        story(&cloud, &id).await.split_off(3),
        [
            "UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Queue].",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE"
        ]
    );
    assert_eq!(shown(&cloud, "AWS::SNS::Topic", "DisplayName"), "a");
    // And it can be updated again.
    cloud.formation.clear_faults();
    assert_eq!(update(&cloud, &parent("slow", ""), &[]).await, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_nested_stack_that_was_updated_goes_back_with_the_one_above() {
    let cloud = created().await;
    let id = child(&cloud).await;
    fails(&cloud, "Last", FaultAction::Create, FaultPhase::Any);
    assert_eq!(update(&cloud, &parent("b", LAST), &[]).await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(shown(&cloud, "AWS::SNS::Topic", "DisplayName"), "a");
    assert_eq!(shown(&cloud, "AWS::SSM::Parameter", "Value"), "a");
    assert_eq!(
        story(&cloud, &id).await.split_off(3),
        [
            "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "UPDATE_ROLLBACK_COMPLETE"
        ]
    );
    let xml = cloud.ok("DescribeStacks", &[("StackName", &id)]).await;
    assert!(xml.contains("<OutputValue>a</OutputValue>"), "{xml}");
}

#[tokio::test]
async fn what_an_update_removes_inside_is_there_until_the_stack_above_is_sure() {
    let cloud = created().await;
    fails(&cloud, "Last", FaultAction::Create, FaultPhase::Any);
    let without: String = CHILD
        .lines()
        .filter(|line| !line.contains("Queue:"))
        .map(|line| format!("{line}\n"))
        .collect();
    cloud.store("/b/child.yaml", &without);
    assert_eq!(update(&cloud, &parent("a", LAST), &[]).await, "UPDATE_ROLLBACK_COMPLETE");
    assert!(cloud.types().contains(&"SQS::Queue".to_owned()));
    let id = child(&cloud).await;
    let xml = cloud.ok("ListStackResources", &[("StackName", &id)]).await;
    assert!(xml.contains("<LogicalResourceId>Queue<"), "{xml}");
    cloud.formation.clear_faults();
    assert_eq!(update(&cloud, &parent("a", ""), &[]).await, "UPDATE_COMPLETE");
    assert!(!cloud.types().contains(&"SQS::Queue".to_owned()));
}

#[tokio::test]
async fn a_way_back_that_is_stuck_inside_is_continued_from_the_root() {
    let cloud = created().await;
    let id = child(&cloud).await;
    fails(&cloud, "Queue", FaultAction::Update, FaultPhase::Any);
    assert_eq!(update(&cloud, &parent("slow", ""), &[]).await, "UPDATE_ROLLBACK_FAILED");
    let xml = cloud.ok("DescribeStacks", &[("StackName", &id)]).await;
    assert_eq!(tag(&xml, "StackStatus"), "UPDATE_ROLLBACK_FAILED");
    let reason = tag(
        &cloud
            .ok("DescribeStackResource", &[("StackName", "s"), ("LogicalResourceId", "Child")])
            .await,
        "ResourceStatusReason",
    );
    assert_eq!(
        reason,
        format!(
            "Embedded stack {id} was not successfully updated. Currently in UPDATE_ROLLBACK_FAILED with reason: The following resource(s) failed to update: [Queue]. "
        )
    );
    let refused = |stack: String, skip: &'static str| {
        let cloud = &cloud;
        async move {
            let fields = [("StackName", stack.as_str()), ("ResourcesToSkip.member.1", skip)];
            cloud.refused("ContinueUpdateRollback", &fields).await
        }
    };
    assert_eq!(
        refused(id.clone(), "Queue").await,
        "ValidationError: RollbackUpdatedStack cannot be invoked on child stacks"
    );
    let root = || "s".to_owned();
    assert_eq!(
        refused(root(), "Child").await,
        "ValidationError: Nested stacks could not be skipped"
    );
    assert_eq!(
        refused(root(), "Child.Queue").await,
        "ValidationError: Stack [Child] does not exist"
    );
    cloud.ok("ContinueUpdateRollback", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_FAILED");
    let wrong = format!("{}.Topic", name_in(&id));
    let fields = [("StackName", "s"), ("ResourcesToSkip.member.1", wrong.as_str())];
    assert!(cloud.refused("ContinueUpdateRollback", &fields).await.contains("UPDATE_FAILED"));
    let right = format!("{}.Queue", name_in(&id));
    let fields = [("StackName", "s"), ("ResourcesToSkip.member.1", right.as_str())];
    cloud.ok("ContinueUpdateRollback", &fields).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(cloud.settled_as(&id).await, "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn a_failure_that_is_kept_is_kept_inside_too_until_it_is_rolled_back() {
    let cloud = created().await;
    let id = child(&cloud).await;
    fails(&cloud, "Queue", FaultAction::Update, FaultPhase::Forward);
    let kept = [("DisableRollback", "true")];
    assert_eq!(update(&cloud, &parent("slow", ""), &kept).await, "UPDATE_FAILED");
    assert_eq!(cloud.settled_as(&id).await, "UPDATE_FAILED");
    cloud.ok("RollbackStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(cloud.settled_as(&id).await, "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn a_deletion_that_fails_inside_fails_above_and_protection_goes_down() {
    let cloud = created().await;
    let id = child(&cloud).await;
    let on = |name| [("StackName", name), ("EnableTerminationProtection", "true")];
    cloud.refused("UpdateTerminationProtection", &on(&id)).await;
    cloud.ok("UpdateTerminationProtection", &on("s")).await;
    let refused = cloud.refused("DeleteStack", &[("StackName", &id)]).await;
    assert!(refused.contains("TerminationProtection"), "{refused}");
    let off = [("StackName", "s"), ("EnableTerminationProtection", "false")];
    cloud.ok("UpdateTerminationProtection", &off).await;

    fails(&cloud, "Topic", FaultAction::Delete, FaultPhase::Any);
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "DELETE_FAILED");
    let expect = format!(
        "Child DELETE_FAILED Embedded stack {id} was not successfully deleted: The following \
         resource(s) failed to delete: [Topic]."
    );
    let events = cloud.events("s").await;
    assert!(events.contains(&expect), "{events:?}");
    cloud.formation.clear_faults();
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    cloud.gone("s").await;
    assert!(cloud.types().is_empty(), "{:?}", cloud.types());
}
