//! The few Go templates that callers use, and the documents behind them.

use super::image::Known;
use super::lifecycle::{self, Status};
use super::state::{Record, State};
use fs_err as fs;
use serde_json::{Value, json};

/// A container as `inspect` shows it.
pub(super) fn container(state: &State, record: &Record) -> Value {
    let status = lifecycle::status(state, &record.id);
    let exit_code = if let Status::Exited(code) = status { code } else { 0 };
    let mut condition = json!({
        "Status": status.word(), "Running": status == Status::Running, "ExitCode": exit_code,
    });
    if let Ok(health) = fs::read_to_string(state.folder(&record.id).join("health")) {
        condition["Health"] = json!({ "Status": health });
    }
    let bindings: serde_json::Map<String, Value> = record
        .ports
        .iter()
        .map(|(inner, outer)| {
            let binding = json!([{ "HostIp": "127.0.0.1", "HostPort": outer.to_string() }]);
            (format!("{inner}/tcp"), binding)
        })
        .collect();
    json!({
        "Id": record.id, "Name": record.name, "Image": record.image, "Created": record.created,
        "State": condition, "Backend": record.backend,
        "Config": { "Labels": record.labels, "Image": record.image },
        "NetworkSettings": { "IPAddress": "127.0.0.1", "Ports": bindings },
        "ID": record.id, "Names": record.name, "Labels": record.labels, "Status": status.word(),
    })
}

/// An image as `image inspect` shows it.
pub(super) fn image(known: &Known) -> Value {
    let digests: Vec<String> =
        known.digest.iter().map(|digest| format!("{}@{digest}", known.repository)).collect();
    json!({
        "Id": known.digest, "RepoTags": [known.reference], "RepoDigests": digests,
        "Backend": known.backend,
    })
}

/// Fills in a template: `{{.A.B}}`, `{{json .}}`, `{{index .A 0}}`, `{{.Label "x"}}`,
/// `{{index .Labels "x"}}` and `{{if .A}}…{{else}}…{{end}}` without nesting.
pub(super) fn render(template: &str, document: &Value) -> String {
    let mut out = String::new();
    let mut rest = template;
    while let Some((before, tail)) = rest.split_once("{{") {
        out.push_str(before);
        let Some((action, after)) = tail.split_once("}}") else {
            return out;
        };
        rest = after;
        let action = action.trim();
        if let Some(condition) = action.strip_prefix("if ") {
            let Some((body, after)) = rest.split_once("{{end}}") else {
                return out;
            };
            rest = after;
            let (yes, no) = body.split_once("{{else}}").unwrap_or((body, ""));
            let holds = lookup(document, condition).is_some_and(truthy);
            out.push_str(&render(if holds { yes } else { no }, document));
        } else {
            out.push_str(&value(action, document));
        }
    }
    out.push_str(rest);
    out
}

fn truthy(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_str() != Some("")
}

fn value(action: &str, document: &Value) -> String {
    let words: Vec<&str> = action.split_whitespace().collect();
    let found = match words.as_slice() {
        ["json", path] => return lookup(document, path).unwrap_or(&Value::Null).to_string(),
        ["index", path, key] => {
            lookup(document, path).and_then(|inner| match key.parse::<usize>() {
                Ok(index) => inner.get(index),
                Err(_) => inner.get(key.trim_matches('"')),
            })
        }
        [".Label", key] => document.get("Labels").and_then(|l| l.get(key.trim_matches('"'))),
        [path] => lookup(document, path),
        _ => None,
    };
    match found {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Null) | None => String::new(),
        Some(other) => other.to_string(),
    }
}

fn lookup<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    let mut parts = path.trim().trim_start_matches('.').split('.').filter(|part| !part.is_empty());
    parts.try_fold(document, |found, part| found.get(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(template: &str, expected: &str) {
        let document = json!({
            "ID": "abc", "Labels": { "fakecloud-instance": "fakecloud-7" },
            "State": { "Status": "running", "Running": true, "ExitCode": 0 },
            "RepoDigests": ["repo@sha256:1"], "Health": { "Status": "" },
        });
        assert_eq!(render(template, &document), expected);
    }

    #[test]
    fn the_templates_of_the_local_aws() {
        check("{{.State.Running}}", "true");
        check("{{.State.ExitCode}}", "0");
        check("{{index .RepoDigests 0}}", "repo@sha256:1");
        check("{{.ID}} {{.Label \"fakecloud-instance\"}}", "abc fakecloud-7");
        check("{{index .Labels \"fakecloud-instance\"}}", "fakecloud-7");
        check(
            "{{.State.Status}}|{{.State.Running}}|{{.State.ExitCode}}|{{if .State.Health}}{{.State.Health.Status}}{{else}}<none>{{end}}",
            "running|true|0|<none>",
        );
        check("{{.Nothing.Here}}", "");
    }
}
