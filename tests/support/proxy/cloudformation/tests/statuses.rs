//! All 23 statuses of a stack, each reached by calls.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::stand_in::{Cloud, tag};
use crate::proxy::cloudformation::{FaultAction, FaultPhase, ResourceFault};

const REASON: &str = "the service has a bad day";

fn template(shown: &str) -> String {
    format!(
        "Resources:\n  Topic: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {shown}}}}}\n  \
         Last: {{Type: AWS::SQS::Queue, DependsOn: Topic}}\n"
    )
}

/// A stack that waits in the status which slow topics keep it in.
async fn slow(cloud: &Cloud) {
    let forever = BTreeMap::from([("AWS::SNS::Topic".to_owned(), Duration::from_secs(600))]);
    cloud.formation.set_durations(forever, 1.0);
}

async fn create(cloud: &Cloud, fields: &[(&str, &str)]) {
    let body = template("a");
    let mut all = vec![("StackName", "s"), ("TemplateBody", body.as_str())];
    all.extend(fields);
    cloud.ok("CreateStack", &all).await;
}

async fn created() -> Cloud {
    let cloud = Cloud::start().await;
    create(&cloud, &[]).await;
    assert_eq!(cloud.settled().await, "CREATE_COMPLETE");
    cloud
}

async fn update(cloud: &Cloud, fields: &[(&str, &str)]) {
    let body = template("b").replace("DependsOn: Topic", "DependsOn: Topic, Metadata: {a: b}");
    let body = body + "  New: {Type: AWS::SQS::Queue, DependsOn: Topic}\n";
    let mut all = vec![("StackName", "s"), ("TemplateBody", body.as_str())];
    all.extend(fields);
    cloud.ok("UpdateStack", &all).await;
}

fn fails(cloud: &Cloud, name: &str, action: FaultAction, phase: FaultPhase) {
    cloud.formation.add_fault(ResourceFault::new(name, action, REASON).on(phase));
}

/// The statuses that the events of the stack itself show, oldest first.
async fn story(cloud: &Cloud) -> Vec<String> {
    let id = cloud.id_of("s").await;
    let events = cloud.events(&id).await.into_iter();
    events
        .filter_map(|event| Some(event.strip_prefix("s ")?.split(' ').next()?.to_owned()))
        .collect()
}

async fn creation_and_its_undoing() -> Vec<String> {
    let mut seen = story(&created().await).await;

    let cloud = Cloud::start().await;
    fails(&cloud, "Last", FaultAction::Create, FaultPhase::Any);
    create(&cloud, &[]).await;
    assert_eq!(cloud.settled().await, "ROLLBACK_COMPLETE");
    seen.extend(story(&cloud).await);

    let cloud = Cloud::start().await;
    fails(&cloud, "Last", FaultAction::Create, FaultPhase::Any);
    fails(&cloud, "Topic", FaultAction::Delete, FaultPhase::Rollback);
    create(&cloud, &[]).await;
    assert_eq!(cloud.settled().await, "ROLLBACK_FAILED");
    seen.extend(story(&cloud).await);
    // It cannot be continued, only deleted.
    cloud.refused("ContinueUpdateRollback", &[("StackName", "s")]).await;

    let cloud = Cloud::start().await;
    fails(&cloud, "Last", FaultAction::Create, FaultPhase::Any);
    create(&cloud, &[("DisableRollback", "true")]).await;
    assert_eq!(cloud.settled().await, "CREATE_FAILED");
    seen.extend(story(&cloud).await);
    seen
}

