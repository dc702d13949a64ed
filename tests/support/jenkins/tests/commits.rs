//! Builds of new commits, told by a message.

use std::{path::Path, process::Command};

use cloudops_aws::{
    jenkins::{Checkout, Trigger},
    wait,
};
use tokio_util::sync::CancellationToken;

use super::{
    PACE,
    jobs::{Ci, job},
};

fn git(dir: &Path, args: &[&str]) {
    let who = ["-c", "user.name=t", "-c", "user.email=t@t"];
    let output = Command::new("git").args(who).args(args).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

fn commit(dir: &Path, text: &str) {
    git(dir, &["commit", "--quiet", "--allow-empty", "-m", text]);
}

async fn notify(ci: &Ci, url: &str) -> String {
    let endpoint = ci.server.endpoint();
    let address = format!("{endpoint}git/notifyCommit?url={url}&token=secret");
    reqwest::get(address).await.unwrap().text().await.unwrap()
}

/// Waits until so many builds have ended, and gives the last lines of the newest.
async fn ended(ci: &Ci, count: usize) -> String {
    let look = || async {
        let builds = ci.jenkins.builds(&ci.job).await.unwrap();
        let done = builds.len() == count && builds.iter().all(|build| build.outcome.is_some());
        Ok::<_, wait::WaitError>(done.then(|| builds[0].number))
    };
    let number = wait::until(PACE, &CancellationToken::new(), look).await.unwrap();
    let build = cloudops_aws::jenkins::Build { job: ci.job.clone(), number };
    ci.jenkins.log(&build).await.unwrap()
}

#[tokio::test]
async fn every_branch_is_built_once_and_again_when_it_moves() {
    let repository = tempfile::tempdir().unwrap();
    let dir = repository.path();
    git(dir, &["init", "--quiet", "--initial-branch=main"]);
    commit(dir, "one");
    git(dir, &["switch", "--quiet", "-c", "feature/x"]);
    commit(dir, "two");
    let url = format!("file://{}", dir.display());
    let mut job = job("git -C source log -1 --format=subject=%s");
    job.checkout = Some(Checkout {
        repository: url.clone(),
        branches: vec!["**".to_owned()],
        credentials: None,
        folder: "source".to_owned(),
    });
    job.triggers = vec![Trigger::Poll("H/5 * * * *".to_owned())];
    let ci = Ci::with(&job, |options| options.notify_token = Some("secret".to_owned())).await;
    assert!(notify(&ci, &url).await.starts_with("No git jobs"), "it was never built");
    let (_, _, first) = ci.run("r1").await;
    assert!(first.contains("Multiple candidate revisions"), "{first}");
    let second = ended(&ci, 2).await;
    // Which comes first is open: both commits may be of the same second.
    let both = format!("{first}{second}");
    assert!(both.contains("subject=one") && both.contains("subject=two"), "{both}");
    assert!(both.contains("refs/remotes/origin/feature/x"), "{both}");
    assert_eq!(notify(&ci, &url).await, "Scheduled polling of acme/build\n");
    git(dir, &["switch", "--quiet", "main"]);
    commit(dir, "three");
    notify(&ci, &url).await;
    let log = ended(&ci, 3).await;
    assert!(log.contains("Started by an SCM change") && log.contains("subject=three"), "{log}");
    ci.jenkins.disable(&ci.job).await.unwrap();
    commit(dir, "four");
    notify(&ci, &url).await;
    ci.jenkins.enable(&ci.job).await.unwrap();
    commit(dir, "five");
    notify(&ci, &url).await;
    let log = ended(&ci, 4).await;
    assert!(log.contains("subject=five"), "{log}");
}
