//! A live environment is protected: we refuse to delete it, and so does AWS, until it is unprotected.

use cloudops_e2e::rehearsal::stage::Stage;
use tokio::process::Command;

use crate::stand::{ends, with_stage};

const DESTROY: &str = "clouddeploy env destroy live --name live --yes";
const CLUSTER: &str = "acme-live-cluster";

#[tokio::test(flavor = "multi_thread")]
async fn a_live_environment_is_deleted_only_after_it_was_unprotected() {
    with_stage("live", |stage| async move {
        let instance = stage.instance("acme", 90).await.unwrap();
        ends(&instance, "cloudcore init", 0).await;
        ends(&instance, "clouddeploy init", 0).await;
        ends(&instance, "clouddeploy env create live --kind author-live", 0).await;
        let list = ends(&instance, "clouddeploy env list --output json", 0).await.text();
        assert!(
            list.contains("\"protected\":true") || list.contains("\"protected\": true"),
            "{list}"
        );

        // We refuse, and have deleted nothing.
        let refused = ends(&instance, DESTROY, 8).await.text();
        assert!(refused.contains("clouddeploy env unprotect live"), "{refused}");
        // AWS refuses as well, whoever asks.
        let (succeeded, said) = delete_stack(&stage, CLUSTER).await;
        let words =
            "Stack [acme-live-cluster] cannot be deleted while TerminationProtection is enabled";
        assert!(!succeeded && said.contains(words), "{said}");

        ends(&instance, "clouddeploy env unprotect live --name other --yes", 8).await;
        ends(&instance, "clouddeploy env unprotect live --name live --yes", 0).await;
        let again = ends(&instance, "clouddeploy env unprotect live --name live --yes", 0).await;
        assert!(again.text().contains("nothing to change"), "{}", again.text());

        // A stack that somebody protects by hand keeps all of them from deletion.
        let on = ["update-termination-protection", "--enable-termination-protection"];
        assert!(aws(&stage, &on, CLUSTER).await.0);
        let refused = ends(&instance, DESTROY, 8).await.text();
        assert!(refused.contains(CLUSTER), "{refused}");
        let found = aws(&stage, &["describe-stacks"], "acme-live-events").await;
        assert!(found.0, "nothing was deleted: {}", found.1);

        ends(&instance, "clouddeploy env unprotect live --name live --yes", 0).await;
        ends(&instance, DESTROY, 0).await;
        assert!(!aws(&stage, &["describe-stacks"], CLUSTER).await.0);
    })
    .await;
}

async fn delete_stack(stage: &Stage, stack: &str) -> (bool, String) {
    aws(stage, &["delete-stack"], stack).await
}

/// Whether `aws cloudformation` succeeded for a stack, and what it said.
async fn aws(stage: &Stage, arguments: &[&str], stack: &str) -> (bool, String) {
    let mut command = Command::new(stage.kit.python.with_file_name("aws"));
    command
        .arg("cloudformation")
        .args(arguments)
        .args(["--stack-name", stack])
        .envs(stage.emulator.env())
        .env("AWS_PAGER", "");
    let output = command.kill_on_drop(true).output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
}
