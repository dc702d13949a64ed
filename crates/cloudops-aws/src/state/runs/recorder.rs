//! Writes a run to the state bucket while it goes on.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Ending, RunReport, folder};
use crate::{
    ctx::Ctx,
    events::{Event, EventSink, Recording},
    state::store::{ETag, StateError, Store},
    wait,
};

/// How often new events are written while a run goes on.
const PERIOD: Duration = Duration::from_secs(5);

/// A run that is being recorded.
pub(super) struct Recorder {
    stop: CancellationToken,
    task: JoinHandle<Writer>,
}

/// Begins to record a run.
pub(super) fn start(ctx: &Ctx, store: &Store, report: RunReport) -> Recorder {
    let mut writer = Writer {
        store: store.clone(),
        folder: folder(&report),
        report,
        recording: ctx.recording.clone(),
        text: String::new(),
        known: 0,
        seen: Seen::default(),
        events: ctx.events.clone(),
        warned: false,
    };
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task = tokio::spawn(async move {
        writer.write_report().await;
        while wait::sleep(PERIOD, &stopped).await.is_ok() {
            writer.write_events().await;
        }
        writer
    });
    Recorder { stop, task }
}

impl Recorder {
    /// Writes what is left, and how the run ended.
    pub(super) async fn finish(self, ctx: &Ctx, ending: Ending) {
        self.stop.cancel();
        match self.task.await {
            Ok(mut writer) => {
                writer.report.ended = Some(ending);
                writer.write_events().await;
                writer.write_report().await;
            }
            Err(error) => ctx.events.warn(format!("the run is not recorded: {error}")),
        }
    }
}

/// Versions of the two objects that were written last.
#[derive(Default)]
struct Seen {
    report: Option<ETag>,
    events: Option<ETag>,
}

struct Writer {
    store: Store,
    folder: String,
    report: RunReport,
    recording: Recording,
    text: String,
    known: usize,
    seen: Seen,
    events: EventSink,
    warned: bool,
}

impl Writer {
    async fn write_report(&mut self) {
        let key = format!("{}report.json", self.folder);
        let written = self.store.put(&key, &self.report, self.seen.report.as_ref()).await;
        if let Some(etag) = self.checked(written) {
            self.seen.report = Some(etag);
        }
    }

    async fn write_events(&mut self) {
        let fresh = self.recording.since(self.known);
        if fresh.is_empty() {
            return;
        }
        self.known += fresh.len();
        fresh.iter().for_each(|event| self.text.push_str(&line(event)));
        let key = format!("{}events.jsonl", self.folder);
        let (text, seen) = (self.text.clone(), self.seen.events.as_ref());
        let written = self.store.put_text(&key, text, "application/jsonl", seen).await;
        if let Some(etag) = self.checked(written) {
            self.seen.events = Some(etag);
        }
    }

    /// Warns once: a person reads it, and the work goes on.
    fn checked(&mut self, written: Result<ETag, StateError>) -> Option<ETag> {
        match written {
            Ok(etag) => Some(etag),
            Err(error) => {
                if !self.warned {
                    self.warned = true;
                    self.events.warn(format!("the run could not be recorded: {error}"));
                }
                None
            }
        }
    }
}

/// An event as one line.
fn line(event: &Event) -> String {
    // An event is made of texts and numbers, which always serialize.
    serde_json::to_string(event).map(|text| text + "\n").unwrap_or_default()
}
