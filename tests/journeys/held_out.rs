//! Templates that are not ours, by a client that is not ours: `aws cloudformation deploy` creates,
//! updates and finds nothing to do, and the stack goes away without a rest.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use cloudops_e2e::emulator::{Emulator, Options};
use cloudops_e2e::proxy::{FaultAction, ResourceFault};
use futures::future::join_all;
use tokio::process::Command;

use crate::stand::{kit, work};

/// Each template with the parameters that its update changes.
const TEMPLATES: &[(&str, &[&str])] = &[
    ("attributes.yaml", &["Level=debug"]),
    ("cidr-network.json", &["DomainName=other.example"]),
    ("conditions.yaml", &["Stage=prod", "Owner=ops"]),
    ("queue-worker.yaml", &["VisibilitySeconds=90"]),
    ("scheduled-function.yaml", &["MemorySize=256", "Schedule=rate(2 hours)"]),
    ("static-website.yaml", &["KeepLogsDays=60"]),
    ("three-tier-web.yaml", &["Environment=production", "HealthPath=/ready"]),
];

/// Between two looks at a stack that is being deleted.
const POLL: Duration = Duration::from_millis(500);
const LIMIT: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread")]
async fn templates_that_are_not_ours_are_created_updated_and_deleted() {
    with_client("held-out", |client| async move {
        let all = TEMPLATES.iter().map(|(template, update)| client.lifecycle(template, update));
        let wrong: Vec<String> = join_all(all).await.into_iter().flatten().collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_was_asked_for_rolls_back_what_an_independent_client_began() {
    with_client("held-out-fault", |client| async move {
        let fault = ResourceFault::new("Name", FaultAction::Create, "no more parameters").times(1);
        client.emulator.proxy.resource_fault(&fault).await.unwrap();
        assert_eq!(client.emulator.proxy.resource_faults().await.unwrap(), [fault]);
        let failed = client.deploy("conditions.yaml", "faulty", &[]).await;
        assert!(!failed.0, "{}", failed.1);
        let events = client.aws(&["describe-stack-events", "--stack-name", "faulty"]).await.1;
        assert!(events.contains("no more parameters"), "{events}");
        assert_eq!(client.status("faulty").await, "ROLLBACK_COMPLETE");
        assert!(client.emulator.proxy.resource_faults().await.unwrap().is_empty());
    })
    .await;
}

/// The `aws` program, and the local AWS that it talks to.
struct Client {
    program: PathBuf,
    emulator: Emulator,
}

async fn with_client<F>(name: &str, journey: impl FnOnce(Arc<Client>) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let (kit, work) = (kit(), work(name).await);
    let options = Options {
        fakecloud: kit.fakecloud.clone(),
        proxy: kit.program("cloudops-aws-proxy"),
        container_cli: Some(kit.program("cloudops-containers")),
        containers_dir: work.join("containers"),
        work_dir: work.join("logs"),
        region: "us-west-2".to_owned(),
    };
    let emulator = Emulator::start(options).await.unwrap();
    let client = Arc::new(Client { program: kit.python.with_file_name("aws"), emulator });
    // A task of its own, so that a panic comes back as a value.
    let result = tokio::spawn(journey(Arc::clone(&client))).await;
    if let Ok(client) = Arc::try_unwrap(client) {
        client.emulator.stop().await;
    }
    result.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
}

impl Client {
    /// Whether `aws cloudformation` succeeded, and what it said.
    async fn aws(&self, arguments: &[&str]) -> (bool, String) {
        let mut command = Command::new(&self.program);
        command
            .arg("cloudformation")
            .args(arguments)
            .envs(self.emulator.env())
            .env("AWS_PAGER", "");
        let output = command.kill_on_drop(true).output().await.unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
    }

    async fn deploy(&self, template: &str, stack: &str, parameters: &[&str]) -> (bool, String) {
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/held-out");
        let file = fixtures.join(template);
        let file = file.to_string_lossy();
        let mut arguments = vec!["deploy", "--template-file", &file, "--stack-name", stack];
        arguments.extend([
            "--capabilities",
            "CAPABILITY_NAMED_IAM",
            "--no-fail-on-empty-changeset",
        ]);
        if !parameters.is_empty() {
            arguments.push("--parameter-overrides");
            arguments.extend(parameters);
        }
        self.aws(&arguments).await
    }

    async fn ask(&self, action: &str, stack: &str, query: &str) -> String {
        let arguments = [action, "--stack-name", stack, "--query", query, "--output", "text"];
        self.aws(&arguments).await.1
    }

    async fn status(&self, stack: &str) -> String {
        self.ask("describe-stacks", stack, "Stacks[0].StackStatus").await
    }

    /// What went wrong in the life of a stack.
    async fn lifecycle(&self, template: &str, update: &[&str]) -> Option<String> {
        let stack = format!("held-{}", template.split('.').next().unwrap_or_default());
        let steps = [
            ("create", &[][..], "CREATE_COMPLETE"),
            ("update", update, "UPDATE_COMPLETE"),
            ("the same again", update, "UPDATE_COMPLETE"),
        ];
        for (step, parameters, expect) in steps {
            let (succeeded, said) = self.deploy(template, &stack, parameters).await;
            let status = self.status(&stack).await;
            let empty = said.contains("No changes to deploy");
            if !succeeded || status != expect || empty != (step == "the same again") {
                let failures = "StackEvents[?contains(ResourceStatus, 'FAILED')].[LogicalResourceId, ResourceStatusReason]";
                let events = self.ask("describe-stack-events", &stack, failures).await;
                return Some(format!("{template}: {step}: {status}: {said}\n{events}"));
            }
        }
        self.removal(template, &stack).await
    }

    async fn removal(&self, template: &str, stack: &str) -> Option<String> {
        let id = self.ask("describe-stacks", stack, "Stacks[0].StackId").await;
        self.aws(&["delete-stack", "--stack-name", stack]).await;
        let deleted = async {
            while self.status(&id).await == "DELETE_IN_PROGRESS" {
                tokio::time::sleep(POLL).await;
            }
        };
        if tokio::time::timeout(LIMIT, deleted).await.is_err() {
            return Some(format!("{template}: delete does not end"));
        }
        let status = self.status(&id).await;
        let kept = "StackResourceSummaries[?ResourceStatus!='DELETE_COMPLETE'].[LogicalResourceId, ResourceStatus]";
        let left = self.ask("list-stack-resources", &id, kept).await;
        (status != "DELETE_COMPLETE" || !left.is_empty())
            .then(|| format!("{template}: delete: {status}\n{left}"))
    }
}
