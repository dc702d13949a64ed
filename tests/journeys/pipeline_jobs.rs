//! The jobs that CloudDeploy adds to the build server do what a person would do at a terminal.

use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::stage::Stage;

use crate::stand::{answer, aws, ends, listed, package, with_build_server};

const RUN: &str = "cloudteam jobs run";

#[tokio::test(flavor = "multi_thread")]
async fn jobs_build_deploy_promote_and_delete() {
    with_build_server("pipeline-jobs", 72, |stage, instance| async move {
        ends(&instance, "cloudteam init --source commerce", 0).await;
        let published = package(&stage, &instance).await;
        ends(&instance, &format!("cloudteam package publish {published}"), 0).await;
        ends(&instance, "clouddeploy init", 0).await;
        let list = ends(&instance, "cloudteam jobs list", 0).await.text();
        for job in ["build-images", "deploy-environment", "promote-images", "delete-environment"] {
            assert!(list.contains(job), "{list}");
        }
        ends(&instance, "clouddeploy jobs plan --detailed-exit-code", 0).await;

        let text =
            ends(&instance, &format!("{RUN} deploy-environment -p ENVIRONMENT=qa"), 10).await;
        let text = text.text();
        assert!(text.contains("clouddeploy env create qa"), "the cause is told: {text}");
        ends(&instance, &format!("{RUN} build-images"), 0).await;
        promoted(&stage, &instance).await;
        ends(&instance, "clouddeploy env create qa --kind single --protect", 0).await;
        ends(&instance, &format!("{RUN} deploy-environment -p ENVIRONMENT=qa"), 0).await;
        ends(&instance, "clouddeploy status --env qa --require-healthy", 0).await;
        deleted(&stage, &instance).await;
    })
    .await;
}

/// Each image of the release is in the other repositories, with the digest that it had.
async fn promoted(stage: &Stage, instance: &Instance) {
    let all = answer(stage, &["ecr", "describe-repositories"]).await;
    let all = all["repositories"].as_array().unwrap().iter();
    let names: Vec<&str> = all.map(|one| one["repositoryName"].as_str().unwrap()).collect();
    let own = names.iter().filter_map(|name| name.strip_prefix("acme/"));
    let others = ["build-server", "base"];
    let of_release: Vec<&str> = own.filter(|name| !others.contains(name)).collect();
    let mut host = String::new();
    for name in &of_release {
        let name = format!("production/{name}");
        let made = answer(stage, &["ecr", "create-repository", "--repository-name", &name]).await;
        let uri = made["repository"]["repositoryUri"].as_str().unwrap();
        host = uri.split('/').next().unwrap().to_owned();
    }
    let run = format!("{RUN} promote-images -p REGISTRY={host}/production");
    ends(instance, &run, 0).await;
    let mut copied = 0;
    for name in of_release {
        let (from, to) = (format!("acme/{name}"), format!("production/{name}"));
        let (from, to) = (digests(stage, &from).await, digests(stage, &to).await);
        assert_eq!(from, to, "{name}");
        copied += to.len();
    }
    assert!(copied >= 5, "one image of each service: {copied}");
    // Again there is nothing to copy, and it says so.
    let text = ends(instance, &run, 0).await.text();
    assert!(text.contains("0 uploaded (0 bytes)"), "{text}");
}

async fn digests(stage: &Stage, repository: &str) -> Vec<String> {
    let query = "imageIds[].imageDigest";
    let list = ["ecr", "list-images", "--repository-name", repository, "--query", query];
    let mut found = listed(stage, &list).await;
    found.sort();
    found.dedup();
    found
}

/// Only with its name twice, and only when it is not protected.
async fn deleted(stage: &Stage, instance: &Instance) {
    let delete = |name: &str| format!("{RUN} delete-environment -p ENVIRONMENT=qa -p NAME={name}");
    let protected = ends(instance, &delete("qa"), 10).await.text();
    assert!(protected.contains("clouddeploy env unprotect"), "{protected}");
    ends(instance, "clouddeploy env unprotect qa --name qa --yes", 0).await;
    let wrong = ends(instance, &delete("prod"), 10).await.text();
    assert!(wrong.contains("prod"), "{wrong}");
    let there = ["cloudformation", "describe-stacks", "--stack-name", "acme-qa-cluster"];
    let (succeeded, said) = aws(stage, &there).await;
    assert!(succeeded, "nothing was deleted: {said}");
    ends(instance, &delete("qa"), 0).await;
    let (succeeded, said) = aws(stage, &there).await;
    assert!(!succeeded && said.contains("does not exist"), "{said}");
}
