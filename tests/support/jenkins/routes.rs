//! Which request does what, outside of items.

use std::sync::{Arc, atomic::Ordering};

use serde_json::json;

use super::{
    auth::Who,
    controller::Controller,
    item_routes, poll,
    request::{self, Answer, Request, VERSION},
    views,
};

/// Answers a request: the boot page, credentials and crumb come before everything else.
pub(super) fn answer(controller: &Arc<Controller>, request: &Request) -> Answer {
    let Some(password) = controller.auth.password() else {
        return request::booting();
    };
    if controller.away.load(Ordering::Relaxed) {
        return request::booting();
    }
    // It has a token of its own.
    if request.path == ["git", "notifyCommit"] {
        return notify_commit(controller, request);
    }
    let who = controller.auth.who(request.header("Authorization"), &password);
    let answer = match who {
        None => request::unauthorized(),
        Some(Who::Password) if lacks_crumb(controller, request) => {
            let status = axum::http::StatusCode::FORBIDDEN;
            request::refused(status, "No valid crumb was included in the request")
        }
        Some(_) => dispatch(controller, request),
    };
    request::with(answer, "X-Jenkins", VERSION)
}

fn lacks_crumb(controller: &Controller, request: &Request) -> bool {
    let given = request.header("Jenkins-Crumb").map(str::to_owned);
    let crumb = given.or_else(|| request.value("Jenkins-Crumb"));
    request.is_post() && !controller.auth.crumb_is_valid(request.header("Cookie"), crumb.as_deref())
}

fn dispatch(controller: &Arc<Controller>, request: &Request) -> Answer {
    let path: Vec<&str> = request.path.iter().map(String::as_str).collect();
    match path.as_slice() {
        [] => request::html("Welcome to Jenkins!"),
        ["api", "json"] => request::json(&views::root(controller)),
        ["pluginManager", "api", "json"] => request::json(&views::plugins(controller)),
        ["crumbIssuer", "api", "json"] => crumb(controller, request),
        ["createItem"] => item_routes::create(controller, request, ""),
        ["job", ..] => item_routes::answer(controller, request, &path),
        ["queue", rest @ ..] => queue(controller, request, rest),
        ["restart" | "safeRestart"] if !request.is_post() => request::needs_post(),
        ["restart" | "safeRestart"] => {
            controller.restart();
            request::redirect(&controller.url)
        }
        ["quietDown"] => quiet(controller, request, true),
        ["cancelQuietDown"] => quiet(controller, request, false),
        ["me" | "user", .., "generateNewToken"] => new_token(controller, request),
        _ => request::not_found(),
    }
}

/// A message that a repository has changed: jobs that poll it look at once.
fn notify_commit(controller: &Arc<Controller>, request: &Request) -> Answer {
    let refused = |status, message: &str| request::refused(status, message);
    match request.value("token") {
        None => {
            let message = "An access token is required. Please refer to Git plugin documentation";
            return refused(axum::http::StatusCode::UNAUTHORIZED, message);
        }
        Some(token) if controller.options.notify_token.as_deref() != Some(&token) => {
            return refused(axum::http::StatusCode::FORBIDDEN, "Invalid access token");
        }
        Some(_) => {}
    }
    let Some(url) = request.value("url") else {
        return refused(axum::http::StatusCode::BAD_REQUEST, "Missing parameter: url");
    };
    let jobs = poll::concerned(controller, &url);
    let mut text = String::new();
    for job in &jobs {
        text.push_str(&format!("Scheduled polling of {job}\n"));
        let (controller, job) = (controller.clone(), job.clone());
        let busy = controller.polling.clone().try_read_owned();
        tokio::spawn(async move {
            poll::poll(&controller, &job).await;
            drop(busy);
        });
    }
    if jobs.is_empty() {
        text = format!("No git jobs using repository: {url} and branches: \n");
    }
    request::text(&[], text.into_bytes())
}

fn crumb(controller: &Controller, request: &Request) -> Answer {
    let auth = &controller.auth;
    let known = auth.session(request.header("Cookie"));
    let session = known.clone().unwrap_or_else(|| auth.new_session());
    let answer = request::json(&json!({
        "_class": "hudson.security.csrf.DefaultCrumbIssuer",
        "crumb": auth.crumb(&session),
        "crumbRequestField": "Jenkins-Crumb",
    }));
    if known.is_some() {
        return answer;
    }
    let cookie = format!("{}={session}; Path=/; HttpOnly; SameSite=Lax", auth.cookie);
    request::with(answer, "Set-Cookie", &cookie)
}

fn quiet(controller: &Arc<Controller>, request: &Request, quiet: bool) -> Answer {
    if !request.is_post() {
        return request::needs_post();
    }
    controller.quiet.store(quiet, Ordering::Relaxed);
    controller.schedule();
    request::redirect(&controller.url)
}

fn new_token(controller: &Controller, request: &Request) -> Answer {
    if !request.is_post() {
        return request::needs_post();
    }
    let name = request.value("newTokenName").unwrap_or_default();
    match controller.auth.new_token(&name) {
        Ok(token) => request::json(&token),
        Err(error) => request::oops(&error.to_string()),
    }
}

fn queue(controller: &Arc<Controller>, request: &Request, rest: &[&str]) -> Answer {
    match rest {
        ["api", "json"] => {
            let waiting = controller.waiting();
            let items: Vec<_> = waiting.iter().map(|i| views::queue_item(controller, i)).collect();
            request::json(&json!({"_class": "hudson.model.Queue", "items": items}))
        }
        ["item", id, "api", "json"] => {
            let item = id.parse().ok().and_then(|id| controller.item(id));
            item.map_or_else(request::not_found, |item| {
                request::json(&views::queue_item(controller, &item))
            })
        }
        ["cancelItem"] if !request.is_post() => request::needs_post(),
        ["cancelItem"] => {
            let id = request.value("id").and_then(|id| id.parse().ok());
            if id.is_some_and(|id| controller.cancel(id)) {
                request::redirect(&controller.url)
            } else {
                request::not_found()
            }
        }
        _ => request::not_found(),
    }
}
