//! The steps.

use super::{
    Argument, Binding, Call, Checkout, Step,
    lex::Word,
    parse::{Parsed, Parser},
    value::{Arguments, Value, none_left, take},
};

/// Bindings of `withCredentials`, with the names of their variables.
const BINDINGS: [(&str, &[&str]); 4] = [
    ("usernamePassword", &["usernameVariable", "passwordVariable"]),
    ("string", &["variable"]),
    ("file", &["variable"]),
    ("sshUserPrivateKey", &["keyFileVariable", "usernameVariable"]),
];

impl Parser {
    pub(super) fn steps(&mut self) -> Parsed<Vec<Step>> {
        let mut steps = Vec::new();
        self.block(|parser, name| {
            steps.push(parser.step(name)?);
            Ok(())
        })?;
        Ok(steps)
    }

    fn step(&mut self, name: &str) -> Parsed<Step> {
        let brackets = self.eat('(');
        let mut arguments = self.arguments()?;
        if brackets {
            self.expect(')')?;
        }
        let main = match name {
            "deleteDir" => return none_left(&arguments).map(|()| Step::DeleteDir),
            "sh" => "script",
            "echo" => "message",
            "archiveArtifacts" => "artifacts",
            "junit" => "testResults",
            "dir" => "path",
            "checkout" => "scm",
            "withCredentials" => "bindings",
            "build" => "job",
            name => return Err(format!("No such DSL method '{name}' found among steps")),
        };
        let value = take(&mut arguments, "").or_else(|| take(&mut arguments, main));
        let value = value.ok_or_else(|| format!("Missing required parameter: \"{main}\""))?;
        let step = self.with_value(name, value, &mut arguments)?;
        none_left(&arguments)?;
        Ok(step)
    }

    fn with_value(&mut self, name: &str, value: Value, more: &mut Arguments) -> Parsed<Step> {
        Ok(match name {
            "sh" => {
                take(more, "label");
                Step::Sh(value.text()?)
            }
            "echo" => Step::Echo(value.text()?),
            "archiveArtifacts" => {
                let allow_empty = take(more, "allowEmptyArchive").is_some_and(|v| v.is_true());
                Step::Archive { pattern: value.text()?, allow_empty }
            }
            "junit" => {
                let allow_empty = take(more, "allowEmptyResults").is_some_and(|v| v.is_true());
                Step::Junit { pattern: value.text()?, allow_empty }
            }
            "build" => Step::Build(call(value, more)?),
            "checkout" => Step::Checkout(checkout(value)?),
            "dir" => Step::Dir { path: value.text()?, steps: self.body(name)? },
            _ => {
                let bindings = value.list()?.into_iter().map(binding).collect::<Parsed<_>>()?;
                Step::WithCredentials { bindings, steps: self.body(name)? }
            }
        })
    }

    fn body(&mut self, name: &str) -> Parsed<Vec<Step>> {
        if self.peek() != Some(&Word::Mark('{')) {
            return Err(format!("{name} step must be called with a body"));
        }
        self.steps()
    }
}

fn checkout(value: Value) -> Parsed<Checkout> {
    let Value::Call(name, mut arguments) = value else {
        return Err("expecting scmGit(...)".to_owned());
    };
    if name != "scmGit" {
        return Err(format!("scm \"{name}\" is not supported by the stand-in"));
    }
    let mut need = |name: &str| {
        let value = take(&mut arguments, name);
        value.ok_or_else(|| format!("Missing required parameter: \"{name}\""))?.list()
    };
    let branches = need("branches")?.into_iter().map(|branch| {
        let mut branch = branch.map()?;
        take(&mut branch, "name").ok_or("a branch lacks its name")?.text()
    });
    let branches = branches.collect::<Parsed<_>>()?;
    let [remote] = need("userRemoteConfigs")?
        .try_into()
        .map_err(|_| "one repository is supported by the stand-in")?;
    if !need("extensions").is_ok_and(|extensions| extensions.is_empty()) {
        return Err("extensions are not supported by the stand-in".to_owned());
    }
    none_left(&arguments)?;
    let mut remote: Arguments = remote.map()?;
    let url = take(&mut remote, "url").ok_or("a repository lacks its url")?.text()?;
    let credentials = take(&mut remote, "credentialsId").map(Value::text).transpose()?;
    none_left(&remote)?;
    Ok(Checkout { url, branches, credentials })
}

fn binding(value: Value) -> Parsed<Binding> {
    let Value::Call(kind, mut arguments) = value else {
        return Err("expecting a binding such as string(...)".to_owned());
    };
    let known = BINDINGS.iter().find(|(name, _)| *name == kind);
    let (_, names) = known.ok_or_else(|| format!("binding \"{kind}\" is not supported"))?;
    let mut need = |name: &str| {
        let value = take(&mut arguments, name);
        value.ok_or_else(|| format!("Missing required parameter: \"{name}\""))?.text()
    };
    let id = need("credentialsId")?;
    let variables = names.iter().map(|name| Ok(((*name).to_owned(), need(name)?)));
    let variables = variables.collect::<Parsed<_>>()?;
    none_left(&arguments)?;
    Ok(Binding { kind, id, variables })
}

fn call(job: Value, more: &mut Arguments) -> Parsed<Call> {
    let parameters = match take(more, "parameters") {
        Some(value) => value.list()?.into_iter().map(argument).collect::<Parsed<_>>()?,
        None => Vec::new(),
    };
    Ok(Call { job: job.text()?, parameters })
}

/// `string(name: 'A', value: params.B)`.
fn argument(value: Value) -> Parsed<(String, Argument)> {
    let Value::Call(kind, mut arguments) = value else {
        return Err(format!("expecting a parameter, not {value:?}"));
    };
    if kind != "string" {
        return Err(format!("parameters of kind {kind} are not supported by the stand-in"));
    }
    let missing = |name: &str| format!("Missing required parameter: \"{name}\"");
    let name = take(&mut arguments, "name").ok_or_else(|| missing("name"))?.text()?;
    let value = match take(&mut arguments, "value").ok_or_else(|| missing("value"))? {
        Value::Word(word) => {
            let variable = word.strip_prefix("params.").or_else(|| word.strip_prefix("env."));
            let variable = variable.ok_or_else(|| format!("No such property: {word}"))?;
            Argument::Variable(variable.to_owned())
        }
        other => Argument::Text(other.text()?),
    };
    none_left(&arguments)?;
    Ok((name, value))
}
