//! The HTTP server: names a request, applies the rules, answers or forwards, records.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use http::request::Parts;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::answer;
use super::forward::Content;
use super::recording::{AnsweredBy, Record};
use super::redact;
use super::route::{self, Call, Protocol};
use super::rule::When;
use super::service::{Answered, Proxy};

/// Largest body that is read to name a call (a Lambda function's code goes in one).
const LARGEST_READ: usize = 256 * 1024 * 1024;

/// How a proxy is started.
#[derive(Debug, Clone)]
pub struct Options {
    /// The emulator, such as `http://127.0.0.1:4566`.
    pub upstream: String,
    /// Region of the calls that the proxy makes itself.
    pub region: String,
    /// Account that the emulator plays.
    pub account: String,
    /// File for one JSON line per call.
    pub record: Option<PathBuf>,
    /// The container program that the emulator runs tasks with, when it is ours.
    pub containers: Option<PathBuf>,
    /// Address to listen at; port 0 takes a free one.
    pub listen: SocketAddr,
}

/// Why a proxy did not start.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The address is taken or not ours.
    #[error("cannot listen at {0}: {1}")]
    Listen(SocketAddr, std::io::Error),
    /// The recording cannot be written.
    #[error("cannot write the recording {0}: {1}")]
    Record(PathBuf, std::io::Error),
    /// The HTTP client for the emulator cannot be made.
    #[error("cannot make an HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

/// A running proxy.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts to listen.
    pub async fn start(options: Options) -> Result<Self, ServerError> {
        let proxy = Arc::new(Proxy::new(&options)?);
        let failed = |error| ServerError::Listen(options.listen, error);
        let listener = TcpListener::bind(options.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let stop = CancellationToken::new();
        let router = Router::new().fallback(handle).with_state(proxy);
        let serving =
            axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        let task = tokio::spawn(async move {
            // The server ends by the token only: its own error type is never made.
            let _ = serving.await;
        });
        Ok(Self { address, stop, task })
    }

    /// The endpoint for AWS clients.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops; calls that are still open get two seconds.
    pub async fn stop(mut self) {
        self.stop.cancel();
        if tokio::time::timeout(Duration::from_secs(2), &mut self.task).await.is_err() {
            self.task.abort();
        }
    }
}

async fn handle(State(proxy): State<Arc<Proxy>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    if parts.uri.path().starts_with("/_proxy/") {
        let body = axum::body::to_bytes(body, LARGEST_READ).await.unwrap_or_default();
        return super::control::answer(&proxy, &parts, &body).await;
    }
    let arrival = Arrival::now();
    let content = match read(&parts, body).await {
        Ok(content) => content,
        // The client went away or sent more than any AWS call takes.
        Err(_) => return answer::dropped(),
    };
    let call = route::name(&parts, content.bytes());
    // A client that goes away here was never heard by AWS: nothing is recorded.
    let before = proxy.rules.apply(&call, When::Before).await;
    let mut entry = Entry::new(Arc::clone(&proxy), arrival, &call, &parts, content.bytes());
    if let Some(answered) = Answered::by_verdict(before, &call) {
        return entry.answer(answered);
    }
    let Some((answered, mut entry)) = serve(proxy, call.clone(), parts, content, entry).await
    else {
        return answer::dropped();
    };
    let response = entry.answer(answered);
    let after = entry.proxy.rules.apply(&call, When::After).await;
    match Answered::by_verdict(after, &call) {
        Some(instead) => entry.answer(instead),
        None => response,
    }
}

/// Serves a call. One that was read whole is served to its end, and recorded, even when its client
/// dies meanwhile, as AWS would.
async fn serve(
    proxy: Arc<Proxy>,
    call: Call,
    parts: Parts,
    content: Content,
    mut entry: Entry,
) -> Option<(Answered, Entry)> {
    if matches!(content, Content::Stream(_)) {
        return Some((proxy.serve(&call, &parts, content).await, entry));
    }
    let (sender, receiver) = oneshot::channel();
    tokio::spawn(async move {
        let answered = proxy.serve(&call, &parts, content).await;
        entry.note(&answered);
        // Without a receiver the entry is dropped, and so recorded.
        let _ = sender.send((answered, entry));
    });
    // Nothing comes when the task has panicked.
    receiver.await.ok()
}

async fn read(parts: &Parts, body: Body) -> Result<Content, axum::Error> {
    if route::wants_body(parts) {
        return axum::body::to_bytes(body, LARGEST_READ).await.map(Content::Read);
    }
    Ok(Content::Stream(body))
}

fn shown(call: &Call, parts: &Parts, body: Option<&[u8]>) -> Value {
    match (call.protocol, body) {
        (Protocol::Json | Protocol::RestJson, Some(body)) => {
            let value = serde_json::from_slice(body).unwrap_or_default();
            redact::json(&call.service, &call.operation, &value)
        }
        (Protocol::Query | Protocol::Ec2, _) => redact::form(&route::form_parameters(parts, body)),
        _ => Value::Null,
    }
}

/// The stack whose change set a call names by its ARN alone.
fn meant(proxy: &Proxy, call: &Call, parts: &Parts, body: Option<&[u8]>) -> Option<String> {
    let is_ours = call.service == "cloudformation" && call.protocol == Protocol::Query;
    is_ours.then(|| proxy.stacks.meant_by(&route::form_parameters(parts, body))).flatten()
}

struct Arrival {
    at: Instant,
    time: String,
}

impl Arrival {
    fn now() -> Self {
        Self { at: Instant::now(), time: jiff::Timestamp::now().to_string() }
    }
}

/// A call on its way into the recording: it is written when the call is over, in whatever way.
struct Entry {
    proxy: Arc<Proxy>,
    at: Instant,
    record: Record,
}

impl Entry {
    fn new(
        proxy: Arc<Proxy>,
        arrival: Arrival,
        call: &Call,
        parts: &Parts,
        body: Option<&[u8]>,
    ) -> Self {
        let record = Record {
            sequence: 0,
            time: arrival.time,
            service: call.service.clone(),
            operation: call.operation.clone(),
            resource: call.resource.clone().or_else(|| meant(&proxy, call, parts, body)),
            mutating: call.mutating,
            status: 0,
            code: None,
            duration_ms: 0,
            who: call.who.clone(),
            answered_by: AnsweredBy::Emulator,
            request: shown(call, parts, body),
        };
        Self { proxy, at: arrival.at, record }
    }

    fn note(&mut self, answered: &Answered) {
        let dropped = answered.by == AnsweredBy::Fault && answered.code.is_none();
        self.record.status = if dropped { 0 } else { answered.response.status().as_u16() };
        self.record.code.clone_from(&answered.code);
        self.record.answered_by = answered.by;
    }

    fn answer(&mut self, answered: Answered) -> Response {
        self.note(&answered);
        answered.response
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let elapsed = self.at.elapsed().as_millis();
        self.record.duration_ms = u64::try_from(elapsed).unwrap_or(u64::MAX);
        self.proxy.recorder.add(self.record.clone());
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
