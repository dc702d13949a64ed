//! Jobs of ours: thin pipelines with one shell step.

use crate::jenkins::{ItemPath, Owner, RUN_PARAMETER, job_xml, xml};

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

/// A job that runs one shell script on an agent: a pipeline job (`flow-definition`) with a
/// declarative Jenkinsfile in its definition, in the Groovy sandbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShellJob {
    /// Where it is.
    pub path: ItemPath,
    /// Whose it is; the mark is added to the description.
    pub owner: Owner,
    /// What it does, for people.
    pub description: String,
    /// Its parameters. [`RUN_PARAMETER`] is added.
    pub parameters: Vec<Param>,
    /// The script. Without a `#!` line, Jenkins runs it with `sh -xe`, which shows each command
    /// with its values in the log.
    pub script: String,
    /// Label of the agents that may run it; any agent when `None`.
    pub label: Option<String>,
    /// How much history it keeps.
    pub retention: Retention,
    /// When it starts by itself: lines of Jenkins' cron syntax, such as `H 2 * * *`.
    pub triggers: Vec<String>,
    /// Whether two builds of it may run at the same time.
    pub concurrent: bool,
    /// Files of the workspace to keep with the build, as Ant patterns separated by commas.
    pub artifacts: Option<String>,
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

impl ShellJob {
    /// A job with a script, without parameters and triggers, that keeps its last 50 builds and
    /// runs one build at a time on any agent.
    #[must_use]
    pub fn new(path: ItemPath, owner: Owner, description: &str, script: &str) -> Self {
        Self {
            path,
            owner,
            description: description.to_owned(),
            parameters: Vec::new(),
            script: script.to_owned(),
            label: None,
            retention: Retention { builds: Some(50), days: None },
            triggers: Vec::new(),
            concurrent: false,
            artifacts: None,
        }
    }

    /// The `config.xml` of the job.
    ///
    /// # Errors
    /// [`DefinitionError`] for a parameter that is no environment variable or stands twice, a
    /// choice without values, an empty script, and characters that XML cannot hold.
    pub fn config_xml(&self) -> Result<String, DefinitionError> {
        self.check().map_err(|reason| DefinitionError { job: self.path.clone(), reason })?;
        Ok(job_xml::flow_definition(self).to_string())
    }

    fn check(&self) -> Result<(), String> {
        if self.script.trim().is_empty() {
            return Err("the script is empty".to_owned());
        }
        for (index, param) in self.parameters.iter().enumerate() {
            check_name(&param.name)?;
            if self.parameters[..index].iter().any(|other| other.name == param.name) {
                return Err(format!("parameter {} stands twice", param.name));
            }
            if param.kind == Kind::Choice(Vec::new()) {
                return Err(format!("parameter {} has no values to choose from", param.name));
            }
        }
        for text in self.texts() {
            if let Some(bad) = text.chars().find(|c| !xml::allowed(*c)) {
                return Err(format!("{} cannot stand in XML", bad.escape_default()));
            }
        }
        Ok(())
    }

    fn texts(&self) -> impl Iterator<Item = &str> {
        let params = self.parameters.iter().flat_map(|param| {
            let values: &[String] = match &param.kind {
                Kind::Text(default) => std::slice::from_ref(default),
                Kind::Choice(values) => values,
                Kind::Flag(_) => &[],
            };
            values.iter().chain([&param.description])
        });
        params
            .chain([&self.script, &self.description])
            .chain(&self.label)
            .chain(&self.artifacts)
            .chain(&self.triggers)
            .map(String::as_str)
    }
}

fn check_name(name: &str) -> Result<(), String> {
    let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.is_empty() || !letters || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("parameter `{name}` cannot be an environment variable"));
    }
    if name == RUN_PARAMETER {
        return Err(format!("parameter {RUN_PARAMETER} is added by itself"));
    }
    Ok(())
}

/// The Jenkinsfile of a job: one stage with one `sh` step
/// (<https://www.jenkins.io/doc/book/pipeline/syntax/#declarative-pipeline>).
#[must_use]
pub fn jenkinsfile(job: &ShellJob) -> String {
    let agent = match &job.label {
        Some(label) => format!("{{ label '{}' }}", line(label)),
        None => "any".to_owned(),
    };
    let post = job.artifacts.as_ref().map_or_else(String::new, |pattern| {
        format!(
            "    post {{\n        always {{\n            archiveArtifacts artifacts: '{}', \
             allowEmptyArchive: true\n        }}\n    }}\n",
            line(pattern)
        )
    });
    let script = block(&job.script);
    format!(
        "pipeline {{\n    agent {agent}\n    stages {{\n        stage('Run') {{\n            \
         steps {{\n                sh '''{script}'''\n            }}\n        }}\n    }}\n{post}}}\n"
    )
}

/// A text between `'''` of Groovy: backslashes are doubled, and quotes are masked where they
/// could end the text: three in a row, and the last character.
fn block(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace('\\', "\\\\").replace("'''", "\\'\\'\\'");
    match text.strip_suffix('\'') {
        // A quote that is masked already is the last of three.
        Some(rest) if !text.ends_with("\\'\\'\\'") => format!("{rest}\\'"),
        _ => text,
    }
}

/// A text between `'` of Groovy.
fn line(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n")
}
