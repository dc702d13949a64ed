//! The timeline: a row for each step, and in it a row for each resource, on one clock.

use jiff::{SignedDuration, Timestamp};

use super::{
    story::{Resource, Step, Story, Work},
    text::{count, escape, section},
};
use crate::{events::Outcome, words};

/// Distances between two marks of the clock, in seconds.
const TICKS: [i64; 14] = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200];
/// At most so many marks: more would not fit on a phone.
const MARKS: i64 = 6;

/// The section with the timeline, if the run had any steps.
pub(super) fn html(story: &Story) -> String {
    if story.steps.is_empty() {
        return String::new();
    }
    let scale = Scale::of(story);
    let rows: String = story
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| row(&scale, step, story.path.contains(&at)))
        .collect();
    let body = format!(
        "{}{LEGEND}<div class=\"chart\" style=\"--tick:{:.3}%\">\n{}<ol>\n{rows}</ol>\n</div>\n",
        path(story),
        scale.percent(SignedDuration::from_secs(scale.tick)),
        scale.axis()
    );
    section("timeline", "Timeline", &body)
}

const LEGEND: &str = "<ul class=\"legend\" aria-label=\"Signs in the timeline\">\n\
    <li><span class=\"track\"><i class=\"bar wait\"></i></span> waits</li>\n\
    <li><span class=\"track\"><i class=\"bar\"></i></span> works</li>\n\
    <li><span class=\"track\"><i class=\"bar same\"></i></span> nothing to change</li>\n\
    <li><span class=\"track\"><i class=\"bar bad\"></i></span> fails</li>\n\
    <li><span class=\"track\"><i class=\"bar path\"></i></span> ◆ critical path</li>\n</ul>\n";

/// The critical path as a sentence.
fn path(story: &Story) -> String {
    let steps: Vec<&Step> = story.path.iter().filter_map(|at| story.steps.get(*at)).collect();
    if steps.len() < 2 {
        return String::new();
    }
    let worked: SignedDuration = steps
        .iter()
        .filter_map(|step| step.took())
        .fold(SignedDuration::ZERO, |sum, took| sum + took);
    let item = |step: &&Step| {
        let took = step.took().map(words::duration).unwrap_or_default();
        format!("<li>{} <span class=\"quiet\">{took}</span></li>\n", escape(&name(step)))
    };
    format!(
        "<p>Critical path: {}, {} of {}. Only a shorter path makes the run shorter.</p>\n\
         <ol class=\"path\">\n{}</ol>\n",
        count(steps.len(), "step"),
        words::duration(worked),
        words::duration(story.length()),
        steps.iter().map(item).collect::<String>()
    )
}

fn row(scale: &Scale, step: &Step, on_path: bool) -> String {
    let line = line(scale, step, on_path);
    if step.resources.is_empty() {
        return format!("<li><div class=\"row\">{line}</div></li>\n");
    }
    let open = if step.outcome == Some(Outcome::Failed) { " open" } else { "" };
    let resources: String =
        step.resources.iter().map(|resource| resource_row(scale, resource)).collect();
    format!(
        "<li><details{open}><summary class=\"row\">{line}</summary>\n<ol>\n{resources}</ol>\n\
         </details></li>\n"
    )
}

/// Why a step failed stays visible.
fn reason(step: &Step) -> String {
    match step.outcome {
        Some(Outcome::Failed | Outcome::Skipped) => {
            format!("<span class=\"reason\">{}</span>", escape(&step.detail))
        }
        _ => String::new(),
    }
}

fn line(scale: &Scale, step: &Step, on_path: bool) -> String {
    let (sign, word) = state(step);
    let mark = if on_path {
        " <span class=\"mark\" title=\"on the critical path\">◆</span>"
    } else {
        ""
    };
    let stack = step.stack.as_deref().filter(|stack| !step.title.ends_with(*stack));
    let stack = stack.map(|stack| format!(" <code>{}</code>", escape(stack))).unwrap_or_default();
    let took = step.took().map_or_else(|| word.to_owned(), words::duration);
    format!(
        "<span class=\"name\"><span class=\"sign\" title=\"{word}\">{sign}</span>\
         <span>{}{mark}{stack}</span></span>{}<span class=\"took\">{took}</span>{}",
        escape(&name(step)),
        track(&bars(scale, step, on_path), &spoken(scale, step, word)),
        reason(step)
    )
}

/// The title of a step without the name of its stack, which has a place of its own.
fn name(step: &Step) -> String {
    let stack = step.stack.as_deref().unwrap_or_default();
    step.title.replace(&format!(" ({stack})"), "")
}

fn state(step: &Step) -> (&'static str, &'static str) {
    match (step.outcome, step.began) {
        (Some(Outcome::Done), _) => ("✓", "done"),
        (Some(Outcome::Unchanged), _) => ("=", "nothing to change"),
        (Some(Outcome::Failed), _) => ("✕", "failed"),
        (Some(Outcome::Skipped), _) | (None, None) => ("–", "not tried"),
        (None, Some(_)) => ("…", "no end seen"),
    }
}

