//! What keeps a job definition from working, found before Jenkins sees it.

use crate::jenkins::{
    Argument, Call, Checkout, Kind, Param, PipelineJob, RUN_PARAMETER, Trigger,
    jenkinsfile::CHECK_OUT, xml,
};

/// Longest text of a Jenkinsfile: what a constant of a Java class holds, in bytes.
const LONGEST: usize = 65_535;

/// What is wrong with a definition, in a sentence.
pub(super) fn check(job: &PipelineJob) -> Result<(), String> {
    parameters(&job.parameters)?;
    variables(job)?;
    stages(job)?;
    if let Some(checkout) = &job.checkout {
        check_out(job, checkout)?;
    }
    triggers(job)?;
    if job.timeout.is_some_and(|timeout| timeout.is_zero()) {
        return Err("the longest time of a build is zero".to_owned());
    }
    for text in texts(job) {
        if let Some(bad) = text.chars().find(|c| !xml::allowed(*c)) {
            return Err(format!("{} cannot stand in XML", bad.escape_default()));
        }
        if text.len() > LONGEST {
            return Err(format!("a text of {} bytes is longer than {LONGEST}", text.len()));
        }
    }
    Ok(())
}

fn parameters(parameters: &[Param]) -> Result<(), String> {
    for (index, param) in parameters.iter().enumerate() {
        let Param { name, kind, .. } = param;
        check_name("parameter", name)?;
        if name == RUN_PARAMETER {
            return Err(format!("parameter {RUN_PARAMETER} is added by itself"));
        }
        if parameters[..index].iter().any(|other| other.name == *name) {
            return Err(format!("parameter {name} stands twice"));
        }
        if *kind == Kind::Choice(Vec::new()) {
            return Err(format!("parameter {name} has no values to choose from"));
        }
    }
    Ok(())
}

/// Environment and credentials: what hides a parameter or another variable is a mistake.
fn variables(job: &PipelineJob) -> Result<(), String> {
    let mut known: Vec<&str> = job.parameters.iter().map(|param| param.name.as_str()).collect();
    known.push(RUN_PARAMETER);
    let own = job.environment.iter().map(|(name, _)| name.as_str());
    let bound = job.credentials.iter().flat_map(|binding| binding.kind.variables());
    for name in own.chain(bound) {
        check_name("variable", name)?;
        if known.contains(&name) {
            return Err(format!("variable {name} stands twice"));
        }
        known.push(name);
    }
    let checkout = job.checkout.iter().flat_map(|checkout| &checkout.credentials);
    let mut ids = job.credentials.iter().map(|binding| &binding.id).chain(checkout);
    match ids.find(|id| id.trim().is_empty()) {
        Some(_) => Err("the id of credentials is empty".to_owned()),
        None => Ok(()),
    }
}

fn stages(job: &PipelineJob) -> Result<(), String> {
    if job.stages.is_empty() {
        return Err("it has no stage".to_owned());
    }
    let mut names: Vec<&str> = job.checkout.iter().map(|_| CHECK_OUT).collect();
    for stage in &job.stages {
        if stage.name.trim().is_empty() {
            return Err("a stage has no name".to_owned());
        }
        if let Some(call) = &stage.call {
            arguments(job, call)?;
        }
        if stage.script.trim().is_empty() && stage.call.is_none() {
            return Err(format!("the script of stage {} is empty", stage.name));
        }
        if names.contains(&stage.name.as_str()) {
            return Err(format!("stage {} stands twice", stage.name));
        }
        names.push(&stage.name);
    }
    Ok(())
}

/// What a stage hands on to another job.
fn arguments(job: &PipelineJob, call: &Call) -> Result<(), String> {
    for (name, argument) in &call.parameters {
        check_name("parameter", name)?;
        if let Argument::Parameter(own) = argument
            && !job.parameters.iter().any(|param| param.name == *own)
        {
            return Err(format!("it hands on parameter {own}, which it does not have"));
        }
    }
    Ok(())
}

fn check_out(job: &PipelineJob, checkout: &Checkout) -> Result<(), String> {
    let folder = &checkout.folder;
    let mut parts = folder.split('/');
    if parts.any(|part| part.is_empty() || part == ".." || part.contains('\\')) {
        return Err(format!("`{folder}` is not a folder of the workspace"));
    }
    if checkout.branches.is_empty() {
        return Err("the checkout names no branch".to_owned());
    }
    for text in checkout.branches.iter().chain([&checkout.repository]) {
        if text.trim().is_empty() || text.starts_with('-') {
            return Err(format!("`{text}` is not a repository or branch"));
        }
        for name in references(text)? {
            let known = |param: &Param| param.name == name && !matches!(param.kind, Kind::Flag(_));
            if !job.parameters.iter().any(known) {
                return Err(format!("the checkout uses ${{{name}}}, which is no text parameter"));
            }
        }
    }
    Ok(())
}

/// Names in `${NAME}`.
fn references(text: &str) -> Result<Vec<&str>, String> {
    let mut names = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once('$') {
        let reference = after.strip_prefix('{').and_then(|after| after.split_once('}'));
        let (name, after) =
            reference.ok_or_else(|| format!("`{text}` has a `$` that begins no `${{NAME}}`"))?;
        names.push(name);
        rest = after;
    }
    Ok(names)
}

/// Jenkins polls a pipeline with the parameters of its last build, whatever those were, so that
/// one build of another branch would change what is polled.
fn triggers(job: &PipelineJob) -> Result<(), String> {
    if !job.triggers.iter().any(|trigger| matches!(trigger, Trigger::Poll(_))) {
        return Ok(());
    }
    let checkout = job.checkout.as_ref().ok_or("it looks for commits without a checkout")?;
    let mut texts = checkout.branches.iter().chain([&checkout.repository]);
    match texts.find(|text| text.contains('$')) {
        Some(text) => Err(format!(
            "looking for commits of `{text}` depends on the last build: name it directly"
        )),
        None => Ok(()),
    }
}

fn texts(job: &PipelineJob) -> Vec<&str> {
    let mut all: Vec<&str> = vec![&job.description];
    for param in &job.parameters {
        let values: &[String] = match &param.kind {
            Kind::Text(default) => std::slice::from_ref(default),
            Kind::Choice(values) => values,
            Kind::Flag(_) => &[],
        };
        all.extend(values.iter().chain([&param.description]).map(String::as_str));
    }
    all.extend(job.environment.iter().map(|(_, value)| value.as_str()));
    all.extend(job.stages.iter().flat_map(|stage| [stage.name.as_str(), &stage.script]));
    all.extend(job.credentials.iter().map(|binding| binding.id.as_str()));
    if let Some(checkout) = &job.checkout {
        let fields = [&checkout.repository, &checkout.folder];
        let all_fields = fields.into_iter().chain(&checkout.branches).chain(&checkout.credentials);
        all.extend(all_fields.map(String::as_str));
    }
    all.extend(job.triggers.iter().map(|trigger| match trigger {
        Trigger::Cron(lines) | Trigger::Poll(lines) => lines.as_str(),
    }));
    let optional = [&job.label, &job.artifacts, &job.test_reports];
    all.extend(optional.into_iter().flatten().map(String::as_str));
    all
}

fn check_name(what: &str, name: &str) -> Result<(), String> {
    let letters = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.is_empty() || !letters || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(format!("{what} `{name}` cannot be an environment variable"));
    }
    Ok(())
}
