//! Drift, and change sets that revert it.

use serde_json::json;

use super::stand_in::{Cloud, change, tag};

fn template(value: &str, other: &str) -> String {
    format!(
        "Resources:\n  Kept: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Name: kept, Value: {value}}}}}\n  \
         Other: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Name: other, Value: {other}}}}}\n  \
         Topic: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: a}}}}\n"
    )
}

async fn created() -> Cloud {
    let cloud = Cloud::start().await;
    let body = template("one", "one");
    cloud.ok("CreateStack", &[("StackName", "s"), ("TemplateBody", &body)]).await;
    assert_eq!(cloud.settled().await, "CREATE_COMPLETE");
    cloud
}

/// Somebody changes the stored parameter by hand.
fn change_by_hand(cloud: &Cloud, name: &str, value: &str) {
    let mut resources = cloud.resources.lock().expect("resources");
    let found = resources.values_mut().find(|(_, properties)| properties["Name"] == name);
    found.expect("a parameter").1["Value"] = json!(value);
}

fn remove_by_hand(cloud: &Cloud, name: &str) {
    let mut resources = cloud.resources.lock().expect("resources");
    resources.retain(|_, (_, properties)| properties["Name"] != name);
}

async fn revert(cloud: &Cloud, body: &str) -> String {
    let fields = [
        ("StackName", "s"),
        ("ChangeSetName", "c"),
        ("DeploymentMode", "REVERT_DRIFT"),
        ("TemplateBody", body),
    ];
    cloud.ok("CreateChangeSet", &fields).await;
    cloud.change_set("s", "c").await
}

async fn executed(cloud: &Cloud) -> String {
    cloud.ok("ExecuteChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]).await;
    cloud.settled().await
}

async fn detected(cloud: &Cloud) -> String {
    let id =
        tag(&cloud.ok("DetectStackDrift", &[("StackName", "s")]).await, "StackDriftDetectionId");
    loop {
        let fields = [("StackDriftDetectionId", id.as_str())];
        let xml = cloud.ok("DescribeStackDriftDetectionStatus", &fields).await;
        if tag(&xml, "DetectionStatus") == "DETECTION_COMPLETE" {
            return xml;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn detection_shows_what_somebody_changed() {
    let cloud = created().await;
    assert_eq!(tag(&detected(&cloud).await, "StackDriftStatus"), "IN_SYNC");
    change_by_hand(&cloud, "kept", "by hand");
    remove_by_hand(&cloud, "other");
    let found = detected(&cloud).await;
    assert_eq!(tag(&found, "StackDriftStatus"), "DRIFTED");
    assert_eq!(tag(&found, "DriftedStackResourceCount"), "2");
    let fields = [("StackName", "s"), ("StackResourceDriftStatusFilters.member.1", "MODIFIED")];
    let xml = cloud.ok("DescribeStackResourceDrifts", &fields).await;
    assert_eq!(xml.matches("<LogicalResourceId>").count(), 1);
    assert_eq!(tag(&xml, "PropertyPath"), "/Value");
    assert_eq!(
        (tag(&xml, "ExpectedValue"), tag(&xml, "ActualValue")),
        ("one".into(), "by hand".into())
    );
    assert_eq!(tag(&xml, "DifferenceType"), "NOT_EQUAL");
}

#[tokio::test]
async fn a_drift_aware_change_set_brings_back_what_was_deployed() {
    let cloud = created().await;
    change_by_hand(&cloud, "kept", "by hand");
    remove_by_hand(&cloud, "other");
    let xml = revert(&cloud, &template("one", "one")).await;
    assert_eq!(tag(&xml, "Status"), "CREATE_COMPLETE", "{xml}");
    assert_eq!(tag(&xml, "DeploymentMode"), "REVERT_DRIFT");
    assert_eq!(tag(&xml, "StackDriftStatus"), "DRIFTED");
    let kept = change(&xml, "Kept");
    assert_eq!(tag(kept, "Action"), "Modify");
    assert_eq!(tag(kept, "ResourceDriftStatus"), "MODIFIED");
    assert_eq!(tag(kept, "ChangeSource"), "NoModification");
    assert_eq!(
        (tag(kept, "BeforeValue"), tag(kept, "AfterValue")),
        ("by hand".into(), "one".into())
    );
    assert_eq!(tag(kept, "BeforeValueFrom"), "ACTUAL_STATE");
    assert_eq!(tag(kept, "AfterValueFrom"), "TEMPLATE");
    assert_eq!(
        (tag(kept, "PreviousValue"), tag(kept, "ActualValue")),
        ("one".into(), "by hand".into())
    );
    assert!(tag(kept, "PreviousDeploymentContext").contains("one"));
    let other = change(&xml, "Other");
    assert_eq!(
        (tag(other, "Action"), tag(other, "ResourceDriftStatus")),
        ("Add".into(), "DELETED".into())
    );
    assert_eq!(change(&xml, "Topic"), "", "a type that cannot be read has not drifted");

    assert_eq!(executed(&cloud).await, "UPDATE_COMPLETE");
    assert_eq!(tag(&detected(&cloud).await, "StackDriftStatus"), "IN_SYNC");
    cloud.ok("DeleteChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]).await;
    let again = revert(&cloud, &template("one", "one")).await;
    assert!(tag(&again, "StatusReason").contains("didn't contain changes"), "{again}");
}

#[tokio::test]
async fn a_template_that_follows_the_drift_changes_the_record_only() {
    let cloud = created().await;
    change_by_hand(&cloud, "kept", "two");
    let xml = revert(&cloud, &template("two", "one")).await;
    let kept = change(&xml, "Kept");
    assert_eq!(tag(kept, "Action"), "SyncWithActual", "{xml}");
    assert_eq!(tag(kept, "AttributeChangeType"), "SyncWithActual");
    assert_eq!(executed(&cloud).await, "UPDATE_COMPLETE");
    assert!(!cloud.events("s").await.iter().any(|event| event.starts_with("Kept UPDATE")));
    assert_eq!(tag(&detected(&cloud).await, "StackDriftStatus"), "IN_SYNC");
}

#[tokio::test]
async fn an_ordinary_change_set_does_not_see_drift() {
    let cloud = created().await;
    change_by_hand(&cloud, "kept", "by hand");
    let body = template("one", "two");
    let fields = [("StackName", "s"), ("ChangeSetName", "c"), ("TemplateBody", body.as_str())];
    cloud.ok("CreateChangeSet", &fields).await;
    let xml = cloud.change_set("s", "c").await;
    assert_eq!(change(&xml, "Kept"), "");
    for absent in ["ResourceDriftStatus", "BeforeValueFrom", "StackDriftStatus", "DeploymentMode"] {
        assert_eq!(tag(&xml, absent), "", "{absent}");
    }
    let mode = [
        ("StackName", "x"),
        ("ChangeSetName", "c"),
        ("ChangeSetType", "CREATE"),
        ("DeploymentMode", "REVERT_DRIFT"),
    ];
    let refused = cloud.refused("CreateChangeSet", &mode).await;
    assert!(refused.starts_with("ValidationError: DeploymentMode REVERT_DRIFT"), "{refused}");
}
