//! `config.xml` of an item, as far as the stand-in understands it.

use cloudops_aws::jenkins::{model, xml::Element};

/// Root element of a folder.
const FOLDER: &str = "com.cloudbees.hudson.plugins.folder.Folder";
/// Root element of a pipeline job.
const FLOW: &str = "flow-definition";

/// What an item is.
#[derive(Debug, Clone)]
pub(super) struct Definition {
    pub(super) folder: bool,
    pub(super) disabled: bool,
    pub(super) concurrent: bool,
    /// `None` when the job is not parameterized.
    pub(super) parameters: Option<Vec<Parameter>>,
    pub(super) script: String,
    pub(super) description: String,
    /// Whether it looks for new commits.
    pub(super) polls: bool,
    pub(super) keep_builds: Option<usize>,
    pub(super) keep_days: Option<i64>,
    pub(super) xml: Element,
}

/// A declared parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parameter {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) kind: Kind,
    pub(super) default: String,
}

/// Kind of a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text { trim: bool },
    Flag,
    Choice(Vec<String>),
}

impl Definition {
    /// Reads `config.xml`.
    ///
    /// # Errors
    /// The Java exception with which Jenkins answers.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let xml = Element::parse(text).map_err(|error| {
            format!("java.io.IOException: Failed to persist config.xml: {error}")
        })?;
        if xml.name != FOLDER && xml.name != FLOW {
            let class = "com.thoughtworks.xstream.mapper.CannotResolveClassException";
            return Err(format!("{class}: {}", xml.name));
        }
        let properties = xml.child("properties");
        let property = |name: &str| properties.and_then(|all| all.child(name));
        let serial =
            "org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty";
        let parameters = property("hudson.model.ParametersDefinitionProperty")
            .and_then(|property| property.child("parameterDefinitions"))
            .map(|list| list.children.iter().map(parameter).collect::<Result<_, _>>())
            .transpose()?;
        let triggers = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty";
        let polls = property(triggers)
            .and_then(|property| property.child("triggers"))
            .and_then(|triggers| triggers.child("hudson.triggers.SCMTrigger"));
        let strategy = property("jenkins.model.BuildDiscarderProperty")
            .and_then(|property| property.child("strategy"));
        let kept = |name: &str| strategy.map(|strategy| strategy.child_text(name));
        Ok(Self {
            folder: xml.name == FOLDER,
            disabled: xml.child_text("disabled") == "true",
            concurrent: property(serial).is_none(),
            parameters,
            script: xml.child("definition").map_or("", |d| d.child_text("script")).to_owned(),
            description: xml.child_text("description").to_owned(),
            polls: polls.is_some(),
            keep_builds: kept("numToKeep").and_then(|number| number.parse().ok()),
            keep_days: kept("daysToKeep").and_then(|days| days.parse().ok()).filter(|d| *d > 0),
            xml,
        })
    }

    /// What a strict reader finds in `config.xml`: Jenkins would drop or misread it in silence.
    ///
    /// # Errors
    /// The first fault.
    pub(super) fn strict(&self) -> Result<(), String> {
        match model::check(&self.xml).first() {
            Some(fault) => Err(format!("strict stand-in: {fault}")),
            None => Ok(()),
        }
    }

    /// Class in `api/json`.
    pub(super) fn class(&self) -> &'static str {
        if self.folder { FOLDER } else { "org.jenkinsci.plugins.workflow.job.WorkflowJob" }
    }
}

fn parameter(element: &Element) -> Result<Parameter, String> {
    let mut default = element.child_text("defaultValue").to_owned();
    let kind = match element.name.as_str() {
        "hudson.model.StringParameterDefinition" => {
            Kind::Text { trim: element.child_text("trim") == "true" }
        }
        "hudson.model.BooleanParameterDefinition" => {
            default = (default == "true").to_string();
            Kind::Flag
        }
        "hudson.model.ChoiceParameterDefinition" => {
            let list = element.child("choices").and_then(|choices| choices.child("a"));
            let values: Vec<_> =
                list.iter().flat_map(|list| &list.children).map(|c| c.text.clone()).collect();
            default = values.first().cloned().unwrap_or_default();
            Kind::Choice(values)
        }
        class => {
            let error = "com.thoughtworks.xstream.mapper.CannotResolveClassException";
            return Err(format!("{error}: {class}"));
        }
    };
    let description = element.child_text("description").to_owned();
    Ok(Parameter { name: element.child_text("name").to_owned(), description, kind, default })
}

impl Parameter {
    /// The value of a build.
    ///
    /// # Errors
    /// The Java exception with which Jenkins answers.
    pub(super) fn value(&self, given: Option<&str>) -> Result<String, String> {
        let given = given.unwrap_or(&self.default);
        match &self.kind {
            Kind::Text { trim: true } => Ok(given.trim().to_owned()),
            Kind::Text { trim: false } => Ok(given.to_owned()),
            Kind::Flag => Ok(given.eq_ignore_ascii_case("true").to_string()),
            Kind::Choice(values) if values.iter().any(|value| value == given) => {
                Ok(given.to_owned())
            }
            Kind::Choice(_) => {
                let error = "java.lang.IllegalArgumentException: Illegal choice for parameter";
                Err(format!("{error} {}: {given}", self.name))
            }
        }
    }

    /// Class of the definition and of a value.
    pub(super) fn classes(&self) -> (&'static str, &'static str) {
        match self.kind {
            Kind::Text { .. } => ("StringParameterDefinition", "hudson.model.StringParameterValue"),
            Kind::Flag => ("BooleanParameterDefinition", "hudson.model.BooleanParameterValue"),
            Kind::Choice(_) => ("ChoiceParameterDefinition", "hudson.model.StringParameterValue"),
        }
    }
}
