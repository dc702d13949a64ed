//! Answers of the proxy's own, written as the called service would write them.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::route::Protocol;

/// A body in one piece, with status and content type.
#[must_use]
pub fn full(status: u16, kind: &'static str, body: impl Into<Bytes>) -> Response {
    let mut response = Response::new(Body::from(body.into()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("content-type", HeaderValue::from_static(kind));
    if let Ok(id) = HeaderValue::from_str(&uuid::Uuid::new_v4().to_string()) {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

/// An answer of the AWS JSON protocol.
#[must_use]
pub fn json(status: u16, body: &Value) -> Response {
    full(status, "application/x-amz-json-1.1", body.to_string())
}

/// An error of a service.
#[must_use]
pub fn error(protocol: Protocol, status: u16, code: &str, message: &str) -> Response {
    let id = uuid::Uuid::new_v4();
    let (code_text, message_text) = (escape(code), escape(message));
    match protocol {
        Protocol::Json => json(status, &json!({"__type": code, "message": message})),
        Protocol::RestJson => {
            let body = json!({"code": code, "message": message, "Message": message}).to_string();
            let mut response = full(status, "application/json", body);
            if let Ok(kind) = HeaderValue::from_str(code) {
                response.headers_mut().insert("x-amzn-errortype", kind);
            }
            response
        }
        Protocol::Query | Protocol::RestXml => {
            let side = if status < 500 { "Sender" } else { "Receiver" };
            full(
                status,
                "text/xml",
                format!(
                    "<ErrorResponse><Error><Type>{side}</Type><Code>{code_text}</Code>\
                     <Message>{message_text}</Message></Error><RequestId>{id}</RequestId>\
                     </ErrorResponse>"
                ),
            )
        }
        Protocol::Ec2 => full(
            status,
            "text/xml",
            format!(
                "<Response><Errors><Error><Code>{code_text}</Code>\
                 <Message>{message_text}</Message></Error></Errors>\
                 <RequestID>{id}</RequestID></Response>"
            ),
        ),
        Protocol::S3 => full(
            status,
            "application/xml",
            format!(
                "<Error><Code>{code_text}</Code><Message>{message_text}</Message>\
                 <RequestId>{id}</RequestId></Error>"
            ),
        ),
        Protocol::Registry => full(
            status,
            "application/json",
            json!({"errors": [{"code": code, "message": message}]}).to_string(),
        ),
    }
}

/// A response that the HTTP server cannot finish, so that it closes the connection.
#[must_use]
pub fn dropped() -> Response {
    let broken = futures::stream::once(async {
        Err::<Bytes, _>(std::io::Error::other("dropped on demand"))
    });
    let mut response = Response::new(Body::from_stream(broken));
    response.headers_mut().insert("content-length", HeaderValue::from_static("1"));
    response
}

/// The AWS error code in an answer that failed.
#[must_use]
pub fn code_of(headers: &http::HeaderMap, body: &[u8]) -> Option<String> {
    let plain = |raw: &str| {
        let name = raw.rsplit('#').next().unwrap_or(raw);
        name.split(':').next().unwrap_or(name).to_owned()
    };
    if let Some(kind) = headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()) {
        return Some(plain(kind));
    }
    if let Ok(value) = serde_json::from_slice::<Value>(body) {
        let raw = value["__type"].as_str().or_else(|| value["code"].as_str());
        return raw.or_else(|| value["errors"][0]["code"].as_str()).map(plain);
    }
    let text = std::str::from_utf8(body).ok()?;
    let start = text.find("<Code>")? + "<Code>".len();
    let end = text[start..].find("</Code>")? + start;
    Some(text[start..end].to_owned())
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_are_found_in_every_form() {
        let none = http::HeaderMap::new();
        for body in [
            r#"{"__type":"com.amazonaws.ecs#ClusterNotFoundException","message":"m"}"#,
            "<ErrorResponse><Error><Code>ClusterNotFoundException</Code></Error></ErrorResponse>",
            r#"{"code":"ClusterNotFoundException"}"#,
        ] {
            assert_eq!(
                code_of(&none, body.as_bytes()).as_deref(),
                Some("ClusterNotFoundException"),
                "{body}"
            );
        }
    }
}
