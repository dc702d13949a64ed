//! Names a request: which service, which operation, on what, and whether it changes anything.
//!
//! A program is never asked to help: everything is read from what any AWS client sends (the
//! credential scope, `X-Amz-Target`, `Action=`, method and path).

use http::request::Parts;
use http::{HeaderMap, Method};

use super::redact;
use super::rest;
use super::s3;

/// How a service writes requests, answers and errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// AWS JSON (`X-Amz-Target`).
    Json,
    /// Form parameters in, XML out.
    Query,
    /// As [`Protocol::Query`], with EC2's own error document.
    Ec2,
    /// S3: bodies are objects.
    S3,
    /// Other XML over REST (Route 53).
    RestXml,
    /// JSON over REST (Lambda, EFS, ...).
    RestJson,
    /// The container registry's data plane (`/v2/`).
    Registry,
}

/// A named request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Service as in the credential scope, such as `ecs`.
    pub service: String,
    /// Operation, such as `UpdateService`; `METHOD /path` when it has no name here.
    pub operation: String,
    /// How errors have to be written.
    pub protocol: Protocol,
    /// What the call is about: stack, bucket and key, cluster and service.
    pub resource: Option<String>,
    /// Whether it changes something.
    pub mutating: bool,
    /// Who called: the application id of the user agent, else its first product.
    pub who: String,
}

/// Whether the body has to be read to name and record the call. Objects and image layers are not
/// read: they are streamed.
#[must_use]
pub fn wants_body(parts: &Parts) -> bool {
    if parts.headers.contains_key("x-amz-target") || is_form(&parts.headers) {
        return true;
    }
    !is_registry(parts) && !matches!(scope(parts).as_deref(), None | Some("s3" | "s3express"))
}

/// Names the request; `body` is given when [`wants_body`] said so.
#[must_use]
pub fn name(parts: &Parts, body: Option<&[u8]>) -> Call {
    let who = who(&parts.headers);
    if is_registry(parts) {
        return registry_call(parts, who);
    }
    if let Some(target) = header(&parts.headers, "x-amz-target") {
        return json_call(parts, target, body.unwrap_or_default(), who);
    }
    let form = form_parameters(parts, body);
    if let Some((_, action)) = form.iter().find(|(name, _)| name == "Action") {
        return query_call(parts, action, &form, who);
    }
    rest_call(parts, who)
}

/// The parameters of a query-protocol request, from the form body and the query string.
#[must_use]
pub fn form_parameters(parts: &Parts, body: Option<&[u8]>) -> Vec<(String, String)> {
    let mut all: Vec<(String, String)> = match body {
        Some(body) if is_form(&parts.headers) => {
            url::form_urlencoded::parse(body).into_owned().collect()
        }
        _ => Vec::new(),
    };
    let query = parts.uri.query().unwrap_or_default();
    all.extend(url::form_urlencoded::parse(query.as_bytes()).into_owned());
    all
}

fn json_call(parts: &Parts, target: &str, body: &[u8], who: String) -> Call {
    let (prefix, operation) = target.rsplit_once('.').unwrap_or(("", target));
    let service = scope(parts).unwrap_or_else(|| prefix.to_ascii_lowercase());
    let value = serde_json::from_slice(body).unwrap_or_default();
    Call {
        resource: redact::resource_of_json(&value),
        mutating: is_mutating(operation),
        service,
        operation: operation.to_owned(),
        protocol: Protocol::Json,
        who,
    }
}

fn query_call(parts: &Parts, action: &str, form: &[(String, String)], who: String) -> Call {
    let service = scope(parts).unwrap_or_else(|| "sts".to_owned());
    let protocol = if service == "ec2" { Protocol::Ec2 } else { Protocol::Query };
    Call {
        resource: redact::resource_of_form(form),
        mutating: is_mutating(action),
        operation: action.to_owned(),
        protocol,
        service,
        who,
    }
}

