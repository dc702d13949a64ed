//! Stacks that are resources of other stacks. Our templates have none, so the library is used here
//! as another tool would use it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use cloudops_aws::cfn::apply::{Options, Results, apply};
use cloudops_aws::cfn::drift;
use cloudops_aws::cfn::error::CfnError;
use cloudops_aws::cfn::gate::Approvals;
use cloudops_aws::cfn::graph::{StackGraph, StackSpec};
use cloudops_aws::cfn::observe::{self, Observed, Scope};
use cloudops_aws::cfn::plan::{StackChange, plan};
use cloudops_aws::cfn::repair::{self, Remedy};
use cloudops_aws::cfn::status::StackStatus;
use cloudops_aws::cfn::template::Template;
use cloudops_aws::connect::Aws;
use cloudops_aws::ctx::Ctx;
use cloudops_aws::diagnose::{Class, Diagnose};
use cloudops_aws::events::{EventKind, EventSink};
use cloudops_aws::state::lock::Locked;
use cloudops_e2e::proxy::{FaultAction, FaultPhase, Record, ResourceFault};
use cloudops_e2e::rehearsal::stage::{REGION, Stage};
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::stand::{call, with_stage};

const NAME: &str = "acme-nest";
const TEMPLATES: &str = "fixtures/nested";
const REASON: &str = "The maximum number of queues has been reached.";
const QUEUE: &str = "Child/Deep/Queue";
const STORE: &str = "Child/Deep/Store";

/// What the library is given, and what it says.
struct Tool {
    stage: Arc<Stage>,
    aws: Aws,
    root: Template,
    seen: Arc<Mutex<Vec<EventKind>>>,
}

impl Tool {
    /// Connects, and puts the templates of the nested stacks where CloudFormation finds them.
    async fn new(stage: Arc<Stage>) -> Self {
        let place = format!(
            "<CreateBucketConfiguration><LocationConstraint>{REGION}</LocationConstraint>\
             </CreateBucketConfiguration>"
        );
        put(&stage, "templates", place).await;
        for name in ["child.yaml", "deep.yaml"] {
            put(&stage, &format!("templates/{name}"), template(name)).await;
        }
        let keys = aws_credential_types::Credentials::new("test", "test", None, None, "test");
        let config = aws_config::SdkConfig::builder()
            .behavior_version(aws_config::BehaviorVersion::latest())
            .region(aws_config::Region::new(REGION))
            .endpoint_url(stage.emulator.endpoint.as_str())
            .credentials_provider(aws_credential_types::provider::SharedCredentialsProvider::new(
                keys,
            ))
            .build();
        let aws = Aws::from_config(config).await.unwrap();
        let root = Template::parse("root.yaml", &template("root.yaml")).unwrap();
        Self { stage, aws, root, seen: Arc::default() }
    }

    /// A context of a new run.
    fn ctx(&self) -> Ctx {
        let seen = Arc::clone(&self.seen);
        let events = EventSink::from_fn(move |event| seen.lock().unwrap().push(event.kind));
        Ctx::new(self.aws.clone(), events, CancellationToken::new())
    }

    fn graph(&self, delay: &str, bucket: &str) -> StackGraph {
        self.graph_of(NAME, delay, bucket)
    }

    fn graph_of(&self, name: &str, delay: &str, bucket: &str) -> StackGraph {
        let mut graph = StackGraph::default();
        let given = [("Delay", delay), ("Bucket", bucket)];
        let stack = StackSpec {
            name: name.parse().unwrap(),
            title: "nest".to_owned(),
            template: self.root.clone(),
            parameters: given.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            tags: BTreeMap::new(),
            depends_on: BTreeSet::new(),
            termination_protection: false,
        };
        graph.add(stack).unwrap();
        graph
    }

