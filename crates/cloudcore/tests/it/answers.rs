//! Answers of AWS that a program must understand, from an AWS that answers by a script.

use cloudops_e2e::binary::scripted::{Reply, ScriptedAws, caller, reply};

use crate::{cloudcore, says};

const NO_ZONES: &str = "<ListHostedZonesByNameResponse><HostedZones/><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>";

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
        reply("route53", "ListHostedZonesByName").body(NO_ZONES),
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
    + acme-core-bastion: create
        adds: 1 launch template, 1 group of hosts
        who may do what, and who reaches what, adds: 1 security group, 1 role, 1 instance profile
    + acme-core-build: create
        adds: 1 file system, 1 access point, 2 mount targets, 1 secret, 1 log group, 1 image repository,
          2 task definitions, 1 container cluster, 1 set of capacity providers, 1 load balancer,
          1 target group, 1 listener, 1 internal domain, 1 service name, 2 DNS records
        who may do what, and who reaches what, adds: 4 security groups, 2 incoming rules, 4 roles
    + acme-core-build-service: create
        adds: 1 listener, 1 task definition, 1 container service
    + acme-core-certificate: create
        adds: 1 certificate
    + acme-core-config: create
        adds: 10 stored parameters
        who may do what, and who reaches what, adds: 2 managed policies
    + acme-core-dns: create
        adds: 2 hosted zones
    + acme-core-network: create
        adds: 1 network, 1 internet gateway, 1 gateway attachment, 6 subnets, 4 route tables, 3 routes,
          1 public address, 1 NAT gateway, 6 route tables of subnets, 1 network endpoint, 2 network ACLs,
          6 network ACLs of subnets, 1 log group, 1 flow log
        who may do what, and who reaches what, adds: 6 network ACL rules, 1 role
    + acme-core-state: create
        adds: 1 bucket
        who may do what, and who reaches what, adds: 1 bucket policy
        termination protection: off -> on
    + acme-core-storage: create
        adds: 1 encryption key, 1 key alias, 3 buckets
        who may do what, and who reaches what, adds: 3 bucket policies, 1 log policy
    9 of 9 stacks would change; resources: 104 added.
    Cost a month, as far as it is known:
      acme-core-bastion: +$7.36, $7.36 afterwards
              +$7.36  1 t4g.nano host, 8 GB disk each
      acme-core-build: +$30.47, $30.47 afterwards
              +$0.40  secret
             +$22.27  application load balancer
              +$7.30  2 public addresses
              +$0.50  internal domain
      acme-core-build-service: +$42.53, $42.53 afterwards
             +$42.53  1 task, 1 vCPU and 4 GB each
      acme-core-dns: +$1.00, $1.00 afterwards
              +$1.00  2 x hosted zone
      acme-core-network: +$36.50, $36.50 afterwards
              +$3.65  public address
             +$32.85  NAT gateway
      acme-core-storage: +$1.00, $1.00 afterwards
              +$1.00  encryption key
      together: +$118.86 ($118.86 more, $0.00 less)
      assumed:
        1 t4g.nano host, 8 GB disk each: list price that was not verified
        1 task, 1 vCPU and 4 GB each: list price that was not verified
        2 public addresses: one per zone; a busy one has more
        NAT gateway: list price that was not verified; without the data that passes
        application load balancer: list price that was not verified; with one capacity unit in use all the time
        encryption key: without requests; the first and the second yearly rotation add as much again
        secret: list price that was not verified
      NOT in it, because it is billed by use:
        bucket (stored objects and requests),
          container cluster (metrics of Container Insights, where it is on),
          file system (stored files, reads, writes and backups), flow log (the log that it writes),
          image repository (stored images), log group (written and stored logs)
      List prices of 2026-11-25 without tax, free tier and discounts; see docs/concepts/cost.md.
    Expected duration: about 11 minutes, by what such resources usually take; the next run knows better.
      The longest way:
        state: about 29 seconds
        network: about 3 minutes; AWS's waits: NAT gateway
        dns: about 45 seconds; AWS's waits: hosted zone
        build: about 4 minutes; AWS's waits: load balancer, DNS record
        build-service: about 4 minutes; AWS's waits: container service
      Meanwhile: bastion, certificate, config, storage
    ----- stderr
     note  Route 53 has no zone above shop.example.com here: a person enters the name servers that `init` prints at its parent
     note  the image of the build server is made of docker.io/jenkins/jenkins:2.568.3-lts-jdk21@sha256:c1e4c349365f6d16d88595b2c5f7e8ff39b8ae1d061f62420bac193b4b9616d0 and 72 plugins
    ");
    assert!(aws.mutating().is_empty(), "a plan changes nothing: {:?}", aws.mutating());
}

#[tokio::test]
async fn a_plan_is_an_answer_for_machines_too() {
    let aws = ScriptedAws::start(empty_account()).await;
    let program = cloudcore().at(&aws);
    assert_eq!(program.run("plan --detailed-exit-code").await.code, Some(20));
    let json = program.run("plan --output json").await;
    let plan: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&plan["schema"], &plan["changes"]), (&1.into(), &true.into()));
    assert_eq!(plan["costs"]["monthly"], 118.86);
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
