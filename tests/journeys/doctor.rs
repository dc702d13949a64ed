//! What stands in the way is found before anything is made, and what an earlier try left after it.

use cloudops_e2e::proxy::{Effect, FaultAction, ResourceFault, Rule};
use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};
use serde_json::{Value, json};

use crate::stand::{call, ends, killed_at, with_stage};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_in_the_way_is_found_before_anything_is_made() {
    with_stage("doctor", |stage| async move {
        let instance = stage.instance("acme", 62).await.unwrap();
        let before = stage.emulator.proxy.calls(0).await.unwrap().len();
        let empty = finds(&instance, 0).await;
        assert_eq!(empty["problems"], 0, "{empty:#}");
        assert!(says(&empty, "names", "ok", "the names of the buckets are free"), "{empty:#}");
        assert!(says(&empty, "offers", "ok", "instance type t4g.nano is offered"), "{empty:#}");
        assert!(
            says(&empty, "quotas", "ok", "VPCs: 1 of 5 are in use, `init` needs 1"),
            "{empty:#}"
        );
        assert!(
            says(&empty, "domain", "ok", "example.com exists and does not delegate"),
            "{empty:#}"
        );
        let calls = stage.emulator.proxy.calls(0).await.unwrap();
        let changed: Vec<_> = calls[before..].iter().filter(|call| call.mutating).collect();
        assert!(changed.is_empty(), "{changed:?}");

        a_new_file_is_good(&instance).await;
        clashes(&stage, &instance).await;
        leftovers(&stage, &instance).await;
    })
    .await;
}

/// Runs `doctor`, which has to end with this code.
async fn finds(instance: &Instance, code: i32) -> Value {
    let finished = ends(instance, "cloudcore doctor --output json", code).await;
    let text = finished.text();
    let line = text.lines().find(|line| line.contains("\"findings\"")).unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Whether there is such a finding. All that are not good have a way out.
fn says(found: &Value, check: &str, verdict: &str, words: &str) -> bool {
    let findings = found["findings"].as_array().unwrap();
    for finding in findings.iter().filter(|finding| finding["verdict"] != "ok") {
        assert!(finding["fix"].as_str().is_some_and(|fix| !fix.is_empty()), "{finding:#}");
    }
    findings.iter().any(|finding| {
        finding["check"] == check
            && finding["verdict"] == verdict
            && finding["what"].as_str().is_some_and(|what| what.contains(words))
    })
}

async fn a_new_file_is_good(instance: &Instance) {
    let new = "cloudcore new --instance shop --domain shop.example.com --config new.yaml";
    let written = ends(instance, new, 0).await.text();
    assert!(written.contains("new.yaml: created"), "{written}");
    ends(instance, "cloudcore graph --planned --config new.yaml", 0).await;
    ends(instance, new, 8).await;
}

async fn clashes(stage: &Stage, instance: &Instance) {
    let range = instance.settings.cidr.replace("/16", "/20");
    let vpc = query(stage, "ec2", &[("Action", "CreateVpc"), ("CidrBlock", &range)]).await;
    let vpc = between(&vpc, "<vpcId>", "</vpcId>").to_owned();
    let group = json!({"logGroupName": "/cloudops/acme/build-server"});
    call(stage, "logs", "Logs_20140328.CreateLogGroup", &group).await;
    let cluster = json!({"clusterName": "acme-build"});
    let ecs = |verb: &str| format!("AmazonEC2ContainerServiceV20141113.{verb}Cluster");
    call(stage, "ecs", &ecs("Create"), &cluster).await;

    let found = finds(instance, 5).await;
    assert!(
        says(&found, "network", "warning", &format!("clashes with {range} of {vpc}")),
        "{found:#}"
    );
    assert!(
        says(&found, "names", "problem", "/cloudops/acme/build-server exists already"),
        "{found:#}"
    );
    assert!(says(&found, "names", "problem", "ECS cluster acme-build exists already"), "{found:#}");

    query(stage, "ec2", &[("Action", "DeleteVpc"), ("VpcId", &vpc)]).await;
    call(stage, "logs", "Logs_20140328.DeleteLogGroup", &group).await;
    call(stage, "ecs", &ecs("Delete"), &json!({"cluster": "acme-build"})).await;
    let found = finds(instance, 0).await;
    assert_eq!(found["problems"], 0, "{found:#}");
}

/// A creation that fails, a run that is killed, and the good end.
async fn leftovers(stage: &Stage, instance: &Instance) {
    let proxy = &stage.emulator.proxy;
    let fault = ResourceFault {
        stack: Some("acme-core-network".to_owned()),
        ..ResourceFault::new("Vpc", FaultAction::Create, "no room")
    };
    proxy.resource_fault(&fault).await.unwrap();
    ends(instance, "cloudcore init", 9).await;
    proxy.clear_resource_faults().await.unwrap();
    let found = finds(instance, 0).await;
    let left = "acme-core-network is what a creation that failed left (ROLLBACK_COMPLETE)";
    assert!(says(&found, "leftovers", "warning", left), "{found:#}");

    let rule = Rule::new("cloudformation", "ExecuteChangeSet", Effect::Hold);
    killed_at(proxy, instance, "cloudcore init", &[rule]).await;
    let found = finds(instance, 0).await;
    assert!(says(&found, "leftovers", "warning", "holds the lock `instance` since"), "{found:#}");

    ends(instance, "cloudcore init", 0).await;
    let found = finds(instance, 0).await;
    assert!(says(&found, "leftovers", "ok", "no stack is stuck"), "{found:#}");
    assert!(says(&found, "network", "ok", "10.62.0.0/16 is free"), "{found:#}");
    assert!(says(&found, "domain", "ok", "acme.example.com is delegated to us"), "{found:#}");
}

fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    text.split(from).nth(1).and_then(|rest| rest.split(to).next()).unwrap_or_default()
}

/// Calls an operation of AWS that speaks forms, as somebody else than the programs would.
async fn query(stage: &Stage, service: &str, form: &[(&str, &str)]) -> String {
    let environment: std::collections::BTreeMap<String, String> =
        stage.emulator.env().into_iter().collect();
    let region = &environment["AWS_REGION"];
    let scope = format!("test/20260101/{region}/{service}/aws4_request");
    let form: Vec<(&str, &str)> = [&[("Version", "2016-11-15")], form].concat();
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(&environment["AWS_ENDPOINT_URL"])
        .header("Authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"))
        .form(&form)
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{form:?}: {status} {text}");
    text
}
