//! What the state of the instance says: what must run first, who holds the lock.

use cloudops_e2e::binary::scripted::{Reply, ScriptedAws, caller, reply};

use crate::{clouddeploy, says};

const INIT: &str = r#"{
  "schema": 1, "instance": "acme", "account": "123456789012", "region": "us-west-2",
  "domain": "shop.example.com", "components": {
    "core": {"initialized_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
             "tool_version": "0.1.0", "outputs": {}},
    "deploy": {"initialized_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
               "tool_version": "0.1.0", "outputs": {}}}}"#;

const LEASE: &str = r#"{
  "schema": 1, "owner": {"user": "bob", "host": "build-7", "pid": 4711},
  "run": "0193a1b2-0000-7000-8000-000000000001", "command": "clouddeploy deploy",
  "program": "clouddeploy", "acquired_at": "2026-01-01T00:00:00Z",
  "expires_at": "EXPIRES", "fence": 3, "held": true}"#;

fn missing(key: &'static str) -> Reply {
    reply("s3", "GetObject").on(key).error(404, "NoSuchKey", "The specified key does not exist.")
}

fn state(core: &str) -> Vec<Reply> {
    vec![
        caller("123456789012"),
        reply("s3", "HeadBucket"),
        reply("s3", "GetObject").on("v1/init.json").body(core),
    ]
}

#[tokio::test]
async fn before_cloudcore_it_names_the_command() {
    let none = reply("s3", "HeadBucket").error(404, "NoSuchBucket", "there is none");
    let aws = ScriptedAws::start(vec![caller("123456789012"), none]).await;
    says!(clouddeploy().at(&aws).run("init").await, @r"
    exit code: 5
    ----- stderr
    error: cloudcore has not been initialized in account 123456789012, region us-west-2
      hint: Run `cloudcore init` first.
    ");
    says!(clouddeploy().at(&aws).run("deploy --env live --output json").await, @r#"
    exit code: 5
    ----- stderr
    {"schema":1,"error":{"class":"not-ready","exit-code":5,"message":"cloudcore has not been initialized in account 123456789012, region us-west-2","causes":[],"hints":["Run `cloudcore init` first."]}}
    "#);
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}

#[tokio::test]
async fn an_environment_that_is_not_there_is_named() {
    let mut script = state(INIT);
    script.push(missing("v1/envs/live.json"));
    script.push(reply("s3", "ListObjectsV2").body("<ListBucketResult/>"));
    let aws = ScriptedAws::start(script).await;
    says!(clouddeploy().at(&aws).run("status --env live").await, @r"
    exit code: 2
    ----- stderr
    error: there is no environment `live`
      hint: Create it with `clouddeploy env create live --kind author-live`.
    ");
}

async fn locked(expires: &str) -> ScriptedAws {
    let mut script = state(INIT);
    let lease = LEASE.replace("EXPIRES", expires);
    script.push(reply("s3", "GetObject").on("v1/locks/env-live.json").body(lease));
    ScriptedAws::start(script).await
}

#[tokio::test]
async fn a_held_lock_says_by_whom_and_since_when() {
    let aws = locked("2999-01-01T00:00:00Z").await;
    says!(clouddeploy().at(&aws).run("deploy --env live --yes").await, @r"
    exit code: 6
    ----- stderr
    error: `clouddeploy deploy` is running: bob on build-7 (process 4711) has held the lock `env-live` since [TIME]
      hint: Wait until it is done, then run this again.
    ");
}

#[tokio::test]
async fn an_expired_lock_is_not_stolen_but_named_with_the_command_that_removes_it() {
    let aws = locked("2026-01-01T00:01:00Z").await;
    says!(clouddeploy().at(&aws).run("deploy --env live --yes").await, @r"
    exit code: 6
    ----- stderr
    error: `clouddeploy deploy` is running: bob on build-7 (process 4711) has held the lock `env-live` since [TIME], and stopped renewing it
      hint: If that run is certainly dead, remove its lock with `clouddeploy unlock --scope env-live --run [RUN]`.
    ");
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}

#[tokio::test]
async fn only_an_expired_lock_is_removed() {
    let run = "unlock --scope env-live --run 0193a1b2-0000-7000-8000-000000000001";
    let aws = locked("2999-01-01T00:00:00Z").await;
    says!(clouddeploy().at(&aws).run(run).await, @r"
    exit code: 6
    ----- stderr
    error: `clouddeploy deploy` is running: bob on build-7 (process 4711) has held the lock `env-live` since [TIME]
      hint: Wait until it is done, then run this again.
    ");
    let aws = locked("2026-01-01T00:01:00Z").await;
    says!(clouddeploy().at(&aws).run("unlock --scope env-live --run other").await, @r"
    exit code: 0
    ----- stdout
    that run holds no lock `env-live`
    ");
    assert!(aws.mutating().is_empty(), "{:?}", aws.mutating());
}
