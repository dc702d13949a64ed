//! Configuration management: one suite for every place where values can be kept.

use std::process::Stdio;

use cloudops_e2e::consul::Consul;
use cloudops_e2e::rehearsal::{instance::Instance, stage::Stage};
use serde_json::{Value, json};

use crate::stand::{call, ends, with_stage};

const FIRST: &str = "hunter2-the-first";
const SECOND: &str = "hunter2-the-second";
const TOKEN: &str = "4e6b0f0a-3b0c-4b5e-9d0a-6f1f5a0c7e21";

#[tokio::test(flavor = "multi_thread")]
async fn values_are_kept_with_their_history_in_every_backend() {
    with_stage("config", |stage| async move {
        let instance = stage.instance("acme", 61).await.unwrap();
        ends(&instance, "cloudcore config list", 5).await;
        ends(&instance, "cloudcore init", 0).await;
        foundation(&instance).await;

        Suite::new(&stage, &instance, "cloudops.yaml", "store").run().await;

        let secret = json!({"Name": "consul-token", "SecretString": TOKEN});
        call(&stage, "secretsmanager", "secretsmanager.CreateSecret", &secret).await;
        let consul = Consul::start(TOKEN).await.unwrap();
        consul_settings(&instance, consul.endpoint());
        Suite::new(&stage, &instance, "consul.yaml", "consul").run().await;

        if let Some(real) = RealConsul::start(&instance).await {
            consul_settings(&instance, &real.endpoint);
            Suite::new(&stage, &instance, "consul.yaml", "real").run().await;
            real.stop().await;
        }
        cluster_of_our_own(&stage, &instance).await;

        // Values of one place are not in the other one.
        let listed = ends(&instance, "cloudcore config list", 0).await.text();
        assert!(
            listed.contains("store/currency") && !listed.contains("consul/currency"),
            "{listed}"
        );
    })
    .await;
}

fn consul_settings(instance: &Instance, endpoint: &str) {
    let consul = format!(
        "configuration: {{backend: consul, endpoint: \"{endpoint}\", token-secret: consul-token}}\n"
    );
    let text = instance.settings.yaml() + &consul;
    fs_err::write(instance.folder.join("consul.yaml"), text).unwrap();
}

/// The stack of a cluster of our own is made, and the commands go where it says. Hosts are entries
/// here, so nobody answers there; what a server does when it starts has a test of its own.
async fn cluster_of_our_own(stage: &Stage, instance: &Instance) {
    let text = instance.settings.yaml() + "configuration: {backend: consul}\n";
    fs_err::write(instance.folder.join("ours.yaml"), text).unwrap();
    let ours = |line: &str, code| {
        let line = format!("cloudcore --config ours.yaml {line}");
        async move { ends(instance, &line, code).await }
    };
    let missing = ours("config list", 5).await.text();
    assert!(missing.contains("ConsulUrl") && missing.contains("cloudcore init"), "{missing}");
    ours("init", 0).await;
    let outputs = ours("outputs --output json", 0).await.json().unwrap();
    let secret = &outputs["outputs"]["ConsulTokenSecretArn"];
    let token = json!({"SecretId": secret, "SecretString": TOKEN});
    call(stage, "secretsmanager", "secretsmanager.PutSecretValue", &token).await;
    let nobody = ours("config list", 12).await.text();
    assert!(nobody.contains("Consul at https://config.acme.example.com/ does not"), "{nobody}");
    ours("plan --detailed-exit-code", 0).await;
    let status = ours("status", 0).await.text();
    assert!(status.contains("3 of 3 servers run"), "{status}");
}

async fn foundation(instance: &Instance) {
    let listed = ends(instance, "cloudcore config list core", 0).await.text();
    assert!(listed.contains("core/domain") && listed.contains("acme.example.com"), "{listed}");
    let refused = ends(instance, "cloudcore config set core/domain other.example.com", 8).await;
    assert!(refused.text().contains("cloudops.yaml"), "{}", refused.text());
}

/// The same commands, for one place where values are kept.
struct Suite<'a> {
    stage: &'a Stage,
    instance: &'a Instance,
    settings: &'static str,
    /// Keys of this suite lie below it: secrets are in Secrets Manager whatever the backend is.
    below: &'static str,
}

impl<'a> Suite<'a> {
    fn new(
        stage: &'a Stage,
        instance: &'a Instance,
        settings: &'static str,
        below: &'static str,
    ) -> Self {
        Self { stage, instance, settings, below }
    }

