//! The image of the build server: made once, planned, upgraded, gone back to.

use cloudops_e2e::{
    proxy::{FaultAction, ResourceFault},
    rehearsal::{instance::Instance, jenkins_image, stage::Stage},
};

use crate::stand::{ends, kit, listed, work};

#[tokio::test(flavor = "multi_thread")]
async fn an_upgrade_is_planned_and_can_be_taken_back() {
    let mut stage = Stage::set(&kit(), &work("build-server").await).await.unwrap();
    stage.start_build_server().await.unwrap();
    let instance = stage.instance("acme", 64).await.unwrap();

    refused(&stage, &instance).await;
    ends(&instance, "cloudcore plan --out plan.json", 0).await;
    ends(&instance, "cloudcore apply plan.json", 0).await;
    let first = image(&stage).await;
    let again = ends(&instance, "cloudcore init", 0).await.text();
    assert!(again.contains("nothing to change"), "{again}");
    status(&stage, &instance, &first).await;

    // More plugins: what `init` does not do by itself.
    let lock = instance.folder.join("jenkins/plugins.lock");
    let before = fs_err::read_to_string(&lock).unwrap();
    let folder = instance.folder.join("jenkins");
    let line = jenkins_image::plugin(&folder, "git", "5.10.1", "workflow-step-api:700").unwrap();
    fs_err::write(&lock, format!("{before}{line}")).unwrap();
    let told = ends(&instance, "cloudcore init", 0).await.text();
    assert!(told.contains("`cloudcore build-server upgrade` shows the difference"), "{told}");
    assert_eq!(image(&stage).await, first);
    let planned = ends(&instance, "cloudcore build-server upgrade --dry-run", 20).await.text();
    assert!(planned.contains("plugin git 5.10.1 is new"), "{planned}");
    assert_eq!(image(&stage).await, first);

    does_not_start(&stage, &instance, &first).await;
    ends(&instance, "cloudcore build-server upgrade --yes", 0).await;
    let second = image(&stage).await;
    assert_ne!(second, first);
    ends(&instance, "cloudcore build-server upgrade --yes", 0).await;
    assert_eq!(image(&stage).await, second);

    let digits = &first["sha256:".len()..][..12];
    ends(&instance, &format!("cloudcore build-server upgrade --to {digits} --yes"), 0).await;
    assert_eq!(image(&stage).await, first);
    ends(&instance, "cloudcore init", 0).await;
    assert_eq!(image(&stage).await, first, "it stays with what was chosen");
    ends(&instance, "cloudcore build-server upgrade --to 0123456789ab --yes", 2).await;
    ends(&instance, "cloudcore build-server upgrade --yes", 0).await;
    assert_eq!(image(&stage).await, second);

    token(&stage, &instance).await;
    stage.close().await;
}

/// Plugins that do not fit, or are not what is locked, end in no stack that needs them; all else is
/// made, and the next run goes on.
async fn refused(stage: &Stage, instance: &Instance) {
    let lock = instance.folder.join("jenkins/plugins.lock");
    let good = fs_err::read_to_string(&lock).unwrap();
    let without: String = good
        .lines()
        .filter(|line| !line.starts_with("workflow"))
        .fold(String::new(), |all, line| all + line + "\n");
    fs_err::write(&lock, without).unwrap();
    let told = ends(instance, "cloudcore init", 3).await.text();
    assert!(
        told.contains("amazon-ecs needs workflow-step-api 639.v1, which is not locked"),
        "{told}"
    );
    let stacks = ["cloudformation", "describe-stacks", "--query", "Stacks[].StackName"];
    let stacks = listed(stage, &stacks).await;
    assert!(stacks.contains(&"acme-core-certificate".to_owned()), "{stacks:?}");
    assert!(!stacks.contains(&"acme-core-build-service".to_owned()), "{stacks:?}");

    fs_err::write(&lock, "amazon-ecs 1.49\n").unwrap();
    let told = ends(instance, "cloudcore init", 3).await.text();
    assert!(told.contains("jenkins/plugins.lock:1: a name, a version and a digest"), "{told}");

    let digest = good.lines().next().unwrap().rsplit_once(' ').unwrap().1.to_owned();
    fs_err::write(&lock, good.replace(&digest, &"0".repeat(64))).unwrap();
    let told = ends(instance, "cloudcore init", 8).await.text();
    assert!(told.contains("plugin amazon-ecs 1.49 has the digest"), "{told}");
    fs_err::write(&lock, good).unwrap();
}

