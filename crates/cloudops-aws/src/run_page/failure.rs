//! What went wrong: the cause first, then what followed from it, then what to do.

use super::{
    story::Story,
    text::{count, escape, section},
};
use crate::{
    events::{EventKind, Outcome},
    state::runs::RunDocument,
    words,
};

/// A resource that failed.
#[derive(Debug, PartialEq, Eq)]
struct Failed<'a> {
    stack: &'a str,
    logical_id: &'a str,
    resource_type: &'a str,
    reason: &'a str,
}

/// The section about failures, if there are any.
pub(super) fn html(run: &RunDocument, story: &Story) -> String {
    let failed = in_order(run, story);
    let error = run.report.ended.as_ref().and_then(|ended| ended.error.as_deref());
    if failed.is_empty() && error.is_none() {
        return String::new();
    }
    let mut body = String::new();
    if let Some((root, rest)) = failed.split_first() {
        body +=
            &format!("<div class=\"cause\">\n<p class=\"kicker\">Cause</p>\n{}</div>\n", one(root));
        body += &followed(rest);
    }
    // The program's own words, unless they only say the cause again.
    let again = |error: &str| failed.first().is_some_and(|root| error.contains(root.reason));
    if let Some(error) = error.filter(|error| !again(error)) {
        let class = if failed.is_empty() { "cause" } else { "error" };
        body += &format!("<p class=\"{class}\">{}</p>\n", escape(error));
    }
    body += &hints(run);
    section("wrong", "What went wrong", &body)
}

fn one(failed: &Failed<'_>) -> String {
    format!(
        "<p><strong>{}</strong> <code>{}</code> in <code>{}</code></p>\n<blockquote>{}</blockquote>\n",
        escape(&capitalized(&words::resource(failed.resource_type))),
        escape(failed.logical_id),
        escape(failed.stack),
        escape(failed.reason)
    )
}

fn followed(rest: &[Failed<'_>]) -> String {
    if rest.is_empty() {
        return String::new();
    }
    let items: String = rest.iter().map(|failed| format!("<li>{}</li>\n", one(failed))).collect();
    let summary = count(rest.len(), "more failure");
    format!("<details>\n<summary>{summary} after it</summary>\n<ol>\n{items}</ol>\n</details>\n")
}

fn hints(run: &RunDocument) -> String {
    let hints = run.report.ended.as_ref().map(|ended| ended.hints.as_slice()).unwrap_or_default();
    if hints.is_empty() {
        return String::new();
    }
    let items: String = hints.iter().map(|hint| format!("<li>{}</li>\n", code(hint))).collect();
    format!("<h3>What to do</h3>\n<ul>\n{items}</ul>\n")
}

/// A sentence in which commands stand between backticks.
pub(super) fn code(sentence: &str) -> String {
    let mut html = String::new();
    for (at, part) in sentence.split('`').enumerate() {
        let part = escape(part);
        html += &if at % 2 == 1 { format!("<code>{part}</code>") } else { part };
    }
    html
}

fn capitalized(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|c| c.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// The failed resources in the order of their events, but the one first that the engine named as
/// the cause: a consequence may be reported before it.
fn in_order<'a>(run: &'a RunDocument, story: &Story) -> Vec<Failed<'a>> {
    let mut failed: Vec<Failed<'_>> =
        run.events.iter().filter_map(|event| of(&event.kind)).collect();
    let said: Vec<&str> = story
        .steps
        .iter()
        .filter(|step| step.outcome == Some(Outcome::Failed))
        .map(|step| step.detail.as_str())
        .collect();
    let named = |one: &Failed<'_>| {
        said.iter().any(|text| text.contains(one.logical_id) && text.contains(one.reason))
    };
    if let Some(at) = failed.iter().position(named) {
        failed[..=at].rotate_right(1);
    }
    failed
}

fn of(kind: &EventKind) -> Option<Failed<'_>> {
    let EventKind::Resource { stack, logical_id, resource_type, status, reason, .. } = kind else {
        return None;
    };
    let is_resource = status.ends_with("_FAILED") && logical_id != stack;
    let reason = reason.as_deref().unwrap_or("no reason was given");
    is_resource.then_some(Failed { stack, logical_id, resource_type, reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run_page::{sample, story};

    #[test]
    fn the_cause_comes_before_what_was_reported_first() {
        let run = sample::failed();
        let failed = in_order(&run, &story::tell(&run));
        let ids: Vec<&str> = failed.iter().map(|one| one.logical_id).collect();
        assert_eq!(ids, ["Cluster", "ReaderInstance", "WriterInstance"]);
    }

    #[test]
    fn commands_in_a_sentence_are_code() {
        assert_eq!(code("Run `a <b>` first."), "Run <code>a &lt;b&gt;</code> first.");
    }
}
