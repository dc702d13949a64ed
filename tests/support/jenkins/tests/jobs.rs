//! Jobs from their definition to their log, through our own client.

use std::time::Duration;

use cloudops_aws::{
    events::{EventKind, EventSink, Recording},
    jenkins::{
        Applied, Build, BuildOutcome, BuildResult, ItemPath, Jenkins, Owner, Param, PipelineJob,
        QueueItem, Readiness,
    },
    wait,
};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::{PACE, PASSWORD, client, home, options, path, start};
use crate::jenkins::{Options, Server};

/// A server with one job of ours.
pub(super) struct Ci {
    pub(super) jenkins: Jenkins,
    pub(super) server: Server,
    pub(super) home: TempDir,
    pub(super) job: ItemPath,
}

pub(super) fn owner() -> Owner {
    Owner::new("acme")
}

pub(super) fn job(script: &str) -> PipelineJob {
    let mut job = PipelineJob::new(path("acme/build"), owner(), "Builds. É").stage("Run", script);
    job.parameters = vec![Param::text("RELEASE", "1.0", ""), Param::flag("FORCE", false, "")];
    job.artifacts = Some("out/*.txt".to_owned());
    job
}

impl Ci {
    async fn new(script: &str) -> Self {
        Self::with(&job(script), |_| {}).await
    }

    /// A server with options of its own, and a job.
    pub(super) async fn with(job: &PipelineJob, change: impl FnOnce(&mut Options)) -> Self {
        let home = home();
        let mut options = options(home.path());
        change(&mut options);
        let server = Server::start(options).await.unwrap();
        let jenkins = client(&server, PASSWORD);
        let made = jenkins.create_folder(&owner(), &path("acme"), "Acme.").await.unwrap();
        assert_eq!(made, Applied::Created);
        let ci = Self { jenkins, server, home, job: path("acme/build") };
        let xml = job.config_xml().unwrap();
        let made = ci.jenkins.apply_job(&owner(), &ci.job, &xml).await.unwrap();
        assert_eq!(made, Applied::Created);
        ci
    }

    async fn apply(&self, script: &str) -> Applied {
        let xml = job(script).config_xml().unwrap();
        self.jenkins.apply_job(&owner(), &self.job, &xml).await.unwrap()
    }

    pub(super) async fn trigger(&self, run: &str) -> QueueItem {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let parameters = [pair("RELEASE", "a 'b'\n$c"), pair("CLOUDOPS_RUN", run)];
        self.jenkins.trigger(&self.job, &parameters).await.unwrap()
    }

    pub(super) async fn started(&self, item: &QueueItem) -> Build {
        let cancel = CancellationToken::new();
        self.jenkins.build_of(item, PACE, &EventSink::null(), &cancel).await.unwrap()
    }

    pub(super) async fn follow(&self, build: &Build) -> (BuildResult, String) {
        let (events, recording) = EventSink::recording();
        let cancel = CancellationToken::new();
        let result = self.jenkins.follow(build, PACE, &events, &cancel).await.unwrap();
        (result, lines(&recording))
    }

    pub(super) async fn run(&self, run: &str) -> (Build, BuildResult, String) {
        let build = self.started(&self.trigger(run).await).await;
        let (result, log) = self.follow(&build).await;
        (build, result, log)
    }

    /// Waits until the log holds a text.
    pub(super) async fn said(&self, build: &Build, text: &str) {
        let look = || async {
            let log = self.jenkins.log(build).await.unwrap();
            Ok::<_, wait::WaitError>(log.contains(text).then_some(()))
        };
        wait::until(PACE, &CancellationToken::new(), look).await.unwrap();
    }
}

