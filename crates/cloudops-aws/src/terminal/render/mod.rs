//! From events to what a person sees.

mod plain;
mod terminal;

use jiff::Timestamp;

use super::{printer, report::Style, settings::OutputMode};
use crate::events::Event;

/// Shows events.
pub(super) trait Render: Send {
    fn event(&mut self, event: &Event);
    /// Clears what moves, before anything else is written.
    fn finish(&mut self) {}
}

/// The renderer for an output mode.
pub(super) fn renderer(mode: OutputMode, color: bool, quiet: bool) -> Box<dyn Render> {
    match mode {
        _ if quiet => Box::new(Quiet),
        OutputMode::Json => Box::new(Json),
        OutputMode::Plain => Box::new(plain::Plain::new(Style { color }, printer::err)),
        OutputMode::Terminal => Box::new(terminal::Terminal::new(Style { color })),
    }
}

/// The lines of events that happened before, each with its time on the clock of their run.
pub(super) fn replay(events: &[Event], began: Timestamp, style: Style) -> String {
    let mut text = String::new();
    let mut plain = plain::Plain::new(style, |line: &str| text.push_str(line)).with_clock(began);
    events.iter().for_each(|event| plain.event(event));
    drop(plain);
    text
}

/// Shows nothing.
struct Quiet;

impl Render for Quiet {
    fn event(&mut self, _event: &Event) {}
}

/// One JSON document a line.
struct Json;

impl Render for Json {
    fn event(&mut self, event: &Event) {
        if let Ok(text) = serde_json::to_string(event) {
            printer::err(&format!("{text}\n"));
        }
    }
}
