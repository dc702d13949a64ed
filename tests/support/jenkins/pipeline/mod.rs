//! A declarative Jenkinsfile, as far as the stand-in runs it. What it does not know, it refuses,
//! as Jenkins refuses a Jenkinsfile that does not compile.
//!
//! ```text
//! pipeline {
//!     agent any | none | { label 'x' }
//!     options { timeout(time: 1, unit: 'HOURS'); ... }      others are read over
//!     environment { NAME = 'value' }       also in a stage
//!     stages { stage('x') { steps { STEP... } } ... }
//!     post { always | success | unstable | failure | aborted | cleanup { STEP... } }
//! }
//! STEP: sh '...' | sh(script: '...', label: '...') | echo '...' | deleteDir()
//!     | archiveArtifacts artifacts: '...', allowEmptyArchive: true
//!     | junit testResults: '...', allowEmptyResults: true
//!     | dir('...') { STEP... }
//!     | checkout scmGit(branches: [[name: '...']], userRemoteConfigs: [[url: '...']])
//!     | build(job: '/folder/job', parameters: [string(name: '...', value: params.NAME)])
//!     | withCredentials([string(credentialsId: '...', variable: '...')]) { STEP... }
//! ```
//! Texts stand between `'`, `'''`, `"` or `"""`, without interpolation.

mod lex;
mod parse;
mod steps;
mod value;

use std::time::Duration;

use parse::Parser;

/// A Jenkinsfile.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Pipeline {
    pub(super) label: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) env: Vec<(String, String)>,
    pub(super) stages: Vec<Stage>,
    pub(super) post: Vec<(Condition, Vec<Step>)>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Stage {
    pub(super) name: String,
    pub(super) env: Vec<(String, String)>,
    pub(super) steps: Vec<Step>,
}

/// When the steps of `post` run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Always,
    Success,
    Unstable,
    Failure,
    Aborted,
    Cleanup,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Step {
    Sh(String),
    Echo(String),
    DeleteDir,
    Archive { pattern: String, allow_empty: bool },
    Junit { pattern: String, allow_empty: bool },
    Dir { path: String, steps: Vec<Step> },
    Checkout(Checkout),
    WithCredentials { bindings: Vec<Binding>, steps: Vec<Step> },
    Build(Call),
}

/// `build(job: ..., parameters: [string(name: ..., value: ...)])`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) job: String,
    pub(super) parameters: Vec<(String, Argument)>,
}

/// A value that is handed on: a text, or `params.NAME` or `env.NAME`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Argument {
    Text(String),
    Variable(String),
}

/// `checkout scmGit(...)`, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checkout {
    pub(super) url: String,
    pub(super) branches: Vec<String>,
    pub(super) credentials: Option<String>,
}

/// Credentials, and the variables that get their parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Binding {
    /// Name of the step, such as `usernamePassword`.
    pub(super) kind: String,
    pub(super) id: String,
    /// Variables by parameter, such as `passwordVariable`.
    pub(super) variables: Vec<(String, String)>,
}

/// Where and why a Jenkinsfile does not compile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("WorkflowScript: {line}: {reason}")]
pub(super) struct CompileError {
    pub(super) line: usize,
    pub(super) reason: String,
}

impl Pipeline {
    /// Reads a Jenkinsfile.
    pub(super) fn parse(source: &str) -> Result<Self, CompileError> {
        let words = lex::words(source).map_err(|(line, reason)| CompileError { line, reason })?;
        let mut parser = Parser::new(words);
        parser.pipeline().map_err(|reason| CompileError { line: parser.line(), reason })
    }
}
