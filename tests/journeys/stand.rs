//! What every journey does first and last: set a stage of its own, and take it down.

use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use cloudops_e2e::emulator::ProxyClient;
use cloudops_e2e::proxy::{Release, Rule};
use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::program::{Finished, Running};
use cloudops_e2e::rehearsal::stage::Stage;
use cloudops_e2e::rehearsal::{Kit, left_running};
use serde_json::Value;

/// How long a journey waits for a call that it wants to hold.
const HELD_LIMIT: Duration = Duration::from_secs(180);
const POLL: Duration = Duration::from_millis(50);
/// How long a command may take.
pub(crate) const LIMIT: Duration = Duration::from_secs(240);

/// The kit that `cargo xtask test` describes.
pub(crate) fn kit() -> Kit {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    Kit::from_environment(&fixtures).unwrap()
}

/// An empty folder for a journey. What an earlier, killed run of it left is ended first; its
/// files stay until then, so that a failure can be looked into.
pub(crate) async fn work(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("journey").join(name);
    left_running::clean(&folder).await.unwrap();
    if folder.exists() {
        fs_err::remove_dir_all(&folder).unwrap();
    }
    fs_err::create_dir_all(&folder).unwrap();
    folder
}

/// Runs a journey on a stage, which is taken down also when the journey fails.
pub(crate) async fn with_stage<F>(name: &str, journey: impl FnOnce(Arc<Stage>) -> F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    on(Stage::set(&kit(), &work(name).await).await.unwrap(), journey).await
}

async fn on<F>(stage: Stage, journey: impl FnOnce(Arc<Stage>) -> F) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let stage = Arc::new(stage);
    // A task of its own, so that a panic comes back as a value.
    let result = tokio::spawn(journey(Arc::clone(&stage))).await;
    if let Ok(stage) = Arc::try_unwrap(stage) {
        stage.close().await;
    }
    result.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}

/// Runs a journey on a stage with a foundation and a build server that has its password and its
/// plugins. `number` is that of the network.
pub(crate) async fn with_build_server<F>(
    name: &str,
    number: u8,
    journey: impl FnOnce(Arc<Stage>, Instance) -> F + Send + 'static,
) -> F::Output
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let mut stage = Stage::set(&kit(), &work(name).await).await.unwrap();
    stage.start_build_server().await.unwrap();
    let instance = stage.instance("acme", number).await.unwrap();
    on(stage, |stage| async move {
        ends(&instance, "cloudcore init", 0).await;
        let server = stage.build_server.as_ref().unwrap();
        server.inject_password(&stage.inventory().unwrap(), "acme").await.unwrap();
        let lock = fs_err::read_to_string(instance.folder.join("jenkins/plugins.lock")).unwrap();
        server.install(&lock).unwrap();
        journey(stage, instance).await
    })
    .await
}

/// Runs a command that has to end with this exit code.
pub(crate) async fn ends(instance: &Instance, line: &str, code: i32) -> Finished {
    let finished = instance.run(line).await.unwrap();
    assert_ended(&finished, code);
    finished
}

pub(crate) fn assert_ended(finished: &Finished, code: i32) {
    let (line, found) = (&finished.command, finished.code);
    let (seconds, text) = (finished.elapsed.as_secs(), finished.text());
    assert_eq!(found, code, "`{line}` ended with {found} after {seconds} s:\n{text}");
}

/// Everything that a deployment needs. The package is built here and not by the build server,
/// which another journey does. The environment is `qa`.
pub(crate) async fn ready_to_deploy(stage: &Stage, instance: &Instance) {
    ends(instance, "cloudcore init", 0).await;
    let package = package(stage, instance).await;
    ends(instance, &format!("cloudteam package publish {package} --source commerce"), 0).await;
    ends(instance, "clouddeploy init", 0).await;
    ends(instance, "clouddeploy images build", 0).await;
    ends(instance, "clouddeploy env create qa --kind single", 0).await;
}

/// The deployment package of the sample distribution, built in its folder; its path from the
/// folder of the instance.
pub(crate) async fn package(stage: &Stage, instance: &Instance) -> String {
    let source = instance.folder.join("commerce");
    let built = tokio::process::Command::new("./build.sh")
        .arg("package")
        .current_dir(&source)
        .env("TOMCAT_HOME", &stage.kit.tomcat)
        .output()
        .await
        .unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let target = "commerce/extensions/packager/ext-deployment-package/target";
    format!("{target}/ext-deployment-package-8.5.0.zip")
}

/// Calls an operation of AWS that speaks JSON, as somebody else than the programs would.
pub(crate) async fn call(stage: &Stage, service: &str, target: &str, body: &Value) -> Value {
    let environment: std::collections::BTreeMap<String, String> =
        stage.emulator.env().into_iter().collect();
    let region = &environment["AWS_REGION"];
    let scope = format!("test/20260101/{region}/{service}/aws4_request");
    let answer = reqwest::Client::builder()
        .no_proxy()
        .build()
        .unwrap()
        .post(&environment["AWS_ENDPOINT_URL"])
        .header("Authorization", format!("AWS4-HMAC-SHA256 Credential={scope}, Signature=0"))
        .header("X-Amz-Target", target)
        .header("Content-Type", "application/x-amz-json-1.1")
        .body(body.to_string())
        .send()
        .await
        .unwrap();
    let status = answer.status();
    let text = answer.text().await.unwrap();
    assert!(status.is_success(), "{target}: {status} {text}");
    serde_json::from_str(&text).unwrap()
}

