//! What one looks up: the plan, the outputs, remarks, and every event.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use super::text::{count, escape, section};
use crate::{
    events::{Event, EventKind, Outcome},
    state::runs::RunDocument,
    words,
};

/// The section with the plan, if one was reported.
pub(super) fn plan(run: &RunDocument) -> String {
    let plans = run.events.iter().filter_map(|event| match &event.kind {
        EventKind::Plan { stacks } => stacks.as_object(),
        _ => None,
    });
    // What is said of a stack last is what was done to it.
    let stacks: BTreeMap<&String, &Value> = plans.flatten().collect();
    if stacks.is_empty() {
        return String::new();
    }
    let rows: String = stacks.iter().map(|(name, change)| planned(name, change)).collect();
    let head = "<tr><th scope=\"col\">Stack</th><th scope=\"col\">Change</th></tr>";
    let table = format!(
        "<table class=\"plan\">\n<thead>{head}</thead>\n<tbody>\n{rows}</tbody>\n</table>\n"
    );
    section("plan", "Plan", &table)
}

fn planned(name: &str, change: &Value) -> String {
    let verb = change["verb"].as_str().unwrap_or("change");
    let changes = change["changes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let mut what = escape(&match (verb, change["resources"].as_array()) {
        ("create", Some(resources)) => {
            format!("create, up to {}", count(resources.len(), "resource"))
        }
        ("unknown", _) => "known once the stacks before it are done".to_owned(),
        (verb, _) => verb.to_owned(),
    });
    if !changes.is_empty() {
        let items: String = changes.iter().map(delta).collect();
        what += &format!("<ul>\n{items}</ul>");
    }
    format!("<tr><th scope=\"row\"><code>{}</code></th><td>{what}</td></tr>\n", escape(name))
}

fn delta(change: &Value) -> String {
    let text = |key: &str| change[key].as_str().unwrap_or_default();
    let properties: Vec<&str> = change["changes"]
        .as_array()
        .map(|all| all.iter().filter_map(|one| one["path"].as_str()).collect())
        .unwrap_or_default();
    format!(
        "<li>{} {} <code>{}</code> <span class=\"quiet\">{}</span></li>\n",
        escape(&text("action").replace('-', " ")),
        escape(&words::resource(text("resource_type"))),
        escape(text("logical_id")),
        escape(&properties.join(", "))
    )
}

/// The section with the outputs of stacks, if there are any.
pub(super) fn outputs(run: &RunDocument) -> String {
    let mut stacks: BTreeMap<&str, &BTreeMap<String, String>> = BTreeMap::new();
    for event in &run.events {
        if let EventKind::Outputs { stack, outputs } = &event.kind {
            stacks.insert(stack, outputs);
        }
    }
    if stacks.is_empty() {
        return String::new();
    }
    let tables: String = stacks.iter().map(|(stack, outputs)| outputs_of(stack, outputs)).collect();
    section("outputs", "Outputs", &tables)
}

fn outputs_of(stack: &str, outputs: &BTreeMap<String, String>) -> String {
    let row = |(name, value): (&String, &String)| {
        let (name, value) = (escape(name), escape(value));
        format!("<tr><th scope=\"row\">{name}</th><td><code>{value}</code></td></tr>\n")
    };
    format!(
        "<table>\n<caption><code>{}</code></caption>\n<tbody>\n{}</tbody>\n</table>\n",
        escape(stack),
        outputs.iter().map(row).collect::<String>()
    )
}

/// The section with warnings and notes, if there are any.
pub(super) fn remarks(run: &RunDocument) -> String {
    let remark = |event: &Event| match &event.kind {
        EventKind::Warning { message } => Some(("Warning", message.clone())),
        EventKind::Note { message } => Some(("Note", message.clone())),
        _ => None,
    };
    let item = |event: &Event| {
        let (kind, message) = remark(event)?;
        let (clock, message) = (clock(run.report.began, event), escape(&message));
        Some(format!("<li><strong>{kind}</strong> at {clock}: {message}</li>\n"))
    };
    let items: String = run.events.iter().filter_map(item).collect();
    if items.is_empty() {
        return String::new();
    }
    section("remarks", "Warnings and notes", &format!("<ul>\n{items}</ul>\n"))
}

/// The section with every event.
pub(super) fn log(run: &RunDocument) -> String {
    let row = |event: &Event| {
        let (kind, what) = sentence(&event.kind);
        format!(
            "<tr><td>{}</td><th scope=\"row\">{kind}</th><td>{}</td></tr>\n",
            clock(run.report.began, event),
            escape(&what)
        )
    };
    let rows: String = run.events.iter().map(row).collect();
    let heads = ["Time", "Event", "What"].map(|head| format!("<th scope=\"col\">{head}</th>"));
    let body = format!(
        "<details class=\"log\">\n<summary>{}</summary>\n<table>\n<thead><tr>{}</tr></thead>\n\
         <tbody>\n{rows}</tbody>\n</table>\n</details>\n",
        count(run.events.len(), "event"),
        heads.concat()
    );
    section("log", "Event log", &body)
}

fn clock(began: Timestamp, event: &Event) -> String {
    words::clock(event.time.duration_since(began))
}

/// An event as its kind and a text.
fn sentence(kind: &EventKind) -> (&'static str, String) {
    match kind {
        EventKind::RunStarted { command, .. } => ("run begins", command.clone()),
        EventKind::RunFinished { outcome, .. } => ("run ends", outcome_word(*outcome).to_owned()),
        EventKind::Graph { stacks } => ("graph", count(stacks.len(), "stack")),
        EventKind::Plan { stacks } => {
            ("plan", count(stacks.as_object().map_or(0, serde_json::Map::len), "stack"))
        }
        EventKind::StepStarted { title, estimate_seconds, .. } => {
            let estimate =
                estimate_seconds.map(|seconds| format!(", expected to take {seconds} s"));
            ("step begins", format!("{title}{}", estimate.unwrap_or_default()))
        }
        EventKind::StepFinished { step, outcome, detail } => {
            ("step ends", format!("{step}: {}, {detail}", outcome_word(*outcome)))
        }
        EventKind::Resource { stack, logical_id, status, reason, .. } => {
            let reason = reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
            ("resource", format!("{stack} {logical_id} {}{reason}", words::status(status)))
        }
        EventKind::Outputs { stack, outputs } => {
            ("outputs", format!("{stack}: {}", count(outputs.len(), "output")))
        }
        EventKind::Service { service, state } => ("service", format!("{service}: {state}")),
        EventKind::Transfer { name, done, total } => {
            let total = total.map(|total| format!(" of {total}")).unwrap_or_default();
            ("transfer", format!("{name}: {done}{total} bytes"))
        }
        EventKind::LogLine { source, line } => ("log line", format!("{source}: {line}")),
        EventKind::Warning { message } => ("warning", message.clone()),
        EventKind::Note { message } => ("note", message.clone()),
    }
}

fn outcome_word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Done => "done",
        Outcome::Unchanged => "nothing to change",
        Outcome::Skipped => "not tried",
        Outcome::Failed => "failed",
    }
}
