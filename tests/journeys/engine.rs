//! What the stack engine promises beyond the good case: plans that are bound to a world, data that
//! is not lost, stacks that get out of where they are stuck, connections that break.

use std::collections::{BTreeMap, BTreeSet};

use cloudops_e2e::proxy::{Effect, FaultAction, Pace, Release, ResourceFault, Rule};
use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::program::Finished;
use serde_json::Value;

use serde_json::json;

use crate::stand::{LIMIT, assert_ended, call, ends, held_at, with_stage};

const INIT: &str = "cloudcore init";

fn says(finished: &Finished, words: &[&str]) {
    let text = finished.text();
    for word in words {
        assert!(text.contains(word), "`{}` did not say `{word}`, but:\n{text}", finished.command);
    }
}

/// Writes `cloudops.yaml` anew, with one thing changed.
fn settings(instance: &Instance, from: &str, to: &str) {
    let yaml = instance.settings.yaml();
    assert!(yaml.contains(from), "{yaml}");
    fs_err::write(instance.folder.join("cloudops.yaml"), yaml.replace(from, to)).unwrap();
}

/// No stack was begun before the one before it was done.
fn one_after_the_other(events: &str) {
    let events = events.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut at_work = BTreeSet::new();
    let mut stacks = 0;
    for event in events {
        let step = event["step"].as_str().unwrap_or_default().to_owned();
        match event["event"].as_str() {
            Some("step-started") if step.starts_with("stack/") => {
                at_work.insert(step);
                stacks += 1;
            }
            Some("step-finished") => drop(at_work.remove(&step)),
            _ => {}
        }
        assert!(at_work.len() < 2, "at work at once: {at_work:?}");
    }
    assert!(stacks > 4, "{stacks} stacks were begun");
}

/// Everything is instant.
fn no_time() -> Pace {
    Pace { types: BTreeMap::new(), stacks: BTreeMap::new(), scale: 1.0 }
}

