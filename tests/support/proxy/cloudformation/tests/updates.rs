//! Updates of stacks, and the ways back.

use std::collections::BTreeMap;
use std::time::Duration;

use super::stand_in::{Cloud, tag};

/// A topic whose name is fixed by `FifoTopic`, which is create-only, and a queue that is told of it.
fn template(shown: &str, fifo: bool, extra: &str) -> String {
    format!(
        "Resources:\n  Topic: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {shown}, FifoTopic: {fifo}}}}}\n  \
         Param: {{Type: AWS::SSM::Parameter, Properties: {{Type: String, Value: !Ref Topic}}}}\n{extra}"
    )
}

async fn started() -> Cloud {
    let cloud = Cloud::start().await;
    let body = template("a", false, "");
    cloud.ok("CreateStack", &[("StackName", "s"), ("TemplateBody", &body)]).await;
    assert_eq!(cloud.settled().await, "CREATE_COMPLETE");
    cloud
}

async fn update(cloud: &Cloud, body: &str) -> (String, Vec<String>) {
    let before = cloud.events("s").await.len();
    cloud.ok("UpdateStack", &[("StackName", "s"), ("TemplateBody", body)]).await;
    let status = cloud.settled().await;
    (status, cloud.events("s").await.split_off(before))
}

#[tokio::test]
async fn nothing_to_do_is_refused() {
    let cloud = started().await;
    let body = template("a", false, "");
    let fields = [("StackName", "s"), ("TemplateBody", body.as_str())];
    let same = cloud.refused("UpdateStack", &fields).await;
    assert_eq!(same, "ValidationError: No updates are to be performed.");
    let missing = cloud.refused("UpdateStack", &[("StackName", "x"), fields[1]]).await;
    assert_eq!(missing, "ValidationError: Stack [x] does not exist");
}

#[tokio::test]
async fn a_change_in_place_touches_only_what_changed() {
    let cloud = started().await;
    let (status, events) = update(&cloud, &template("b", false, "")).await;
    assert_eq!(status, "UPDATE_COMPLETE");
    assert_eq!(
        events,
        [
            "s UPDATE_IN_PROGRESS User Initiated",
            "Topic UPDATE_IN_PROGRESS",
            "Topic UPDATE_COMPLETE",
            "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "s UPDATE_COMPLETE",
        ]
    );
}

#[tokio::test]
async fn a_replacement_is_made_first_and_the_old_one_goes_in_the_clean_up() {
    let cloud = started().await;
    let (status, events) = update(&cloud, &template("a", true, "")).await;
    assert_eq!(status, "UPDATE_COMPLETE");
    assert_eq!(
        events,
        [
            "s UPDATE_IN_PROGRESS User Initiated",
            "Topic UPDATE_IN_PROGRESS Requested update requires the creation of a new physical resource; hence creating one.",
            "Topic UPDATE_IN_PROGRESS Resource creation Initiated",
            "Topic UPDATE_COMPLETE",
            "Param UPDATE_IN_PROGRESS",
            "Param UPDATE_COMPLETE",
            "s UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
            "Topic DELETE_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "s UPDATE_COMPLETE",
        ]
    );
    assert_eq!(cloud.types(), ["SSM::Parameter", "SNS::Topic"]);
}

#[tokio::test]
async fn additions_and_removals() {
    let cloud = started().await;
    let (status, _) =
        update(&cloud, &template("a", false, "  Queue: {Type: AWS::SQS::Queue}\n")).await;
    assert_eq!((status.as_str(), cloud.types().len()), ("UPDATE_COMPLETE", 3));
    let (status, events) = update(&cloud, &template("a", false, "")).await;
    assert_eq!((status.as_str(), cloud.types().len()), ("UPDATE_COMPLETE", 2));
    assert_eq!(events[2..4], ["Queue DELETE_IN_PROGRESS", "Queue DELETE_COMPLETE"]);
}

