//! Jobs of ours: thin pipelines, whose stages call our own programs.

use std::time::Duration;

use crate::jenkins::{ItemPath, Owner, definition, job_xml, model};

/// A parameter of a job. It reaches the script as an environment variable of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Name: letters, digits and `_`, not beginning with a digit.
    pub name: String,
    /// What it is for, shown in the form of Jenkins.
    pub description: String,
    /// Its kind and default.
    pub kind: Kind,
}

/// Kind of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A text and its default.
    Text(String),
    /// `true` or `false`, and its default.
    Flag(bool),
    /// One of these; the first is the default.
    Choice(Vec<String>),
}

impl Param {
    /// A text parameter.
    #[must_use]
    pub fn text(name: &str, default: &str, description: &str) -> Self {
        let kind = Kind::Text(default.to_owned());
        Self { name: name.to_owned(), description: description.to_owned(), kind }
    }

    /// A parameter that is `true` or `false`.
    #[must_use]
    pub fn flag(name: &str, default: bool, description: &str) -> Self {
        let kind = Kind::Flag(default);
        Self { name: name.to_owned(), description: description.to_owned(), kind }
    }

    /// A parameter with a few values.
    #[must_use]
    pub fn choice(name: &str, values: &[&str], description: &str) -> Self {
        let kind = Kind::Choice(values.iter().map(|value| (*value).to_owned()).collect());
        Self { name: name.to_owned(), description: description.to_owned(), kind }
    }
}

/// How much history a job keeps. `None` keeps all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Retention {
    /// Builds to keep.
    pub builds: Option<u32>,
    /// Days to keep a build.
    pub days: Option<u32>,
}

/// A stage of a job: one shell script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Name in the log and on the page of the build.
    pub name: String,
    /// The script. Without a `#!` line, Jenkins runs it with `sh -xe`, which shows each command
    /// with its values in the log. Parameters and environment are environment variables of it.
    pub script: String,
    /// Another job that is built before the script, and has to succeed; the script may be empty
    /// then.
    pub call: Option<Call>,
}

/// Another job that a stage builds (<https://www.jenkins.io/doc/pipeline/steps/pipeline-build-step/>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The job.
    pub job: ItemPath,
    /// Its text parameters.
    pub parameters: Vec<(String, Argument)>,
}

/// Value of a parameter that is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// This text.
    Text(String),
    /// That of a parameter of the calling job.
    Parameter(String),
    /// `BUILD_TAG` of the calling build, which names it.
    BuildTag,
}

/// What is taken out of git before the first stage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkout {
    /// Address of the repository, or `${NAME}` of a text or choice parameter.
    pub repository: String,
    /// What to build, in the form of the git plugin: a branch (`main`, better `refs/heads/main`),
    /// a tag (`refs/tags/1.0`), a commit, `**` for all branches, or `${NAME}` of a parameter.
    pub branches: Vec<String>,
    /// Credentials of the build server with which git reads the repository.
    pub credentials: Option<String>,
    /// Folder of the workspace, which is emptied first; `.` is the workspace itself.
    pub folder: String,
}

/// When a job starts by itself. The lines are of Jenkins' cron syntax, such as `H 2 * * *`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trigger {
    /// At these times.
    Cron(String),
    /// When the checkout has new commits, for which Jenkins looks at these times. A job that has
    /// never been built has nothing to compare with and is not started.
    Poll(String),
}

/// Credentials of the build server that the stages see as environment variables, masked in the
/// log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsBinding {
    /// Id of the credentials.
    pub id: String,
    /// Their kind, and the names of the variables.
    pub kind: CredentialsKind,
}

/// Kind of credentials; the values are names of environment variables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CredentialsKind {
    /// User name and password.
    UsernamePassword {
        /// Variable with the user name.
        user: String,
        /// Variable with the password.
        password: String,
    },
    /// A secret text, in this variable.
    Text(String),
    /// A secret file, whose path is in this variable.
    File(String),
    /// A private key of SSH.
    SshKey {
        /// Variable with the path of the key file.
        key_file: String,
        /// Variable with the user name.
        user: String,
    },
}