    async fn run(&self) {
        self.scopes().await;
        self.versions().await;
        self.secrets().await;
        self.documents().await;
        self.removal().await;
        self.rules().await;
    }

    /// Runs `cloudcore config`; `%` is where this suite's keys are.
    async fn config(&self, line: &str, code: i32) -> String {
        let (settings, line) = (self.settings, line.replace('%', self.below));
        let line = format!("cloudcore --config {settings} config {line}");
        let text = ends(self.instance, &line, code).await.text();
        assert!(!text.contains("hunter2"), "`{line}` shows a secret:\n{text}");
        text
    }

    async fn json(&self, line: &str) -> Value {
        let (settings, line) = (self.settings, line.replace('%', self.below));
        let line = format!("cloudcore --config {settings} --output json config {line}");
        ends(self.instance, &line, 0).await.json().unwrap()
    }

    async fn value(&self, line: &str) -> String {
        let found = self.json(&format!("get {line}")).await;
        found["entries"][0]["value"].as_str().unwrap().to_owned()
    }

    async fn scopes(&self) {
        self.config("get %/currency", 2).await;
        self.config("set %/currency EUR", 0).await;
        assert_eq!(self.value("%/currency --env live --service cortex").await, "EUR");
        self.config("set %/currency USD --env live", 0).await;
        self.config("set %/heap 2048 --env live --service cortex", 0).await;
        assert_eq!(self.value("%/currency --env live --service cortex").await, "USD");
        assert_eq!(self.value("%/currency --env qa").await, "EUR");
        let differs = self.config("diff qa live/cortex", 20).await;
        for word in ["currency", "EUR", "USD", "heap", "2048"] {
            assert!(differs.contains(word), "{differs}");
        }
        self.config("diff instance qa", 0).await;
    }

    async fn versions(&self) {
        assert!(
            self.config("set %/currency USD --env live", 0).await.contains("nothing to change")
        );
        self.config("set %/currency GBP --env live", 0).await;
        let history = self.json("history %/currency --env live").await;
        let versions = history["versions"].as_array().unwrap();
        let values: Vec<_> = versions.iter().map(|version| version["value"].as_str()).collect();
        assert_eq!(values, [Some("USD"), Some("GBP")], "{history}");
        let numbers: Vec<_> = versions.iter().map(|version| version["version"].as_i64()).collect();
        assert_eq!(numbers, [Some(1), Some(2)], "{history}");
        // The local Parameter Store does not say who.
        if self.settings == "consul.yaml" {
            assert!(versions[1]["by"].as_str().unwrap().starts_with("arn:aws:"), "{history}");
        }
        self.config("rollback %/currency --env live --to 1", 0).await;
        assert_eq!(self.value("%/currency --env live").await, "USD");
        self.config("rollback %/currency --env live --to 9", 2).await;
    }

    async fn secrets(&self) {
        for (file, secret) in [("first.txt", FIRST), ("second.txt", SECOND)] {
            fs_err::write(self.instance.folder.join(file), format!("{secret}\n")).unwrap();
            self.config(&format!("set %/db --env live --secret --file {file}"), 0).await;
            assert_eq!(self.kept().await, secret);
        }
        for line in ["get %/db --env live", "list", "history %/db --env live", "export"] {
            let text = self.config(line, 0).await;
            let reference = format!("/cloudops/acme/env/live/{}/db#", self.below);
            assert!(text.contains(&reference), "`{line}`: no `{reference}` in\n{text}");
        }
        self.config("rollback %/db --env live --to 1", 0).await;
        assert_eq!(self.kept().await, FIRST);
        let shown = ends(self.instance, "cloudcore show last --output json", 0).await.text();
        assert!(shown.contains("config/env/live") && !shown.contains("hunter2"), "{shown}");
    }

    /// The value that Secrets Manager holds.
    async fn kept(&self) -> String {
        let id = format!("/cloudops/acme/env/live/{}/db", self.below);
        let body = json!({ "SecretId": id });
        let answer =
            call(self.stage, "secretsmanager", "secretsmanager.GetSecretValue", &body).await;
        answer["SecretString"].as_str().unwrap().to_owned()
    }

