//! Runs for tests, made of the events that a real one reports, with times as AWS takes them.

use jiff::{SignedDuration, Timestamp};

use crate::{
    diagnose::Class,
    events::{EVENT_SCHEMA, Event, EventKind, GraphStack, Outcome},
    state::{
        lock::Owner,
        runs::{Ending, RunDocument, RunReport},
    },
};

const BEGAN: &str = "2026-03-02T09:15:30Z";

struct Tape(Vec<Event>);

fn at(seconds: f64) -> Timestamp {
    let began: Timestamp = BEGAN.parse().unwrap();
    began + SignedDuration::from_millis((seconds * 1000.0) as i64)
}

impl Tape {
    fn say(&mut self, seconds: f64, kind: EventKind) {
        self.0.push(Event { schema: EVENT_SCHEMA, time: at(seconds), kind });
    }

    fn graph(&mut self, seconds: f64, stacks: &[(&str, &str, &[&str])]) {
        let stack = |(name, title, needs): &(&str, &str, &[&str])| GraphStack {
            name: (*name).to_owned(),
            title: (*title).to_owned(),
            step: format!("stack/{name}"),
            needs: needs.iter().map(|need| (*need).to_owned()).collect(),
        };
        let stacks = stacks.iter().map(stack).collect();
        self.say(seconds, EventKind::Graph { stacks });
    }

    fn start(&mut self, seconds: f64, step: &str, title: &str, estimate_seconds: Option<u64>) {
        let (step, title) = (step.to_owned(), title.to_owned());
        self.say(seconds, EventKind::StepStarted { step, title, estimate_seconds });
    }

    fn end(&mut self, seconds: f64, step: &str, outcome: Outcome, detail: &str) {
        let (step, detail) = (step.to_owned(), detail.to_owned());
        self.say(seconds, EventKind::StepFinished { step, outcome, detail });
    }

    /// A resource by stack, id, type without `AWS::`, and status.
    fn resource(&mut self, seconds: f64, stack: &str, id: &str, what: &str, status: &str) {
        self.failed(seconds, stack, id, what, status, None);
    }

    fn failed(
        &mut self,
        seconds: f64,
        stack: &str,
        id: &str,
        what: &str,
        status: &str,
        reason: Option<&str>,
    ) {
        let kind = EventKind::Resource {
            stack: stack.to_owned(),
            logical_id: id.to_owned(),
            resource_type: format!("AWS::{what}"),
            status: status.to_owned(),
            reason: reason.map(str::to_owned),
            at: None,
        };
        self.say(seconds, kind);
    }

    /// A stack that is created without a problem: its resources as (id, type, begin, end).
    fn stack(&mut self, name: &str, title: &str, span: (f64, f64), all: &[(&str, &str, f64, f64)]) {
        self.start(span.0, &format!("stack/{name}"), &format!("{title} ({name})"), Some(90));
        for (id, what, began, ended) in all {
            self.resource(*began, name, id, what, "CREATE_IN_PROGRESS");
            self.resource(*ended, name, id, what, "CREATE_COMPLETE");
        }
        self.resource(span.1, name, name, "CloudFormation::Stack", "CREATE_COMPLETE");
        let took = format!("done in {:.1} s", span.1 - span.0);
        self.end(span.1, &format!("stack/{name}"), Outcome::Done, &took);
    }

    fn outputs(&mut self, seconds: f64, stack: &str, outputs: &[(&str, &str)]) {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let outputs = outputs.iter().map(pair).collect();
        self.say(seconds, EventKind::Outputs { stack: stack.to_owned(), outputs });
    }