/// What a bar says, for whoever does not see it.
fn spoken(scale: &Scale, step: &Step, word: &str) -> String {
    match (step.began, step.ended) {
        (Some(began), Some(ended)) => {
            format!("{word}, from {} to {}", scale.clock(began), scale.clock(ended))
        }
        (Some(began), None) => format!("{word}, from {}", scale.clock(began)),
        _ => word.to_owned(),
    }
}

fn bars(scale: &Scale, step: &Step, on_path: bool) -> String {
    let mut bars = String::new();
    if let Some(known) = step.known {
        bars += &scale.bar("wait", known, step.began.unwrap_or(scale.ended));
    }
    let Some(began) = step.began else {
        return bars;
    };
    let kind = match step.outcome {
        Some(Outcome::Failed) => "bad",
        Some(Outcome::Unchanged) => "same",
        Some(_) => "",
        None => "open",
    };
    let path = if on_path { " path" } else { "" };
    bars + &scale.bar(&format!("{kind}{path}"), began, step.ended.unwrap_or(scale.ended))
}

fn resource_row(scale: &Scale, resource: &Resource) -> String {
    let (sign, word) = match resource {
        resource if resource.failed() => ("✕", "failed"),
        resource if resource.work.iter().any(|work| work.ended.is_none()) => ("…", "no end seen"),
        _ => ("✓", "done"),
    };
    let bars: String = resource.work.iter().map(|work| work_bar(scale, work)).collect();
    let times: Vec<String> = resource.work.iter().map(|work| work_words(scale, work)).collect();
    let took = resource.work.iter().filter_map(|work| Some(work.ended?.duration_since(work.began)));
    let took = took.fold(SignedDuration::ZERO, |sum, one| sum + one);
    format!(
        "<li><div class=\"row\"><span class=\"name\"><span class=\"sign\" title=\"{word}\">{sign}\
         </span><span>{} <code>{}</code></span></span>{}<span class=\"took\">{}</span></div></li>\n",
        escape(&words::resource(&resource.resource_type)),
        escape(&resource.logical_id),
        track(&bars, &times.join("; ")),
        words::duration(took)
    )
}

fn work_bar(scale: &Scale, work: &Work) -> String {
    let kind = match (work.failed, work.ended) {
        (true, _) => "bad",
        (false, None) => "open",
        (false, Some(_)) => "",
    };
    scale.bar(kind, work.began, work.ended.unwrap_or(scale.ended))
}

fn work_words(scale: &Scale, work: &Work) -> String {
    let end = work.ended.map(|ended| format!(" to {}", scale.clock(ended))).unwrap_or_default();
    format!("{} from {}{end}", work.verb, scale.clock(work.began))
}

/// Bars, and what they say in words.
fn track(bars: &str, spoken: &str) -> String {
    let spoken = escape(spoken);
    format!(
        "<span class=\"track\" role=\"img\" aria-label=\"{spoken}\" title=\"{spoken}\">{bars}</span>"
    )
}

/// From times to places.
struct Scale {
    began: Timestamp,
    ended: Timestamp,
    length: f64,
    tick: i64,
}

impl Scale {
    fn of(story: &Story) -> Self {
        let seconds = story.length().as_secs_f64().max(0.001);
        let fits = |tick: &&i64| seconds / (**tick as f64) <= MARKS as f64;
        // A run of many hours has whole hours between its marks.
        let long = (seconds / 3600.0 / MARKS as f64).ceil() as i64 * 3600;
        let tick = TICKS.iter().find(fits).copied().unwrap_or(long);
        Self { began: story.began, ended: story.ended, length: seconds, tick }
    }

    fn percent(&self, time: SignedDuration) -> f64 {
        (time.as_secs_f64() / self.length * 100.0).clamp(0.0, 100.0)
    }

    fn clock(&self, time: Timestamp) -> String {
        words::clock(time.duration_since(self.began))
    }

    fn bar(&self, kind: &str, began: Timestamp, ended: Timestamp) -> String {
        let left = self.percent(began.duration_since(self.began));
        let width = self.percent(ended.duration_since(self.began)) - left;
        if kind == "wait" && width < 0.2 {
            return String::new();
        }
        let class = format!("bar {kind}");
        let class = class.trim_end();
        format!("<i class=\"{class}\" style=\"left:{left:.2}%;width:{:.2}%\"></i>", width.max(0.0))
    }

    fn axis(&self) -> String {
        let marks = (self.length / self.tick as f64).floor() as i64;
        let mark = |at: i64| {
            let time = SignedDuration::from_secs(at * self.tick);
            let place = self.percent(time);
            // A mark at the very end would stick out of the page.
            let label = if place > 94.0 { String::new() } else { words::clock(time) };
            format!("<span style=\"left:{place:.2}%\">{label}</span>")
        };
        let marks: String = (0..=marks).map(mark).collect();
        format!(
            "<div class=\"row axis\" aria-hidden=\"true\"><span class=\"track\">{marks}</span></div>\n"
        )
    }
}