const TAG: &str = "cost-centre: \"4711\"";

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_executed_as_it_was_or_is_stale_and_data_is_not_lost() {
    with_stage("plans", |stage| async move {
        let instance = stage.instance("acme", 80).await.unwrap();
        ends(&instance, "cloudcore init --concurrency 1", 0).await;
        let run = ends(&instance, "cloudcore show --output json", 0).await;
        one_after_the_other(&run.stdout);
        ends(&instance, "cloudcore plan --detailed-exit-code", 0).await;

        settings(&instance, TAG, "cost-centre: \"4712\"");
        let plan = "cloudcore plan --out plan.json --detailed-exit-code";
        says(&ends(&instance, plan, 20).await, &["tag cost-centre: 4711 -> 4712", "plan.json"]);

        // The settings are other ones than those of the plan.
        settings(&instance, TAG, "cost-centre: \"4713\"");
        says(&ends(&instance, "cloudcore apply plan.json", 7).await, &["stale", "settings"]);
        settings(&instance, TAG, "cost-centre: \"4712\"");

        // A plan that was edited is none.
        let file = instance.folder.join("plan.json");
        let text = fs_err::read_to_string(&file).unwrap();
        fs_err::write(instance.folder.join("edited.json"), text.replace("4712", "4719")).unwrap();
        says(&ends(&instance, "cloudcore apply edited.json", 8).await, &["edited.json"]);

        ends(&instance, "cloudcore apply plan.json", 0).await;
        ends(&instance, "cloudcore plan --detailed-exit-code", 0).await;
        // The world is another one now.
        says(&ends(&instance, "cloudcore apply plan.json", 7).await, &["was changed since"]);

        // Another domain is another zone: the gate refuses before anything of it is changed.
        settings(&instance, "domain: acme.example.com", "domain: other.example.com");
        let denied = ends(&instance, INIT, 8).await;
        says(&denied, &["acme-core-dns", "AWS::Route53::HostedZone", "--approve-data-loss"]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stuck_stacks_are_repaired_and_drift_is_taken_back() {
    with_stage("repair", |stage| async move {
        let (instance, proxy) = (stage.instance("acme", 81).await.unwrap(), &stage.emulator.proxy);
        ends(&instance, INIT, 0).await;

        // Every change of the network fails, and so does undoing it.
        let reason = "The maximum number of addresses has been reached.";
        let fault = ResourceFault::new("Vpc", FaultAction::Update, reason);
        proxy.resource_fault(&fault).await.unwrap();
        settings(&instance, TAG, "cost-centre: \"4712\"");
        let failed = ends(&instance, INIT, 10).await;
        says(&failed, &["UPDATE_ROLLBACK_FAILED", reason, "Service Quotas", "repair"]);
        says(&ends(&instance, INIT, 10).await, &["`repair` shows the next safe step"]);

        // The cause has not gone: what cannot be undone is skipped, and named.
        let repaired = ends(&instance, "cloudcore repair --yes", 0).await;
        says(&repaired, &["UPDATE_ROLLBACK_COMPLETE acme-core-network", "skipped: Vpc"]);
        proxy.clear_resource_faults().await.unwrap();
        says(&ends(&instance, "cloudcore repair", 0).await, &["Nothing to repair."]);
        ends(&instance, INIT, 0).await;

        ends(&instance, "cloudcore drift", 0).await;
        // The program leaves the foundation's own values alone; somebody with a console does not.
        let name = "/cloudops/acme/core/domain";
        let value = json!({"Name": name, "Value": "changed.example.com", "Overwrite": true});
        call(&stage, "ssm", "AmazonSSM.PutParameter", &value).await;
        let drift = ends(&instance, "cloudcore drift", 20).await;
        says(&drift, &["acme-core-config", "acme.example.com", "changed.example.com"]);
        ends(&instance, "cloudcore drift --revert --yes", 0).await;
        says(&ends(&instance, "cloudcore config get core/domain", 0).await, &["acme.example.com"]);
        ends(&instance, "cloudcore drift", 0).await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_connection_is_no_failure_and_others_look_on() {
    with_stage("detached", |stage| async move {
        let (instance, proxy) = (stage.instance("acme", 82).await.unwrap(), &stage.emulator.proxy);
        let rule = Rule::new("cloudformation", "ExecuteChangeSet", Effect::Hold).only(2, 1);
        let (running, hold) = held_at(proxy, &instance, INIT, &rule).await;
        let pace = Pace { stacks: [("acme-core-network".to_owned(), 4.0)].into(), ..no_time() };
        proxy.durations(&pace).await.unwrap();
        let expired = Effect::Answer {
            status: 403,
            code: "ExpiredToken".to_owned(),
            message: "The security token included in the request is expired".to_owned(),
        };
        let fault = Rule::new("cloudformation", "DescribeStacks", expired);
        proxy.fault(&fault).await.unwrap();
        proxy.release(Some(hold), Release::Go).await.unwrap();
        let detached = running.finish(LIMIT, |_| {}).await.unwrap();
        assert_ended(&detached, 11);
        says(&detached, &["ExpiredToken", "CloudFormation goes on with it"]);
        let executed = |calls: Vec<cloudops_e2e::proxy::Record>| {
            calls.iter().filter(|call| call.operation == "ExecuteChangeSet").count()
        };
        let before = executed(proxy.calls(0).await.unwrap());
        proxy.clear_faults().await.unwrap();

        // Somebody else looks on, and then goes on from there.
        says(&ends(&instance, "cloudcore attach", 0).await, &["acme-core-network"]);
        assert_eq!(executed(proxy.calls(0).await.unwrap()), before, "no later step ran");
        proxy.durations(&no_time()).await.unwrap();
        ends(&instance, INIT, 0).await;
        says(&ends(&instance, "cloudcore attach", 0).await, &["No operation is running."]);
        says(&ends(&instance, "cloudcore cancel --yes", 0).await, &["No operation is running."]);
        says(&ends(&instance, "cloudcore runs", 0).await, &["cloudcore init"]);
    })
    .await;
}
