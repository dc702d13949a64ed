//! An AWS that answers by a script: for a program's own tests, which need one answer here and
//! there, and no service behind it.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::proxy::route::{self, Call};

/// One line of a script: which calls it answers, and how.
#[derive(Debug, Clone)]
pub struct Reply {
    service: &'static str,
    operation: &'static str,
    on: &'static str,
    status: u16,
    body: String,
}

/// Answers calls of this operation, with an empty body and status 200 until more is said.
#[must_use]
pub fn reply(service: &'static str, operation: &'static str) -> Reply {
    Reply { service, operation, on: "", status: 200, body: String::new() }
}

/// Who the credentials belong to.
#[must_use]
pub fn caller(account: &str) -> Reply {
    let who = format!(
        "<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:aws:iam::{account}:user/ann\
         </Arn><UserId>A</UserId><Account>{account}</Account></GetCallerIdentityResult>\
         </GetCallerIdentityResponse>"
    );
    reply("sts", "GetCallerIdentity").body(who)
}

impl Reply {
    /// Only calls on a resource whose name contains this.
    #[must_use]
    pub fn on(mut self, resource: &'static str) -> Self {
        self.on = resource;
        self
    }

    /// With a body.
    #[must_use]
    pub fn body(mut self, body: impl Into<String>) -> Self {
        self.body = body.into();
        self
    }

    /// With an error, as the service writes one.
    #[must_use]
    pub fn error(mut self, status: u16, code: &str, message: &str) -> Self {
        self.status = status;
        let error = format!("<Code>{code}</Code><Message>{message}</Message>");
        self.body = match self.service {
            "s3" => format!("<Error>{error}</Error>"),
            "ssm" | "ecs" | "ecr" | "logs" | "acm" | "secretsmanager" | "servicequotas" => {
                serde_json::json!({ "__type": code, "message": message }).to_string()
            }
            "ec2" => format!("<Response><Errors><Error>{error}</Error></Errors></Response>"),
            _ => format!("<ErrorResponse><Error>{error}</Error></ErrorResponse>"),
        };
        self
    }

    fn answers(&self, call: &Call) -> bool {
        let resource = call.resource.as_deref().unwrap_or_default();
        call.service == self.service
            && call.operation == self.operation
            && resource.contains(self.on)
    }
}

/// A running scripted AWS; it ends with this value.
#[derive(Debug)]
pub struct ScriptedAws {
    port: u16,
    asked: Arc<Script>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Script {
    replies: Vec<Reply>,
    calls: Mutex<Vec<String>>,
}

impl ScriptedAws {
    /// Starts one. The first line of the script that fits a call answers it; a call that none
    /// fits is refused with the code `NotScripted`, which a program does not try again.
    ///
    /// # Panics
    /// When there is no port to be had.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    pub async fn start(replies: Vec<Reply>) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let asked = Arc::new(Script { replies, calls: Mutex::default() });
        let stop = CancellationToken::new();
        let router = Router::new().fallback(answer).with_state(Arc::clone(&asked));
        let serving =
            axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::spawn(async move { serving.await });
        Self { port, asked, _stop: stop.drop_guard() }
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The calls so far, such as `s3:HeadBucket cloudops-acme-state`.
    #[must_use]
    pub fn calls(&self) -> Vec<String> {
        self.asked.calls.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The calls so far that change something.
    #[must_use]
    pub fn mutating(&self) -> Vec<String> {
        let changes = |call: &String| {
            let operation = call.split([':', ' ']).nth(1).unwrap_or_default();
            route::is_mutating(operation)
        };
        self.calls().into_iter().filter(changes).collect()
    }
}

async fn answer(State(script): State<Arc<Script>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap_or_default();
    let call = route::name(&parts, Some(&body));
    let resource = call.resource.as_deref().unwrap_or_default();
    let said = format!("{}:{} {resource}", call.service, call.operation);
    let mut calls = script.calls.lock().unwrap_or_else(PoisonError::into_inner);
    calls.push(said.trim_end().to_owned());
    let nothing = || {
        let Call { service, operation, .. } = &call;
        let message = format!("no line of the script answers {service}:{operation}");
        Reply { service: "", ..reply("", "") }.error(400, "NotScripted", &message)
    };
    let fits = script.replies.iter().find(|reply| reply.answers(&call));
    let Reply { status, body, .. } = fits.cloned().unwrap_or_else(nothing);
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = http::StatusCode::from_u16(status).unwrap_or_default();
    // What a document store names a version by.
    response.headers_mut().insert("etag", http::HeaderValue::from_static("\"1\""));
    response
}
