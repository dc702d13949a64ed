//! Requests to folders and jobs.

use std::{io, sync::Arc, time::Duration};

use axum::http::StatusCode;

use super::{
    build_routes,
    controller::Controller,
    definition::Definition,
    request::{self, Answer, Request},
    store::{Value, join},
    views,
};

/// Characters that a name cannot have (`Jenkins.checkGoodName`).
const REFUSED: &str = "?*/\\%!@#$^&|<>[]:;";
/// What Jenkins adds to the root element when it saves a job.
const PLUGIN: &str = "workflow-job@1540.v295eccc9778f";

/// Answers `/job/a/job/b/...`.
pub(super) fn answer(controller: &Arc<Controller>, request: &Request, path: &[&str]) -> Answer {
    let mut name = String::new();
    let mut rest = path;
    while let ["job", part, deeper @ ..] = rest {
        name = join(&name, part);
        rest = deeper;
        if part.starts_with('.') || part.contains('/') {
            return request::not_found();
        }
    }
    let Some(definition) = controller.store.definition(&name) else {
        return request::not_found();
    };
    let item = Target { controller, request, name: &name, definition: &definition };
    match rest {
        [] => request::html(&name),
        ["api", "json"] => item.view(),
        ["config.xml"] if request.is_post() => item.update(),
        ["config.xml"] => controller.store.xml(&name).map_or_else(|e| io_error(&e), request::xml),
        ["createItem"] if definition.folder => create(controller, request, &name),
        ["doDelete" | "enable" | "disable" | "build" | "buildWithParameters"]
            if !request.is_post() =>
        {
            request::needs_post()
        }
        ["doDelete"] => item.delete(),
        ["move", "move"] if request.is_post() => item.move_to(),
        _ if definition.folder => request::not_found(),
        ["enable"] => item.disable(false),
        ["disable"] => item.disable(true),
        ["build"] => item.build(),
        ["buildWithParameters"] => item.build_with_parameters(),
        [number, deeper @ ..] => build_routes::answer(controller, request, &name, number, deeper),
    }
}

/// `createItem?name=x`, in the root or in a folder.
pub(super) fn create(controller: &Controller, request: &Request, folder: &str) -> Answer {
    if !request.is_post() {
        return request::needs_post();
    }
    if request.header("Content-Type").is_none() {
        return request::failure("No Content-Type header set");
    }
    let Some(name) = request.value("name") else {
        return request::failure("Query parameter 'name' is required");
    };
    let name = name.trim();
    if let Err(message) = check_name(name) {
        return request::failure(&message);
    }
    let full = join(folder, name);
    if controller.store.exists(&full) {
        return request::failure(&format!("A job already exists with the name ‘{name}’"));
    }
    if !request.is_xml() {
        return request::failure("No mode given");
    }
    let xml = request.utf8();
    let strict = |definition: Definition| match controller.options.lenient {
        true => Ok(()),
        false => definition.strict(),
    };
    if let Err(exception) = Definition::parse(&xml).and_then(strict) {
        return request::oops(&exception);
    }
    controller.store.write_xml(&full, &xml).map_or_else(|e| io_error(&e), |()| request::done())
}

fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() {
        return Err("No name is specified".to_owned());
    }
    if name == "." || name == ".." || name.ends_with('.') {
        return Err(format!("‘{name}’ is not an allowed name"));
    }
    match name.chars().find(|c| c.is_control() || REFUSED.contains(*c)) {
        Some(bad) => Err(format!("‘{bad}’ is an unsafe character")),
        None => Ok(()),
    }
}

fn io_error(error: &io::Error) -> Answer {
    request::oops(&format!("java.io.IOException: {error}"))
}

struct Target<'a> {
    controller: &'a Arc<Controller>,
    request: &'a Request,
    name: &'a str,
    definition: &'a Definition,
}

