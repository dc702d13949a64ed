//! `kill -9` in the middle of `clouddeploy deploy`, then the same command again.

use cloudops_e2e::proxy::{Effect, Rule};
use cloudops_e2e::rehearsal::stage::Stage;
use serde_json::Value;

use crate::stand::{ends, killed_at, ready_to_deploy, with_stage};

const DEPLOY: &str = "clouddeploy deploy --env qa --yes";

#[tokio::test(flavor = "multi_thread")]
async fn killed_deploy_converges() {
    with_stage("killed-deploy", |stage| async move {
        let instance = stage.instance("acme", 50).await.unwrap();
        ready_to_deploy(&stage, &instance).await;
        // Each run comes further than the one before: to the data population, which has started
        // and nobody knows; to a service, whose stack is done and nobody has seen it; to the end,
        // which is not written down (the first write says that a deployment begins).
        let hold = |service, operation| Rule::new(service, operation, Effect::Hold);
        let population = [hold("ecs", "RunTask").only(1, 1).after()];
        let service = [
            hold("cloudformation", "CreateChangeSet").on("-svc-").only(1, 1),
            hold("cloudformation", "ExecuteChangeSet").only(1, 1).after(),
        ];
        let end = [hold("s3", "PutObject").on("v1/envs/qa.json").only(2, 1)];
        for rules in [&population[..], &service, &end] {
            killed_at(&stage.emulator.proxy, &instance, DEPLOY, rules).await;
        }
        ends(&instance, DEPLOY, 0).await;
        let inventory = stage.inventory().unwrap();
        let config = instance.folder.join("cloudops.yaml");
        let what = ["--part", "core", "--env", "qa", "--kind", "single"];
        inventory.check_exists(&config, &what).await.unwrap();
        let again = ends(&instance, DEPLOY, 0).await;
        assert_unchanged(&stage, &again.text()).await;
    })
    .await;
}

/// A further run of the same command changes no stack, and each service has one deployment.
async fn assert_unchanged(stage: &Stage, text: &str) {
    let all = stage.inventory().unwrap().all().await.unwrap();
    let clusters = all["clusters"].as_object().unwrap();
    for (name, service) in clusters.values().flat_map(|c| c["services"].as_object().unwrap()) {
        assert_eq!(service["deployments"], Value::from(1), "{name}: {service}\n{text}");
        assert_eq!(service["running"], service["desired"], "{name}: {service}\n{text}");
    }
    assert_eq!(all["vpcs"].as_object().unwrap().len(), 2, "the default one and ours");
}