/// ECS goes back to the image before, and so does what is remembered.
async fn does_not_start(stage: &Stage, instance: &Instance, first: &str) {
    let fault = ResourceFault {
        stack: Some("acme-core-build-service".to_owned()),
        phase: cloudops_e2e::proxy::FaultPhase::Forward,
        ..ResourceFault::new("Service", FaultAction::Update, "the circuit breaker was triggered")
    };
    stage.emulator.proxy.resource_fault(&fault).await.unwrap();
    ends(instance, "cloudcore build-server upgrade --yes", 9).await;
    stage.emulator.proxy.clear_resource_faults().await.unwrap();
    assert_eq!(image(stage).await, first);
    let shown = ends(instance, "cloudcore build-server status --output json", 0).await.text();
    assert!(shown.contains(first), "{shown}");
}

async fn status(stage: &Stage, instance: &Instance, first: &str) {
    let server = stage.build_server.as_ref().unwrap();
    ends(instance, "cloudcore build-server status", 10).await;
    server.inject_password(&stage.inventory().unwrap(), "acme").await.unwrap();
    let lock = instance.folder.join("jenkins/plugins.lock");
    let lock = fs_err::read_to_string(lock).unwrap();
    server.install(&lock.replace("amazon-ecs 1.49", "amazon-ecs 1.48")).unwrap();
    let shown = ends(instance, "cloudcore build-server status", 0).await.text();
    assert!(shown.contains("differs from its image: amazon-ecs 1.49 -> 1.48"), "{shown}");
    server.install(&lock).unwrap();
    let shown = ends(instance, "cloudcore build-server status", 0).await.text();
    assert!(
        !shown.contains("differs") && shown.contains(&first["sha256:".len()..][..12]),
        "{shown}"
    );
    assert!(shown.contains("It has the image that the settings ask for."), "{shown}");
}

/// The token works, and is nowhere but in its secret.
async fn token(stage: &Stage, instance: &Instance) {
    let told = ends(instance, "cloudcore build-server token --name ci", 0).await.text();
    let name = "/cloudops/acme/build-server/ci";
    assert!(told.contains(name), "{told}");
    let ask =
        ["secretsmanager", "get-secret-value", "--secret-id", name, "--query", "SecretString"];
    let token = listed(stage, &ask).await.remove(0);
    assert!(token.len() > 20 && !told.contains(&token), "{told}");
    let url = &stage.build_server.as_ref().unwrap().url;
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .get(format!("{url}/api/json"))
        .basic_auth("admin", Some(token))
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
}

/// Digest of the image in the task definition of the service, which the registry has.
async fn image(stage: &Stage) -> String {
    let ask = [
        "ecs",
        "describe-services",
        "--cluster",
        "acme-build",
        "--services",
        "jenkins",
        "--query",
        "services[].taskDefinition",
    ];
    let definition = listed(stage, &ask).await.remove(0);
    let query = "taskDefinition.containerDefinitions[].image";
    let ask =
        ["ecs", "describe-task-definition", "--task-definition", &definition, "--query", query];
    let image = listed(stage, &ask).await.remove(0);
    let (_, digest) = image.split_once('@').unwrap();
    let ask = [
        "ecr",
        "describe-images",
        "--repository-name",
        "acme/build-server",
        "--query",
        "imageDetails[].imageDigest",
    ];
    let known = listed(stage, &ask).await;
    assert!(known.contains(&digest.to_owned()), "{known:?} lacks {digest}");
    digest.to_owned()
}