fn rest_call(parts: &Parts, who: String) -> Call {
    let service = scope(parts).unwrap_or_else(|| "s3".to_owned());
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    if service == "s3" || service == "s3express" {
        let copy = parts.headers.contains_key("x-amz-copy-source");
        let (operation, resource) = s3::name(&parts.method, path, query, copy);
        return Call {
            mutating: !matches!(parts.method, Method::GET | Method::HEAD),
            service: "s3".to_owned(),
            protocol: Protocol::S3,
            operation,
            resource,
            who,
        };
    }
    let (operation, resource) = rest::name(&service, &parts.method, path);
    let xml = matches!(service.as_str(), "route53" | "cloudfront" | "s3-control");
    Call {
        mutating: if operation.contains(' ') {
            !matches!(parts.method, Method::GET | Method::HEAD)
        } else {
            is_mutating(&operation)
        },
        protocol: if xml { Protocol::RestXml } else { Protocol::RestJson },
        service,
        operation,
        resource,
        who,
    }
}

fn registry_call(parts: &Parts, who: String) -> Call {
    let path = parts.uri.path();
    let kind = ["/blobs/uploads", "/blobs/", "/manifests/", "/tags/", "/referrers/"]
        .into_iter()
        .find(|kind| path.contains(kind));
    Call {
        service: "ecr-registry".to_owned(),
        operation: format!("{} {}", parts.method, kind.unwrap_or("/v2/").trim_matches('/')),
        protocol: Protocol::Registry,
        resource: Some(path.trim_start_matches("/v2/").to_owned()),
        mutating: !matches!(parts.method, Method::GET | Method::HEAD),
        who,
    }
}

fn is_registry(parts: &Parts) -> bool {
    let path = parts.uri.path();
    // A bucket may be named `v2`; a signed call is never one of the registry's.
    (path == "/v2" || path.starts_with("/v2/")) && scope(parts).is_none()
}

/// The service in the credential scope of the `Authorization` header or of a presigned query.
fn scope(parts: &Parts) -> Option<String> {
    scope_part(parts, 3)
}

/// The region that a request is signed for.
pub(super) fn region(parts: &Parts) -> Option<String> {
    scope_part(parts, 2)
}

fn scope_part(parts: &Parts, index: usize) -> Option<String> {
    let header = header(&parts.headers, "authorization")
        .and_then(|value| value.split_once("Credential="))
        .map(|(_, rest)| rest.split([',', ' ']).next().unwrap_or(rest).to_owned());
    let credential = header.or_else(|| {
        let query = parts.uri.query()?.as_bytes();
        url::form_urlencoded::parse(query)
            .find(|(name, _)| name.eq_ignore_ascii_case("X-Amz-Credential"))
            .map(|(_, value)| value.into_owned())
    })?;
    // The access key id may not hold a slash, so the region is the third part, the service the fourth.
    credential.split('/').nth(index).map(str::to_owned)
}

fn who(headers: &HeaderMap) -> String {
    let agent = header(headers, "user-agent").unwrap_or_default();
    let given = [header(headers, "x-amz-user-agent").unwrap_or_default(), agent]
        .into_iter()
        .flat_map(str::split_whitespace)
        .find_map(|product| product.strip_prefix("app/"));
    let first = agent.split_whitespace().next().unwrap_or("unknown");
    given.unwrap_or(first).to_owned()
}

fn is_form(headers: &HeaderMap) -> bool {
    header(headers, "content-type")
        .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// Whether an operation of this name changes something, by AWS's own naming habits. What is not
/// known to read is taken to change.
#[must_use]
pub fn is_mutating(operation: &str) -> bool {
    const READS: [&str; 20] = [
        "Get",
        "Describe",
        "List",
        "Head",
        "BatchGet",
        "BatchCheck",
        "Query",
        "Scan",
        "Search",
        "Lookup",
        "Validate",
        "Estimate",
        "Check",
        "Test",
        "Filter",
        "Simulate",
        "Decode",
        "Select",
        "AssumeRole",
        "Verify",
    ];
    !READS.iter().any(|read| operation.starts_with(read))
}

#[cfg(test)]
#[path = "route_tests.rs"]
mod tests;