#[tokio::test]
async fn a_failed_update_goes_back() {
    let cloud = started().await;
    let (status, events) = update(
        &cloud,
        &template("never stable", true, "  Queue: {Type: AWS::SQS::Queue, DependsOn: Param}\n"),
    )
    .await;
    assert_eq!(status, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        events[3..],
        [
            "Topic UPDATE_FAILED Resource handler returned message: \"it does not settle\"",
            "s UPDATE_ROLLBACK_IN_PROGRESS The following resource(s) failed to update: [Topic].",
            "Topic UPDATE_IN_PROGRESS",
            "Topic UPDATE_COMPLETE",
            "s UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
            "Topic DELETE_IN_PROGRESS",
            "Topic DELETE_COMPLETE",
            "s UPDATE_ROLLBACK_COMPLETE",
        ]
    );
    let original = cloud.ok("GetTemplate", &[("StackName", "s")]).await;
    assert!(tag(&original, "TemplateBody").contains("DisplayName: a"));
    let (status, _) = update(&cloud, &template("b", false, "")).await;
    assert_eq!(status, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_stuck_way_back_can_be_continued() {
    let cloud = started().await;
    let fails =
        "  Other: {Type: AWS::SNS::Topic, DependsOn: Param, Properties: {DisplayName: refused}}\n";
    cloud.resources.lock().expect("resources").retain(|_, (kind, _)| kind != "AWS::SNS::Topic");
    let (status, events) = update(&cloud, &template("b", false, fails)).await;
    assert_eq!(status, "UPDATE_ROLLBACK_FAILED", "{events:?}");
    let refused = cloud
        .refused("UpdateStack", &[("StackName", "s"), ("TemplateBody", &template("c", false, ""))])
        .await;
    assert!(refused.ends_with("is in UPDATE_ROLLBACK_FAILED state and can not be updated."));
    let wrong = [("StackName", "s"), ("ResourcesToSkip.member.1", "Param")];
    let wrong = cloud.refused("ContinueUpdateRollback", &wrong).await;
    assert!(wrong.contains("UPDATE_FAILED state: [Param]"), "{wrong}");
    let skip = [("StackName", "s"), ("ResourcesToSkip.member.1", "Topic")];
    cloud.ok("ContinueUpdateRollback", &skip).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
}

#[tokio::test]
async fn a_policy_keeps_resources_from_replacement() {
    let cloud = started().await;
    let policy = r#"{"Statement": [{"Effect": "Allow", "Action": "Update:Modify", "Principal": "*", "Resource": "*"}]}"#;
    cloud.ok("SetStackPolicy", &[("StackName", "s"), ("StackPolicyBody", policy)]).await;
    let (status, events) = update(&cloud, &template("a", true, "")).await;
    assert_eq!(status, "UPDATE_ROLLBACK_COMPLETE");
    assert_eq!(
        events[1],
        "Topic UPDATE_FAILED Action denied by stack policy: Statement [#1] does not allow [Update:Replace] for resource [LogicalResourceId/Topic]"
    );
}

#[tokio::test]
async fn an_update_can_be_cancelled() {
    let cloud = started().await;
    let slow = BTreeMap::from([("AWS::SNS::Topic".to_owned(), Duration::from_secs(600))]);
    cloud.formation.set_durations(slow, 1.0);
    let body = template("b", false, "");
    cloud.ok("UpdateStack", &[("StackName", "s"), ("TemplateBody", &body)]).await;
    while !cloud.events("s").await.iter().any(|event| event == "Topic UPDATE_IN_PROGRESS") {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    cloud.formation.set_durations(BTreeMap::new(), 1.0);
    cloud.ok("CancelUpdateStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    let events = cloud.events("s").await;
    assert!(
        events.contains(&"Topic UPDATE_FAILED Resource update cancelled".to_owned()),
        "{events:?}"
    );
}

#[tokio::test]
async fn what_a_failed_update_added_goes_unless_it_is_retained() {
    let cloud = started().await;
    let extra = "  Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}\n  \
        Gone: {Type: AWS::SQS::Queue, DeletionPolicy: RetainExceptOnCreate}\n  \
        Bad: {Type: AWS::SNS::Topic, DependsOn: [Kept, Gone], Properties: {DisplayName: refused}}\n";
    let (status, events) = update(&cloud, &template("a", false, extra)).await;
    assert_eq!(status, "UPDATE_ROLLBACK_COMPLETE");
    assert!(events.contains(&"Kept DELETE_SKIPPED".to_owned()), "{events:?}");
    assert!(events.contains(&"Gone DELETE_COMPLETE".to_owned()), "{events:?}");
    let types = cloud.types();
    assert_eq!(types.iter().filter(|kind| *kind == "SQS::Queue").count(), 1);
}
