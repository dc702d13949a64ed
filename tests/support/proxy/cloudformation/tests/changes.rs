//! Change sets.

use super::stand_in::{Cloud, change, tag};

fn template(cidr: &str, name: &str) -> String {
    format!(
        "Parameters:\n  Cidr: {{Type: String, Default: {cidr}}}\nResources:\n  \
         Vpc: {{Type: AWS::EC2::VPC, UpdateReplacePolicy: Retain, Properties: {{CidrBlock: !Ref Cidr}}}}\n  \
         Subnet: {{Type: AWS::EC2::Subnet, Properties: {{VpcId: !Ref Vpc, CidrBlock: 10.0.0.0/24}}}}\n  \
         {name}: {{Type: AWS::SQS::Queue, DeletionPolicy: Retain}}\n"
    )
}

async fn changes(cloud: &Cloud, kind: &str, body: &str) -> String {
    let fields = [
        ("StackName", "s"),
        ("ChangeSetName", "c"),
        ("ChangeSetType", kind),
        ("TemplateBody", body),
    ];
    cloud.ok("CreateChangeSet", &fields).await;
    cloud.change_set("s", "c").await
}

async fn created() -> Cloud {
    let cloud = Cloud::start().await;
    let xml = changes(&cloud, "CREATE", &template("10.0.0.0/16", "Old")).await;
    assert_eq!(
        (tag(&xml, "Status"), tag(&xml, "ExecutionStatus")),
        ("CREATE_COMPLETE".to_owned(), "AVAILABLE".to_owned())
    );
    assert_eq!(xml.matches("<Action>Add</Action>").count(), 3);
    let stack = cloud.ok("DescribeStacks", &[("StackName", "s")]).await;
    assert_eq!(tag(&stack, "StackStatus"), "REVIEW_IN_PROGRESS");
    // Nothing is deployed yet: the template is empty, and asking for it is no error.
    let template = cloud.ok("GetTemplate", &[("StackName", "s")]).await;
    assert_eq!(tag(&template, "TemplateBody"), "");
    let arn = tag(&xml, "ChangeSetId");
    assert_eq!(cloud.formation.stack_of_change_set(&arn).as_deref(), Some("s"));
    let execute = [("StackName", "s"), ("ChangeSetName", "c"), ("ClientRequestToken", "t")];
    cloud.ok("ExecuteChangeSet", &execute).await;
    // The same request again does nothing.
    cloud.ok("ExecuteChangeSet", &execute).await;
    assert_eq!(cloud.settled().await, "CREATE_COMPLETE");
    cloud.ok("DeleteChangeSet", &execute[..2]).await;
    cloud
}

#[tokio::test]
async fn a_change_set_says_what_is_replaced_and_why() {
    let cloud = created().await;
    let xml = changes(&cloud, "UPDATE", &template("10.1.0.0/16", "New")).await;
    let vpc = change(&xml, "Vpc");
    assert_eq!(tag(vpc, "Action"), "Modify");
    assert_eq!(tag(vpc, "Replacement"), "True");
    assert_eq!(tag(vpc, "PolicyAction"), "ReplaceAndRetain");
    assert_eq!(tag(vpc, "ChangeSource"), "ParameterReference");
    assert_eq!(tag(vpc, "CausingEntity"), "Cidr");
    assert_eq!(tag(vpc, "BeforeValue"), "10.0.0.0/16");
    assert_eq!(tag(vpc, "AfterValue"), "10.1.0.0/16");
    let subnet = change(&xml, "Subnet");
    assert_eq!(tag(subnet, "Replacement"), "Conditional");
    assert_eq!(tag(subnet, "Evaluation"), "Dynamic");
    assert_eq!(tag(subnet, "ChangeSource"), "ResourceReference");
    assert_eq!(tag(subnet, "AfterValue"), "{{changeSet:KNOWN_AFTER_APPLY}}");
    let old = change(&xml, "Old");
    assert_eq!(
        (tag(old, "Action"), tag(old, "PolicyAction")),
        ("Remove".to_owned(), "Retain".to_owned())
    );
    assert_eq!(tag(change(&xml, "New"), "Action"), "Add");
}

