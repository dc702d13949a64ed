//! `kill -9` in the middle of `cloudcore init`, then the same command again.

use std::collections::BTreeMap;

use cloudops_e2e::proxy::{Effect, Rule};
use cloudops_e2e::rehearsal::stage::Stage;
use serde_json::Value;

use crate::stand::{ends, killed_at, with_stage};

const INIT: &str = "cloudcore init";

#[tokio::test(flavor = "multi_thread")]
async fn killed_init_converges() {
    let execute = || Rule::new("cloudformation", "ExecuteChangeSet", Effect::Hold);
    let write = Rule::new("s3", "PutObject", Effect::Hold).on("v1/init.json");
    // Each on a stage of its own: the first stack is not yet asked for; a stack is done and
    // nobody has seen it; all stacks are done and nobody has written it down.
    let (whole, first, third, last) = tokio::join!(
        uninterrupted(),
        killed("killed-init-first", execute().only(1, 1)),
        killed("killed-init-third", execute().only(3, 1).after()),
        killed("killed-init-last", write.only(1, 1)),
    );
    assert!(whole.len() >= 8, "{whole:?}");
    for shape in [first, third, last] {
        assert_eq!(shape, whole);
    }
}

async fn uninterrupted() -> Shape {
    with_stage("uninterrupted-init", |stage| async move {
        let instance = stage.instance("acme", 40).await.unwrap();
        ends(&instance, INIT, 0).await;
        shape(&stage).await
    })
    .await
}

/// Kills an `init` at a point, runs it again, and confirms that nothing is there twice: one
/// network of the range, one pair of zones, one certificate.
async fn killed(name: &'static str, rule: Rule) -> Shape {
    with_stage(name, |stage| async move {
        let instance = stage.instance("acme", 40).await.unwrap();
        killed_at(&stage.emulator.proxy, &instance, INIT, &[rule]).await;
        ends(&instance, INIT, 0).await;
        let again = ends(&instance, INIT, 0).await.text();
        assert!(again.contains("nothing to change"), "{again}");
        let config = instance.folder.join("cloudops.yaml");
        let inventory = stage.inventory().unwrap();
        inventory.check_exists(&config, &["--part", "core"]).await.unwrap();
        shape(&stage).await
    })
    .await
}

/// Everything that exists: how many of each kind, and the resources of each stack.
type Shape = BTreeMap<String, String>;

async fn shape(stage: &Stage) -> Shape {
    let all = stage.inventory().unwrap().all().await.unwrap();
    let sections = all.as_object().unwrap().iter();
    let counts = sections
        .map(|(name, things)| (name.clone(), things.as_object().unwrap().len().to_string()));
    let stacks = all["stacks"].as_object().unwrap().iter();
    counts.chain(stacks.map(|(name, stack)| (name.clone(), resources(stack)))).collect()
}

fn resources(stack: &Value) -> String {
    let resources = stack["resources"].as_object().unwrap().iter();
    let mut all: Vec<String> = resources
        .map(|(logical, one)| format!("{logical} {} {}", one["type"], one["status"]))
        .collect();
    all.sort();
    format!("{} {}", stack["status"], all.join(", "))
}
