//! A terminal: what is being worked on as a tree below, what is done as lines above.
//!
//! A running step is a line with its resources under it; when it ends it becomes one line above
//! the tree. Failures are lines above it from the moment they are known. The last line says what
//! still waits.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use indicatif::{MultiProgress, ProgressBar, ProgressState, ProgressStyle};
use jiff::{SignedDuration, Timestamp};

use super::{super::report::Style, Render, plain};
use crate::{
    events::{Event, EventKind, GraphStack},
    words,
};

/// So many resources of a step are shown at once; a stack may work on dozens.
const SHOWN: usize = 3;
/// So many waiting stacks are named.
const NAMED: usize = 4;

const STEP: &str = "  {spinner}   {wide_msg} {clock}";
const RESOURCE: &str = "          {wide_msg} {clock}";
const WAITING: &str = "  ·   {wide_msg}";

/// What time it is: now, or that of the last event.
type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Shows a tree of what is being worked on.
pub(super) struct Terminal {
    style: Style,
    bars: MultiProgress,
    clock: Clock,
    /// Whether lines move by themselves between two events.
    moves: bool,
    running: BTreeMap<String, Running>,
    waiting: BTreeMap<String, String>,
    waiting_bar: Option<ProgressBar>,
    titles: BTreeMap<String, String>,
}

/// A step that is being worked on.
struct Running {
    title: String,
    bar: ProgressBar,
    done: usize,
    /// In the order in which work on them began; the first ones are shown.
    resources: Vec<Resource>,
    /// The last that was said about it, when it has no resources.
    said: String,
}

struct Resource {
    id: String,
    text: String,
    began: Timestamp,
    bar: Option<ProgressBar>,
}

impl Terminal {
    pub(super) fn new(style: Style) -> Self {
        Self::on(MultiProgress::new(), style, Arc::new(Timestamp::now), true)
    }

    fn on(bars: MultiProgress, style: Style, clock: Clock, moves: bool) -> Self {
        Self {
            style,
            bars,
            clock,
            moves,
            running: BTreeMap::new(),
            waiting: BTreeMap::new(),
            waiting_bar: None,
            titles: BTreeMap::new(),
        }
    }

    fn start(&mut self, step: &str, title: &str, began: Timestamp, estimate: Option<u64>) {
        self.titles.insert(step.to_owned(), title.to_owned());
        self.waiting.remove(step);
        let bar = self.styled(STEP, began, estimate);
        // What waits stays the last line.
        let bar = match &self.waiting_bar {
            Some(last) => self.bars.insert_before(last, bar),
            None => self.bars.add(bar),
        };
        let title = title.to_owned();
        let running = Running { title, bar, done: 0, resources: Vec::new(), said: String::new() };
        self.live(&running.bar);
        running.say();
        self.running.insert(step.to_owned(), running);
        self.show_waiting();
    }

    fn end(&mut self, step: &str) {
        self.waiting.remove(step);
        if let Some(running) = self.running.remove(step) {
            running.clear();
        }
        self.show_waiting();
    }