async fn updates_and_ways_back() -> Vec<String> {
    let cloud = created().await;
    update(&cloud, &[]).await;
    assert_eq!(cloud.settled().await, "UPDATE_COMPLETE");
    let mut seen = story(&cloud).await;

    let cloud = created().await;
    fails(&cloud, "New", FaultAction::Create, FaultPhase::Any);
    update(&cloud, &[]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    seen.extend(story(&cloud).await);

    let cloud = created().await;
    fails(&cloud, "New", FaultAction::Create, FaultPhase::Any);
    fails(&cloud, "Topic", FaultAction::Update, FaultPhase::Rollback);
    update(&cloud, &[]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_FAILED");
    seen.extend(story(&cloud).await);

    let cloud = created().await;
    fails(&cloud, "New", FaultAction::Create, FaultPhase::Any);
    update(&cloud, &[("DisableRollback", "true")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_FAILED");
    seen.extend(story(&cloud).await);
    seen
}

async fn deletion() -> Vec<String> {
    let cloud = created().await;
    fails(&cloud, "Topic", FaultAction::Delete, FaultPhase::Any);
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "DELETE_FAILED");
    cloud.formation.clear_faults();
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    cloud.gone("s").await;
    story(&cloud).await
}

async fn import_and_its_undoing() -> Vec<String> {
    let mut seen = Vec::new();
    for (phases, expect) in [
        (&[][..], "IMPORT_COMPLETE"),
        (&[FaultPhase::Forward][..], "IMPORT_ROLLBACK_COMPLETE"),
        (&[FaultPhase::Any][..], "IMPORT_ROLLBACK_FAILED"),
    ] {
        let cloud = Cloud::start().await;
        cloud.put("AWS::SNS::Topic", "topic-1");
        for phase in phases {
            fails(&cloud, "Topic", FaultAction::Import, *phase);
        }
        cloud.import("topic-1").await;
        let execute = [("StackName", "s"), ("ChangeSetName", "c")];
        cloud.ok("ExecuteChangeSet", &execute).await;
        assert_eq!(cloud.settled().await, expect);
        seen.extend(story(&cloud).await);
    }
    seen
}

#[tokio::test]
async fn every_status_of_a_stack_is_reached() {
    let mut seen = BTreeSet::new();
    seen.extend(creation_and_its_undoing().await);
    seen.extend(updates_and_ways_back().await);
    seen.extend(deletion().await);
    seen.extend(import_and_its_undoing().await);
    let expect = [
        "CREATE_COMPLETE",
        "CREATE_FAILED",
        "CREATE_IN_PROGRESS",
        "DELETE_COMPLETE",
        "DELETE_FAILED",
        "DELETE_IN_PROGRESS",
        "IMPORT_COMPLETE",
        "IMPORT_IN_PROGRESS",
        "IMPORT_ROLLBACK_COMPLETE",
        "IMPORT_ROLLBACK_FAILED",
        "IMPORT_ROLLBACK_IN_PROGRESS",
        "REVIEW_IN_PROGRESS",
        "ROLLBACK_COMPLETE",
        "ROLLBACK_FAILED",
        "ROLLBACK_IN_PROGRESS",
        "UPDATE_COMPLETE",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expect);
}

#[tokio::test]
async fn a_forced_failure_has_the_words_of_a_resource_handler() {
    let cloud = Cloud::start().await;
    fails(&cloud, "Last", FaultAction::Create, FaultPhase::Any);
    create(&cloud, &[]).await;
    cloud.settled().await;
    let events = cloud.events("s").await;
    let expect = format!("Last CREATE_FAILED Resource handler returned message: \"{REASON}\"");
    assert!(events.contains(&expect), "{events:?}");
    let stuck = "s ROLLBACK_IN_PROGRESS The following resource(s) failed to create: [Last]. \
                 Rollback requested by user.";
    assert!(events.contains(&stuck.to_owned()), "{events:?}");
}

#[tokio::test]
async fn a_rollback_that_failed_once_can_be_continued() {
    let cloud = created().await;
    fails(&cloud, "New", FaultAction::Create, FaultPhase::Any);
    let once = ResourceFault::new("Topic", FaultAction::Update, REASON).times(1);
    cloud.formation.add_fault(once.on(FaultPhase::Rollback));
    update(&cloud, &[]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_FAILED");
    let reason = tag(&cloud.ok("DescribeStacks", &[("StackName", "s")]).await, "StackStatusReason");
    assert_eq!(reason, "The following resource(s) failed to update: [Topic]. ");
    cloud.ok("ContinueUpdateRollback", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    let resources = cloud.resources.lock().expect("resources");
    assert!(resources.values().any(|(_, properties)| properties["DisplayName"] == "a"));
}

#[tokio::test]
async fn a_failure_after_a_failure_kept_in_place_can_go_forward() {
    let cloud = created().await;
    cloud.formation.add_fault(ResourceFault::new("New", FaultAction::Create, REASON).times(1));
    update(&cloud, &[("DisableRollback", "true")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_FAILED");
    let body = template("c");
    let fields = [("StackName", "s"), ("TemplateBody", body.as_str())];
    assert_eq!(
        cloud.refused("UpdateStack", &fields).await,
        "ValidationError: This stack is currently in a non-terminal [UPDATE_FAILED] state. To update the stack from this state, please use the disable-rollback parameter with update-stack API. To rollback to the last known good state, use the rollback-stack API"
    );
    update(&cloud, &[("DisableRollback", "true")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_COMPLETE");
}

#[tokio::test]
async fn a_replacement_needs_the_way_back() {
    let cloud = created().await;
    let body = template("a").replace("DisplayName: a", "DisplayName: a, FifoTopic: true");
    let fields = [("StackName", "s"), ("TemplateBody", &body), ("DisableRollback", "true")];
    cloud.ok("UpdateStack", &fields).await;
    assert_eq!(cloud.settled().await, "UPDATE_FAILED");
    let events = cloud.events("s").await;
    let expect = "Topic UPDATE_FAILED Replacement type updates not supported on stack with disable-rollback.";
    assert!(events.contains(&expect.to_owned()), "{events:?}");
}

#[tokio::test]
async fn what_is_running_is_left_alone() {
    let cloud = created().await;
    slow(&cloud).await;
    update(&cloud, &[]).await;
    let id = cloud.id_of("s").await;
    let body = template("c");
    let fields = [("StackName", "s"), ("TemplateBody", body.as_str()), ("ChangeSetName", "c")];
    let busy = format!(
        "ValidationError: Stack:{id} is in UPDATE_IN_PROGRESS state and can not be updated."
    );
    assert_eq!(cloud.refused("UpdateStack", &fields[..2]).await, busy);
    assert_eq!(cloud.refused("CreateChangeSet", &fields).await, busy);
    let one = &fields[..1];
    assert_eq!(
        cloud.refused("DeleteStack", one).await,
        format!(
            "ValidationError: Stack [{id}] cannot be deleted while in status UPDATE_IN_PROGRESS"
        )
    );
    for action in ["RollbackStack", "ContinueUpdateRollback", "DetectStackDrift"] {
        let refused = cloud.refused(action, one).await;
        assert!(refused.contains("UPDATE_IN_PROGRESS"), "{action}: {refused}");
    }
}
