//! The known elements.

use super::cron;

/// An element and what may stand in it.
pub(super) struct Rule {
    pub(super) name: &'static str,
    pub(super) required: bool,
    /// Values of its `class` attribute; without any it has none.
    pub(super) classes: &'static [&'static str],
    pub(super) content: Content,
}

/// What stands in an element.
pub(super) enum Content {
    /// Whatever Jenkins writes there by itself.
    Any,
    /// A text of a form.
    Text(fn(&str) -> Result<(), String>),
    /// Elements named after fields, each at most once.
    Fields(&'static [Rule]),
    /// Any number of elements; `unique` for those that are told apart by name or class.
    List { of: &'static [Rule], unique: bool },
}

impl Rule {
    const fn new(name: &'static str, content: Content) -> Self {
        Self { name, required: false, classes: &[], content }
    }

    const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    const fn class(mut self, classes: &'static [&'static str]) -> Self {
        self.classes = classes;
        self
    }

    pub(super) const fn is_open(&self) -> bool {
        matches!(self.content, Content::Any)
    }
}

const fn text(name: &'static str) -> Rule {
    Rule::new(name, Content::Text(|_| Ok(())))
}

const fn flag(name: &'static str) -> Rule {
    Rule::new(name, Content::Text(is_flag))
}

const fn limit(name: &'static str) -> Rule {
    Rule::new(name, Content::Text(is_limit))
}

const fn fields(name: &'static str, rules: &'static [Rule]) -> Rule {
    Rule::new(name, Content::Fields(rules))
}

const fn list(name: &'static str, of: &'static [Rule]) -> Rule {
    Rule::new(name, Content::List { of, unique: true })
}

/// The items.
pub(super) static ITEMS: [Rule; 2] = [
    fields("flow-definition", &FLOW),
    fields("com.cloudbees.hudson.plugins.folder.Folder", &FOLDER),
];

static FLOW: [Rule; 11] = [
    Rule::new("actions", Content::Any),
    text("description"),
    text("displayName"),
    flag("keepDependencies"),
    list("properties", &PROPERTIES).required(),
    fields("definition", &DEFINITION)
        .class(&["org.jenkinsci.plugins.workflow.cps.CpsFlowDefinition"])
        .required(),
    Rule::new("triggers", Content::Text(is_empty)),
    flag("disabled"),
    Rule::new("quietPeriod", Content::Text(is_number)),
    text("authToken"),
    flag("blockBuildWhenDownstreamBuilding"),
];

static DEFINITION: [Rule; 2] = [
    Rule::new("script", Content::Text(is_filled)).required(),
    // Without it, an administrator must approve each script.
    Rule::new("sandbox", Content::Text(is_true)).required(),
];

static FOLDER: [Rule; 8] = [
    Rule::new("actions", Content::Any),
    text("description"),
    text("displayName"),
    Rule::new("properties", Content::Any),
    Rule::new("folderViews", Content::Any),
    Rule::new("healthMetrics", Content::Any),
    Rule::new("icon", Content::Any),
    Rule::new("views", Content::Any),
];

static PROPERTIES: [Rule; 6] = [
    fields("jenkins.model.BuildDiscarderProperty", &DISCARDER),
    fields(
        "org.jenkinsci.plugins.workflow.job.properties.DisableConcurrentBuildsJobProperty",
        &CONCURRENCY,
    ),
    fields("hudson.model.ParametersDefinitionProperty", &PARAMETERS),
    fields("org.jenkinsci.plugins.workflow.job.properties.PipelineTriggersJobProperty", &TRIGGERED),
    fields("org.jenkinsci.plugins.workflow.job.properties.DisableResumeJobProperty", &[]),
    fields("org.jenkinsci.plugins.workflow.job.properties.DurabilityHintJobProperty", &HINT),
];

static CONCURRENCY: [Rule; 1] = [flag("abortPrevious")];
static HINT: [Rule; 1] = [text("hint")];
static DISCARDER: [Rule; 1] =
    [fields("strategy", &ROTATOR).class(&["hudson.tasks.LogRotator"]).required()];

static ROTATOR: [Rule; 5] = [
    limit("daysToKeep").required(),
    limit("numToKeep").required(),
    limit("artifactDaysToKeep").required(),
    limit("artifactNumToKeep").required(),
    flag("removeLastBuild"),
];

static TRIGGERED: [Rule; 1] = [list("triggers", &TRIGGERS).required()];
static TRIGGERS: [Rule; 2] =
    [fields("hudson.triggers.TimerTrigger", &TIMER), fields("hudson.triggers.SCMTrigger", &POLL)];
static TIMER: [Rule; 1] = [Rule::new("spec", Content::Text(cron::check)).required()];
static POLL: [Rule; 2] =
    [Rule::new("spec", Content::Text(cron::check)).required(), flag("ignorePostCommitHooks")];

static PARAMETERS: [Rule; 1] = [list("parameterDefinitions", &DEFINITIONS).required()];
static DEFINITIONS: [Rule; 4] = [
    fields("hudson.model.StringParameterDefinition", &STRING),
    fields("hudson.model.TextParameterDefinition", &STRING),
    fields("hudson.model.BooleanParameterDefinition", &BOOLEAN),
    fields("hudson.model.ChoiceParameterDefinition", &CHOICE),
];

static STRING: [Rule; 4] = [NAME, text("description"), text("defaultValue"), flag("trim")];
static BOOLEAN: [Rule; 3] = [NAME, text("description"), flag("defaultValue")];
static CHOICE: [Rule; 3] = [
    NAME,
    text("description"),
    fields("choices", &ARRAY).class(&["java.util.Arrays$ArrayList"]).required(),
];
static ARRAY: [Rule; 1] = [Rule::new("a", Content::List { of: &STRINGS, unique: false })
    .class(&["string-array"])
    .required()];
static STRINGS: [Rule; 1] = [text("string")];

const NAME: Rule = Rule::new("name", Content::Text(is_variable)).required();

fn is_flag(text: &str) -> Result<(), String> {
    match text {
        "true" | "false" => Ok(()),
        other => Err(format!("`{other}` is neither `true` nor `false`")),
    }
}

fn is_true(text: &str) -> Result<(), String> {
    if text == "true" { Ok(()) } else { Err(format!("`{text}` is not `true`")) }
}

fn is_empty(text: &str) -> Result<(), String> {
    if text.is_empty() { Ok(()) } else { Err("it must be empty".to_owned()) }
}

fn is_filled(text: &str) -> Result<(), String> {
    if text.trim().is_empty() { Err("it is empty".to_owned()) } else { Ok(()) }
}

fn is_number(text: &str) -> Result<(), String> {
    text.parse::<u32>().map(drop).map_err(|_| format!("`{text}` is not a number"))
}

/// How many to keep: -1 keeps all, and Jenkins takes 0 for that too.
fn is_limit(text: &str) -> Result<(), String> {
    match text.parse::<i32>() {
        Ok(-1 | 1..) => Ok(()),
        _ => Err(format!("`{text}` is neither -1 nor a number from 1")),
    }
}

fn is_variable(text: &str) -> Result<(), String> {
    let letters = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if text.is_empty() || !letters || text.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("`{text}` cannot be an environment variable"));
    }
    Ok(())
}