    fn document(
        mut self,
        command: &str,
        ended: f64,
        class: Class,
        error: Option<&str>,
    ) -> RunDocument {
        self.0.sort_by_key(|event| event.time);
        let ending = Ending {
            time: at(ended),
            class,
            exit_code: class.code(),
            error: error.map(str::to_owned),
            hints: error
                .map(|_| "Mend the cause, then run `cloudops-command` again.".to_owned())
                .into_iter()
                .collect(),
        };
        let report = RunReport {
            run: "0195565a-1b2c-7def-8123-456789abcdef".to_owned(),
            scope: "env-live".to_owned(),
            command: command.to_owned(),
            version: "0.1.0".to_owned(),
            owner: Owner { user: "ann".to_owned(), host: "build-7".to_owned(), pid: 4711 },
            caller: "arn:aws:sts::123456789012:assumed-role/ReleaseEngineers/ann@example.com"
                .to_owned(),
            account: "123456789012".parse().unwrap(),
            region: "us-west-2".parse().unwrap(),
            began: at(0.0),
            ended: Some(ending),
        };
        RunDocument { report, events: self.0, running: false }
    }
}

/// Two steps, of which the second fails.
pub(crate) fn short_failure() -> RunDocument {
    let mut tape = Tape(Vec::new());
    tape.graph(0.1, &[("acme-core-network", "network", &[]), ("acme-core-dns", "dns", &[])]);
    let network = [("Vpc", "EC2::VPC", 1.0, 14.0)];
    tape.stack("acme-core-network", "network", (0.2, 61.4), &network);
    tape.start(0.3, "stack/acme-core-dns", "dns (acme-core-dns)", None);
    let reason = Some("shop.example.com exists already");
    tape.failed(9.5, "acme-core-dns", "Zone", "Route53::HostedZone", "CREATE_FAILED", reason);
    let detail = "stack acme-core-dns: Zone: shop.example.com exists already";
    tape.end(12.0, "stack/acme-core-dns", Outcome::Failed, detail);
    tape.document("cloudcore init", 61.5, Class::RolledBack, Some(detail))
}

fn infrastructure(tape: &mut Tape) {
    tape.graph(
        0.4,
        &[
            ("acme-live-network", "network of the environment", &[]),
            ("acme-live-cluster", "cluster", &["acme-live-network"]),
            ("acme-live-author-data", "database of Author", &["acme-live-network"]),
            ("acme-live-author-broker", "message broker of Author", &["acme-live-network"]),
            ("acme-live-edge", "balancer & <firewall>", &["acme-live-cluster"]),
            (
                "acme-live-author-svc-integration-long",
                "service integration",
                &["acme-live-author-data", "acme-live-author-broker", "acme-live-cluster"],
            ),
        ],
    );
    tape.start(0.5, "stack/acme-live-storage", "storage (acme-live-storage)", None);
    tape.end(1.9, "stack/acme-live-storage", Outcome::Unchanged, "nothing to change");
    let network = [
        ("Vpc", "EC2::VPC", 1.0, 13.0),
        ("PrivateSubnetA", "EC2::Subnet", 13.5, 17.0),
        ("PrivateSubnetB", "EC2::Subnet", 13.5, 18.0),
        ("NatGateway", "EC2::NatGateway", 18.5, 118.0),
    ];
    tape.stack("acme-live-network", "network of the environment", (0.6, 121.0), &network);
    let cluster = [
        ("Cluster", "ECS::Cluster", 122.0, 131.0),
        ("Machines", "AutoScaling::AutoScalingGroup", 132.0, 201.0),
    ];
    tape.stack("acme-live-cluster", "cluster", (121.1, 204.0), &cluster);
    let broker = [("Broker", "AmazonMQ::Broker", 123.0, 742.0)];
    tape.stack("acme-live-author-broker", "message broker of Author", (121.2, 748.0), &broker);
    let edge = [
        ("Balancer", "ElasticLoadBalancingV2::LoadBalancer", 206.0, 381.0),
        ("Firewall", "WAFv2::WebACL", 206.5, 212.0),
    ];
    tape.stack("acme-live-edge", "balancer & <firewall>", (204.2, 402.0), &edge);
    tape.outputs(402.1, "acme-live-edge", &[("StorefrontUrl", "https://live.shop.example.com/"), ("BalancerArn", "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/app/acme-live-edge/50dc6c495c0c9188")]);
    let plan = serde_json::json!({
        "acme-live-network": {"verb": "create", "resources": ["AWS::EC2::VPC", "AWS::EC2::Subnet"]},
        "acme-live-author-data": {"verb": "update", "changes": [
            {"logical_id": "Cluster", "resource_type": "AWS::RDS::DBCluster", "action": "may-replace", "changes": [{"path": "Properties.EngineVersion"}]}]},
        "acme-live-storage": {"verb": "unchanged"},
        "acme-live-author-svc-integration-long": {"verb": "unknown", "waits_for": ["ClusterArn"]},
    });
    tape.say(0.2, EventKind::Plan { stacks: plan });
    tape.say(
        0.3,
        EventKind::Note {
            message: "the parent zone must name these servers: ns-1.example.com".to_owned(),
        },
    );
}

