//! The Jenkinsfile of a job: declarative, and without logic.
//!
//! Source: <https://www.jenkins.io/doc/book/pipeline/syntax/#declarative-pipeline>. Nothing is
//! interpolated by Groovy: all texts stand between single quotes, parameters reach the scripts as
//! environment variables, and `${NAME}` of a checkout is read by the git plugin.

use std::fmt::Write as _;

use crate::jenkins::{
    Argument, Call, Checkout, CredentialsBinding, CredentialsKind, PipelineJob, Stage,
};

/// Stage that takes the sources out of git.
pub(super) const CHECK_OUT: &str = "Check out";

/// The Jenkinsfile of a job.
#[must_use]
pub fn jenkinsfile(job: &PipelineJob) -> String {
    let mut out = Out::default();
    out.open("pipeline");
    match &job.label {
        Some(label) => out.line(&format!("agent {{ label '{}' }}", line(label))),
        None => out.line("agent any"),
    }
    options(&mut out, job);
    environment(&mut out, job);
    out.open("stages");
    if let Some(checkout) = &job.checkout {
        check_out(&mut out, checkout);
    }
    for stage in &job.stages {
        run(&mut out, stage, &job.credentials);
    }
    out.close();
    post(&mut out, job);
    out.close();
    out.text
}

/// Lines, each as deep as the blocks that are open.
#[derive(Default)]
struct Out {
    text: String,
    depth: usize,
}

impl Out {
    fn line(&mut self, line: &str) {
        // Writing to a text does not fail.
        let _ = writeln!(self.text, "{}{line}", "    ".repeat(self.depth));
    }

    fn open(&mut self, block: &str) {
        self.line(&format!("{block} {{"));
        self.depth += 1;
    }

    fn close(&mut self) {
        self.depth -= 1;
        self.line("}");
    }
}

fn options(out: &mut Out, job: &PipelineJob) {
    let Some(timeout) = job.timeout else { return };
    let seconds = timeout.as_secs() + u64::from(timeout.subsec_nanos() > 0);
    out.open("options");
    out.line(&format!("timeout(time: {seconds}, unit: 'SECONDS')"));
    out.close();
}

/// Values between single quotes are taken as they stand: neither Groovy nor the `withEnv` step,
/// on which this is built, expands references in them.
fn environment(out: &mut Out, job: &PipelineJob) {
    if job.environment.is_empty() {
        return;
    }
    out.open("environment");
    for (name, value) in &job.environment {
        out.line(&format!("{name} = '{}'", line(value)));
    }
    out.close();
}

/// A pipeline that stands in its job has no sources of its own, so they are checked out by a
/// step; the step also tells Jenkins what to look at when it looks for new commits.
fn check_out(out: &mut Out, checkout: &Checkout) {
    let branch = |name: &String| format!("[name: '{}']", line(name));
    let branches: Vec<_> = checkout.branches.iter().map(branch).collect();
    let id = |id: &String| format!(", credentialsId: '{}'", line(id));
    let credentials = checkout.credentials.as_ref().map_or_else(String::new, id);
    out.open(&format!("stage('{CHECK_OUT}')"));
    out.open("steps");
    out.open(&format!("dir('{}')", line(&checkout.folder)));
    out.line("deleteDir()");
    out.line(&format!(
        "checkout scmGit(branches: [{}], extensions: [], userRemoteConfigs: [[url: '{}'{}]])",
        branches.join(", "),
        line(&checkout.repository),
        credentials
    ));
    out.close();
    out.close();
    out.close();
}

fn run(out: &mut Out, stage: &Stage, credentials: &[CredentialsBinding]) {
    let bindings: Vec<_> = credentials.iter().map(binding).collect();
    out.open(&format!("stage('{}')", line(&stage.name)));
    out.open("steps");
    if let Some(call) = &stage.call {
        out.line(&build_step(call));
    }
    if stage.script.is_empty() {
        out.close();
        out.close();
        return;
    }
    if !bindings.is_empty() {
        out.open(&format!("withCredentials([{}])", bindings.join(", ")));
    }
    out.line(&format!("sh '''{}'''", block(&stage.script)));
    if !bindings.is_empty() {
        out.close();
    }
    out.close();
    out.close();
}

/// A failure of the other job is one of this build.
fn build_step(call: &Call) -> String {
    let value = |argument: &Argument| match argument {
        Argument::Text(text) => format!("'{}'", line(text)),
        Argument::Parameter(name) => format!("params.{name}"),
        Argument::BuildTag => "env.BUILD_TAG".to_owned(),
    };
    let parameter = |(name, argument): &(String, Argument)| {
        format!("string(name: '{}', value: {})", line(name), value(argument))
    };
    let parameters: Vec<_> = call.parameters.iter().map(parameter).collect();
    format!(
        "build(job: '/{}', parameters: [{}])",
        line(&call.job.to_string()),
        parameters.join(", ")
    )
}

/// <https://www.jenkins.io/doc/pipeline/steps/credentials-binding/>
fn binding(binding: &CredentialsBinding) -> String {
    let id = line(&binding.id);
    match &binding.kind {
        CredentialsKind::UsernamePassword { user, password } => format!(
            "usernamePassword(credentialsId: '{id}', usernameVariable: '{user}', \
             passwordVariable: '{password}')"
        ),
        CredentialsKind::Text(name) => format!("string(credentialsId: '{id}', variable: '{name}')"),
        CredentialsKind::File(name) => format!("file(credentialsId: '{id}', variable: '{name}')"),
        CredentialsKind::SshKey { key_file, user } => format!(
            "sshUserPrivateKey(credentialsId: '{id}', keyFileVariable: '{key_file}', \
             usernameVariable: '{user}')"
        ),
    }
}

/// What a build keeps, however it ends. One that ends early has no reports and files, which is
/// no further error.
fn post(out: &mut Out, job: &PipelineJob) {
    if job.test_reports.is_none() && job.artifacts.is_none() {
        return;
    }
    out.open("post");
    out.open("always");
    if let Some(pattern) = &job.test_reports {
        out.line(&format!("junit testResults: '{}', allowEmptyResults: true", line(pattern)));
    }
    if let Some(pattern) = &job.artifacts {
        let pattern = line(pattern);
        out.line(&format!("archiveArtifacts artifacts: '{pattern}', allowEmptyArchive: true"));
    }
    out.close();
    out.close();
}

/// A text between `'''` of Groovy: backslashes are doubled, and quotes are masked where they
/// could end the text: three in a row, and the last character.
fn block(text: &str) -> String {
    // Groovy makes a line feed of a bare carriage return.
    let text = text.replace('\\', "\\\\").replace('\r', "\\r").replace("'''", "\\'\\'\\'");
    match text.strip_suffix('\'') {
        // A quote that is masked already is the last of three.
        Some(rest) if !text.ends_with("\\'\\'\\'") => format!("{rest}\\'"),
        _ => text,
    }
}

/// A text between `'` of Groovy.
fn line(text: &str) -> String {
    let masked = text.replace('\\', "\\\\").replace('\'', "\\'");
    masked.replace('\n', "\\n").replace('\r', "\\r")
}
