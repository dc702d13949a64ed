//! `kill -9` in the middle of `cloudcore init`, then the same command again.

use std::collections::BTreeMap;

use cloudops_e2e::proxy::{Effect, Rule};
use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::stage::Stage;
use serde_json::Value;

use crate::stand::{ends, killed_at, with_stage};

const INIT: &str = "cloudcore init";

#[tokio::test(flavor = "multi_thread")]
async fn killed_init_converges() {
    with_stage("killed-init", |stage| async move {
        let whole = stage.instance("whole", 40).await.unwrap();
        ends(&whole, INIT, 0).await;
        let wanted = shape(&stage, &whole).await;
        assert!(wanted.len() >= 8, "{wanted:?}");
        // The first stack is not yet asked for; a stack is done and nobody has seen it; all
        // stacks are done and nobody has written it down.
        let execute = || Rule::new("cloudformation", "ExecuteChangeSet", Effect::Hold);
        let points = [
            ("first", execute().only(1, 1)),
            ("third", execute().only(3, 1).after()),
            (
                "written",
                Rule::new("s3", "PutObject", Effect::Hold)
                    .on("v1/init.json")
                    .only(1, 1),
            ),
        ];
        for (number, (name, rule)) in (41..).zip(points) {
            let instance = stage.instance(name, number).await.unwrap();
            killed_at(&stage.emulator.proxy, &instance, INIT, &rule).await;
            ends(&instance, INIT, 0).await;
            assert_eq!(shape(&stage, &instance).await, wanted, "killed at {rule:?}");
            let again = ends(&instance, INIT, 0).await;
            assert!(
                again.text().contains("nothing to change"),
                "{}",
                again.text()
            );
            // It counts: one network of this range, one pair of zones, one certificate.
            let inventory = stage.inventory().unwrap();
            let config = instance.folder.join("cloudops.yaml");
            inventory
                .check_exists(&config, &["--part", "core"])
                .await
                .unwrap();
        }
    })
    .await;
}

/// The stacks of an instance with their resources, by title, without what differs by name.
async fn shape(stage: &Stage, instance: &Instance) -> BTreeMap<String, BTreeMap<String, String>> {
    let all = stage.inventory().unwrap().all().await.unwrap();
    let prefix = format!("{}-", instance.name());
    let stacks = all["stacks"].as_object().unwrap().iter();
    let ours = stacks.filter_map(|(name, stack)| Some((name.strip_prefix(&prefix)?, stack)));
    ours.map(|(title, stack)| (title.to_owned(), resources(stack)))
        .collect()
}

fn resources(stack: &Value) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = stack["resources"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(logical, resource)| (logical.clone(), resource["type"].to_string()))
        .collect();
    all.insert("status".to_owned(), stack["status"].to_string());
    all
}
