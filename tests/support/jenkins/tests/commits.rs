//! Builds of new commits, told by a message.

use std::{path::Path, process::Command};

use cloudops_aws::{
    jenkins::{BuildOutcome, Checkout, Trigger},
    wait,
};
use tokio_util::sync::CancellationToken;

use super::{
    PACE,
    jobs::{Ci, job},
};
use crate::git::{
    Repository,
    http::{GitHttp, PASSWORD, READER},
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
    let said = reqwest::get(address).await.unwrap().text().await.unwrap();
    // A look that is late would find the commits that come after it.
    ci.server.polled().await;
    said
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

#[tokio::test]
async fn a_repository_of_others_is_read_with_credentials_of_the_server() {
    let repository = Repository::new();
    let work = repository.root().join("work");
    repository.git_in(repository.root(), &["clone", "--quiet", &repository.url(), "work"]);
    fs_err::write(work.join("file"), "content of the repository\n").unwrap();
    repository.publish(&work, "one");
    let server = GitHttp::start(repository.root()).await;
    let own = tempfile::tempdir().unwrap();
    let file = own.path().join("credentials.json");
    let known = serde_json::json!([
        {"kind": "usernamePassword", "id": "shop-git", "username": READER, "password": PASSWORD},
    ]);
    fs_err::write(&file, known.to_string()).unwrap();
    let mut job = job("cat source/file");
    job.checkout = Some(Checkout {
        repository: server.url("nobody", "commerce.git").replace("nobody@", ""),
        branches: vec!["main".to_owned()],
        credentials: Some("shop-git".to_owned()),
        folder: "source".to_owned(),
    });
    let ci = Ci::with(&job, |options| options.credentials_file = Some(file.clone())).await;
    let (_, result, log) = ci.run("r1").await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(log.contains("content of the repository") && !log.contains(PASSWORD), "{log}");

    fs_err::write(&file, known.to_string().replace(PASSWORD, "another")).unwrap();
    let (_, result, log) = ci.run("r2").await;
    assert_eq!(result.outcome, BuildOutcome::Failure, "{log}");
    assert!(log.contains("Authentication failed"), "{log}");
}
