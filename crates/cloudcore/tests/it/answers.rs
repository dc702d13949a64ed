//! Answers of AWS that a program must understand, from an AWS that answers by a script.

use cloudops_e2e::binary::scripted::{Reply, ScriptedAws, caller, reply};

use crate::{cloudcore, says};

/// An account in which nothing of ours exists.
fn empty_account() -> Vec<Reply> {
    vec![
        caller("123456789012"),
        reply("s3", "HeadBucket").error(404, "NoSuchBucket", "there is none"),
        reply("cloudformation", "DescribeStacks").on("acme-").error(
            400,
            "ValidationError",
            "Stack with id acme-core-state does not exist",
        ),
        reply("cloudformation", "DescribeStacks")
            .body("<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>"),
    ]
}

#[tokio::test]
async fn an_empty_account_has_everything_to_come() {
    let aws = ScriptedAws::start(empty_account()).await;
    let program = cloudcore().at(&aws);
    says!(program.run("plan").await, @r"
    exit code: 0
    ----- stdout
    + acme-core-bastion: create, up to 5 resources
    + acme-core-build: create, up to 28 resources
    + acme-core-certificate: create, up to 1 resources
    + acme-core-config: create, up to 12 resources
    + acme-core-dns: create, up to 2 resources
    + acme-core-network: create, up to 60 resources
    + acme-core-state: create, up to 2 resources
    + acme-core-storage: create, up to 9 resources
    8 of 8 stacks would change.
    ");
    assert_eq!(program.run("plan --detailed-exit-code").await.code, Some(20));
    let json = program.run("plan --output json").await;
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&plan["schema"], &plan["changes"]), (&1.into(), &true.into()));
    assert!(aws.mutating().is_empty(), "a plan changes nothing: {:?}", aws.mutating());
}

#[tokio::test]
async fn what_may_not_be_done_is_said_with_the_call() {
    let mut script = empty_account();
    script.push(reply("cloudformation", "CreateChangeSet").error(
        403,
        "AccessDenied",
        "User: arn:aws:iam::123456789012:user/ann is not authorized to perform: \
         cloudformation:CreateChangeSet",
    ));
    let aws = ScriptedAws::start(script).await;
    says!(cloudcore().at(&aws).run("init").await, @r"
    exit code: 8
    ----- stderr
      ..   state (acme-core-state)
     fail  state (acme-core-state): stack acme-core-state: CloudFormation CreateChangeSet: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: cloudformation:CreateChangeSet (AccessDenied)
    error: stack acme-core-state: CloudFormation CreateChangeSet: User: arn:aws:iam::123456789012:user/ann is not authorized to perform: cloudformation:CreateChangeSet (AccessDenied)
      hint: Ask for this right, or use a profile that has it (--profile).
    ");
}

#[tokio::test]
async fn a_document_of_newer_tools_is_not_touched() {
    let script = vec![
        caller("123456789012"),
        reply("s3", "HeadBucket"),
        reply("s3", "GetObject").on("v1/init.json").body(r#"{"schema": 7, "instance": "acme"}"#),
        reply("cloudformation", "DescribeStacks")
            .body("<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>"),
    ];
    let aws = ScriptedAws::start(script).await;
    says!(cloudcore().at(&aws).run("status").await, @r"
    exit code: 3
    ----- stderr
    error: v1/init.json has schema 7; this version knows 1: it was written by newer tools
      hint: Use the version of the tools that wrote it, or a newer one.
    ");
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}
