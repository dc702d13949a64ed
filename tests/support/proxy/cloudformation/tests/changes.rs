//! Change sets.

use std::time::Duration;

use super::stand_in::{Cloud, tag};

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
    loop {
        let fields =
            [("StackName", "s"), ("ChangeSetName", "c"), ("IncludePropertyValues", "true")];
        let xml = cloud.ok("DescribeChangeSet", &fields).await;
        if !matches!(tag(&xml, "Status").as_str(), "CREATE_PENDING" | "CREATE_IN_PROGRESS") {
            return xml;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn change<'a>(xml: &'a str, name: &str) -> &'a str {
    let mut all = xml.split("<ResourceChange>").skip(1);
    let is = |one: &&str| one.contains(&format!("<LogicalResourceId>{name}<"));
    all.find(is).and_then(|one| one.split("</ResourceChange>").next()).unwrap_or_default()
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
