//! Builds that go wrong, and a build server that does: each has its own answer, the same command
//! goes on, and nothing is half published.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use cloudops_e2e::rehearsal::instance::Instance;
use cloudops_e2e::rehearsal::program::Running;
use cloudops_e2e::rehearsal::stage::Stage;
use serde_json::Value;

use crate::stand::{LIMIT, assert_ended, ends, git, with_build_server};

const OUTPUT: &str = "extensions/packager/ext-deployment-package/target";

#[tokio::test(flavor = "multi_thread")]
async fn builds_that_go_wrong_say_how_and_publish_nothing() {
    with_build_server("bad-builds", 71, |stage, instance| async move {
        journey(&stage, &instance).await;
    })
    .await;
}

async fn journey(stage: &Stage, instance: &Instance) {
    plugins_come_first(stage, instance).await;
    jobs_are_compared(instance).await;

    let branches = Branches::new(instance).await;
    let hung = hangs(instance, &branches).await;
    failing_builds(instance, &branches).await;
    a_killed_build_is_attached_to(instance, &branches).await;
    a_restart_in_the_middle_is_lived_through(stage, instance, &branches).await;
    let hung = hung.finish(LIMIT, |_| {}).await.unwrap();
    assert_ended(&hung, 10);
    let text = hung.text();
    assert!(text.contains("took longer than 1 minutes"), "{text}");
    assert!(text.contains("it hangs here"), "the last lines are told: {text}");
    nobody_is_let_in_with_another_password(stage, instance).await;
}

/// A server without a plugin is refused before the repository is touched.
async fn plugins_come_first(stage: &Stage, instance: &Instance) {
    let server = stage.build_server.as_ref().unwrap();
    let lock = fs_err::read_to_string(instance.folder.join("jenkins/plugins.lock")).unwrap();
    let gone = lock.lines().find(|line| !line.starts_with('#')).unwrap();
    server.install(&lock.replace(gone, "")).unwrap();
    let text = ends(instance, "cloudteam init --source commerce", 5).await.text();
    let words: Vec<&str> = gone.split_whitespace().collect();
    assert!(text.contains(&format!("{} {} is missing", words[0], words[1])), "{text}");
    assert!(text.contains("cloudcore build-server"), "the next step is told: {text}");
    assert_eq!(git(&instance.settings.repository, &["branch", "--list"]).await, "");

    server.install(&lock).unwrap();
    ends(instance, "cloudteam init --source commerce", 0).await;
    server.install(&lock.replace(gone, "")).unwrap();
    for line in ["cloudteam package build", "cloudteam jobs apply", "clouddeploy jobs plan"] {
        let text = ends(instance, line, 5).await.text();
        assert!(text.contains("is missing"), "`{line}`: {text}");
    }
    // What only looks does not need them.
    ends(instance, "cloudteam jobs list", 0).await;
    server.install(&lock).unwrap();
}

/// `list`, `diff`, `plan`, `apply`, and a change that somebody made in the browser.
async fn jobs_are_compared(instance: &Instance) {
    let list = document(instance, "cloudteam jobs list --output json", 0).await;
    let list = list["jobs"].as_array().unwrap();
    let names: Vec<&str> = list.iter().map(|job| job["name"].as_str().unwrap()).collect();
    let wanted = ["build-deployment-package", "scheduled-pipeline", "verify-commit"];
    assert_eq!(names, wanted, "{list:?}");
    let text = ends(instance, "cloudteam jobs diff", 0).await.text();
    assert!(text.contains("no differences"), "{text}");

    let settings = instance.folder.join("cloudops.yaml");
    let before = fs_err::read_to_string(&settings).unwrap();
    fs_err::write(&settings, before.replace("branch: main", "branch: next")).unwrap();
    ends(instance, "cloudteam jobs plan --detailed-exit-code", 20).await;
    let text = ends(instance, "cloudteam jobs diff build-deployment-package", 0).await.text();
    assert!(text.contains("main") && text.contains("next"), "{text}");
    assert!(!text.contains("verify-commit"), "only one was asked for: {text}");
    let text = ends(instance, "cloudteam jobs diff build-package", 2).await.text();
    assert!(text.contains("build-deployment-package"), "the names are told: {text}");
    fs_err::write(&settings, before).unwrap();
    ends(instance, "cloudteam jobs plan --detailed-exit-code", 0).await;
}

/// Nothing of this is published: exit code 10, the last lines, the address of the log.
async fn failing_builds(instance: &Instance, branches: &Branches) {
    let broken = format!("mkdir -p {OUTPUT}\necho broken > {OUTPUT}/ext-deployment-package-1.zip");
    let two = format!(
        "{broken}\ncp {OUTPUT}/ext-deployment-package-1.zip {OUTPUT}/ext-deployment-package-2.zip"
    );
    let cases: [(&str, &str, &[&str]); 4] = [
        ("fails", "echo the last words\nexit 7", &["the last words", "exit code 7"]),
        ("nothing", "echo nothing to do", &["there is no file", "ext-deployment-package-*.zip"]),
        ("two", &two, &["more than one package", "package-1.zip", "package-2.zip"]),
        ("broken", &broken, &["is not a zip file, or is damaged"]),
    ];
    for (branch, script, words) in cases {
        branches.push(branch, script).await;
        let line = format!("cloudteam package build --revision {branch}");
        let text = ends(instance, &line, 10).await.text();
        for word in words {
            assert!(text.contains(word), "`{line}` did not say `{word}`, but:\n{text}");
        }
        assert!(
            text.contains("/job/acme/job/build-deployment-package/"),
            "the log is told: {text}"
        );
    }
    let text = ends(instance, "cloudteam package build --revision nowhere", 10).await.text();
    assert!(text.contains("Couldn't find any revision to build"), "{text}");
    let text = ends(instance, "cloudteam jobs log build-deployment-package --build 1", 0).await;
    assert!(text.stdout.contains("the last words"), "{}", text.stdout);
    let packages = document(instance, "cloudteam package list --output json", 0).await;
    assert_eq!(packages["packages"], serde_json::json!([]));
}

