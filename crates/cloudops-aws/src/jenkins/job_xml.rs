//! The `config.xml` of our jobs and folders, in the form that Jenkins itself writes.

use crate::jenkins::{
    Kind, Owner, Param, PipelineJob, RUN_PARAMETER, Retention, Trigger, jenkinsfile::jenkinsfile,
    xml::Element,
};

/// Root element of a pipeline job.
const FLOW: &str = "flow-definition";
/// Root element of a folder.
pub(super) const FOLDER: &str = "com.cloudbees.hudson.plugins.folder.Folder";

fn node(name: &str, children: Vec<Element>) -> Element {
    Element { name: name.to_owned(), children, ..Element::default() }
}

fn leaf(name: &str, text: impl Into<String>) -> Element {
    Element { name: name.to_owned(), text: text.into(), ..Element::default() }
}

fn with_class(mut element: Element, class: &str) -> Element {
    element.attributes.insert("class".to_owned(), class.to_owned());
    element
}

/// A folder of ours.
pub(super) fn folder(owner: &Owner, description: &str) -> Element {
    node(FOLDER, vec![leaf("description", owner.mark(description)), leaf("properties", "")])
}

/// A pipeline job.
pub(super) fn flow_definition(job: &PipelineJob) -> Element {
    let script = leaf("script", jenkinsfile(job));
    let definition = node("definition", vec![script, leaf("sandbox", "true")]);
    let class = "org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition";
    node(
        FLOW,
        vec![
            leaf("actions", ""),
            leaf("description", job.owner.mark(&job.description)),
            leaf("keepDependencies", "false"),
            node("properties", properties(job)),
            with_class(definition, class),
            leaf("triggers", ""),
            leaf("disabled", "false"),
        ],
    )
}

fn properties(job: &PipelineJob) -> Vec<Element> {
    let mut list = Vec::new();
    if job.retention != Retention::default() {
        list.push(discarder(job.retention));
    }
    if !job.concurrent {
        let class =
            "org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty";
        list.push(node(class, vec![leaf("abortPrevious", "false")]));
    }
    list.push(parameters(job));
    let triggers = triggers(job);
    if !triggers.is_empty() {
        let class = "org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty";
        list.push(node(class, vec![node("triggers", triggers)]));
    }
    list
}

/// One trigger of a kind, with all its lines.
fn triggers(job: &PipelineJob) -> Vec<Element> {
    let lines = |wanted: fn(&Trigger) -> Option<&str>| {
        let lines: Vec<_> = job.triggers.iter().filter_map(wanted).collect();
        (!lines.is_empty()).then(|| leaf("spec", lines.join("\n")))
    };
    let timer = lines(|trigger| match trigger {
        Trigger::Cron(lines) => Some(lines),
        Trigger::Poll(_) => None,
    });
    let poll = lines(|trigger| match trigger {
        Trigger::Poll(lines) => Some(lines),
        Trigger::Cron(_) => None,
    });
    let timer = timer.map(|spec| node("hudson.triggers.TimerTrigger", vec![spec]));
    let hooks = leaf("ignorePostCommitHooks", "false");
    let poll = poll.map(|spec| node("hudson.triggers.SCMTrigger", vec![spec, hooks]));
    timer.into_iter().chain(poll).collect()
}

fn discarder(retention: Retention) -> Element {
    // -1 keeps all.
    let number = |value: Option<u32>| value.map_or_else(|| "-1".to_owned(), |n| n.to_string());
    let strategy = node(
        "strategy",
        vec![
            leaf("daysToKeep", number(retention.days)),
            leaf("numToKeep", number(retention.builds)),
            leaf("artifactDaysToKeep", "-1"),
            leaf("artifactNumToKeep", "-1"),
        ],
    );
    let strategy = with_class(strategy, "hudson.tasks.LogRotator");
    node("jenkins.model.BuildDiscarderProperty", vec![strategy])
}

fn parameters(job: &PipelineJob) -> Element {
    let run = Param::text(RUN_PARAMETER, "", "Identifies the run that started the build.");
    let definitions = job.parameters.iter().chain([&run]).map(parameter).collect();
    let list = node("parameterDefinitions", definitions);
    node("hudson.model.ParametersDefinitionProperty", vec![list])
}

fn parameter(param: &Param) -> Element {
    let mut fields = vec![leaf("name", &param.name), leaf("description", &param.description)];
    let class = match &param.kind {
        Kind::Text(default) => {
            fields.extend([leaf("defaultValue", default), leaf("trim", "false")]);
            "hudson.model.StringParameterDefinition"
        }
        Kind::Flag(default) => {
            fields.push(leaf("defaultValue", default.to_string()));
            "hudson.model.BooleanParameterDefinition"
        }
        Kind::Choice(values) => {
            let strings = values.iter().map(|value| leaf("string", value)).collect();
            let array = with_class(node("a", strings), "string-array");
            fields.push(with_class(node("choices", vec![array]), "java.util.Arrays$ArrayList"));
            "hudson.model.ChoiceParameterDefinition"
        }
    };
    node(class, fields)
}
