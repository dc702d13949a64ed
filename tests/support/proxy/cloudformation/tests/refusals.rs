//! What CloudFormation refuses, in its words.

use super::stand_in::{Cloud, change, tag};

const TOPIC: &str = "Resources:\n  Topic: {Type: AWS::SNS::Topic}\n";
const BOTH: &str = "Resources:\n  Topic: {Type: AWS::SNS::Topic}\n  New: {Type: AWS::SNS::Topic, DeletionPolicy: Retain}\n";

async fn created(body: &str) -> Cloud {
    let cloud = Cloud::start().await;
    cloud.ok("CreateStack", &[("StackName", "s"), ("TemplateBody", body)]).await;
    assert_eq!(cloud.settled().await, "CREATE_COMPLETE");
    cloud
}

fn set<'a>(name: &'a str, body: &'a str) -> [(&'a str, &'a str); 3] {
    [("StackName", "s"), ("ChangeSetName", name), ("TemplateBody", body)]
}

#[tokio::test]
async fn what_is_not_there() {
    let cloud = Cloud::start().await;
    let check = async |action: &str, expect: &str| {
        let fields = [("StackName", "s"), ("TemplateBody", TOPIC), ("ChangeSetName", "c")];
        let given = [&fields[..], &[("EnableTerminationProtection", "true")]].concat();
        assert_eq!(
            cloud.refused(action, &given).await,
            format!("ValidationError: {expect}"),
            "{action}"
        );
    };
    for action in ["DescribeStacks", "ListStackResources", "GetStackPolicy", "DetectStackDrift"] {
        check(action, "Stack with id s does not exist").await;
    }
    for action in [
        "UpdateStack",
        "CreateChangeSet",
        "ExecuteChangeSet",
        "ListChangeSets",
        "DescribeStackEvents",
        "CancelUpdateStack",
        "ContinueUpdateRollback",
        "RollbackStack",
        "UpdateTerminationProtection",
    ] {
        check(action, "Stack [s] does not exist").await;
    }
    // Deleting what is not there is done already.
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
}

#[tokio::test]
async fn a_stack_at_rest_has_nothing_to_cancel_or_to_roll_back() {
    let cloud = created(TOPIC).await;
    let id = cloud.id_of("s").await;
    let one = [("StackName", "s")];
    assert_eq!(
        cloud.refused("CancelUpdateStack", &one).await,
        "ValidationError: CancelUpdateStack cannot be called from current stack status"
    );
    for (action, what) in [
        ("RollbackStack", "can not be rolled back."),
        ("ContinueUpdateRollback", "can not continue update rollback."),
    ] {
        let expect = format!("ValidationError: Stack:{id} is in CREATE_COMPLETE state and {what}");
        assert_eq!(cloud.refused(action, &one).await, expect);
    }
    let retain = [one[0], ("RetainResources.member.1", "Topic")];
    assert!(cloud.refused("DeleteStack", &retain).await.contains("DELETE_FAILED state"));
}

#[tokio::test]
async fn names_and_tokens_are_used_once() {
    let cloud = Cloud::start().await;
    let first = [("StackName", "s"), ("TemplateBody", TOPIC), ("ClientRequestToken", "t")];
    cloud.ok("CreateStack", &first).await;
    cloud.settled().await;
    let reused = [("StackName", "s"), ("TemplateBody", BOTH), ("ClientRequestToken", "t")];
    let refused = cloud.refused("UpdateStack", &reused).await;
    assert!(refused.starts_with("TokenAlreadyExistsException: "), "{refused}");
    cloud.ok("CreateChangeSet", &set("c", BOTH)).await;
    let again = cloud.refused("CreateChangeSet", &set("c", BOTH)).await;
    assert_eq!(
        again,
        "AlreadyExistsException: ChangeSet c cannot be created due to a mismatch with existing attribute Template"
    );
    for bad in ["1s", "s_1", "s.1", &"s".repeat(129)] {
        let refused =
            cloud.refused("CreateStack", &[("StackName", bad), ("TemplateBody", TOPIC)]).await;
        assert!(
            refused.starts_with("ValidationError: 1 validation error detected: Value"),
            "{refused}"
        );
    }
}

