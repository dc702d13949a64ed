//! The part of docker's command line that is answered here.

use super::Error;
use std::collections::BTreeMap;

/// Options that take no value. Every other option takes one.
const SWITCHES: &[&str] = &[
    "-d",
    "--detach",
    "--rm",
    "--init",
    "--privileged",
    "-t",
    "--tty",
    "-i",
    "--interactive",
    "--read-only",
    "-f",
    "--force",
    "-a",
    "--all",
    "-q",
    "--quiet",
    "-aq",
    "-it",
    "--json",
    "-v",
    "--volumes",
    "--no-trunc",
    "--follow",
    "--attach",
];

/// Options of `run` and `create` that are handed on to podman as they are. Networks are not: each
/// task would get a bridge of its own, which costs half a second and hides nothing that matters here.
const PASSED_ON: &[&str] =
    &["--hostname", "--add-host", "--cap-add", "--cap-drop", "--shm-size", "--tmpfs", "--platform"];

/// A command line taken apart: options by name in the order given, and the rest.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Parsed {
    pub(super) options: Vec<(String, String)>,
    pub(super) words: Vec<String>,
}

impl Parsed {
    /// The last value of an option, under any of its names.
    pub(super) fn value(&self, names: &[&str]) -> Option<&str> {
        let found = self.options.iter().rev().find(|(name, _)| names.contains(&name.as_str()));
        found.map(|(_, value)| value.as_str())
    }

    /// Every value of an option, in order.
    pub(super) fn values<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a str> {
        let matching = self.options.iter().filter(move |(name, _)| names.contains(&name.as_str()));
        matching.map(|(_, value)| value.as_str())
    }

    /// Whether an option was given at all.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.value(names).is_some()
    }

    /// The only word, or a usage error that names what is missing.
    pub(super) fn word(&self, what: &str) -> Result<&str, Error> {
        let first = self.words.first().map(String::as_str);
        first.ok_or_else(|| Error::Usage(format!("{what} is missing")))
    }
}

/// Takes a command line apart. With `stop_at_word`, what follows the first word belongs to it
/// (the image and its command). `valued` are switches that take a value under this verb.
pub(super) fn parse(
    arguments: &[String],
    stop_at_word: bool,
    valued: &[&str],
) -> Result<Parsed, Error> {
    let is_switch = |name: &str| SWITCHES.contains(&name) && !valued.contains(&name);
    let mut parsed = Parsed::default();
    let mut rest = arguments.iter();
    while let Some(argument) = rest.next() {
        if !argument.starts_with('-') || argument == "-" {
            parsed.words.push(argument.clone());
            if stop_at_word {
                break;
            }
        } else if let Some((name, value)) =
            argument.split_once('=').filter(|_| argument.starts_with("--"))
        {
            parsed.options.push((name.to_owned(), value.to_owned()));
        } else if is_switch(argument) {
            parsed.options.push((argument.clone(), String::new()));
        } else {
            let value = rest.next();
            let value =
                value.ok_or_else(|| Error::Usage(format!("option {argument} needs a value")))?;
            parsed.options.push((argument.clone(), value.clone()));
        }
    }
    parsed.words.extend(rest.cloned());
    Ok(parsed)
}

/// A `--publish` value: the host's port (none for any free one) and the container's.
pub(super) fn published(text: &str) -> Result<(Option<u16>, u16), Error> {
    let bad = || Error::Usage(format!("not a port mapping: {text}"));
    let ports = text.split('/').next().unwrap_or(text);
    let mut parts = ports.rsplit(':');
    let container = parts.next().and_then(|p| p.parse().ok()).ok_or_else(bad)?;
    let host = match parts.next() {
        None | Some("" | "0") => None,
        Some(port) => Some(port.parse().map_err(|_| bad())?),
    };
    Ok((host, container))
}

/// A container as `run` and `create` describe it.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) name: Option<String>,
    pub(super) image: String,
    pub(super) command: Vec<String>,
    pub(super) entrypoint: Option<String>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) env: Vec<String>,
    pub(super) ports: Vec<(Option<u16>, u16)>,
    pub(super) volumes: Vec<String>,
    pub(super) user: Option<String>,
    pub(super) workdir: Option<String>,
    pub(super) stop_timeout: Option<u64>,
    pub(super) health: Option<HealthWanted>,
    pub(super) passed_on: Vec<String>,
}

/// The `--health-…` options.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct HealthWanted {
    pub(super) command: String,
    pub(super) interval: u64,
    pub(super) timeout: u64,
    pub(super) retries: u32,
    pub(super) start_period: u64,
}

/// Reads the arguments of `run` and `create`.
pub(super) fn wanted(arguments: &[String]) -> Result<Wanted, Error> {
    let parsed = parse(arguments, true, &["-v"])?;
    let image = parsed.word("the image")?.to_owned();
    let labels = parsed.values(&["--label", "-l"]).map(|label| {
        let (key, value) = label.split_once('=').unwrap_or((label, ""));
        (key.to_owned(), value.to_owned())
    });
    let ports: Result<Vec<_>, _> = parsed.values(&["--publish", "-p"]).map(published).collect();
    Ok(Wanted {
        name: parsed.value(&["--name"]).map(str::to_owned),
        image,
        command: parsed.words.iter().skip(1).cloned().collect(),
        entrypoint: parsed.value(&["--entrypoint"]).map(str::to_owned),
        labels: labels.collect(),
        env: parsed.values(&["-e", "--env"]).map(str::to_owned).collect(),
        ports: ports?,
        volumes: parsed.values(&["-v", "--volume"]).map(str::to_owned).collect(),
        user: parsed.value(&["--user", "-u"]).map(str::to_owned),
        workdir: parsed.value(&["--workdir", "-w"]).map(str::to_owned),
        stop_timeout: parsed.value(&["--stop-timeout"]).and_then(|s| s.parse().ok()),
        health: health(&parsed),
        passed_on: passed_on(&parsed),
    })
}

fn health(parsed: &Parsed) -> Option<HealthWanted> {
    let seconds = |name: &str, otherwise: u64| {
        let text = parsed.value(&[name]).map(|v| v.trim_end_matches('s'));
        text.and_then(|v| v.parse().ok()).unwrap_or(otherwise)
    };
    parsed.value(&["--health-cmd"]).map(|command| HealthWanted {
        command: command.to_owned(),
        interval: seconds("--health-interval", 30).max(1),
        timeout: seconds("--health-timeout", 5).max(1),
        retries: u32::try_from(seconds("--health-retries", 3)).unwrap_or(3),
        start_period: seconds("--health-start-period", 0),
    })
}

fn passed_on(parsed: &Parsed) -> Vec<String> {
    let mut all = Vec::new();
    for (name, value) in &parsed.options {
        if PASSED_ON.contains(&name.as_str()) {
            all.extend([name.clone(), value.clone()]);
        // Not `--init`: podman wants a program for it (catatonit) that its package only suggests,
        // and our images start with exec, so that signals reach the server without it.
        } else if ["--read-only", "--privileged"].contains(&name.as_str()) {
            all.push(name.clone());
        }
    }
    all
}

#[cfg(test)]
#[path = "args_tests.rs"]
mod tests;