    async fn documents(&self) {
        let settings = self.settings;
        let line = format!("cloudcore --config {settings} config export");
        let document = ends(self.instance, &line, 0).await.stdout;
        let file = |name: &str, text: &str| {
            fs_err::write(self.instance.folder.join(name), text).unwrap();
        };
        file("all.yaml", &document);
        assert!(self.config("import all.yaml", 0).await.contains("nothing to change"));
        self.config("diff --file all.yaml", 0).await;

        let text = document.replace("heap: 2048", "heap: 4096");
        file("more.yaml", &text);
        assert!(self.config("diff --file more.yaml", 20).await.contains("4096"));
        assert!(self.config("import more.yaml --dry-run", 0).await.contains("4096"));
        assert_eq!(self.value("%/heap --env live --service cortex").await, "2048");
        self.config("import more.yaml", 0).await;
        assert_eq!(self.value("%/heap --env live --service cortex").await, "4096");

        file("bad.yaml", "schema: 1\nenvironments:\n  live:\n    values:\n      a: [1]\n");
        let refused = self.config("import bad.yaml", 3).await;
        assert!(refused.contains("bad.yaml:5:7: `environments.live.values.a`"), "{refused}");
    }

    async fn removal(&self) {
        let history = self.json("history %/heap --env live --service cortex").await;
        let last = history["versions"].as_array().unwrap().last().unwrap().clone();
        let moment = last["at"].as_str().unwrap();
        self.config("unset %/heap --env live --service cortex", 0).await;
        self.config("unset %/db --env live", 0).await;
        self.config("set %/late x --env live", 0).await;
        self.config("get %/heap --env live --service cortex", 2).await;
        assert!(
            self.config("unset %/heap --env live --service cortex", 0).await.contains("nothing")
        );
        let history = self.config("history %/heap --env live --service cortex", 0).await;
        assert!(history.contains("removed") && history.contains("4096"), "{history}");

        self.config(&format!("rollback --at {moment} --env live"), 0).await;
        assert_eq!(self.value("%/heap --env live --service cortex").await, "4096");
        assert_eq!(self.kept().await, FIRST);
        self.config("get %/late --env live", 2).await;
        assert!(
            self.config(&format!("rollback --at {moment} --env live"), 0).await.contains("nothing")
        );
    }

    async fn rules(&self) {
        let schema = format!(
            "properties:\n  {}:\n    properties:\n      currency: {{pattern: '^[A-Z]{{3}}$'}}\n",
            self.below
        );
        fs_err::write(self.instance.folder.join("values.schema.yaml"), schema).unwrap();
        let text = fs_err::read_to_string(self.instance.folder.join(self.settings)).unwrap();
        let text = if text.contains("configuration: {") {
            text.replace("configuration: {", "configuration: {schema: values.schema.yaml, ")
        } else {
            text + "configuration: {schema: values.schema.yaml}\n"
        };
        fs_err::write(self.instance.folder.join("strict.yaml"), text).unwrap();
        let strict = Self { settings: "strict.yaml", ..*self };
        let refused = strict.config("set %/currency euro --env live", 8).await;
        assert!(refused.contains(&format!("{}/currency (live)", self.below)), "{refused}");
        strict.config("set %/currency CHF --env live", 0).await;
        assert_eq!(self.value("%/currency --env live").await, "CHF");
    }
}

/// A `consul` of this machine's PATH, where there is one.
struct RealConsul {
    child: tokio::process::Child,
    endpoint: String,
}

impl RealConsul {
    async fn start(instance: &Instance) -> Option<Self> {
        let port = || {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            listener.local_addr().unwrap().port()
        };
        let (http, server, serf) = (port(), port(), port());
        let acl = format!(
            "acl = {{ enabled = true, default_policy = \"deny\", tokens = {{ \
             initial_management = \"{TOKEN}\", agent = \"{TOKEN}\" }} }}\n\
             ports = {{ http = {http}, server = {server}, serf_lan = {serf}, serf_wan = -1, \
             dns = -1, grpc = -1, grpc_tls = -1 }}\n"
        );
        let file = instance.folder.join("consul.hcl");
        fs_err::write(&file, acl).unwrap();
        let child = tokio::process::Command::new("consul")
            .args(["agent", "-dev", "-config-file"])
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .ok()?;
        let endpoint = format!("http://127.0.0.1:{http}");
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let leader = format!("{endpoint}/v1/status/leader");
        let started = std::time::Instant::now();
        while started.elapsed() < crate::stand::LIMIT {
            let answer = client.get(&leader).header("X-Consul-Token", TOKEN).send().await;
            if let Ok(answer) = answer
                && answer.status().is_success()
                && answer.text().await.unwrap_or_default().len() > 2
            {
                return Some(Self { child, endpoint });
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("consul on the PATH does not come to have a leader");
    }

    async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}