impl CredentialsKind {
    /// Names of the variables.
    pub(super) fn variables(&self) -> Vec<&str> {
        match self {
            Self::UsernamePassword { user, password } => vec![user, password],
            Self::Text(name) | Self::File(name) => vec![name],
            Self::SshKey { key_file, user } => vec![key_file, user],
        }
    }
}

/// A job that runs shell scripts on an agent: a pipeline job (`flow-definition`) with a
/// declarative Jenkinsfile in its definition, in the Groovy sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PipelineJob {
    /// Where it is.
    pub path: ItemPath,
    /// Whose it is; the mark is added to the description.
    pub owner: Owner,
    /// What it does, for people.
    pub description: String,
    /// Its parameters. [`crate::jenkins::RUN_PARAMETER`] is added.
    pub parameters: Vec<Param>,
    /// Environment variables of all stages. No secrets: they stand in the definition.
    pub environment: Vec<(String, String)>,
    /// What is taken out of git before the first stage, into a folder of the workspace.
    pub checkout: Option<Checkout>,
    /// Stages, in order; a stage that fails ends the build.
    pub stages: Vec<Stage>,
    /// Credentials of the build server that the stages see, by reference.
    pub credentials: Vec<CredentialsBinding>,
    /// Label of the agents that may run it; any agent when `None`.
    pub label: Option<String>,
    /// How much history it keeps.
    pub retention: Retention,
    /// When it starts by itself.
    pub triggers: Vec<Trigger>,
    /// Whether two builds of it may run at the same time.
    pub concurrent: bool,
    /// Files of the workspace to keep with the build, as Ant patterns separated by commas.
    pub artifacts: Option<String>,
    /// JUnit reports in the workspace, as Ant patterns separated by commas. Failed tests make the
    /// build `UNSTABLE`.
    pub test_reports: Option<String>,
    /// Longest time of a build, with the wait for an agent; then it ends as `ABORTED`.
    pub timeout: Option<Duration>,
}

/// A job definition that cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("definition of Jenkins job {job}: {reason}")]
pub struct DefinitionError {
    /// The job.
    pub job: ItemPath,
    /// What is wrong.
    pub reason: String,
}

impl PipelineJob {
    /// A job without stages, parameters and triggers, that keeps its last 50 builds and runs one
    /// build at a time on any agent.
    #[must_use]
    pub fn new(path: ItemPath, owner: Owner, description: &str) -> Self {
        Self {
            path,
            owner,
            description: description.to_owned(),
            parameters: Vec::new(),
            environment: Vec::new(),
            checkout: None,
            stages: Vec::new(),
            credentials: Vec::new(),
            label: None,
            retention: Retention { builds: Some(50), days: None },
            triggers: Vec::new(),
            concurrent: false,
            artifacts: None,
            test_reports: None,
            timeout: None,
        }
    }

    /// The job with one more stage.
    #[must_use]
    pub fn stage(mut self, name: &str, script: &str) -> Self {
        self.stages.push(Stage { name: name.to_owned(), script: script.to_owned(), call: None });
        self
    }

    /// The job with one more stage, which builds another job.
    #[must_use]
    pub fn call(mut self, name: &str, call: Call) -> Self {
        self.stages.push(Stage { name: name.to_owned(), script: String::new(), call: Some(call) });
        self
    }

    /// The `config.xml` of the job.
    ///
    /// # Errors
    /// [`DefinitionError`] for a definition that Jenkins would refuse, or understand otherwise:
    /// a name that is no environment variable or stands twice, a choice without values, no
    /// stage, an empty script, a checkout that cannot be polled, characters that XML cannot hold.
    pub fn config_xml(&self) -> Result<String, DefinitionError> {
        definition::check(self)
            .map_err(|reason| DefinitionError { job: self.path.clone(), reason })?;
        let xml = job_xml::flow_definition(self);
        match model::check(&xml).into_iter().next() {
            None => Ok(xml.to_string()),
            Some(fault) => {
                Err(DefinitionError { job: self.path.clone(), reason: fault.to_string() })
            }
        }
    }
}
