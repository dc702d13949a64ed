//! Change sets that look into nested stacks.

use super::nested::{child, created, parent};
use super::stand_in::{Cloud, change, tag};

const LAST: &str = "  Last: {Type: AWS::SQS::Queue, DependsOn: Own}\n";

async fn made(cloud: &Cloud, body: &str, nested: &str) -> String {
    let fields = [
        ("StackName", "s"),
        ("ChangeSetName", "c"),
        ("TemplateBody", body),
        ("IncludeNestedStacks", nested),
    ];
    cloud.ok("CreateChangeSet", &fields).await;
    cloud.change_set("s", "c").await
}

#[tokio::test]
async fn a_change_set_of_the_root_has_one_for_each_nested_stack_that_changes() {
    let cloud = created().await;
    let id = child(&cloud).await;
    let xml = made(&cloud, &parent("b", LAST), "true").await;
    assert_eq!(
        (tag(&xml, "Status"), tag(&xml, "IncludeNestedStacks")),
        ("CREATE_COMPLETE".to_owned(), "true".to_owned())
    );
    let root = tag(&xml, "ChangeSetId");
    let inner = tag(change(&xml, "Child"), "ChangeSetId");
    let by_id = [("ChangeSetName", inner.as_str())];
    let inside = cloud.ok("DescribeChangeSet", &by_id).await;
    assert_eq!(tag(&inside, "StackId"), id);
    assert_eq!(
        (tag(&inside, "ParentChangeSetId"), tag(&inside, "RootChangeSetId")),
        (root.clone(), root.clone())
    );
    assert_eq!(tag(change(&inside, "Topic"), "Action"), "Modify");
    assert_eq!(change(&inside, "Queue"), "");

    for action in ["ExecuteChangeSet", "DeleteChangeSet"] {
        let refused = cloud.refused(action, &by_id).await;
        assert!(refused.contains(&root), "{refused}");
    }
    // What was reviewed is what is executed, whatever is in S3 by then.
    cloud.store("/b/child.yaml", "no template");
    cloud.ok("ExecuteChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_COMPLETE");
    let executed = cloud.ok("DescribeStacks", &[("StackName", &id)]).await;
    assert_eq!(
        (tag(&executed, "StackStatus"), tag(&executed, "ChangeSetId")),
        ("UPDATE_COMPLETE".to_owned(), inner)
    );
}

#[tokio::test]
async fn a_nested_stack_without_changes_is_listed_only_where_nobody_looked_inside() {
    let cloud = created().await;
    let xml = made(&cloud, &parent("a", ""), "true").await;
    assert_eq!(tag(&xml, "Status"), "FAILED");
    assert!(tag(&xml, "StatusReason").contains("didn't contain changes"), "{xml}");
    cloud.ok("DeleteChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]).await;
    let id = child(&cloud).await;
    let left = cloud.ok("ListChangeSets", &[("StackName", &id)]).await;
    assert!(!left.contains("<member>"), "{left}");

    let xml = made(&cloud, &parent("a", ""), "false").await;
    assert_eq!(tag(&xml, "Status"), "CREATE_COMPLETE");
    let listed = change(&xml, "Child");
    assert_eq!(
        (tag(listed, "Action"), tag(listed, "ChangeSource")),
        ("Modify".to_owned(), "Automatic".to_owned())
    );
    assert_eq!(
        (tag(listed, "Replacement"), tag(listed, "RequiresRecreation"), tag(listed, "ChangeSetId")),
        ("False".to_owned(), "Never".to_owned(), String::new())
    );
}

#[tokio::test]
async fn what_is_wrong_inside_fails_the_change_set_of_the_root() {
    let cloud = created().await;
    cloud.store("/b/child.yaml", "Resources:\n  A: {Type: AWS::SNS::Topik}\n");
    let xml = made(&cloud, &parent("a", LAST), "true").await;
    assert_eq!(tag(&xml, "Status"), "FAILED");
    let reason = tag(&xml, "StatusReason");
    assert!(reason.contains("was not successfully created: Currently in FAILED"), "{reason}");
}
