//! `doctor`: what AWS says, or does not want to say, from an AWS that answers by a script.

use std::net::{Ipv4Addr, UdpSocket};

use cloudops_e2e::binary::{
    Program, SETTINGS,
    scripted::{Reply, ScriptedAws, caller, reply},
};

use crate::{cloudcore, says};

const EMPTY: &str = "<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>";

/// The program with name servers that nobody can ask.
fn without_dns(aws: &ScriptedAws) -> Program {
    let port = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let servers = format!("[\"127.0.0.1:{port}\"]");
    let text = format!("{SETTINGS}dns: {{roots: {servers}, resolvers: {servers}}}\n");
    cloudcore().file("cloudops.yaml", text).at(aws)
}

fn denied(service: &'static str, operation: &'static str) -> Reply {
    let code = if service == "ec2" { "UnauthorizedOperation" } else { "AccessDenied" };
    reply(service, operation).error(403, code, "you may not")
}

#[tokio::test]
async fn credentials_of_another_account_end_it_early() {
    let aws = ScriptedAws::start(vec![caller("210987654321")]).await;
    let ran = without_dns(&aws).run("doctor").await;
    assert_eq!(ran.code, Some(3), "{ran}");
    says!(ran.stdout, @r"
    identity
      problem  the instance acme lives in account 123456789012, us-west-2; the credentials are for 210987654321, us-west-2
               Use the credentials (--profile) and the region of the instance, or correct cloudops.yaml.
    clock
      ok       the clock of this machine is right
    1 problem.
    ");
    assert!(aws.calls().iter().all(|call| call == "sts:GetCallerIdentity"), "{:?}", aws.calls());
}

/// An account in which hardly anything may be looked at.
fn closed_account() -> Vec<Reply> {
    let mut script = vec![
        caller("123456789012"),
        reply("cloudformation", "DescribeStacks").body(EMPTY),
        denied("iam", "SimulatePrincipalPolicy"),
        denied("ec2", "CreateInternetGateway"),
        denied("servicequotas", "GetServiceQuota"),
        denied("s3", "HeadBucket"),
        denied("logs", "DescribeLogGroups"),
        denied("ecs", "ListClusters"),
        denied("secretsmanager", "ListSecrets"),
        denied("route53", "ListHostedZonesByName"),
        denied("elasticloadbalancing", "DescribeLoadBalancers"),
        denied("rds", "DescribeDBEngineVersions"),
        denied("rds", "DescribeDBClusters"),
    ];
    for operation in ["CreateVpc", "AllocateAddress"] {
        script.push(reply("ec2", operation).error(412, "DryRunOperation", "it would succeed"));
    }
    for operation in [
        "DescribeVpcs",
        "DescribeVpcPeeringConnections",
        "DescribeAvailabilityZones",
        "DescribeInstanceTypeOfferings",
        "DescribeInstanceTypes",
        "DescribeInternetGateways",
        "DescribeNatGateways",
        "DescribeAddresses",
        "DescribeInstances",
    ] {
        script.push(denied("ec2", operation));
    }
    script
}

#[tokio::test]
async fn what_aws_denies_is_unknown_and_names_the_right() {
    let aws = ScriptedAws::start(closed_account()).await;
    let program = without_dns(&aws);
    let ran = program.run("doctor").await;
    assert_eq!(ran.code, Some(5), "a dry run and closed buckets are problems: {ran}");
    says!(ran.stdout, @r"
    identity
      ok       arn:aws:iam::123456789012:user/ann in us-west-2
    clock
      ok       the clock of this machine is right
    rights
      unknown  what arn:aws:iam::123456789012:user/ann may do is not known: IAM SimulatePrincipalPolicy: you may not (AccessDenied)
               Allow iam:SimulatePrincipalPolicy, or ask somebody who has this right.
      problem  not allowed, by a dry run: ec2:CreateInternetGateway
               Use credentials of an administrator (--profile), or attach a policy that allows them.
    quotas
      unknown  how many vCPUs hosts have is not known: EC2 DescribeInstanceTypes: you may not (UnauthorizedOperation)
               Allow ec2:DescribeInstanceTypes, or ask somebody who has this right.
      unknown  whether there is room for ECS clusters, Elastic IP addresses, NAT gateways in one zone, VPCs, application load balancers, database clusters, database instances, internet gateways, vCPUs of Fargate tasks is not known: Service Quotas GetServiceQuota: you may not (AccessDenied)
               Allow servicequotas:GetServiceQuota, or ask somebody who has this right.
    offers of the region
      unknown  which zones there are is not known: EC2 DescribeAvailabilityZones: you may not (UnauthorizedOperation)
               Allow ec2:DescribeAvailabilityZones, or ask somebody who has this right.
    network
      unknown  which networks there are is not known: EC2 DescribeVpcs: you may not (UnauthorizedOperation)
               Allow ec2:DescribeVpcs, or ask somebody who has this right.
    names
      ok       no stack of somebody else has a name of ours
      problem  the bucket cloudops-acme-artifacts-123456789012-us-west-2 exists and is closed to us: it is of another account, or s3:ListBucket is missing
               Choose another `instance` in cloudops.yaml.
      problem  the bucket cloudops-acme-logs-123456789012-us-west-2 exists and is closed to us: it is of another account, or s3:ListBucket is missing
               Choose another `instance` in cloudops.yaml.
      problem  the bucket cloudops-acme-packages-123456789012-us-west-2 exists and is closed to us: it is of another account, or s3:ListBucket is missing
               Choose another `instance` in cloudops.yaml.
      problem  the bucket cloudops-acme-state-123456789012-us-west-2 exists and is closed to us: it is of another account, or s3:ListBucket is missing
               Choose another `instance` in cloudops.yaml.
      unknown  which log groups there are is not known: Logs DescribeLogGroups: you may not (AccessDenied)
               Allow logs:DescribeLogGroups, or ask somebody who has this right.
      unknown  which ECS clusters there are is not known: ECS ListClusters: you may not (AccessDenied)
               Allow ecs:ListClusters, or ask somebody who has this right.
      unknown  which hosted zones there are is not known: Route 53 ListHostedZonesByName: you may not (AccessDenied)
               Allow route53:ListHostedZonesByName, or ask somebody who has this right.
    domain
      unknown  who has shop.example.com is not known: no server of the root answered: [ENDPOINT] cannot be reached: Connection refused (os error 111)
               Allow DNS (UDP and TCP port 53) from here, or name servers that can be reached: `dns.roots` in cloudops.yaml.
    leftovers
      ok       there is no stack of the instance yet
      unknown  which secrets are deleted is not known: Secrets Manager ListSecrets: you may not (AccessDenied)
               Allow secretsmanager:ListSecrets, or ask somebody who has this right.
    5 problems, 10 things that could not be found out.
    ");
    let json = program.run("doctor --output json").await;
    let found: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&found["schema"], &found["good"]), (&1.into(), &false.into()));
    assert_eq!(found["findings"][0]["check"], "identity");
}

#[tokio::test]
async fn without_a_look_at_the_stacks_nothing_is_taken_for_a_leftover() {
    let script = vec![caller("123456789012"), denied("cloudformation", "DescribeStacks")];
    let aws = ScriptedAws::start(script).await;
    let ran = without_dns(&aws).run("doctor --output json").await;
    assert_eq!(ran.code, Some(0), "{ran}");
    let found: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let findings = found["findings"].as_array().unwrap();
    let last = findings.last().unwrap();
    assert_eq!((&last["check"], &last["verdict"]), (&"leftovers".into(), &"unknown".into()));
    let fix = last["fix"].as_str().unwrap();
    assert!(fix.starts_with("Allow cloudformation:DescribeStacks"), "{fix}");
    assert!(!aws.calls().iter().any(|call| call.starts_with("s3:")), "{:?}", aws.calls());
}
