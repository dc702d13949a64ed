//! A folder on the server, with jobs of ours in it.

use std::time::Duration;

use cloudops_aws::{
    events::{EventKind, EventSink},
    jenkins::{
        Applied, Build, BuildResult, ItemPath, Jenkins, Owner, PipelineJob, QueueItem,
        RUN_PARAMETER,
    },
    wait::{self, Pace, WaitError},
};
use reqwest::{Client, Method, RequestBuilder, redirect::Policy};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::target::{Target, server};

/// A real server needs a while for what the stand-in does at once.
pub(crate) const PACE: Pace = Pace {
    first: Duration::from_millis(20),
    longest: Duration::from_secs(1),
    deadline: Duration::from_secs(240),
};

pub(crate) struct Ci {
    pub(crate) jenkins: Jenkins,
    pub(crate) target: Target,
    pub(crate) owner: Owner,
    pub(crate) folder: ItemPath,
}

impl Ci {
    /// A server with a new folder.
    pub(crate) async fn new() -> Self {
        let target = server().await;
        let jenkins = target.client(&target.token);
        let owner = Owner::new("protocol");
        let name = format!("cloudops-{}", Uuid::new_v4().simple());
        let folder = ItemPath::root().join(&name).unwrap();
        let made = jenkins.create_folder(&owner, &folder, "Tests. Grün").await.unwrap();
        assert_eq!(made, Applied::Created);
        Self { jenkins, target, owner, folder }
    }

    /// Deletes the folder with all that is in it, and stops the server when it was started here.
    pub(crate) async fn finish(self) {
        let answer = self.raw(Method::POST, &self.path(&self.folder, "doDelete"));
        assert!(answer.send().await.unwrap().status().as_u16() < 400);
        self.target.stop().await;
    }

    pub(crate) fn item(&self, name: &str) -> ItemPath {
        self.folder.join(name).unwrap()
    }

    /// A job of one stage.
    pub(crate) fn job(&self, name: &str, script: &str) -> PipelineJob {
        PipelineJob::new(self.item(name), self.owner.clone(), "A test.").stage("Run", script)
    }

    pub(crate) async fn apply(&self, job: &PipelineJob) -> Applied {
        let xml = job.config_xml().unwrap();
        self.jenkins.apply_job(&self.owner, &job.path, &xml).await.unwrap()
    }

    /// Applies a job of another owner.
    pub(crate) async fn apply_as(&self, owner: &Owner, job: &PipelineJob) {
        let xml = job.config_xml().unwrap();
        self.jenkins.apply_job(owner, &job.path, &xml).await.unwrap();
    }

    /// `job/a/job/b/<rest>`.
    pub(crate) fn path(&self, item: &ItemPath, rest: &str) -> String {
        format!("job/{}/{rest}", item.to_string().replace('/', "/job/"))
    }

    /// A request without the client, with the token.
    pub(crate) fn raw(&self, method: Method, path: &str) -> RequestBuilder {
        self.raw_with(method, path, &self.target.token)
    }

    /// A request without the client, with a token or password.
    pub(crate) fn raw_with(&self, method: Method, path: &str, secret: &str) -> RequestBuilder {
        let http = Client::builder().redirect(Policy::none()).build().unwrap();
        let url = self.target.url.join(path).unwrap();
        http.request(method, url).basic_auth(&self.target.user, Some(secret))
    }

    pub(crate) async fn trigger(&self, job: &ItemPath, run: &str) -> QueueItem {
        let parameters = [(RUN_PARAMETER.to_owned(), run.to_owned())];
        self.jenkins.trigger(job, &parameters).await.unwrap()
    }

    pub(crate) async fn started(&self, item: &QueueItem) -> Build {
        let cancel = CancellationToken::new();
        self.jenkins.build_of(item, PACE, &EventSink::null(), &cancel).await.unwrap()
    }

    /// Follows a build to its end; gives its result and its log.
    pub(crate) async fn follow(&self, build: &Build) -> (BuildResult, String) {
        let (events, recording) = EventSink::recording();
        let cancel = CancellationToken::new();
        let result = self.jenkins.follow(build, PACE, &events, &cancel).await.unwrap();
        let lines = recording.events().into_iter().filter_map(|event| match event.kind {
            EventKind::LogLine { line, .. } => Some(line),
            _ => None,
        });
        (result, lines.collect::<Vec<_>>().join("\n"))
    }

    /// Applies a job and runs it once.
    pub(crate) async fn run(&self, job: &PipelineJob) -> (Build, BuildResult, String) {
        self.apply(job).await;
        self.again(job).await
    }

    /// Runs a job that is there.
    pub(crate) async fn again(&self, job: &PipelineJob) -> (Build, BuildResult, String) {
        let run = Uuid::new_v4().to_string();
        let build = self.started(&self.trigger(&job.path, &run).await).await;
        let (result, log) = self.follow(&build).await;
        (build, result, log)
    }

    /// Waits until the log holds a text.
    pub(crate) async fn said(&self, build: &Build, text: &str) {
        let look = || async { self.jenkins.log(build).await.unwrap().contains(text) };
        until(look).await;
    }
}

/// Waits for a condition.
pub(crate) async fn until(look: impl AsyncFn() -> bool) {
    let look = || async { Ok::<_, WaitError>(look().await.then_some(())) };
    wait::until(PACE, &CancellationToken::new(), look).await.unwrap();
}
