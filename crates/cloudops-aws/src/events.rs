//! How work reports itself: one closed set of events, and sinks that take them.
//!
//! The library never prints. A program gives an [`EventSink`] and renders what comes.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Version of the event documents (JSON Lines output and recorded runs). New kinds of events and
/// new fields do not change it: a reader skips what it does not know (`docs/reference/events.md`).
pub const EVENT_SCHEMA: u32 = 1;

/// A recording keeps at most this many log lines and transfers, and everything else.
const LINES_KEPT: usize = 20_000;

/// How a step or run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Something was made or changed.
    Done,
    /// There was nothing to do.
    Unchanged,
    /// It was not tried, because something before it failed or it does not apply.
    Skipped,
    /// It failed.
    Failed,
}

/// A stack of a graph that a run works on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct GraphStack {
    /// Stack name.
    pub name: String,
    /// What it is, for people, such as `network`.
    pub title: String,
    /// Key of the step that works on it.
    pub step: String,
    /// Names of the stacks that must be done before.
    pub needs: Vec<String>,
}

impl GraphStack {
    /// What it is and how it is named, as its step says it.
    #[must_use]
    pub fn full_title(&self) -> String {
        match self.title.contains(&self.name) {
            true => self.title.clone(),
            false => format!("{} ({})", self.title, self.name),
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum EventKind {
    /// A run of a verb began.
    RunStarted {
        /// Run id.
        run: String,
        /// The command, such as `cloudcore init`.
        command: String,
    },
    /// A run of a verb ended.
    RunFinished {
        /// Run id.
        run: String,
        /// How it ended.
        outcome: Outcome,
    },
    /// Work on a graph of stacks began.
    Graph {
        /// Its stacks.
        stacks: Vec<GraphStack>,
    },
    /// What a run is going to change.
    Plan {
        /// By stack name, as `stacks` in the output of `plan --output json`.
        stacks: serde_json::Value,
    },
    /// A step began.
    StepStarted {
        /// Key of the step, unique in the run, such as `stack/acme-core-network`.
        step: String,
        /// What it does, for people.
        title: String,
        /// How long it is expected to take, in seconds, where something is known about that.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        estimate_seconds: Option<u64>,
    },
    /// A step ended.
    StepFinished {
        /// Key of the step.
        step: String,
        /// How it ended.
        outcome: Outcome,
        /// One line for people: what was made, or why it failed.
        detail: String,
    },
    /// A resource of a stack changed its state.
    Resource {
        /// Stack name.
        stack: String,
        /// Logical id in the template.
        logical_id: String,
        /// Type, such as `AWS::EC2::VPC`.
        resource_type: String,
        /// CloudFormation resource status.
        status: String,
        /// CloudFormation's reason, where it gives one.
        reason: Option<String>,
        /// When, by CloudFormation's clock.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at: Option<Timestamp>,
    },
    /// The outputs of a stack that is done.
    Outputs {
        /// Stack name.
        stack: String,
        /// Value of each output.
        outputs: BTreeMap<String, String>,
    },
    /// A container service moved.
    Service {
        /// Service name.
        service: String,
        /// What it reports, such as `2 of 2 tasks run`.
        state: String,
    },
    /// Bytes moved.
    Transfer {
        /// What is moved.
        name: String,
        /// Bytes so far.
        done: u64,
        /// Bytes in all, where known.
        total: Option<u64>,
    },
    /// A line of a log that is being followed.
    LogLine {
        /// Where the line comes from, such as a job or a service.
        source: String,
        /// The line.
        line: String,
    },
    /// Something a person should know, which does not stop the run.
    Warning {
        /// The sentence.
        message: String,
    },
    /// Something worth saying.
    Note {
        /// The sentence.
        message: String,
    },
}

/// An event and when it happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Schema number of the document: [`EVENT_SCHEMA`].
    pub schema: u32,
    /// When.
    pub time: Timestamp,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

/// Takes events. Cheap to clone; every clone leads to the same place.
#[derive(Clone)]
pub struct EventSink(Arc<dyn Fn(Event) + Send + Sync>);

impl EventSink {
    /// Drops every event.
    #[must_use]
    pub fn null() -> Self {
        Self(Arc::new(|_| {}))
    }

    /// Calls a function for each event.
    #[must_use]
    pub fn from_fn(take: impl Fn(Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(take))
    }

    /// Sends events over an unbounded channel; events are dropped once the receiver is gone.
    #[must_use]
    pub fn channel() -> (Self, tokio::sync::mpsc::UnboundedReceiver<Event>) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        let sink = Self::from_fn(move |event| {
            // A receiver that is gone does not want them.
            let _ = sender.send(event);
        });
        (sink, receiver)
    }

    /// Keeps every event, for tests and reports.
    #[must_use]
    pub fn recording() -> (Self, Recording) {
        let recording = Recording::default();
        let kept = recording.0.clone();
        let sink = Self::from_fn(move |event| {
            keep(&mut kept.lock().unwrap_or_else(PoisonError::into_inner), event);
        });
        (sink, recording)
    }

    /// Sends every event to both sinks.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self::from_fn(move |event| {
            self.0(event.clone());
            other.0(event);
        })
    }

    /// Reports an event that happens now.
    pub fn send(&self, kind: EventKind) {
        self.0(Event { schema: EVENT_SCHEMA, time: Timestamp::now(), kind });
    }

    /// Reports the begin of a step.
    pub fn step(&self, step: impl Into<String>, title: impl Into<String>) {
        self.step_expected(step, title, None);
    }

    /// Reports the begin of a step that is expected to take so many seconds.
    pub fn step_expected(
        &self,
        step: impl Into<String>,
        title: impl Into<String>,
        estimate_seconds: Option<u64>,
    ) {
        let (step, title) = (step.into(), title.into());
        self.send(EventKind::StepStarted { step, title, estimate_seconds });
    }

    /// Reports the end of a step.
    pub fn step_done(&self, step: impl Into<String>, outcome: Outcome, detail: impl Into<String>) {
        self.send(EventKind::StepFinished { step: step.into(), outcome, detail: detail.into() });
    }

    /// Reports what is going to change, by stack, as a plan serializes it.
    pub fn plan(&self, stacks: &impl Serialize) {
        // A plan is made of texts and numbers, which always serialize.
        if let Ok(stacks) = serde_json::to_value(stacks) {
            self.send(EventKind::Plan { stacks });
        }
    }

    /// Reports something worth saying.
    pub fn note(&self, message: impl Into<String>) {
        self.send(EventKind::Note { message: message.into() });
    }

    /// Reports something a person should know.
    pub fn warn(&self, message: impl Into<String>) {
        self.send(EventKind::Warning { message: message.into() });
    }
}