    async fn apply(
        &self,
        delay: &str,
        bucket: &str,
        approved: &[&str],
    ) -> Result<Results, CfnError> {
        let approvals = Approvals::for_resources(approved.iter().map(|name| (*name).to_owned()));
        let options = Options { approvals, ..Options::default() };
        let locked = Locked::before_there_is_a_bucket();
        apply(&self.ctx(), &locked, None, &self.graph(delay, bucket), &options).await
    }

    /// The stack with these words in its name.
    async fn named(&self, words: &str) -> Observed {
        let all = observe::stacks(&self.ctx(), NAME).await.unwrap();
        all.into_iter().find(|stack| stack.name.as_str().contains(words)).unwrap()
    }

    /// The bucket that the stack says it has, after going through it.
    async fn store(&self, delay: &str, bucket: &str, approved: &[&str]) -> String {
        let results = self.apply(delay, bucket, approved).await.unwrap();
        results[&NAME.parse().unwrap()].outputs["Store"].clone()
    }

    async fn fails(&self, action: FaultAction, phase: FaultPhase) {
        let fault = ResourceFault::new("Queue", action, REASON).on(phase);
        self.stage.emulator.proxy.resource_fault(&fault).await.unwrap();
    }

    async fn mend(&self) {
        self.stage.emulator.proxy.clear_resource_faults().await.unwrap();
    }

    /// The calls that changed stacks, since one of them.
    async fn changing(&self, since: u64) -> Vec<Record> {
        let mut calls = self.stage.emulator.proxy.calls(since).await.unwrap();
        calls.retain(|call| call.service == "cloudformation" && call.mutating);
        calls
    }

    async fn last_call(&self) -> u64 {
        let calls = self.stage.emulator.proxy.calls(0).await.unwrap();
        calls.last().map_or(0, |call| call.sequence)
    }
}

fn template(name: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(TEMPLATES);
    fs_err::read_to_string(folder.join(name)).unwrap()
}

/// Puts a bucket or an object into S3.
async fn put(stage: &Stage, path: &str, text: String) {
    let scope = format!("test/20260101/{REGION}/s3/aws4_request");
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .put(stage.emulator.endpoint.join(path).unwrap())
        .header("Authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"))
        .body(text)
        .send()
        .await
        .unwrap();
    assert!(answer.status().is_success(), "{path}: {answer:?}");
}

