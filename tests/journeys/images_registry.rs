//! The builder and a registry without AWS: a push that is killed, and logins that people have.

use std::path::PathBuf;

use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::program::Finished;
use cloudops_e2e::rehearsal::stage::Stage;

use crate::plain_registry::{Gate, PASSWORD, PlainRegistry, USER};
use crate::stand::{ends, package, with_stage};

/// Uploads until the push is killed.
const UPLOADS: usize = 5;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_push_goes_on_where_it_stopped() {
    with_stage("images-killed", |stage| async move {
        let instance = stage.instance("acme", 76).await.unwrap();
        let package = package(&stage, &instance).await;
        let registry = PlainRegistry::start(&instance.folder).await;
        let gate = Gate::before(&registry).await;
        let line = build(&stage, &package, &gate.address);

        gate.let_in(UPLOADS);
        let running = instance.start(&line).unwrap();
        gate.wait_for(UPLOADS).await;
        running.kill().await.unwrap();
        let before = gate.arrived();
        assert_eq!(registry.tags().await, Vec::<String>::new(), "a tag before all is there");

        gate.let_in(usize::MAX);
        ends(&instance, &line, 0).await;
        let after = gate.arrived();
        assert!(!after.is_empty());
        for digest in &before {
            assert!(!after.contains(digest), "{digest} was sent again");
        }
        assert_eq!(registry.tags().await.len(), 7);

        gate.let_in(usize::MAX);
        ends(&instance, &line, 0).await;
        assert_eq!(gate.arrived(), Vec::<String>::new(), "nothing has changed");
        registry.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_registry_is_logged_in_to_as_docker_does() {
    with_stage("images-logins", |stage| async move {
        let instance = stage.instance("acme", 77).await.unwrap();
        let package = package(&stage, &instance).await;
        let registry = PlainRegistry::with_users(&instance.folder).await;
        let line = build(&stage, &package, &registry.address);

        let nobody = ends(&instance, &line, 4).await;
        says(&nobody, &["wants a login", &format!("docker login {}", registry.address)]);
        let wrong = with_config(&instance, "wrong", &auths(&registry, "battery-staple"));
        let refused = ends(&wrong, &line, 4).await;
        says(&refused, &["does not take the login", &registry.address]);
        shows_nothing(&refused, "battery-staple");

        let ann = with_config(&instance, "ann", &auths(&registry, PASSWORD));
        let built = ends(&ann, &format!("{line} --output json"), 0).await;
        shows_nothing(&built, PASSWORD);
        let last = built.stdout.lines().last().unwrap().to_owned();
        let report: serde_json::Value = serde_json::from_str(&last).unwrap();

        // A helper, as stores of operating systems have them; the base is behind the same login.
        let helped = with_helper(&instance, &registry);
        let base = report["images"]["cm"]["reference"].as_str().unwrap();
        let on_base = format!(
            "clouddeploy images build --package {package} --base {base} --registry {}/second",
            registry.address
        );
        shows_nothing(&ends(&helped, &on_base, 0).await, PASSWORD);
        registry.stop().await;
    })
    .await;
}

fn build(stage: &Stage, package: &str, registry: &str) -> String {
    let base = stage.base_image.display();
    format!(
        "clouddeploy images build --package {package} --base layout:{base} --registry {registry}"
    )
}

fn folder(instance: &Instance, name: &str) -> PathBuf {
    let folder = instance.folder.join("logins").join(name);
    fs_err::create_dir_all(&folder).unwrap();
    folder
}

/// The same programs with a file of Docker.
fn with_config(instance: &Instance, name: &str, text: &serde_json::Value) -> Instance {
    let folder = folder(instance, name);
    fs_err::write(folder.join("config.json"), text.to_string()).unwrap();
    instance.with_variable("DOCKER_CONFIG", folder.to_str())
}

fn auths(registry: &PlainRegistry, password: &str) -> serde_json::Value {
    serde_json::json!({ "auths": { &registry.address: { "auth": pair(password) } } })
}

fn pair(password: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{password}"))
}

fn with_helper(instance: &Instance, registry: &PlainRegistry) -> Instance {
    use std::os::unix::fs::PermissionsExt as _;
    let helpers = serde_json::json!({ "credHelpers": { &registry.address: "journey" } });
    let instance = with_config(instance, "helper", &helpers);
    let programs = folder(&instance, "programs");
    let program = programs.join("docker-credential-journey");
    let answer = serde_json::json!({ "Username": USER, "Secret": PASSWORD });
    fs_err::write(&program, format!("#!/bin/sh\nread -r host\necho '{answer}'\n")).unwrap();
    fs_err::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let known = instance.environment().iter().find(|(name, _)| name == "PATH").unwrap();
    let path = format!("{}:{}", programs.display(), known.1);
    instance.with_variable("PATH", Some(&path))
}

#[track_caller]
fn says(finished: &Finished, words: &[&str]) {
    let text = finished.text();
    for word in words {
        assert!(text.contains(word), "no `{word}` in:\n{text}");
    }
}

#[track_caller]
fn shows_nothing(finished: &Finished, password: &str) {
    let text = finished.text();
    assert!(!text.contains(password) && !text.contains(&pair(password)), "{text}");
}