/// A deployment whose database cannot be made: a consequence is reported before the cause.
pub(crate) fn failed() -> RunDocument {
    let mut tape = Tape(Vec::new());
    infrastructure(&mut tape);
    let (stack, cluster, instance) = ("acme-live-author-data", "RDS::DBCluster", "RDS::DBInstance");
    tape.start(
        121.3,
        "stack/acme-live-author-data",
        "database of Author (acme-live-author-data)",
        Some(600),
    );
    tape.resource(122.0, stack, "Key", "KMS::Key", "CREATE_IN_PROGRESS");
    tape.resource(141.0, stack, "Key", "KMS::Key", "CREATE_COMPLETE");
    for (id, what) in
        [("Cluster", cluster), ("ReaderInstance", instance), ("WriterInstance", instance)]
    {
        tape.resource(142.0, stack, id, what, "CREATE_IN_PROGRESS");
    }
    let cancelled = Some("Resource creation cancelled");
    let cause = "The engine version 8.0.mysql_aurora.3.99.0 is not available in us-west-2 (Service: Rds, Status Code: 400)";
    tape.failed(401.0, stack, "ReaderInstance", instance, "CREATE_FAILED", cancelled);
    tape.failed(401.5, stack, "Cluster", cluster, "CREATE_FAILED", Some(cause));
    tape.failed(402.0, stack, "WriterInstance", instance, "CREATE_FAILED", cancelled);
    tape.resource(405.0, stack, "Key", "KMS::Key", "DELETE_IN_PROGRESS");
    tape.resource(431.0, stack, "Key", "KMS::Key", "DELETE_COMPLETE");
    let detail =
        format!("stack {stack} ended in ROLLBACK_COMPLETE: Cluster (AWS::RDS::DBCluster): {cause}");
    tape.end(436.0, "stack/acme-live-author-data", Outcome::Failed, &detail);
    tape.end(
        748.2,
        "stack/acme-live-author-svc-integration-long",
        Outcome::Skipped,
        "a stack it depends on failed",
    );
    tape.document("clouddeploy deploy", 748.4, Class::RolledBack, Some(&detail))
}

/// The same deployment when all goes well.
pub(crate) fn done() -> RunDocument {
    let mut tape = Tape(Vec::new());
    infrastructure(&mut tape);
    let data = [
        ("Key", "KMS::Key", 122.0, 141.0),
        ("Cluster", "RDS::DBCluster", 142.0, 421.0),
        ("WriterInstance", "RDS::DBInstance", 422.0, 902.0),
    ];
    tape.stack("acme-live-author-data", "database of Author", (121.3, 905.0), &data);
    let service = [
        ("TaskDefinition", "ECS::TaskDefinition", 906.0, 908.0),
        ("Service", "ECS::Service", 909.0, 1041.0),
    ];
    tape.stack(
        "acme-live-author-svc-integration-long",
        "service integration",
        (905.1, 1044.0),
        &service,
    );
    tape.say(
        1045.0,
        EventKind::Service {
            service: "author/integration".to_owned(),
            state: "2 of 2 tasks run".to_owned(),
        },
    );
    tape.document("clouddeploy deploy", 1046.0, Class::Done, None)
}