    /// A line with a clock at its end.
    fn styled(&self, template: &str, began: Timestamp, estimate: Option<u64>) -> ProgressBar {
        let bar = ProgressBar::new_spinner();
        let clock = Arc::clone(&self.clock);
        let time = move |_: &ProgressState, out: &mut dyn fmt::Write| {
            // The line is drawn without its time if this fails.
            let _ = out.write_str(&time(clock().duration_since(began), estimate));
        };
        // The template is a constant; a wrong one would only look plain.
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.with_key("clock", time));
        }
        bar
    }

    fn live(&self, bar: &ProgressBar) {
        if self.moves {
            bar.enable_steady_tick(Duration::from_millis(120));
        }
    }

    fn resource(&mut self, step: &str, id: &str, words: String, status: &str, time: Timestamp) {
        let Some(running) = self.running.get_mut(step) else {
            return;
        };
        let known = running.resources.iter().position(|one| one.id == id);
        match (status.ends_with("_IN_PROGRESS"), known) {
            (true, None) => {
                let text = format!("{words} {id}, {}", words::status(status));
                running.resources.push(Resource {
                    id: id.to_owned(),
                    text,
                    began: time,
                    bar: None,
                });
            }
            (false, Some(at)) => {
                running.resources.remove(at).clear();
                running.done += 1;
            }
            _ => {}
        }
        running.say();
        self.show_resources(step);
    }

    /// Gives the first resources of a step a line each.
    fn show_resources(&mut self, step: &str) {
        let Some(mut running) = self.running.remove(step) else {
            return;
        };
        let mut last = running.bar.clone();
        for resource in running.resources.iter_mut().take(SHOWN) {
            let bar = resource.bar.take().unwrap_or_else(|| {
                let bar = self.styled(RESOURCE, resource.began, None);
                let bar = self.bars.insert_after(&last, bar);
                self.live(&bar);
                bar.set_message(resource.text.clone());
                bar
            });
            last = bar.clone();
            resource.bar = Some(bar);
        }
        self.running.insert(step.to_owned(), running);
    }

    fn say(&mut self, step: &str, said: String) {
        if let Some(running) = self.running.get_mut(step) {
            running.said = said;
            running.say();
        }
    }

    fn wait(&mut self, stacks: &[GraphStack]) {
        let waiting = |stack: &GraphStack| (stack.step.clone(), stack.title.clone());
        self.waiting.extend(stacks.iter().map(waiting));
        self.show_waiting();
    }

    fn show_waiting(&mut self) {
        if self.waiting.is_empty() {
            if let Some(bar) = self.waiting_bar.take() {
                bar.finish_and_clear();
            }
            return;
        }
        let text = waiting_words(self.waiting.values().map(String::as_str));
        if self.waiting_bar.is_none() {
            let bar = self.bars.add(self.styled(WAITING, Timestamp::UNIX_EPOCH, None));
            self.waiting_bar = Some(bar);
        }
        if let Some(bar) = &self.waiting_bar {
            bar.set_message(text);
        }
    }

    fn line(&mut self, kind: &EventKind) {
        if let Some(line) = plain::line(self.style, &mut self.titles, kind) {
            // The terminal went away: nobody reads it.
            let _ = self.bars.println(line);
        }
    }
}

impl Running {
    /// Writes the line of the step anew.
    fn say(&self) {
        let counts = match (self.done, self.resources.len()) {
            (0, 0) => String::new(),
            (done, 0) => format!(", {done} done"),
            (0, now) => format!(", {now} at work"),
            (done, now) => format!(", {done} done, {now} at work"),
        };
        let said = if self.said.is_empty() { String::new() } else { format!(", {}", self.said) };
        self.bar.set_message(format!("{}{counts}{said}", self.title));
    }

    fn clear(self) {
        self.resources.into_iter().for_each(Resource::clear);
        self.bar.finish_and_clear();
    }
}

impl Resource {
    fn clear(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }
}

fn time(since: SignedDuration, estimate: Option<u64>) -> String {
    let estimate = estimate.and_then(|seconds| i64::try_from(seconds).ok());
    let estimate = estimate.map(|seconds| words::clock(SignedDuration::from_secs(seconds)));
    let estimate = estimate.map(|estimate| format!(" of about {estimate}"));
    format!("{}{}", words::clock(since), estimate.unwrap_or_default())
}

fn waiting_words<'a>(titles: impl ExactSizeIterator<Item = &'a str>) -> String {
    let count = titles.len();
    let named: Vec<&str> = titles.take(NAMED).collect();
    let more = count - named.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("waiting: {}{more}", named.join(", "))
}

impl Render for Terminal {
    fn event(&mut self, event: &Event) {
        match &event.kind {
            EventKind::Graph { stacks } => {
                self.wait(stacks);
                self.line(&event.kind);
            }
            EventKind::StepStarted { step, title, estimate_seconds } => {
                self.start(step, title, event.time, *estimate_seconds);
            }
            EventKind::StepFinished { step, .. } => {
                self.end(step);
                self.line(&event.kind);
            }
            EventKind::Resource { stack, logical_id, resource_type, status, .. } => {
                // CloudFormation reports the stack itself as a resource of its own name.
                if logical_id != stack {
                    for step in [format!("stack/{stack}"), format!("delete/{stack}")] {
                        let words = words::resource(resource_type);
                        self.resource(&step, logical_id, words, status, event.time);
                    }
                }
                self.line(&event.kind);
            }
            EventKind::Service { service, state } => {
                self.say(&format!("verdict/{service}"), state.clone());
            }
            EventKind::Transfer { name, done, total } => {
                let total = total.map(|total| format!(" of {total}")).unwrap_or_default();
                self.say(&format!("image/{name}"), format!("{done}{total} bytes"));
            }
            kind => self.line(kind),
        }
    }

    fn finish(&mut self) {
        for (_, running) in std::mem::take(&mut self.running) {
            running.clear();
        }
        self.waiting.clear();
        self.show_waiting();
    }
}

#[cfg(test)]
mod tests;
