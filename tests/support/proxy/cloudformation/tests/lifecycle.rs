//! Creation and deletion of stacks.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stand_in::{Cloud, tag};

const TWO: &str = "Parameters:\n  Shown: {Type: String, Default: fine}\nResources:\n  \
    Topic: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Shown}}\n  \
    Queue: {Type: AWS::SQS::Queue, DependsOn: Topic, DeletionPolicy: Retain}\n\
    Outputs:\n  Q: {Value: !Ref Queue, Export: {Name: q}}\n";

fn with(value: &'static str) -> [(&'static str, &'static str); 4] {
    [
        ("StackName", "s"),
        ("TemplateBody", TWO),
        ("Parameters.member.1.ParameterKey", "Shown"),
        ("Parameters.member.1.ParameterValue", value),
    ]
}

#[tokio::test]
async fn a_stack_is_created_in_order_and_deleted_in_reverse() {
    let cloud = Cloud::start().await;
    let fields = [("StackName", "s"), ("TemplateBody", TWO), ("ClientRequestToken", "t-1")];
    let created = cloud.ok("CreateStack", &fields).await;
    assert_eq!(cloud.settled().await, "CREATE_COMPLETE");
    assert_eq!(
        cloud.events("s").await,
        [
            "s CREATE_IN_PROGRESS User Initiated",
            "Topic CREATE_IN_PROGRESS",
            "Topic CREATE_IN_PROGRESS Resource creation Initiated",
            "Topic CREATE_COMPLETE",
            "Queue CREATE_IN_PROGRESS",
            "Queue CREATE_IN_PROGRESS Resource creation Initiated",
            "Queue CREATE_COMPLETE",
            "s CREATE_COMPLETE",
        ]
    );
    let events = cloud.ok("DescribeStackEvents", &[("StackName", "s")]).await;
    assert_eq!(events.matches("<ClientRequestToken>t-1<").count(), 8);
    // The same request again is the same stack; a second one of that name is refused.
    let again = cloud.ok("CreateStack", &fields).await;
    assert_eq!(tag(&created, "StackId"), tag(&again, "StackId"));
    let other = cloud.refused("CreateStack", &fields[..2]).await;
    assert_eq!(other, "AlreadyExistsException: Stack [s] already exists");
    assert!(cloud.ok("ListExports", &[]).await.contains("<Name>q</Name><Value>id-2<"));
    let id = tag(&created, "StackId");
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled_as(&id).await, "DELETE_COMPLETE");
    assert_eq!(cloud.types(), ["SQS::Queue"]);
    let tail = cloud.events(&id).await.split_off(8);
    assert_eq!(
        tail,
        [
            "s DELETE_IN_PROGRESS User Initiated",
            "Queue DELETE_SKIPPED",
            "Topic DELETE_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "s DELETE_COMPLETE",
        ]
    );
    let gone = cloud.refused("DescribeStacks", &[("StackName", "s")]).await;
    assert_eq!(gone, "ValidationError: Stack with id s does not exist");
}

#[tokio::test]
async fn a_failed_creation_is_undone() {
    let cloud = Cloud::start().await;
    cloud.ok("CreateStack", &with("never stable")).await;
    assert_eq!(cloud.settled().await, "ROLLBACK_COMPLETE");
    assert_eq!(
        cloud.events("s").await[3..],
        [
            "Topic CREATE_FAILED Resource handler returned message: \"it does not settle\"",
            "s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Topic]. Rollback requested by user.",
            "Topic DELETE_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "s ROLLBACK_COMPLETE",
        ]
    );
    assert!(cloud.types().is_empty());
    let update = cloud.refused("UpdateStack", &with("fine")).await;
    assert!(update.ends_with("is in ROLLBACK_COMPLETE state and can not be updated."), "{update}");
}

#[tokio::test]
async fn rolling_back_can_be_turned_off() {
    let cloud = Cloud::start().await;
    let mut fields = with("refused").to_vec();
    fields.push(("DisableRollback", "true"));
    cloud.ok("CreateStack", &fields).await;
    assert_eq!(cloud.settled().await, "CREATE_FAILED");
    let events = cloud.events("s").await;
    assert_eq!(
        events[2],
        "Topic CREATE_FAILED Resource handler returned message: \"no such luck\""
    );
    cloud.ok("RollbackStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "ROLLBACK_COMPLETE");
    let again = cloud.refused("RollbackStack", &[("StackName", "s")]).await;
    assert!(
        again.ends_with("is in ROLLBACK_COMPLETE state and can not be rolled back."),
        "{again}"
    );
}

#[tokio::test]
async fn what_cannot_be_deleted_can_be_retained() {
    let cloud = Cloud::start().await;
    cloud.ok("CreateStack", &with("stays")).await;
    cloud.settled().await;
    let retain = [("StackName", "s"), ("RetainResources.member.1", "Topic")];
    let early = cloud.refused("DeleteStack", &retain).await;
    assert!(early.contains("only when the stack is in the DELETE_FAILED state"), "{early}");
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "DELETE_FAILED");
    let last = cloud.events("s").await.pop().expect("an event");
    assert_eq!(last, "s DELETE_FAILED The following resource(s) failed to delete: [Topic].");
    let id = tag(&cloud.ok("DescribeStacks", &[("StackName", "s")]).await, "StackId");
    cloud.ok("DeleteStack", &retain).await;
    assert_eq!(cloud.settled_as(&id).await, "DELETE_COMPLETE");
}

#[tokio::test]
async fn protection_and_state_keep_a_stack_from_deletion() {
    let cloud = Cloud::start().await;
    cloud.ok("CreateStack", &with("fine")).await;
    cloud.settled().await;
    let on = [("StackName", "s"), ("EnableTerminationProtection", "true")];
    cloud.ok("UpdateTerminationProtection", &on).await;
    let protected = cloud.refused("DeleteStack", &[("StackName", "s")]).await;
    assert_eq!(
        protected,
        "ValidationError: Stack [s] cannot be deleted while TerminationProtection is enabled"
    );
    let cancel = cloud.refused("CancelUpdateStack", &[("StackName", "s")]).await;
    assert_eq!(
        cancel,
        "ValidationError: CancelUpdateStack cannot be called from current stack status"
    );
}

#[tokio::test]
async fn a_creation_that_is_running_can_be_deleted() {
    let cloud = Cloud::start().await;
    let slow = BTreeMap::from([("s".to_owned(), Duration::from_secs(600))]);
    cloud.formation.set_stack_durations(slow);
    let id = tag(&cloud.ok("CreateStack", &with("fine")).await, "StackId");
    while cloud.types().is_empty() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let status = cloud.ok("DescribeStacks", &[("StackName", "s")]).await;
    assert_eq!(tag(&status, "StackStatus"), "CREATE_IN_PROGRESS");
    cloud.formation.set_stack_durations(BTreeMap::new());
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled_as(&id).await, "DELETE_COMPLETE");
    let events = cloud.events(&id).await;
    assert!(
        events.contains(&"Topic CREATE_FAILED Resource creation cancelled".to_owned()),
        "{events:?}"
    );
    assert!(cloud.types().is_empty());
}
