//! Calls to the emulator behind the proxy, made by the proxy itself.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use serde_json::Value;

use super::turns::{Turn, Turns};

/// An answer that is on its way; `None` when the emulator is to answer.
pub type OverlayAnswer<'a> =
    Pin<Box<dyn Future<Output = Option<Result<Value, UpstreamError>>> + Send + 'a>>;

/// What answers instead of the emulator where that is not AWS.
pub trait Overlay: Send + Sync {
    /// The answer to a JSON operation of a service.
    fn answer<'a>(
        &'a self,
        service: &'a str,
        operation: &'a str,
        body: &'a Value,
    ) -> OverlayAnswer<'a>;
}

/// Why a call to the emulator failed.
#[derive(Debug, thiserror::Error, Clone)]
pub enum UpstreamError {
    /// The emulator answered with an error of the service.
    #[error("{code}: {message}")]
    Service {
        /// AWS error code, without a namespace prefix.
        code: String,
        /// AWS error message.
        message: String,
        /// HTTP status.
        status: u16,
    },
    /// The emulator could not be reached.
    #[error("the emulator does not answer: {0}")]
    Unreachable(String),
}

/// The emulator's endpoint, and how to call a service of it.
#[derive(Clone)]
pub struct Upstream {
    client: reqwest::Client,
    endpoint: String,
    region: String,
    overlay: Option<Arc<dyn Overlay>>,
    turns: Turns,
}

impl fmt::Debug for Upstream {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Upstream")
            .field("endpoint", &self.endpoint)
            .field("region", &self.region)
            .field("overlaid", &self.overlay.is_some())
            .finish_non_exhaustive()
    }
}

impl Upstream {
    /// An upstream at `endpoint` (such as `http://127.0.0.1:4566`), calls signed for `region`.
    #[must_use]
    pub fn new(endpoint: &str, region: &str) -> Self {
        Self {
            // An environment's web proxy must not come between; only a broken TLS set-up fails.
            client: reqwest::Client::builder().no_proxy().build().unwrap_or_default(),
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            region: region.to_owned(),
            overlay: None,
            turns: Turns::default(),
        }
    }

    /// The same upstream, with JSON calls answered by `overlay` where it wants to. With the
    /// proxy's ECS as overlay, `ecs` calls and Cloud Control calls about `AWS::ECS::Service`
    /// behave as a client of the proxy sees them.
    #[must_use]
    pub fn with_overlay(mut self, overlay: Arc<dyn Overlay>) -> Self {
        self.overlay = Some(overlay);
        self
    }

    /// The same upstream, which waits for its turn.
    #[must_use]
    pub fn with_turns(mut self, turns: Turns) -> Self {
        self.turns = turns;
        self
    }

    /// The region that calls are made for.
    #[must_use]
    pub fn region(&self) -> &str {
        &self.region
    }

    /// Calls an AWS JSON protocol operation, such as service `ecs` and target
    /// `AmazonEC2ContainerServiceV20141113.DescribeServices`.
    pub async fn json(
        &self,
        service: &str,
        target: &str,
        body: &Value,
    ) -> Result<Value, UpstreamError> {
        if let Some(overlay) = &self.overlay {
            let operation = target.rsplit('.').next().unwrap_or(target);
            if let Some(answer) = overlay.answer(service, operation, body).await {
                return answer;
            }
        }
        let request = self
            .client
            .post(format!("{}/", self.endpoint))
            .header("content-type", "application/x-amz-json-1.1")
            .header("x-amz-target", target)
            .header("authorization", self.authorization(service))
            .body(body.to_string());
        let (status, text) = send(request, self.turns.shared().await).await?;
        let answer: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        if status < 300 {
            return Ok(answer);
        }
        let raw = answer["__type"].as_str().unwrap_or("InternalFailure");
        Err(UpstreamError::Service {
            code: raw.rsplit('#').next().unwrap_or(raw).to_owned(),
            message: answer["message"]
                .as_str()
                .or_else(|| answer["Message"].as_str())
                .unwrap_or(&text)
                .to_owned(),
            status,
        })
    }

    /// Calls an AWS query protocol operation (EC2, ELBv2, RDS, IAM, ...) and gives back the XML.
    pub async fn query(
        &self,
        service: &str,
        action: &str,
        version: &str,
        parameters: &[(String, String)],
    ) -> Result<String, UpstreamError> {
        let mut form = vec![
            ("Action".to_owned(), action.to_owned()),
            ("Version".to_owned(), version.to_owned()),
        ];
        form.extend_from_slice(parameters);
        let request = self
            .client
            .post(format!("{}/", self.endpoint))
            .header("authorization", self.authorization(service))
            .form(&form);
        let (status, text) = send(request, self.turns.shared().await).await?;
        if status < 300 {
            return Ok(text);
        }
        Err(UpstreamError::Service {
            code: between(&text, "<Code>", "</Code>").unwrap_or("InternalFailure").to_owned(),
            message: between(&text, "<Message>", "</Message>").unwrap_or(&text).to_owned(),
            status,
        })
    }

    /// Calls a REST operation (S3, Route 53, Lambda, EFS, ...) and gives back status and body.
    pub async fn rest(
        &self,
        service: &str,
        method: reqwest::Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<(u16, String), UpstreamError> {
        let turn = match (service, &method) {
            ("s3", &reqwest::Method::GET) => self.turns.of(service, "GetObject").await,
            _ => self.turns.shared().await,
        };
        let request = self
            .client
            .request(method, format!("{}{path}", self.endpoint))
            .header("authorization", self.authorization(service))
            .body(body);
        send(request, turn).await
    }

    fn authorization(&self, service: &str) -> String {
        format!(
            "AWS4-HMAC-SHA256 Credential=test/20260101/{}/{service}/aws4_request, \
             SignedHeaders=host, Signature=0",
            self.region
        )
    }
}

/// Sends a request in its turn: what the proxy makes of a stack may be a bucket.
async fn send(
    request: reqwest::RequestBuilder,
    _turn: Turn,
) -> Result<(u16, String), UpstreamError> {
    let unreachable = |error: reqwest::Error| UpstreamError::Unreachable(error.to_string());
    let response = request.send().await.map_err(unreachable)?;
    let status = response.status().as_u16();
    Ok((status, response.text().await.map_err(unreachable)?))
}

fn between<'a>(text: &'a str, open: &str, close: &str) -> Option<&'a str> {
    let start = text.find(open)? + open.len();
    let end = text[start..].find(close)? + start;
    Some(&text[start..end])
}