fn lines(recording: &Recording) -> String {
    let events = recording.events().into_iter();
    let lines = events.filter_map(|event| match event.kind {
        EventKind::LogLine { line, .. } => Some(line),
        _ => None,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn a_job_runs_with_its_parameters_and_keeps_its_files() {
    let script = "set +x\necho \"release=<$RELEASE> force=$FORCE tool=$TOOL\"\n\
                  echo \"job=$JOB_NAME number=$BUILD_NUMBER run=$CLOUDOPS_RUN\"\n\
                  mkdir -p out && printf 'grün' > out/result.txt\npwd";
    let ci = Ci::new(script).await;
    let (build, result, log) = ci.run("r1").await;
    assert_eq!(result.outcome, BuildOutcome::Success, "{log}");
    assert!(result.duration > Duration::ZERO);
    assert_eq!(result.url, format!("{}job/acme/job/build/1/", ci.server.endpoint()));
    assert!(log.contains("release=<a 'b'\n$c> force=false tool=from the agent"), "{log}");
    assert!(log.contains("job=acme/build number=1 run=r1"), "{log}");
    assert!(log.contains("/jenkins/workspace/acme/build\n"), "{log}");
    assert!(log.ends_with("Finished: SUCCESS"), "{log}");
    assert_eq!(ci.jenkins.log(&build).await.unwrap().trim_end(), log);
    let files = ci.jenkins.artifacts(&build).await.unwrap();
    assert_eq!(files[0].relative_path, "out/result.txt");
    assert_eq!(ci.jenkins.artifact(&build, &files[0]).await.unwrap(), "grün");
    let listed = ci.jenkins.list(&path("acme")).await.unwrap();
    assert_eq!(listed[0].color.as_deref(), Some("blue"));
}

#[tokio::test]
async fn definitions_are_written_only_when_they_differ() {
    let ci = Ci::new("true").await;
    assert_eq!(ci.apply("true").await, Applied::Unchanged);
    ci.jenkins.disable(&ci.job).await.unwrap();
    assert_eq!(ci.apply("true").await, Applied::Unchanged, "Jenkins saved it in its own form");
    assert_eq!(ci.apply("false").await, Applied::Updated);
    let xml = ci.jenkins.get_job_xml(&ci.job).await.unwrap();
    assert!(xml.contains("<disabled>true</disabled>") && xml.contains("Builds. É"), "{xml}");
    ci.jenkins.enable(&ci.job).await.unwrap();
    let folder = ci.jenkins.create_folder(&owner(), &path("acme"), "").await.unwrap();
    assert_eq!(folder, Applied::Unchanged);
    let other = Owner::new("other");
    let folder = ci.jenkins.create_folder(&other, &path("acme"), "").await.unwrap();
    assert!(matches!(folder, Applied::Refused { .. }), "{folder:?}");
    ci.jenkins.delete_job(&other, &ci.job).await.unwrap_err();
    assert!(ci.jenkins.delete_job(&owner(), &ci.job).await.unwrap());
    assert!(!ci.jenkins.delete_job(&owner(), &ci.job).await.unwrap());
}

#[tokio::test]
async fn builds_of_a_job_wait_for_each_other_and_runs_are_found_again() {
    let ci = Ci::new("while [ ! -e go ]; do sleep 0.05; done").await;
    let first = ci.trigger("r1").await;
    let running = ci.started(&first).await;
    let second = ci.trigger("r2").await;
    assert_ne!(first, second);
    assert_eq!(ci.trigger("r1").await, first, "it runs already");
    assert_eq!(ci.trigger("r2").await, second, "it waits already");
    ci.jenkins.cancel_queued(&second).await.unwrap();
    let cancel = CancellationToken::new();
    let gone = ci.jenkins.build_of(&second, PACE, &EventSink::null(), &cancel).await;
    assert!(gone.unwrap_err().to_string().contains("was cancelled"));
    let third = ci.trigger("r3").await;
    fs_err::write(ci.home.path().join("jenkins/workspace/acme/build/go"), "").unwrap();
    assert_eq!(ci.follow(&running).await.0.outcome, BuildOutcome::Success);
    let build = ci.started(&third).await;
    assert_eq!(build.number, 2);
    assert_eq!(ci.follow(&build).await.0.outcome, BuildOutcome::Success);
}

#[tokio::test]
async fn a_stopped_build_takes_its_processes_with_it() {
    let ci = Ci::new("sleep 600 & echo \"child $!\"\nwait").await;
    let build = ci.started(&ci.trigger("r1").await).await;
    ci.said(&build, "\nchild ").await;
    ci.jenkins.abort(&build).await.unwrap();
    let (result, log) = ci.follow(&build).await;
    assert_eq!(result.outcome, BuildOutcome::Aborted, "{log}");
    let child = log.lines().find_map(|line| line.strip_prefix("child ")).unwrap();
    let status = fs_err::read_to_string(format!("/proc/{child}/status")).unwrap_or_default();
    assert!(status.is_empty() || status.contains("State:\tZ"), "{status}");
}

#[tokio::test]
async fn jobs_builds_and_tokens_survive_a_restart_and_the_queue_does_not() {
    let ci = Ci::new("echo done").await;
    let token = ci.jenkins.create_api_token("test").await.unwrap();
    let item = ci.trigger("r1").await;
    let build = ci.started(&item).await;
    ci.follow(&build).await;
    ci.server.stop().await;
    let mut options = options(ci.home.path());
    options.queue_ttl = Duration::ZERO;
    let server = Server::start(options).await.unwrap();
    let jenkins = client(&server, token.expose());
    let ci = Ci { jenkins, server, ..ci };
    assert_eq!(ci.started(&item).await, build, "by its run");
    assert_eq!(ci.follow(&build).await.0.outcome, BuildOutcome::Success);
    let next = ci.trigger("r2").await;
    assert_eq!(next.id, 2);
    assert_eq!(ci.started(&next).await.number, 2, "queue items are gone at once");
}

#[tokio::test]
async fn a_server_that_stops_ends_its_builds() {
    let ci = Ci::new("echo up; sleep 600").await;
    let build = ci.started(&ci.trigger("r1").await).await;
    ci.said(&build, "\nup").await;
    ci.server.stop().await;
    let server = start(&ci.home).await;
    let ci = Ci { jenkins: client(&server, PASSWORD), server, ..ci };
    assert_eq!(ci.follow(&build).await.0.outcome, BuildOutcome::Aborted);
}

#[tokio::test]
async fn a_quiet_server_starts_nothing() {
    let ci = Ci::new("true").await;
    ci.jenkins.quiet_down().await.unwrap();
    assert_eq!(ci.jenkins.ready().await.unwrap(), Readiness::QuietingDown);
    let item = ci.trigger("r1").await;
    ci.jenkins.cancel_quiet_down().await.unwrap();
    assert!(matches!(ci.jenkins.ready().await.unwrap(), Readiness::Ready { .. }));
    assert_eq!(ci.started(&item).await.number, 1);
}