/// `kill -9` while the build runs: the same command attaches to it, and it is built once.
async fn a_killed_build_is_attached_to(instance: &Instance, branches: &Branches) {
    let gate = Gate::new(instance, "killed");
    branches.push("slow", &gate.script()).await;
    let before = builds(instance).await;
    let running = instance.start("cloudteam package build --revision slow").unwrap();
    gate.reached().await;
    assert_eq!(running.kill().await.unwrap().code, 137);
    let running = instance.start("cloudteam package build --revision slow").unwrap();
    gate.open();
    let finished = running.finish(LIMIT, |_| {}).await.unwrap();
    assert_ended(&finished, 0);
    let text = finished.text();
    assert!(text.contains("attaching to the build of slow"), "{text}");
    assert_eq!(builds(instance).await, before + 1, "it was built once");
    let packages = document(instance, "cloudteam package list --output json", 0).await;
    assert_eq!(packages["packages"].as_array().unwrap().len(), 1);
}

/// The build server goes away and comes back; the pipeline and who follows it go on.
async fn a_restart_in_the_middle_is_lived_through(
    stage: &Stage,
    instance: &Instance,
    branches: &Branches,
) {
    let gate = Gate::new(instance, "restart");
    branches.push("restart", &gate.script()).await;
    let before = builds(instance).await;
    let running = instance.start("cloudteam package build --revision restart").unwrap();
    gate.reached().await;
    let server = stage.build_server.as_ref().unwrap().client().unwrap();
    server.safe_restart().await.unwrap();
    gate.open();
    let finished = running.finish(LIMIT, |_| {}).await.unwrap();
    assert_ended(&finished, 0);
    assert_eq!(builds(instance).await, before + 1, "it was built once");
}

/// A build that never ends is stopped by its time limit, wherever it runs. It takes its minute
/// beside the others.
async fn hangs(instance: &Instance, branches: &Branches) -> Running {
    branches.push("hangs", "echo it hangs here\nexec sleep 86400").await;
    let yaml = fs_err::read_to_string(instance.folder.join("cloudops.yaml")).unwrap();
    let short = yaml.replace("  build:\n", "  build:\n    timeout-minutes: 1\n");
    assert_ne!(yaml, short);
    fs_err::write(instance.folder.join("short.yaml"), short).unwrap();
    let line = "cloudteam package build --runner local --revision hangs --config short.yaml";
    instance.start(line).unwrap()
}

async fn nobody_is_let_in_with_another_password(stage: &Stage, instance: &Instance) {
    let file = stage.work.join("build-server.password");
    fs_err::write(&file, "another one").unwrap();
    let text = ends(instance, "cloudteam package build", 4).await.text();
    assert!(text.contains("admin"), "{text}");
}

async fn document(instance: &Instance, line: &str, code: i32) -> Value {
    let finished = ends(instance, line, code).await;
    serde_json::from_str(&finished.stdout).unwrap_or_else(|error| {
        let text = finished.text();
        panic!("`{line}`: {error}: {text}")
    })
}

/// How often the package was built.
async fn builds(instance: &Instance) -> u64 {
    let list = document(instance, "cloudteam jobs list --output json", 0).await;
    let mut jobs = list["jobs"].as_array().unwrap().iter();
    let job = jobs.find(|job| job["name"] == "build-deployment-package").unwrap();
    job["last-build"]["number"].as_u64().unwrap_or(0)
}

/// A build that waits until it may go on.
struct Gate {
    reached: PathBuf,
    open: PathBuf,
}

impl Gate {
    fn new(instance: &Instance, name: &str) -> Self {
        let file = |end: &str| instance.folder.join(format!("{name}.{end}"));
        Self { reached: file("reached"), open: file("open") }
    }

    /// Waits, and then does what the sample's own script does.
    fn script(&self) -> String {
        let (reached, open) = (self.reached.display(), self.open.display());
        format!("touch '{reached}'\nuntil [ -e '{open}' ]; do sleep 0.1; done\n. ./build-own.sh")
    }

    async fn reached(&self) {
        let start = Instant::now();
        while !self.reached.exists() {
            assert!(start.elapsed() < LIMIT, "the build never began");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn open(&self) {
        fs_err::write(&self.open, "").unwrap();
    }
}

/// Branches of the repository on which the build is another one.
struct Branches {
    clone: PathBuf,
}

impl Branches {
    async fn new(instance: &Instance) -> Self {
        let clone = instance.folder.join("developer");
        let from = instance.settings.repository.display().to_string();
        git(&instance.folder, &["clone", "--quiet", &from, "developer"]).await;
        Self { clone }
    }

    /// Pushes a branch whose `build.sh` is this script.
    async fn push(&self, branch: &str, script: &str) {
        git(&self.clone, &["switch", "--quiet", "--create", branch, "origin/main"]).await;
        let own = self.clone.join("build.sh");
        fs_err::copy(&own, self.clone.join("build-own.sh")).unwrap();
        fs_err::write(&own, format!("#!/bin/sh\nset -eu\n{script}\n")).unwrap();
        git(&self.clone, &["add", "--all"]).await;
        git(&self.clone, &["commit", "--quiet", "--message", branch]).await;
        git(&self.clone, &["push", "--quiet", "origin", branch]).await;
    }
}
