//! A request as Jenkins sees it, and answers in its form.

use axum::{
    body::{Body, Bytes},
    http::{HeaderMap, Method, Response, StatusCode, Uri, header},
};
use serde_json::Value;

/// What a person sees while the controller boots.
const BOOTING: &str = "Please wait while Jenkins is getting ready to work ...";
/// Version in the `X-Jenkins` header.
pub(super) const VERSION: &str = "2.528.2";

pub(super) type Answer = Response<Body>;

/// A request.
pub(super) struct Request {
    pub(super) method: Method,
    /// Parts of the path, decoded, without empty ones.
    pub(super) path: Vec<String>,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    query: String,
}

impl Request {
    pub(super) fn new(method: Method, uri: &Uri, headers: HeaderMap, body: Bytes) -> Self {
        let parts = uri.path().split('/').filter(|part| !part.is_empty());
        let query = uri.query().unwrap_or_default().to_owned();
        Self { method, path: parts.map(decode).collect(), headers, body, query }
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(super) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    fn content_type(&self) -> String {
        self.header("Content-Type").unwrap_or_default().to_ascii_lowercase()
    }

    /// A value of the query or the form.
    pub(super) fn value(&self, name: &str) -> Option<String> {
        let form = self.content_type().starts_with("application/x-www-form-urlencoded");
        let body: &[u8] = if form { &self.body } else { &[] };
        let both = url::form_urlencoded::parse(self.query.as_bytes())
            .chain(url::form_urlencoded::parse(body));
        both.into_iter().find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Whether the body is XML, from its content type.
    pub(super) fn is_xml(&self) -> bool {
        let kind = self.content_type();
        kind.starts_with("application/xml") || kind.starts_with("text/xml")
    }

    /// The body as `createItem` reads it: UTF-8.
    pub(super) fn utf8(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as a POST of `config.xml` reads it: ISO-8859-1, unless the content type says
    /// otherwise (`HttpServletRequest.getReader`).
    pub(super) fn by_charset(&self) -> String {
        if self.content_type().contains("utf-8") {
            return self.utf8();
        }
        self.body.iter().map(|byte| char::from(*byte)).collect()
    }
}

fn decode(part: &str) -> String {
    // `+` stands for itself in a path.
    let masked = part.replace('+', "%2B");
    let pair = format!("p={masked}");
    let found = url::form_urlencoded::parse(pair.as_bytes()).next().map(|(_, v)| v.into_owned());
    found.unwrap_or_default()
}

fn answer(status: StatusCode, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = status;
    for (name, value) in headers {
        // Jetty writes `?` for what a header cannot hold.
        let plain: String =
            value.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect();
        let name = header::HeaderName::try_from(*name);
        if let (Ok(name), Ok(value)) = (name, header::HeaderValue::try_from(plain)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}

pub(super) fn json(value: &Value) -> Answer {
    answer(StatusCode::OK, &[("Content-Type", "application/json;charset=utf-8")], value.to_string())
}

pub(super) fn text(headers: &[(&str, &str)], body: Vec<u8>) -> Answer {
    let kind = [("Content-Type", "text/plain;charset=utf-8")];
    answer(StatusCode::OK, &[&kind, headers].concat(), body)
}

pub(super) fn bytes(body: Vec<u8>) -> Answer {
    answer(StatusCode::OK, &[("Content-Type", "application/octet-stream")], body)
}

pub(super) fn xml(body: String) -> Answer {
    answer(StatusCode::OK, &[("Content-Type", "application/xml")], body)
}

/// 200 without content.
pub(super) fn done() -> Answer {
    answer(StatusCode::OK, &[], "")
}

/// 302: what a form of Jenkins answers.
pub(super) fn redirect(to: &str) -> Answer {
    answer(StatusCode::FOUND, &[("Location", to)], "")
}

/// 201: what starting a build answers.
pub(super) fn created(location: &str) -> Answer {
    answer(StatusCode::CREATED, &[("Location", location)], "")
}

fn page(status: StatusCode, headers: &[(&str, &str)], title: &str, message: &str) -> Answer {
    let escaped = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let body = format!(
        "<!DOCTYPE html><html><head><title>{title}</title></head><body>\
         <h1>{title}</h1><p>{escaped}</p></body></html>"
    );
    let kind = [("Content-Type", "text/html;charset=utf-8")];
    answer(status, &[&kind, headers].concat(), body)
}

pub(super) fn html(message: &str) -> Answer {
    page(StatusCode::OK, &[], "Jenkins", message)
}

/// `hudson.model.Failure`: 400 with the reason in a header too.
pub(super) fn failure(message: &str) -> Answer {
    page(StatusCode::BAD_REQUEST, &[("X-Error", message)], "Error", message)
}

pub(super) fn refused(status: StatusCode, message: &str) -> Answer {
    page(status, &[], &format!("HTTP ERROR {} {message}", status.as_u16()), "")
}

/// An exception that reaches the container.
pub(super) fn oops(exception: &str) -> Answer {
    page(StatusCode::INTERNAL_SERVER_ERROR, &[], "Oops!", exception)
}

pub(super) fn not_found() -> Answer {
    refused(StatusCode::NOT_FOUND, "Not Found")
}

pub(super) fn needs_post() -> Answer {
    refused(StatusCode::METHOD_NOT_ALLOWED, "Form post required")
}

pub(super) fn booting() -> Answer {
    page(StatusCode::SERVICE_UNAVAILABLE, &[], "Starting Jenkins", BOOTING)
}

pub(super) fn unauthorized() -> Answer {
    let challenge = [("WWW-Authenticate", "Basic realm=\"Jenkins\"")];
    page(StatusCode::UNAUTHORIZED, &challenge, "HTTP ERROR 401 Unauthorized", "")
}

/// Adds a header to an answer.
pub(super) fn with(mut answer: Answer, name: &'static str, value: &str) -> Answer {
    if let Ok(value) = header::HeaderValue::try_from(value) {
        answer.headers_mut().append(name, value);
    }
    answer
}