#[tokio::test]
async fn a_change_set_without_changes_fails() {
    let cloud = created().await;
    let body = template("10.0.0.0/16", "Old");
    let xml = changes(&cloud, "UPDATE", &body).await;
    assert_eq!(tag(&xml, "Status"), "FAILED");
    assert_eq!(tag(&xml, "ExecutionStatus"), "UNAVAILABLE");
    assert_eq!(
        tag(&xml, "StatusReason"),
        "The submitted information didn't contain changes. Submit different information to create a change set."
    );
    let execute =
        cloud.refused("ExecuteChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]).await;
    assert!(execute.starts_with("InvalidChangeSetStatus: ChangeSet [arn:aws:cloudformation:us-west-2:123456789012:changeSet/c/"));
    assert!(execute.ends_with("cannot be executed in its current status of [FAILED]"));
    let fields = [
        ("StackName", "s"),
        ("ChangeSetName", "d"),
        ("ChangeSetType", "CREATE"),
        ("TemplateBody", body.as_str()),
    ];
    let create = cloud.refused("CreateChangeSet", &fields).await;
    assert_eq!(
        create,
        "ValidationError: Stack [s] already exists and cannot be created again with the changeSet [d]."
    );
    let missing =
        cloud.refused("DescribeChangeSet", &[("StackName", "s"), ("ChangeSetName", "x")]).await;
    assert_eq!(missing, "ChangeSetNotFound: ChangeSet [x] does not exist");
    let stack = [("StackName", "x"), ("ChangeSetName", "d"), ("TemplateBody", body.as_str())];
    assert_eq!(
        cloud.refused("CreateChangeSet", &stack).await,
        "ValidationError: Stack [x] does not exist"
    );
}

#[tokio::test]
async fn operations_have_events_of_their_own() {
    let cloud = created().await;
    let xml = cloud.ok("DescribeEvents", &[("StackName", "s")]).await;
    assert!(xml.contains("<OperationType>CREATE_STACK</OperationType><OperationStatus>SUCCEEDED</OperationStatus>"), "{xml}");
    let failed =
        cloud.ok("DescribeEvents", &[("StackName", "s"), ("Filters.FailedEvents", "true")]).await;
    assert!(!failed.contains("<member>"), "{failed}");
}

/// Databases whose policies differ, and what becomes of each.
fn data(engine: &str, more: &str) -> String {
    let database = |name: &str, policies: &str| {
        format!(
            "  {name}: {{Type: AWS::SQS::Queue, {policies} Properties: {{FifoQueue: {engine}}}}}\n"
        )
    };
    let mut body = "Resources:\n  Always: {Type: AWS::SNS::Topic}\n".to_owned();
    body += &database("Deleted", "");
    body += &database("Retained", "UpdateReplacePolicy: Retain,");
    body += &database("Snapped", "UpdateReplacePolicy: Snapshot,");
    body + more
}

#[tokio::test]
async fn a_change_set_says_what_becomes_of_what_was_there() {
    let gone = "  Gone: {Type: AWS::SQS::Queue}\n  Left: {Type: AWS::SQS::Queue, DeletionPolicy: Retain}\n  \
        Kept: {Type: AWS::SQS::Queue, DeletionPolicy: Snapshot}\n";
    let cloud = Cloud::start().await;
    let body = data("false", gone);
    cloud.ok("CreateStack", &[("StackName", "s"), ("TemplateBody", &body)]).await;
    assert_eq!(cloud.settled().await, "CREATE_COMPLETE");
    let xml = changes(&cloud, "UPDATE", &data("true", "")).await;
    let found = ["Gone", "Left", "Kept", "Deleted", "Retained", "Snapped"]
        .map(|name| tag(change(&xml, name), "PolicyAction"));
    assert_eq!(
        found,
        [
            "Delete",
            "Retain",
            "Snapshot",
            "ReplaceAndDelete",
            "ReplaceAndRetain",
            "ReplaceAndSnapshot"
        ]
    );
    assert_eq!(change(&xml, "Always"), "");
    assert!(tag(change(&xml, "Deleted"), "BeforeContext").contains("false"));
    assert!(tag(change(&xml, "Deleted"), "AfterContext").contains("true"));
    let short = cloud.ok("DescribeChangeSet", &[("StackName", "s"), ("ChangeSetName", "c")]).await;
    for value in ["BeforeContext", "AfterContext", "BeforeValue", "AfterValue", "Path"] {
        assert!(!short.contains(&format!("<{value}>")), "{value} was not asked for");
    }
}

#[tokio::test]
async fn a_change_in_place_replaces_nothing() {
    let cloud = created().await;
    let body = template("10.0.0.0/16", "Old")
        .replace("CidrBlock: !Ref Cidr", "CidrBlock: !Ref Cidr, EnableDnsSupport: true");
    let xml = changes(&cloud, "UPDATE", &body).await;
    let vpc = change(&xml, "Vpc");
    assert_eq!(
        (tag(vpc, "Replacement"), tag(vpc, "PolicyAction")),
        ("False".into(), String::new())
    );
    assert_eq!(tag(vpc, "AttributeChangeType"), "Add");
    assert_eq!(tag(vpc, "Path"), "/Properties/EnableDnsSupport");
}

#[tokio::test]
async fn a_name_that_is_taken_is_found_before_anything_is_made() {
    let cloud = Cloud::start().await;
    let body = "Resources:\n  P: {Type: AWS::SSM::Parameter, Properties: {Type: String, Name: taken, Value: a}}\n";
    cloud.ok("CreateStack", &[("StackName", "first"), ("TemplateBody", body)]).await;
    assert_eq!(cloud.settled_as("first").await, "CREATE_COMPLETE");
    let xml = changes(&cloud, "CREATE", body).await;
    assert_eq!(tag(&xml, "Status"), "FAILED");
    assert!(tag(&xml, "StatusReason").starts_with(
        "The following hook(s)/validation failed: [AWS::EarlyValidation::ResourceExistenceCheck]."
    ));
    let fields = [("ChangeSetName", "c"), ("StackName", "s"), ("Filters.FailedEvents", "true")];
    let events = cloud.ok("DescribeEvents", &fields).await;
    assert_eq!(tag(&events, "ValidationName"), "NAME_CONFLICT_VALIDATION");
    assert_eq!(tag(&events, "ValidationStatus"), "FAILED");
    assert_eq!(tag(&events, "ValidationPath"), "/Resources/P/Properties/Name");
    assert_eq!(tag(&events, "EventType"), "VALIDATION_ERROR");
}

#[tokio::test]
async fn a_property_that_no_type_has_is_found_before_anything_is_made() {
    let cloud = Cloud::start().await;
    let body = "Resources:\n  Q: {Type: AWS::SQS::Queue, Properties: {Delay: 5}}\n";
    let xml = changes(&cloud, "CREATE", body).await;
    assert!(tag(&xml, "StatusReason").starts_with(
        "The following hook(s)/validation failed: [AWS::EarlyValidation::PropertyValidation]."
    ));
    let fields = [("ChangeSetName", "c"), ("StackName", "s"), ("Filters.FailedEvents", "true")];
    let events = cloud.ok("DescribeEvents", &fields).await;
    assert_eq!(tag(&events, "ValidationName"), "PROPERTY_VALIDATION");
    assert_eq!(tag(&events, "ValidationPath"), "/Resources/Q/Properties/Delay");
    assert_eq!(
        tag(&events, "ValidationStatusReason"),
        "#: extraneous key [Delay] is not permitted"
    );
    // Without a change set it is found when the resource's turn comes.
    cloud.ok("CreateStack", &[("StackName", "t"), ("TemplateBody", body)]).await;
    assert_eq!(cloud.settled_as("t").await, "ROLLBACK_COMPLETE");
    let expect = "Q CREATE_FAILED Properties validation failed for resource Q with message:\n\
                  [#: extraneous key [Delay] is not permitted]";
    assert!(cloud.events("t").await.contains(&expect.to_owned()));
}