fn scope(prefix: &str) -> Scope {
    Scope { prefix: prefix.to_owned(), tags: BTreeMap::new(), without: Vec::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn nested_stacks_are_explained_repaired_and_their_data_is_not_lost() {
    with_stage("nested", |stage| async move {
        let tool = Tool::new(stage).await;
        a_failure_deep_inside_is_the_cause(&tool).await;
        what_is_stuck_inside_is_skipped_from_the_root(&tool).await;
        data_inside_is_replaced_only_when_it_was_approved(&tool).await;
        a_nested_stack_itself_is_left_alone(&tool).await;
        another_template_behind_the_same_address_is_seen(&tool).await;
        going_back_does_not_reach_inside(&tool).await;
    })
    .await;
}

async fn a_failure_deep_inside_is_the_cause(tool: &Tool) {
    tool.fails(FaultAction::Create, FaultPhase::Any).await;
    let failed = tool.apply("1", "acme-nest-one", &[]).await.unwrap_err();
    let CfnError::Failed { status, cause: Some(cause), .. } = &failed else {
        panic!("{failed:?}");
    };
    assert_eq!(*status, StackStatus::RollbackComplete);
    let line = template("deep.yaml").lines().position(|line| line == "  Queue:").unwrap() + 1;
    let place = cause.place.as_deref().unwrap_or_default();
    assert_eq!(cause.logical_id, QUEUE);
    assert!(cause.reason.contains(REASON), "{}", cause.reason);
    assert!(place.starts_with(&format!("Child/Deep:{line}:")), "{place}");
    assert_eq!(failed.class(), Class::RolledBack);
    let seen = std::mem::take(&mut *tool.seen.lock().unwrap());
    let told = |kind: &EventKind| {
        matches!(kind, EventKind::Resource { stack, logical_id, status, .. }
            if stack == NAME && logical_id == QUEUE && status == "CREATE_FAILED")
    };
    assert!(seen.iter().any(told), "{seen:?}");

    tool.mend().await;
    assert_eq!(tool.store("1", "acme-nest-one", &[]).await, "acme-nest-one");
}

async fn what_is_stuck_inside_is_skipped_from_the_root(tool: &Tool) {
    tool.fails(FaultAction::Update, FaultPhase::Any).await;
    let stuck = tool.apply("2", "acme-nest-one", &[]).await.unwrap_err();
    assert!(stuck.to_string().contains("UPDATE_ROLLBACK_FAILED"), "{stuck}");
    assert!(stuck.to_string().contains(QUEUE), "{stuck}");

    let (ctx, since) = (tool.ctx(), tool.last_call().await);
    let deep = tool.named("-Deep-").await;
    let skipped = format!("{}.Queue", deep.name);
    // Only the root is to be repaired, also when somebody asks for what is inside.
    let inside = repair::plan(&ctx, &scope(deep.name.as_str())).await.unwrap();
    let root = NAME.parse().unwrap();
    assert_eq!(inside[0].remedy, Remedy::OfRoot { root });
    let locked = Locked::before_there_is_a_bucket();
    let refused = repair::repair(&ctx, &locked, None, &inside).await.unwrap_err();
    assert!(matches!(&refused, CfnError::Nested { root, .. } if root == NAME), "{refused:?}");
    assert_eq!(tool.changing(since).await.len(), 0);

    let findings = repair::plan(&ctx, &scope(NAME)).await.unwrap();
    assert_eq!(findings.len(), 1, "{findings:?}");
    let skip = BTreeSet::from([skipped.clone()]);
    assert_eq!(findings[0].remedy, Remedy::ContinueRollback { skip: skip.clone() });
    let repaired = repair::repair(&ctx, &locked, None, &findings).await.unwrap();
    assert_eq!((repaired[0].status, &repaired[0].skipped), ("UPDATE_ROLLBACK_COMPLETE", &skip));
    let calls = tool.changing(since).await;
    let continued = calls.iter().filter(|call| call.operation == "ContinueUpdateRollback");
    assert_eq!(continued.count(), 2, "first with nothing skipped: {calls:?}");
    for call in calls.iter().filter(|call| call.operation != "DetectStackDrift") {
        assert_eq!(call.request["StackName"], NAME, "{call:?}");
    }
    let last = calls.iter().rfind(|call| call.operation == "ContinueUpdateRollback").unwrap();
    assert_eq!(last.request["ResourcesToSkip.member.1"], skipped, "{last:?}");
    tool.mend().await;
}

async fn data_inside_is_replaced_only_when_it_was_approved(tool: &Tool) {
    let name = format!("{NAME}/{STORE}");
    let locked = Locked::before_there_is_a_bucket();
    let planned = plan(&tool.ctx(), &locked, &tool.graph("1", "acme-nest-two")).await.unwrap();
    assert_eq!(planned.needs_approval(), std::slice::from_ref(&name));

    for approved in [&[][..], &["acme-nest/Store"], &["acme-nest/Child/Store"]] {
        let since = tool.last_call().await;
        let refused = tool.apply("1", "acme-nest-two", approved).await.unwrap_err();
        let CfnError::Denied(denied) = &refused else { panic!("{refused:?}") };
        assert_eq!(denied.delta.logical_id, STORE);
        assert_eq!(refused.class(), Class::Denied);
        let hints = refused.hints().join("\n");
        assert!(hints.contains(&format!("--approve-data-loss {name}")), "{hints}");
        let calls = tool.changing(since).await;
        let made = calls.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>();
        assert_eq!(made, ["CreateChangeSet", "DeleteChangeSet"]);
    }
    assert_eq!(tool.store("1", "acme-nest-one", &[]).await, "acme-nest-one");
    assert_eq!(tool.store("1", "acme-nest-two", &[&name]).await, "acme-nest-two");
}

async fn a_nested_stack_itself_is_left_alone(tool: &Tool) {
    let child = tool.named("-Child-").await;
    let (since, locked) = (tool.last_call().await, Locked::before_there_is_a_bucket());
    let graph = tool.graph_of(child.name.as_str(), "3", "acme-nest-two");
    let planned = plan(&tool.ctx(), &locked, &graph).await.unwrap_err();
    let applied = apply(&tool.ctx(), &locked, None, &graph, &Options::default()).await.unwrap_err();
    for refused in [planned, applied] {
        assert!(matches!(&refused, CfnError::Nested { root, .. } if root == NAME), "{refused:?}");
        assert_eq!(refused.class(), Class::NeedsOperator);
    }
    assert_eq!(tool.changing(since).await.len(), 0);
}

/// The stack's own template and parameters are the same.
async fn another_template_behind_the_same_address_is_seen(tool: &Tool) {
    let deep = template("deep.yaml");
    let path = "templates/deep.yaml";
    put(&tool.stage, path, deep.replace("!Ref Delay}", "!Ref Delay, VisibilityTimeout: 60}")).await;
    let graph = tool.graph("1", "acme-nest-two");
    let locked = Locked::before_there_is_a_bucket();
    let planned = plan(&tool.ctx(), &locked, &graph).await.unwrap();
    let StackChange::Update { changes, .. } = &planned.stacks[&NAME.parse().unwrap()] else {
        panic!("{planned:?}");
    };
    let names: Vec<&str> = changes.iter().map(|change| change.logical_id.as_str()).collect();
    assert_eq!(names, ["Child", "Child/Deep", QUEUE]);
    tool.store("1", "acme-nest-two", &[]).await;
    let planned = plan(&tool.ctx(), &locked, &graph).await.unwrap();
    assert!(!planned.has_changes(), "{planned:?}");
}

async fn going_back_does_not_reach_inside(tool: &Tool) {
    let queues = call(&tool.stage, "sqs", "AmazonSQS.ListQueues", &json!({})).await;
    let change = json!({"QueueUrl": queues["QueueUrls"][0], "Attributes": {"DelaySeconds": "9"}});
    call(&tool.stage, "sqs", "AmazonSQS.SetQueueAttributes", &change).await;
    let (ctx, locked) = (tool.ctx(), Locked::before_there_is_a_bucket());
    let drifts = drift::detect(&ctx, &scope(NAME)).await.unwrap();
    let far: Vec<&str> = drifts[0].out_of_reach().map(|one| one.logical_id.as_str()).collect();
    assert_eq!((drifts.len(), far), (1, vec![QUEUE]), "{drifts:?}");
    let planned = drift::plan_revert(&ctx, &locked, &drifts).await.unwrap();
    assert!(planned.is_empty(), "{planned:?}");

    // A parameter of the root is changed as well: going back would touch what nobody sees into.
    let value = json!({"Name": "/acme/nest", "Value": "other", "Overwrite": true});
    call(&tool.stage, "ssm", "AmazonSSM.PutParameter", &value).await;
    let drifts = drift::detect(&ctx, &scope(NAME)).await.unwrap();
    let planned = drift::plan_revert(&ctx, &locked, &drifts).await.unwrap();
    let revert = async |approved: &[String]| {
        let approvals = Approvals::for_resources(approved.to_vec());
        drift::revert(&tool.ctx(), &locked, &planned, &approvals).await
    };
    let refused = revert(&[]).await.unwrap_err();
    let CfnError::Denied(denied) = &refused else { panic!("{refused:?}") };
    assert_eq!(denied.delta.logical_id, "Child");
    revert(&[format!("{NAME}/Child")]).await.unwrap();
    let left = drift::detect(&ctx, &scope(NAME)).await.unwrap();
    let left: Vec<&str> = left[0].resources.iter().map(|one| one.logical_id.as_str()).collect();
    assert_eq!(left, [QUEUE]);
}