#[tokio::test]
async fn a_change_set_grows_old() {
    let cloud = created(TOPIC).await;
    cloud.ok("CreateChangeSet", &set("old", BOTH)).await;
    let old = tag(&cloud.change_set("s", "old").await, "ChangeSetId");
    cloud.ok("UpdateStack", &[("StackName", "s"), ("TemplateBody", BOTH)]).await;
    assert_eq!(cloud.settled().await, "UPDATE_COMPLETE");
    let execute = [("StackName", "s"), ("ChangeSetName", "old")];
    assert_eq!(
        cloud.refused("ExecuteChangeSet", &execute).await,
        format!(
            "InvalidChangeSetStatus: ChangeSet [{old}] cannot be executed in its current execution status of [OBSOLETE]"
        )
    );
    // Executing one removes the others.
    let body = TOPIC.replace("}\n", ", Properties: {DisplayName: b}}\n");
    cloud.ok("CreateChangeSet", &set("new", &body)).await;
    cloud.change_set("s", "new").await;
    cloud.ok("ExecuteChangeSet", &[("StackName", "s"), ("ChangeSetName", "new")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_COMPLETE");
    let gone = cloud.refused("DescribeChangeSet", &execute).await;
    assert_eq!(gone, "ChangeSetNotFound: ChangeSet [old] does not exist");
    let twice = [("StackName", "s"), ("ChangeSetName", "new")];
    let twice = cloud.refused("ExecuteChangeSet", &twice).await;
    assert!(twice.ends_with("in its current execution status of [EXECUTE_COMPLETE]"), "{twice}");
}

#[tokio::test]
async fn change_sets_are_not_kept_without_end() {
    let cloud = created(TOPIC).await;
    for number in 0..1_000 {
        cloud.ok("CreateChangeSet", &set(&format!("c{number}"), TOPIC)).await;
    }
    assert_eq!(
        cloud.refused("CreateChangeSet", &set("more", TOPIC)).await,
        "LimitExceededException: ChangeSet limit exceeded for stack s"
    );
}

#[tokio::test]
async fn exports_in_use_stay_as_they_are() {
    let cloud = Cloud::start().await;
    let exports = |shown: &str, output: &str| {
        format!(
            "Resources:\n  Topic: {{Type: AWS::SNS::Topic, Properties: {{DisplayName: {shown}}}}}\n{output}"
        )
    };
    let output = |value: &str| format!("Outputs:\n  O: {{Value: {value}, Export: {{Name: e}}}}\n");
    let create = |name: &'static str, body: String| {
        let cloud = &cloud;
        async move {
            cloud.ok("CreateStack", &[("StackName", name), ("TemplateBody", &body)]).await;
            assert_eq!(cloud.settled_as(name).await, "CREATE_COMPLETE");
        }
    };
    create("s", exports("a", &output("one"))).await;
    create("user", exports("!ImportValue e", "")).await;
    for (body, reason) in [
        (exports("b", &output("two")), "Cannot update export e as it is in use by user."),
        (exports("b", ""), "Delete canceled. Cannot delete export e as it is in use by user."),
    ] {
        cloud.ok("UpdateStack", &[("StackName", "s"), ("TemplateBody", &body)]).await;
        assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
        let expect = format!("s UPDATE_ROLLBACK_IN_PROGRESS {reason}");
        assert!(cloud.events("s").await.contains(&expect), "{reason}");
    }
    cloud.ok("DeleteStack", &[("StackName", "s")]).await;
    assert_eq!(cloud.settled().await, "DELETE_FAILED");
    let xml = cloud.ok("DescribeStacks", &[("StackName", "s")]).await;
    assert_eq!(
        tag(&xml, "StackStatusReason"),
        "Delete canceled. Cannot delete export e as it is in use by user."
    );
    assert_eq!(cloud.types().len(), 2, "nothing was deleted");
}

#[tokio::test]
async fn a_policy_can_stand_aside_for_one_update() {
    let cloud = created(TOPIC).await;
    let deny = r#"{"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]}"#;
    let allow = deny.replace("Deny", "Allow");
    cloud.ok("SetStackPolicy", &[("StackName", "s"), ("StackPolicyBody", deny)]).await;
    let shown = cloud.ok("GetStackPolicy", &[("StackName", "s")]).await;
    assert!(shown.contains("Deny"));
    let body =
        |shown: &str| TOPIC.replace("}\n", &format!(", Properties: {{DisplayName: {shown}}}}}\n"));
    let (one, two) = (body("one"), body("two"));
    let denied = [("StackName", "s"), ("TemplateBody", one.as_str())];
    cloud.ok("UpdateStack", &denied).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    let during = [denied[0], denied[1], ("StackPolicyDuringUpdateBody", allow.as_str())];
    cloud.ok("UpdateStack", &during).await;
    assert_eq!(cloud.settled().await, "UPDATE_COMPLETE");
    // The next one is denied again, also by a change set.
    cloud.ok("CreateChangeSet", &set("c", &two)).await;
    cloud.change_set("s", "c").await;
    cloud.ok("ExecuteChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]).await;
    assert_eq!(cloud.settled().await, "UPDATE_ROLLBACK_COMPLETE");
    let bad = [("StackName", "s"), ("StackPolicyBody", "no policy")];
    let refused = cloud.refused("SetStackPolicy", &bad).await;
    assert_eq!(refused, "ValidationError: Error validating stack policy: Invalid stack policy");
}

#[tokio::test]
async fn an_import_takes_what_is_there_and_nothing_else() {
    let cloud = created(TOPIC).await;
    cloud.put("AWS::SNS::Topic", "topic-9");
    let import = |name: &'static str, body: String, id: &'static str| {
        vec![
            ("StackName", "s".to_owned()),
            ("ChangeSetName", name.to_owned()),
            ("ChangeSetType", "IMPORT".to_owned()),
            ("TemplateBody", body),
            ("ResourcesToImport.member.1.LogicalResourceId", "New".to_owned()),
            ("ResourcesToImport.member.1.ResourceType", "AWS::SNS::Topic".to_owned()),
            ("ResourcesToImport.member.1.ResourceIdentifier.entry.1.key", "TopicArn".to_owned()),
            ("ResourcesToImport.member.1.ResourceIdentifier.entry.1.value", id.to_owned()),
        ]
    };
    let refused = async |body: String| {
        let fields = import("c", body, "topic-9");
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
        cloud.refused("CreateChangeSet", &fields).await
    };
    let outputs = format!("{BOTH}Outputs:\n  O: {{Value: x}}\n");
    for (body, expect) in [
        (
            TOPIC.to_owned(),
            "The logical resource ids [New] provided in ResourceToImport do not exist in the template.",
        ),
        (
            BOTH.replace(", DeletionPolicy: Retain", ""),
            "The following resources to import [New] must have DeletionPolicy attribute specified in the template.",
        ),
        (
            BOTH.replacen("Topic}", "Topic, Properties: {DisplayName: b}}", 1),
            "You have modified resources [Topic] in your template that are not being imported. Update, create or delete operations cannot be executed during import operations.",
        ),
        (
            format!("{BOTH}  More: {{Type: AWS::SQS::Queue}}\n"),
            "Resources [More] is missing from ResourceToImport list",
        ),
        (outputs, "As part of the import operation, you cannot modify or add [Outputs]"),
        (
            BOTH.replace("New: {Type: AWS::SNS::Topic", "New: {Type: AWS::SQS::Queue"),
            "Resource type of [New] passed in ResourceToImport does not match with resource type defined in the template. Resource type in ResourceToImport: AWS::SNS::Topic; Resource type in Template: AWS::SQS::Queue.",
        ),
    ] {
        assert_eq!(refused(body).await, format!("ValidationError: {expect}"));
    }
    for (name, id, expect) in [
        (
            "d",
            "topic-10",
            "Resource of type 'AWS::SNS::Topic' with identifier 'topic-10' was not found."
                .to_owned(),
        ),
        ("e", "id-1", format!("id-1 already exists in stack {}", cloud.id_of("s").await)),
    ] {
        let fields = import(name, BOTH.to_owned(), id);
        let fields: Vec<(&str, &str)> =
            fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
        cloud.ok("CreateChangeSet", &fields).await;
        let xml = cloud.change_set("s", name).await;
        assert_eq!((tag(&xml, "Status"), tag(&xml, "StatusReason")), ("FAILED".to_owned(), expect));
    }
    let fields = import("f", BOTH.to_owned(), "topic-9");
    let fields: Vec<(&str, &str)> =
        fields.iter().map(|(key, value)| (*key, value.as_str())).collect();
    cloud.ok("CreateChangeSet", &fields).await;
    let xml = cloud.change_set("s", "f").await;
    assert_eq!(
        (tag(change(&xml, "New"), "Action"), tag(&xml, "ExecutionStatus")),
        ("Import".to_owned(), "AVAILABLE".to_owned())
    );
    cloud.ok("ExecuteChangeSet", &[("StackName", "s"), ("ChangeSetName", "f")]).await;
    assert_eq!(cloud.settled().await, "IMPORT_COMPLETE");
    let events = cloud.events("s").await;
    assert!(
        events.contains(&"New IMPORT_COMPLETE Resource import completed.".to_owned()),
        "{events:?}"
    );
}
