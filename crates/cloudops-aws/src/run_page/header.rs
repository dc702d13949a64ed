//! The head of the page: what was run, by whom, where, when, and how it ended.

use super::{failure::code, text::escape};
use crate::{
    state::runs::{RunDocument, Verdict},
    words,
};

pub(super) fn html(run: &RunDocument) -> String {
    format!(
        "<header>\n<p class=\"kicker\">Record of a run</p>\n<h1>{}</h1>\n{}{}</header>\n",
        escape(&run.report.command),
        verdict(run),
        facts(run)
    )
}

fn verdict(run: &RunDocument) -> String {
    let verdict = run.report.verdict(run.running);
    let (sign, class, word) = match verdict {
        Verdict::Done => ("✓", "good", "Done"),
        Verdict::Running => ("…", "open", "Running"),
        Verdict::CutOff => ("?", "open", "Cut off"),
        Verdict::Stopped => ("■", "open", "Stopped"),
        Verdict::Failed(_) => ("✕", "bad", "Failed"),
    };
    let took = run.report.took().map(|took| format!(" after {}", words::duration(took)));
    let meaning = match verdict {
        Verdict::Done => String::new(),
        Verdict::Failed(class) => format!("Exit code {}: {}", class.code(), verdict.meaning()),
        _ => verdict.meaning().to_owned(),
    };
    format!(
        "<p class=\"verdict {class}\"><strong><span aria-hidden=\"true\">{sign}</span> \
         {word}{}</strong> <span>{}</span></p>\n",
        took.unwrap_or_default(),
        code(&meaning)
    )
}

fn facts(run: &RunDocument) -> String {
    let report = &run.report;
    let owner = &report.owner;
    let facts = [
        ("Began", report.began.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()),
        ("By", format!("{} on {}", owner.user, owner.host)),
        ("Account", report.account.to_string()),
        ("Region", report.region.to_string()),
        ("Scope", report.scope.clone()),
        ("Version", report.version.clone()),
        ("Run", report.run.clone()),
        ("As", report.caller.clone()),
    ];
    let fact = |(name, value): &(&str, String)| {
        // An ARN and a run id are too long for one column.
        let class = if ["Run", "As"].contains(name) { " class=\"wide\"" } else { "" };
        format!("<div{class}><dt>{name}</dt><dd>{}</dd></div>\n", escape(value))
    };
    format!("<dl class=\"facts\">\n{}</dl>\n", facts.iter().map(fact).collect::<String>())
}