/// Whether the AWS CLI succeeded, and what it said: somebody else than the programs.
pub(crate) async fn aws(stage: &Stage, arguments: &[&str]) -> (bool, String) {
    let mut command = tokio::process::Command::new(stage.kit.python.with_file_name("aws"));
    command.args(arguments).envs(stage.emulator.env()).env("AWS_PAGER", "");
    let output = command.kill_on_drop(true).output().await.unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).trim().to_owned())
}

/// What git says, as a developer with a name.
pub(crate) async fn git(folder: &Path, arguments: &[&str]) -> String {
    let mut command = tokio::process::Command::new("git");
    command.current_dir(folder).args(["-c", "user.name=Ann", "-c", "user.email=ann@example.com"]);
    let output = command.args(arguments).output().await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {arguments:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The words of an answer of the AWS CLI; `None` is its word for nothing.
pub(crate) async fn listed(stage: &Stage, arguments: &[&str]) -> Vec<String> {
    let (succeeded, said) = aws(stage, &[arguments, &["--output", "text"]].concat()).await;
    assert!(succeeded, "{said}");
    said.split_whitespace().filter(|word| *word != "None").map(str::to_owned).collect()
}

/// An answer of the AWS CLI.
pub(crate) async fn answer(stage: &Stage, arguments: &[&str]) -> Value {
    let (succeeded, said) = aws(stage, &[arguments, &["--output", "json"]].concat()).await;
    assert!(succeeded, "{said}");
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}"))
}

/// An output of the foundation, as `cloudcore outputs` tells it.
pub(crate) async fn output(instance: &Instance, name: &str) -> String {
    let text = ends(instance, "cloudcore outputs --output json", 0).await.text();
    let line = text.lines().find(|line| line.starts_with('{') && line.contains(name)).unwrap();
    let found: Value = serde_json::from_str(line).unwrap();
    find(&found, name).unwrap_or_else(|| panic!("no {name} in {line}"))
}

fn find(value: &Value, name: &str) -> Option<String> {
    match value {
        Value::Object(fields) => fields.iter().find_map(|(key, value)| match value {
            Value::String(text) if key == name => Some(text.clone()),
            deeper => find(deeper, name),
        }),
        Value::Array(items) => items.iter().find_map(|item| find(item, name)),
        _ => None,
    }
}

/// Starts a command and waits until the call that `rule` describes is held. Gives the hold's
/// number too.
pub(crate) async fn held_at(
    proxy: &ProxyClient,
    instance: &Instance,
    line: &str,
    rule: &Rule,
) -> (Running, u64) {
    let id = proxy.hold(rule).await.unwrap();
    let running = instance.start(line).unwrap();
    (held_or_killed(proxy, running, id, rule).await, id)
}

async fn held_or_killed(
    proxy: &ProxyClient,
    mut running: Running,
    hold: u64,
    rule: &Rule,
) -> Running {
    let held = tokio::select! {
        held = waits(proxy, hold) => held,
        _ = running.ended() => false,
    };
    if !held {
        let finished = running.kill().await.unwrap();
        let (line, text) = (&finished.command, finished.text());
        panic!("`{line}` did not come to {rule:?}:\n{text}");
    }
    running
}

/// Whether a call comes to wait at this hold.
async fn waits(proxy: &ProxyClient, hold: u64) -> bool {
    let start = Instant::now();
    while start.elapsed() < HELD_LIMIT {
        let held = proxy.held(POLL).await.unwrap();
        if held.iter().any(|held| held.rule == hold) {
            return true;
        }
        tokio::time::sleep(POLL).await;
    }
    false
}

/// Kills a command, as a power cut would, at the call that the last rule describes. The rules
/// before it are points that the command comes by first: a call is named by its own words only,
/// so "the first change set of a service" takes two of them.
pub(crate) async fn killed_at(
    proxy: &ProxyClient,
    instance: &Instance,
    line: &str,
    rules: &[Rule],
) {
    let (first, later) = rules.split_first().unwrap();
    let (mut running, mut hold) = held_at(proxy, instance, line, first).await;
    for rule in later {
        let next = proxy.hold(rule).await.unwrap();
        proxy.release(Some(hold), Release::Go).await.unwrap();
        running = held_or_killed(proxy, running, next, rule).await;
        hold = next;
    }
    let finished = running.kill().await.unwrap();
    assert_eq!(finished.code, 137, "killed at {rules:?}");
    // The call's client is gone: whatever still waits there must not go on.
    proxy.release(Some(hold), Release::Drop).await.unwrap();
}