impl Target<'_> {
    fn url(&self) -> String {
        views::item_url(self.controller, self.name)
    }

    fn view(&self) -> Answer {
        let depth = self.request.value("depth").and_then(|depth| depth.parse().ok()).unwrap_or(0);
        let deep = depth > 0 || self.request.value("tree").is_some();
        request::json(&views::item(self.controller, self.name, self.definition, deep))
    }

    fn update(&self) -> Answer {
        let xml = self.request.by_charset();
        let new = match Definition::parse(&xml) {
            Ok(new) => new,
            Err(exception) => return request::oops(&exception),
        };
        if !self.controller.options.lenient
            && let Err(fault) = new.strict()
        {
            return request::oops(&fault);
        }
        if new.folder != self.definition.folder {
            let (old, new) = (self.definition.class(), new.class());
            let error = "java.io.IOException: Expecting class";
            return request::oops(&format!("{error} {old} but got class {new} instead"));
        }
        let written = self.controller.store.write_xml(self.name, &xml);
        written.map_or_else(|e| io_error(&e), |()| request::done())
    }

    fn delete(&self) -> Answer {
        self.controller.forget(self.name);
        let deleted = self.controller.store.delete(self.name);
        let parent = self.name.rsplit_once('/').map_or("", |(parent, _)| parent);
        let url = views::item_url(self.controller, parent);
        deleted.map_or_else(|e| io_error(&e), |()| request::redirect(&url))
    }

    /// `move/move?destination=/folder` of the folders plugin.
    fn move_to(&self) -> Answer {
        let destination = self.request.value("destination").unwrap_or_default();
        let folder = destination.trim_start_matches('/');
        let is_folder = self.controller.store.definition(folder).is_some_and(|d| d.folder);
        if !destination.starts_with('/') || !(folder.is_empty() || is_folder) {
            return request::failure(&format!("No such destination: {destination}"));
        }
        let base = self.name.rsplit('/').next().unwrap_or(self.name);
        let target = join(folder, base);
        if self.controller.store.exists(&target) {
            return request::failure(&format!("A job already exists with the name ‘{base}’"));
        }
        let moved = self.controller.store.rename(self.name, &target);
        let url = views::item_url(self.controller, &target);
        moved.map_or_else(|e| io_error(&e), |()| request::redirect(&url))
    }

    /// Saves the job, in the form in which Jenkins does.
    fn disable(&self, disabled: bool) -> Answer {
        let mut xml = self.definition.xml.clone();
        xml.set_child_text("disabled", &disabled.to_string());
        xml.attributes.insert("plugin".to_owned(), PLUGIN.to_owned());
        let written = self.controller.store.write_xml(self.name, &xml.to_string());
        written.map_or_else(|e| io_error(&e), |()| request::redirect(&self.url()))
    }

    fn not_buildable(&self) -> Option<Answer> {
        let message = format!("{} is not buildable", self.name);
        self.definition.disabled.then(|| request::refused(StatusCode::CONFLICT, &message))
    }

    fn build(&self) -> Answer {
        if let Some(refusal) = self.not_buildable() {
            return refusal;
        }
        // A parameterized job expects its form.
        if self.definition.parameters.is_some() {
            return request::refused(StatusCode::BAD_REQUEST, "Nothing is submitted");
        }
        self.enqueue(Vec::new())
    }

    fn build_with_parameters(&self) -> Answer {
        if let Some(refusal) = self.not_buildable() {
            return refusal;
        }
        let Some(parameters) = &self.definition.parameters else {
            let message = format!("{} is not parameterized", self.name);
            return request::refused(StatusCode::BAD_REQUEST, &message);
        };
        // What the job does not declare is dropped without a word.
        let values = parameters.iter().map(|parameter| {
            let value = parameter.value(self.request.value(&parameter.name).as_deref())?;
            let class = parameter.classes().1.to_owned();
            Ok(Value { class, name: parameter.name.clone(), value })
        });
        match values.collect::<Result<_, String>>() {
            Ok(values) => self.enqueue(values),
            Err(exception) => request::oops(&exception),
        }
    }

    fn enqueue(&self, values: Vec<Value>) -> Answer {
        let delay = self.request.value("delay").and_then(|delay| {
            let seconds = delay.strip_suffix("sec").unwrap_or(&delay);
            seconds.parse().ok().map(Duration::from_secs)
        });
        let delay = delay.unwrap_or(self.controller.options.quiet_period);
        let cause = format!("Started by user {}", self.controller.options.user);
        let id = self.controller.enqueue(self.name, values, delay, &cause);
        request::created(&format!("{}queue/item/{id}/", self.controller.url))
    }
}
