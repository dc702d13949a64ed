//! A terminal: running steps as spinners below, finished ones as lines above.

use std::{collections::BTreeMap, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::{super::report::Style, Render, plain};
use crate::events::{Event, EventKind};

/// Shows running steps as spinners.
pub(super) struct Terminal {
    style: Style,
    bars: MultiProgress,
    running: BTreeMap<String, ProgressBar>,
    titles: BTreeMap<String, String>,
}

impl Terminal {
    pub(super) fn new(style: Style) -> Self {
        let (bars, running, titles) = (MultiProgress::new(), BTreeMap::new(), BTreeMap::new());
        Self { style, bars, running, titles }
    }

    fn start(&mut self, step: &str, title: &str) {
        let bar = self.bars.add(ProgressBar::new_spinner());
        // The template is a constant; a wrong one would only look plain.
        if let Ok(style) = ProgressStyle::with_template("  {spinner}   {prefix} {elapsed} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(120));
        self.running.insert(step.to_owned(), bar);
    }

    fn message(&self, step: &str, message: String) {
        if let Some(bar) = self.running.get(step) {
            bar.set_message(message);
        }
    }

    fn line(&mut self, kind: &EventKind) {
        if let Some(line) = plain::line(self.style, &mut self.titles, kind) {
            // The terminal went away: nobody reads it.
            let _ = self.bars.println(line);
        }
    }
}

impl Render for Terminal {
    fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::StepStarted { step, title, .. } => {
                self.titles.insert(step.clone(), title.clone());
                self.start(step, title);
            }
            EventKind::StepFinished { step, .. } => {
                if let Some(bar) = self.running.remove(step) {
                    bar.finish_and_clear();
                }
                self.line(&event.kind);
            }
            EventKind::Resource { stack, logical_id, status, .. } => {
                let message = format!("{logical_id} {}", status.to_lowercase().replace('_', " "));
                self.message(&format!("stack/{stack}"), message);
                self.line(&event.kind);
            }
            EventKind::Service { service, state } => {
                self.message(&format!("verdict/{service}"), state.clone());
            }
            EventKind::Transfer { name, done, total } => {
                let total = total.map(|total| format!(" of {total}")).unwrap_or_default();
                self.message(&format!("image/{name}"), format!("{done}{total} bytes"));
            }
            kind => self.line(kind),
        }
    }

    fn finish(&mut self) {
        for bar in self.running.values() {
            bar.finish_and_clear();
        }
        self.running.clear();
    }
}