impl fmt::Debug for EventSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventSink")
    }
}

/// The events that a recording sink kept.
#[derive(Debug, Clone, Default)]
pub struct Recording(Arc<Mutex<Vec<Event>>>);

impl Recording {
    /// What was kept so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What was kept after the first `known` events.
    #[must_use]
    pub fn since(&self, known: usize) -> Vec<Event> {
        let events = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        events.get(known..).unwrap_or_default().to_vec()
    }
}

/// A log that is followed for hours does not fill the memory.
fn keep(events: &mut Vec<Event>, event: Event) {
    let is_line = matches!(event.kind, EventKind::LogLine { .. } | EventKind::Transfer { .. });
    if events.len() < LINES_KEPT || !is_line {
        events.push(event);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_reads_back_from_its_json() {
        let (sink, recording) = EventSink::recording();
        sink.step("stack/acme-core-network", "network");
        let event = recording.events().remove(0);
        let text = serde_json::to_string(&event).unwrap();
        assert!(text.contains(r#""event":"step-started""#), "{text}");
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }

    /// The names of all kinds, as they are written: serde lists them when it meets another one.
    fn names() -> Vec<String> {
        let error = serde_json::from_str::<EventKind>(r#"{"event":"?"}"#).unwrap_err().to_string();
        let (_, list) = error.split_once("expected one of").unwrap();
        list.split('`').skip(1).step_by(2).map(str::to_owned).collect()
    }

    #[test]
    fn every_kind_of_event_is_documented() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/events.md");
        let text = fs_err::read_to_string(path).unwrap();
        let names = names();
        assert!(names.len() >= 13, "{names:?}");
        for name in names {
            assert!(
                text.contains(&format!("### `{name}`")),
                "docs/reference/events.md lacks {name}"
            );
        }
    }

    #[test]
    fn a_recording_keeps_steps_when_it_has_enough_lines() {
        let (sink, recording) = EventSink::recording();
        for _ in 0..=LINES_KEPT {
            sink.send(EventKind::LogLine { source: String::new(), line: String::new() });
        }
        sink.step("a", "a");
        assert_eq!(recording.events().len(), LINES_KEPT + 1);
        assert_eq!(recording.since(LINES_KEPT).len(), 1);
    }
}
