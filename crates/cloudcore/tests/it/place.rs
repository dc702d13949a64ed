//! Credentials, endpoint, account: where the program finds itself.

use std::net::{Ipv4Addr, TcpListener};

use cloudops_e2e::binary::scripted::{ScriptedAws, caller, reply};

use crate::{cloudcore, says};

#[tokio::test]
async fn without_credentials_it_ends_with_4() {
    says!(cloudcore().run("init").await, @r"
    exit code: 4
    ----- stderr
    error: AWS credentials: no usable AWS credentials were found
      hint: Sign in again, or check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` must work.
    ");
}

#[tokio::test]
async fn credentials_that_aws_does_not_accept_end_with_4() {
    let refused = reply("sts", "GetCallerIdentity").error(
        403,
        "ExpiredToken",
        "The security token included in the request is expired",
    );
    let aws = ScriptedAws::start(vec![refused]).await;
    says!(cloudcore().at(&aws).run("init").await, @r"
    exit code: 4
    ----- stderr
    error: STS GetCallerIdentity: The security token included in the request is expired (ExpiredToken)
      hint: Sign in again, or check AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; `aws sts get-caller-identity` must work.
    ");
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_ends_with_12() {
    // A port that nobody listens at: it was free a moment ago.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let endpoint = format!("http://127.0.0.1:{port}");
    let down = cloudcore().credentials().variable("AWS_ENDPOINT_URL", &endpoint);
    let ran = down.run("init").await;
    assert_eq!(ran.code, Some(12), "{ran}");
    assert!(ran.stderr.contains("STS"), "{ran}");
}

#[tokio::test]
async fn another_account_is_refused_before_anything_is_changed() {
    let aws = ScriptedAws::start(vec![caller("210987654321")]).await;
    says!(cloudcore().at(&aws).run("init").await, @r"
    exit code: 3
    ----- stderr
    error: the instance acme lives in account 123456789012, but the credentials are for 210987654321
      hint: Use the credentials (--profile) and the region of the instance.
    ");
    says!(cloudcore().at(&aws).run("destroy --name acme --yes").await, @r"
    exit code: 3
    ----- stderr
    error: the instance acme lives in account 123456789012, but the credentials are for 210987654321
      hint: Use the credentials (--profile) and the region of the instance.
    ");
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}
