//! Hands a request to the emulator and its answer back, byte for byte and without keeping bodies.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderMap, HeaderName, StatusCode};

use super::answer;
use super::route::Protocol;

/// A request's body.
#[derive(Debug)]
pub enum Content {
    /// Read, because the call's name is in it.
    Read(Bytes),
    /// Passed on as it comes.
    Stream(Body),
}

impl Content {
    /// The bytes, if they were read.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Read(bytes) => Some(bytes),
            Self::Stream(_) => None,
        }
    }
}

/// Hands requests to one emulator.
#[derive(Debug, Clone)]
pub struct Forwarder {
    client: reqwest::Client,
    endpoint: String,
}

impl Forwarder {
    /// A forwarder to `endpoint`, such as `http://127.0.0.1:4566`.
    pub fn new(endpoint: &str) -> Result<Self, reqwest::Error> {
        // Neither redirects nor an environment's web proxy may come between.
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Self { client, endpoint: endpoint.trim_end_matches('/').to_owned() })
    }

    /// Sends the request on and gives back the answer with its error code, if it is an error.
    pub async fn send(
        &self,
        parts: &Parts,
        content: Content,
        protocol: Protocol,
    ) -> (Response, Option<String>) {
        let path = parts.uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
        let mut request =
            self.client.request(parts.method.clone(), format!("{}{path}", self.endpoint));
        request = request.headers(end_to_end(&parts.headers));
        request = match content {
            Content::Read(bytes) if bytes.is_empty() => request,
            Content::Read(bytes) => request.body(bytes),
            Content::Stream(_) if !has_body(&parts.headers) => request,
            Content::Stream(body) => {
                request.body(reqwest::Body::wrap_stream(body.into_data_stream()))
            }
        };
        match request.send().await {
            Ok(response) => give_back(response).await,
            Err(error) => {
                let message = format!("the emulator does not answer: {error}");
                let code = "ServiceUnavailable";
                (answer::error(protocol, 503, code, &message), Some(code.to_owned()))
            }
        }
    }
}

async fn give_back(upstream: reqwest::Response) -> (Response, Option<String>) {
    let status = StatusCode::from_u16(upstream.status().as_u16())
        .unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = end_to_end(upstream.headers());
    // Errors are small, and their code is wanted for the record.
    let small = upstream.content_length().is_none_or(|length| length < 1024 * 1024);
    let (body, code) = if (status.is_client_error() || status.is_server_error()) && small {
        let bytes = upstream.bytes().await.unwrap_or_default();
        let code = answer::code_of(&headers, &bytes);
        (Body::from(bytes), code)
    } else {
        (Body::from_stream(upstream.bytes_stream()), None)
    };
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    (response, code)
}

fn has_body(headers: &HeaderMap) -> bool {
    headers.contains_key("transfer-encoding")
        || headers.get("content-length").is_some_and(|length| length != "0")
}

/// The headers that belong to the message and not to one connection. `Host` stays the client's:
/// a signature and an API's host name are made over it.
fn end_to_end(headers: &HeaderMap) -> HeaderMap {
    const HOP: [&str; 9] = [
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "transfer-encoding",
        "upgrade",
        // Answered by this server already when the body is asked for.
        "expect",
    ];
    let kept = |name: &HeaderName| !HOP.contains(&name.as_str());
    headers
        .iter()
        .filter(|(name, _)| kept(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}
