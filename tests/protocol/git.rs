//! Checkouts, and builds of new commits.

use std::process::Command;

use cloudops_aws::jenkins::{BuildOutcome, Checkout, Param, PipelineJob, Trigger};
use tempfile::TempDir;

use super::ci::{Ci, until};

/// A repository on this machine.
struct Repository(TempDir);

impl Repository {
    fn new() -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        repository.commit("one");
        repository.git(&["tag", "v1"]);
        repository
    }

    fn url(&self) -> String {
        format!("file://{}", self.0.path().display())
    }

    fn commit(&self, text: &str) -> String {
        fs_err::write(self.0.path().join("file"), text).unwrap();
        self.git(&["add", "file"]);
        self.git(&["-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", text]);
        self.git(&["rev-parse", "HEAD"])
    }

    fn git(&self, args: &[&str]) -> String {
        let output = Command::new("git").args(args).current_dir(self.0.path()).output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

fn job(ci: &Ci, name: &str, repository: &str, branch: &str) -> PipelineJob {
    let mut job = ci.job(name, "cat source/file; git -C source rev-parse HEAD");
    job.checkout = Some(Checkout {
        repository: repository.to_owned(),
        branches: vec![branch.to_owned()],
        credentials: None,
        folder: "source".to_owned(),
    });
    job
}

#[tokio::test]
async fn a_checkout_takes_repository_and_branch_from_parameters() {
    let ci = Ci::new().await;
    if !ci.target.is_local {
        return ci.finish().await;
    }
    let repository = Repository::new();
    let head = repository.commit("two");
    let mut job = job(&ci, "x", "${REPOSITORY}", "${BRANCH}");
    job.parameters =
        vec![Param::text("REPOSITORY", &repository.url(), ""), Param::text("BRANCH", "main", "")];
    let (_, result, log) = ci.run(&job).await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(log.contains(&format!("\n{head}\n")), "{log}");
    assert!(log.contains("two"), "{log}");
    let start = async |branch: &str| {
        let parameters = [("BRANCH".to_owned(), branch.to_owned())];
        let item = ci.jenkins.trigger(&job.path, &parameters).await.unwrap();
        ci.follow(&ci.started(&item).await).await
    };
    let (result, log) = start("refs/tags/v1").await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(log.contains(&repository.git(&["rev-parse", "v1"])), "{log}");
    let (result, log) = start("no-such-branch").await;
    assert_eq!(result.outcome, BuildOutcome::Failure, "{log}");
    assert!(log.contains("Couldn't find any revision to build"), "{log}");
    ci.finish().await;
}

#[tokio::test]
async fn new_commits_start_a_job_that_was_built_before() {
    let ci = Ci::new().await;
    if !ci.target.is_local {
        return ci.finish().await;
    }
    let repository = Repository::new();
    let mut built = job(&ci, "built", &repository.url(), "refs/heads/main");
    built.triggers = vec![Trigger::Poll("* * * * *".to_owned())];
    let mut never = job(&ci, "never", &repository.url(), "refs/heads/main");
    never.triggers.clone_from(&built.triggers);
    ci.apply(&never).await;
    ci.run(&built).await;
    let head = repository.commit("two");
    let second = async || ci.jenkins.builds(&built.path).await.unwrap().len() == 2;
    until(second).await;
    let build = cloudops_aws::jenkins::Build { job: built.path.clone(), number: 2 };
    let (result, log) = ci.follow(&build).await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(log.contains("Started by an SCM change") && log.contains(&head), "{log}");
    assert_eq!(ci.jenkins.builds(&never.path).await.unwrap(), [], "nothing to compare with");
    ci.finish().await;
}
