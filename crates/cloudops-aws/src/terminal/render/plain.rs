//! Plain lines: one for the end of each step, one for what fails on the way.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{super::report::Style, Render};
use crate::{
    events::{Event, EventKind, Outcome},
    words,
};

/// Writes plain lines.
pub(super) struct Plain<W> {
    style: Style,
    write: W,
    titles: BTreeMap<String, String>,
    clock: Option<Timestamp>,
}

impl<W: FnMut(&str) + Send> Plain<W> {
    pub(super) fn new(style: Style, write: W) -> Self {
        Self { style, write, titles: BTreeMap::new(), clock: None }
    }

    /// With the time since the begin of the run before each line.
    pub(super) fn with_clock(mut self, began: Timestamp) -> Self {
        self.clock = Some(began);
        self
    }
}

impl<W: FnMut(&str) + Send> Render for Plain<W> {
    fn event(&mut self, event: &Event) {
        if let Some(line) = line(self.style, &mut self.titles, &event.kind) {
            let time = self.clock.map(|began| words::clock(event.time.duration_since(began)));
            let time = time.map(|time| self.style.dim(&format!("{time:>7} "))).unwrap_or_default();
            (self.write)(&format!("{time}{line}\n"));
        }
    }
}

/// The line of an event, if it has one.
pub(super) fn line(
    style: Style,
    titles: &mut BTreeMap<String, String>,
    kind: &EventKind,
) -> Option<String> {
    match kind {
        EventKind::StepStarted { step, title, .. } => {
            titles.insert(step.clone(), title.clone());
            Some(format!("{} {title}", style.dim("  ..  ")))
        }
        EventKind::StepFinished { step, outcome, detail } => {
            let title = titles.get(step).unwrap_or(step);
            Some(format!("{} {title}: {detail}", mark(style, *outcome)))
        }
        EventKind::Resource { stack, logical_id, resource_type, status, reason, .. } => {
            status.ends_with("_FAILED").then(|| {
                let reason = reason.as_deref().unwrap_or("no reason was given");
                format!("{} {stack}: {logical_id} ({resource_type}): {reason}", style.bad(" fail "))
            })
        }
        EventKind::LogLine { source, line } => {
            Some(format!("{} {line}", style.dim(&format!("      {source} |"))))
        }
        EventKind::Warning { message } => Some(format!("{} {message}", style.warn(" warn "))),
        EventKind::Note { message } => Some(format!("{} {message}", style.dim(" note "))),
        // A step that never begins has a name too.
        EventKind::Graph { stacks } => {
            titles.extend(stacks.iter().map(|stack| (stack.step.clone(), stack.full_title())));
            None
        }
        EventKind::RunStarted { .. }
        | EventKind::Plan { .. }
        | EventKind::Outputs { .. }
        | EventKind::RunFinished { .. }
        | EventKind::Service { .. }
        | EventKind::Transfer { .. } => None,
    }
}

fn mark(style: Style, outcome: Outcome) -> String {
    match outcome {
        Outcome::Done => style.good("  ok  "),
        Outcome::Unchanged => style.dim("  --  "),
        Outcome::Skipped => style.warn(" skip "),
        Outcome::Failed => style.bad(" fail "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::EventSink;

    #[test]
    fn a_run_reads_as_lines() {
        let (sink, recording) = EventSink::recording();
        sink.step("stack/a", "network (a)");
        sink.step("stack/b", "dns (b)");
        sink.step_done("stack/a", Outcome::Done, "done in 1.0 s");
        sink.step_done("stack/b", Outcome::Failed, "Zone: exists already");
        sink.warn("something");
        let mut text = String::new();
        {
            let mut plain = Plain::new(Style { color: false }, |line: &str| text.push_str(line));
            recording.events().iter().for_each(|event| plain.event(event));
        }
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(
            lines,
            [
                "  ..   network (a)",
                "  ..   dns (b)",
                "  ok   network (a): done in 1.0 s",
                " fail  dns (b): Zone: exists already",
                " warn  something",
            ]
        );
    }
}
