//! Runs a build: its stages, its log, its end.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{
    archive::archive,
    controller::Controller,
    pipeline::{Condition, Pipeline, Stage, Step},
    shell::{Ended, Shell},
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
    controller: &Controller,
    job: &str,
    record: Record,
    workspace: &Path,
    cancel: &CancellationToken,
) {
    let store = &controller.store;
    let mut run =
        Run { controller, job, record, workspace, cancel, step: 0, result: Verdict::Success };
    run.say(&format!("Started by user {}", controller.options.user));
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
    }
}

struct Run<'a> {
    controller: &'a Controller,
    job: &'a str,
    record: Record,
    workspace: &'a Path,
    cancel: &'a CancellationToken,
    step: u32,
    result: Verdict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Success,
    Failure,
    Aborted,
}

impl Verdict {
    fn text(self) -> &'static str {
        match self {
            Self::Success => "SUCCESS",
            Self::Failure => "FAILURE",
            Self::Aborted => "ABORTED",
        }
    }
}

type Env = Vec<(String, String)>;

impl Run<'_> {
    /// Writes a line to the log. A log that cannot be written has a folder that is deleted.
    fn say(&self, line: &str) {
        let log = self.controller.store.log(self.job, self.record.number);
        let _ = append(&log, &format!("{line}\n"));
    }

    async fn pipeline(&mut self, pipeline: &Pipeline) {
        self.say("[Pipeline] Start of Pipeline\n[Pipeline] node");
        self.say(&format!("Running on Jenkins in {}", self.workspace.display()));
        if let Err(error) = fs_err::create_dir_all(self.workspace) {
            self.fail(&error.to_string());
        }
        let env = [self.env(), pipeline.env.clone()].concat();
        for stage in &pipeline.stages {
            self.stage(stage, &env).await;
        }
        let never = CancellationToken::new();
        for (condition, steps) in &pipeline.post {
            if self.meets(*condition) {
                self.say("[Pipeline] { (Declarative: Post Actions)");
                self.steps(steps, &env, &never).await;
                self.say("[Pipeline] }");
            }
        }
        self.say("[Pipeline] // node\n[Pipeline] End of Pipeline");
    }

    fn meets(&self, condition: Condition) -> bool {
        match condition {
            Condition::Always | Condition::Cleanup => true,
            Condition::Success => self.result == Verdict::Success,
            Condition::Failure => self.result == Verdict::Failure,
            Condition::Aborted => self.result == Verdict::Aborted,
        }
    }

    async fn stage(&mut self, stage: &Stage, env: &Env) {
        self.say(&format!("[Pipeline] stage\n[Pipeline] {{ ({})", stage.name));
        if self.result == Verdict::Success {
            let env = [env.clone(), stage.env.clone()].concat();
            self.steps(&stage.steps, &env, self.cancel).await;
        } else {
            self.say(&format!("Stage \"{}\" skipped due to earlier failure(s)", stage.name));
        }
        self.say("[Pipeline] }\n[Pipeline] // stage");
    }

    async fn steps(&mut self, steps: &[Step], env: &Env, cancel: &CancellationToken) {
        for step in steps {
            let done = match step {
                Step::Sh(script) => self.sh(script, env, cancel).await,
                Step::Echo(text) => {
                    self.say(&format!("[Pipeline] echo\n{text}"));
                    true
                }
                Step::Archive { pattern, allow_empty } => self.archive(pattern, *allow_empty),
            };
            if !done {
                return;
            }
        }
    }

    async fn sh(&mut self, script: &str, env: &Env, cancel: &CancellationToken) -> bool {
        self.say("[Pipeline] sh");
        self.step += 1;
        let store = &self.controller.store;
        let dir = store.build_dir(self.job, self.record.number);
        let shell = Shell {
            script,
            file: &dir.join(format!("script-{}.sh", self.step)),
            workspace: self.workspace,
            env,
            log: &store.log(self.job, self.record.number),
        };
        match shell.run(cancel).await {
            Ok(Ended::Code(0)) => return true,
            Ok(Ended::Code(code)) => self.fail(&format!("script returned exit code {code}")),
            Ok(Ended::Stopped) => {
                let user = &self.controller.options.user;
                self.say(&format!("Aborted by {user}\nSending interrupt signal to process"));
                self.result = Verdict::Aborted;
            }
            Err(error) => self.fail(&error.to_string()),
        }
        false
    }

    fn archive(&mut self, pattern: &str, allow_empty: bool) -> bool {
        self.say("[Pipeline] archiveArtifacts\nArchiving artifacts");
        let dir = self.controller.store.build_dir(self.job, self.record.number).join("archive");
        match archive(self.workspace, pattern, &dir) {
            Ok(files) if files.is_empty() && !allow_empty => {
                self.fail(&format!(
                    "No artifacts found that match the file pattern \"{pattern}\"."
                ));
                false
            }
            Ok(files) => {
                self.record.artifacts.extend(files);
                true
            }
            Err(error) => {
                self.fail(&error.to_string());
                false
            }
        }
    }

    fn fail(&mut self, reason: &str) {
        self.say(&format!("ERROR: {reason}"));
        if self.result == Verdict::Success {
            self.result = Verdict::Failure;
        }
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
