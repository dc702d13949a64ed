//! Runs a build: its stages, its log, its end.

use std::{fs::OpenOptions, io::Write as _, path::Path, sync::Arc};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    controller::Controller,
    pipeline::{Condition, Pipeline, Stage},
    retention,
    steps::Place,
    store::Record,
};

/// What a job shell gets from the environment of the stand-in, as from that of an agent.
const FROM_AGENT: [&str; 6] = ["PATH", "HOME", "USER", "LANG", "TMPDIR", "SHELL"];

/// Writes to the end of a file.
pub(super) fn append(file: &Path, text: &str) -> std::io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(text.as_bytes())
}

/// Runs a build to its end and keeps its result.
pub(super) async fn build(
    controller: &Arc<Controller>,
    job: &str,
    record: Record,
    workspace: &Path,
    cancel: &CancellationToken,
) {
    let store = &controller.store;
    let mut run =
        Run { controller, job, record, workspace, cancel, step: 0, result: Verdict::Success };
    run.say(&run.record.cause);
    let script = store.definition(job).map(|definition| definition.script).unwrap_or_default();
    match Pipeline::parse(&script) {
        Ok(pipeline) => run.pipeline(&pipeline).await,
        Err(error) => {
            let exception = "org.codehaus.groovy.control.MultipleCompilationErrorsException";
            run.say(&format!("{exception}: startup failed:\n{error}"));
            run.result = Verdict::Failure;
        }
    }
    run.say(&format!("Finished: {}", run.result.text()));
    let mut record = run.record;
    record.duration = (Timestamp::now().as_millisecond() - record.started).max(1);
    record.result = Some(run.result.text().to_owned());
    // A job that is deleted takes its builds with it.
    if store.exists(job) {
        let _ = store.write_record(job, &record);
        let _ = store.note_declarative(job);
        retention::apply(store, job);
    }
}

pub(super) struct Run<'a> {
    pub(super) controller: &'a Arc<Controller>,
    pub(super) job: &'a str,
    pub(super) record: Record,
    pub(super) workspace: &'a Path,
    cancel: &'a CancellationToken,
    pub(super) step: u32,
    pub(super) result: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Success,
    Unstable,
    Failure,
    Aborted,
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Unstable => "UNSTABLE",
            Self::Failure => "FAILURE",
            Self::Aborted => "ABORTED",
        }
    }
}

pub(super) type Env = Vec<(String, String)>;

