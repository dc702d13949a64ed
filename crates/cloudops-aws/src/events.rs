//! How work reports itself: one closed set of events, and sinks that take them.
//!
//! The library never prints. A program gives an [`EventSink`] and renders what comes.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Version of the event documents (JSON Lines output and recorded runs).
pub const EVENT_SCHEMA: u32 = 1;

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
    /// A step began.
    StepStarted {
        /// Key of the step, unique in the run, such as `stack/acme-core-network`.
        step: String,
        /// What it does, for people.
        title: String,
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
            kept.lock().unwrap_or_else(PoisonError::into_inner).push(event);
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
        self.send(EventKind::StepStarted { step: step.into(), title: title.into() });
    }

    /// Reports the end of a step.
    pub fn step_done(&self, step: impl Into<String>, outcome: Outcome, detail: impl Into<String>) {
        self.send(EventKind::StepFinished { step: step.into(), outcome, detail: detail.into() });
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
}
