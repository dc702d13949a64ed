//! Domain and certificate, from an AWS that answers by a script.

use cloudops_e2e::binary::{
    SETTINGS,
    scripted::{ScriptedAws, caller, reply},
};

use crate::{cloudcore, says};

const ARN: &str = "arn:aws:acm:us-west-2:123456789012:certificate/a";

#[tokio::test]
async fn a_certificate_that_does_not_serve_is_refused_before_anything_is_changed() {
    let certificate = serde_json::json!({"Certificate": {
        "CertificateArn": ARN,
        "DomainName": "other.example.com",
        "SubjectAlternativeNames": ["other.example.com"],
        "Status": "EXPIRED",
        "KeyAlgorithm": "RSA-2048",
    }});
    let script = vec![
        caller("123456789012"),
        reply("acm", "DescribeCertificate").body(certificate.to_string()),
    ];
    let aws = ScriptedAws::start(script).await;
    let settings = format!("{SETTINGS}certificate: {{arn: \"{ARN}\"}}\n");
    let program = cloudcore().file("cloudops.yaml", &settings).at(&aws);
    says!(program.run("init").await, @r"
    exit code: 3
    ----- stderr
    error: the certificate arn:aws:acm:us-west-2:123456789012:certificate/a cannot be used: its status is EXPIRED, not ISSUED; it is not for shop.example.com, only for other.example.com; it is not for *.shop.example.com, only for other.example.com
      hint: Correct `certificate.arn` in cloudops.yaml, or leave it away and one is requested.
    ");
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}

#[tokio::test]
async fn without_a_zone_it_says_what_to_run() {
    let script = vec![
        caller("123456789012"),
        reply("cloudformation", "DescribeStacks")
            .body("<DescribeStacksResponse><DescribeStacksResult><Stacks/></DescribeStacksResult></DescribeStacksResponse>"),
    ];
    let aws = ScriptedAws::start(script).await;
    says!(cloudcore().at(&aws).run("dns status").await, @r"
    exit code: 5
    ----- stderr
    error: the instance has no DNS zone yet
      hint: Run `cloudcore init` first.
    ");
}