impl Run<'_> {
    /// Writes a line to the log. A log that cannot be written has a folder that is deleted.
    pub(super) fn say(&self, line: &str) {
        let log = self.controller.store.log(self.job, self.record.number);
        let _ = append(&log, &format!("{line}\n"));
    }

    async fn pipeline(&mut self, pipeline: &Pipeline) {
        self.say("[Pipeline] Start of Pipeline");
        let stop = self.cancel.child_token();
        let timer = pipeline.timeout.map(|longest| {
            self.say(&format!("[Pipeline] timeout\nTimeout set to expire in {longest:?}"));
            let stop = stop.clone();
            tokio::spawn(async move {
                tokio::time::sleep(longest).await;
                stop.cancel();
            })
        });
        self.say("[Pipeline] node");
        if self.agent(pipeline.label.as_deref(), &stop).await {
            self.on_agent(pipeline, stop).await;
        }
        if let Some(timer) = timer {
            timer.abort();
        }
        self.say("[Pipeline] // node\n[Pipeline] End of Pipeline");
    }

    /// Waits for an agent with the label: for ever, when there is none.
    async fn agent(&mut self, label: Option<&str>, stop: &CancellationToken) -> bool {
        let labels = &self.controller.options.labels;
        if let Some(label) = label.filter(|label| !labels.is_empty() && !has(labels, label)) {
            self.say("Still waiting to schedule task");
            self.say(&format!("There are no nodes with the label ‘{label}’"));
            stop.cancelled().await;
            self.stopped();
            return false;
        }
        true
    }

    async fn on_agent(&mut self, pipeline: &Pipeline, stop: CancellationToken) {
        self.say(&format!("Running on Jenkins in {}", self.workspace.display()));
        if let Err(error) = fs_err::create_dir_all(self.workspace) {
            self.fail(&error.to_string());
        }
        let env = [self.env(), pipeline.env.clone()].concat();
        let dir = self.workspace.to_owned();
        let place = Place { dir, env, secrets: Vec::new(), cancel: stop };
        for stage in &pipeline.stages {
            self.stage(stage, &place).await;
        }
        let place = Place { cancel: CancellationToken::new(), ..place };
        for (condition, steps) in &pipeline.post {
            if self.meets(*condition) {
                self.say("[Pipeline] { (Declarative: Post Actions)");
                self.steps(steps, &place).await;
                self.say("[Pipeline] }");
            }
        }
    }

    fn meets(&self, condition: Condition) -> bool {
        match condition {
            Condition::Always | Condition::Cleanup => true,
            Condition::Unstable => self.result == Verdict::Unstable,
            Condition::Success => self.result == Verdict::Success,
            Condition::Failure => self.result == Verdict::Failure,
            Condition::Aborted => self.result == Verdict::Aborted,
        }
    }

    async fn stage(&mut self, stage: &Stage, place: &Place) {
        self.say(&format!("[Pipeline] stage\n[Pipeline] {{ ({})", stage.name));
        if matches!(self.result, Verdict::Success | Verdict::Unstable) {
            let env = [place.env.clone(), stage.env.clone()].concat();
            self.steps(&stage.steps, &Place { env, ..place.clone() }).await;
        } else {
            self.say(&format!("Stage \"{}\" skipped due to earlier failure(s)", stage.name));
        }
        self.say("[Pipeline] }\n[Pipeline] // stage");
    }

    /// What stopped the build: its longest time, or a person.
    pub(super) fn stopped(&mut self) {
        if self.cancel.is_cancelled() {
            self.say(&format!("Aborted by {}", self.controller.options.user));
        } else {
            self.say("Cancelling nested steps due to timeout");
        }
        self.result = Verdict::Aborted;
    }

    /// Ends the build as failed; gives `false`, which a failed step gives.
    pub(super) fn fail(&mut self, reason: &str) -> bool {
        self.say(&format!("ERROR: {reason}"));
        if matches!(self.result, Verdict::Success | Verdict::Unstable) {
            self.result = Verdict::Failure;
        }
        false
    }

    /// The environment of the agent, then `--env`, then the parameters, then what Jenkins sets.
    fn env(&self) -> Env {
        let from_agent = FROM_AGENT
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
        let number = self.record.number.to_string();
        let path = self.job.replace('/', "/job/");
        let job_url = format!("{}job/{path}/", self.controller.url);
        let own = [
            ("BUILD_DISPLAY_NAME", format!("#{number}")),
            ("BUILD_ID", number.clone()),
            ("BUILD_NUMBER", number.clone()),
            ("BUILD_TAG", format!("jenkins-{}-{number}", self.job.replace('/', "-"))),
            ("BUILD_URL", format!("{job_url}{number}/")),
            ("CI", "true".to_owned()),
            ("JENKINS_HOME", self.controller.store.home().display().to_string()),
            ("JENKINS_URL", self.controller.url.clone()),
            ("JOB_BASE_NAME", self.job.rsplit('/').next().unwrap_or_default().to_owned()),
            ("JOB_NAME", self.job.to_owned()),
            ("JOB_URL", job_url),
            ("NODE_NAME", "built-in".to_owned()),
            ("WORKSPACE", self.workspace.display().to_string()),
        ];
        let parameters = self.record.parameters.iter();
        from_agent
            .chain(self.controller.options.env.iter().cloned())
            .chain(parameters.map(|value| (value.name.clone(), value.value.clone())))
            .chain(own.map(|(name, value)| (name.to_owned(), value)))
            .collect()
    }
}

/// Whether the agents have all labels of an expression with `&&`.
fn has(labels: &[String], wanted: &str) -> bool {
    wanted.split("&&").all(|wanted| labels.iter().any(|label| label == wanted.trim()))
}
