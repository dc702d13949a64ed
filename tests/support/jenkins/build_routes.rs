//! Requests to builds.

use super::{
    controller::Controller,
    request::{self, Answer, Request},
    store::Record,
    views,
};

/// Answers `/job/x/N/...`; N may be a permalink such as `lastBuild`.
pub(super) fn answer(
    controller: &Controller,
    request: &Request,
    job: &str,
    number: &str,
    rest: &[&str],
) -> Answer {
    let Some(record) = find(controller, job, number) else {
        return request::not_found();
    };
    match rest {
        [] | ["console"] => request::html(&format!("{job} #{}", record.number)),
        ["api", "json"] => request::json(&views::build(controller, job, &record)),
        ["testReport", "api", "json"] => match controller.store.tests(job, record.number) {
            Some(cases) => request::json(&views::tests(&cases)),
            None => request::not_found(),
        },
        ["consoleText"] => request::text(&[], log(controller, job, &record)),
        ["logText", "progressiveText"] => progressive(controller, request, job, &record),
        ["stop" | "term" | "kill"] if !request.is_post() => request::needs_post(),
        ["stop" | "term" | "kill"] => {
            controller.abort(job, record.number);
            request::redirect(&views::item_url(controller, job))
        }
        ["artifact", path @ ..] => artifact(controller, job, &record, &path.join("/")),
        _ => request::not_found(),
    }
}

fn find(controller: &Controller, job: &str, number: &str) -> Option<Record> {
    let wanted: fn(&Record) -> bool = match number {
        "lastBuild" => |_| true,
        "lastCompletedBuild" => |record| record.result.is_some(),
        "lastSuccessfulBuild" => {
            |record| matches!(record.result.as_deref(), Some("SUCCESS" | "UNSTABLE"))
        }
        "lastFailedBuild" => |record| record.result.as_deref() == Some("FAILURE"),
        number => return controller.store.record(job, number.parse().ok()?),
    };
    let numbers = controller.store.builds(job).into_iter();
    numbers.filter_map(|number| controller.store.record(job, number)).find(wanted)
}

fn log(controller: &Controller, job: &str, record: &Record) -> Vec<u8> {
    fs_err::read(controller.store.log(job, record.number)).unwrap_or_default()
}

/// The log from `start`: `X-Text-Size` is the next start, `X-More-Data` says that the build
/// runs. The record was read before the log, so a log without `X-More-Data` is complete.
fn progressive(controller: &Controller, request: &Request, job: &str, record: &Record) -> Answer {
    let log = log(controller, job, record);
    let start = request.value("start").and_then(|start| start.parse().ok()).unwrap_or(0);
    // A log that is shorter than it was begins anew.
    let start = if start > log.len() { 0 } else { start };
    let size = log.len().to_string();
    let mut headers = vec![("X-Text-Size", size.as_str())];
    if record.result.is_none() {
        headers.push(("X-More-Data", "true"));
    }
    request::text(&headers, log[start..].to_vec())
}

fn artifact(controller: &Controller, job: &str, record: &Record, path: &str) -> Answer {
    if !record.artifacts.iter().any(|known| known == path) {
        return request::not_found();
    }
    let file = controller.store.build_dir(job, record.number).join("archive").join(path);
    fs_err::read(file).map_or_else(|_| request::not_found(), request::bytes)
}
