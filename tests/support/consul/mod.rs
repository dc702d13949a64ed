//! A Consul for journeys: the part of the documented HTTP interface that configuration management
//! calls. `GET /v1/kv/<key>` with `recurse` and `keys`, and `PUT /v1/txn` with `cas`, `delete-cas`
//! and `delete`, all with a token. The rules are those of
//! <https://developer.hashicorp.com/consul/api-docs/kv> and `.../txn`.

mod kv;

use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json, Router,
    extract::{Path, RawQuery, State},
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Response},
    routing::{get, put},
};
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

use kv::{Kv, Operation};

/// A Consul that serves until it is dropped.
#[derive(Debug)]
pub struct Consul {
    endpoint: String,
    _stop: DropGuard,
}

#[derive(Debug, Clone)]
struct Served {
    token: String,
    kv: Arc<Mutex<Kv>>,
}

impl Consul {
    /// Serves at a free port of this machine, for those who have the token.
    ///
    /// # Errors
    /// When no port can be listened at.
    pub async fn start(token: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let endpoint = format!("http://{}", listener.local_addr()?);
        let served = Served { token: token.to_owned(), kv: Arc::default() };
        let router = Router::new()
            .route("/v1/kv/{*key}", get(read))
            .route("/v1/txn", put(transaction))
            .with_state(served);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(
            async move { axum::serve(listener, router).with_graceful_shutdown(stopped).await },
        );
        Ok(Self { endpoint, _stop: stop.drop_guard() })
    }

    /// Its address.
    #[must_use]
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }
}

impl Served {
    fn refuses(&self, headers: &HeaderMap) -> Option<Response> {
        let token = headers.get("x-consul-token").and_then(|value| value.to_str().ok());
        (token != Some(self.token.as_str()))
            .then(|| (StatusCode::FORBIDDEN, "ACL not found").into_response())
    }
}

async fn read(
    State(served): State<Served>,
    Path(key): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    if let Some(refused) = served.refuses(&headers) {
        return refused;
    }
    let query = query.unwrap_or_default();
    let has = |flag: &str| query.split('&').any(|part| part == flag);
    let kv = served.kv.lock().unwrap_or_else(PoisonError::into_inner);
    let found = kv.read(&key, has("recurse") || has("keys"));
    if found.is_empty() {
        // Consul answers 404 without a body.
        return StatusCode::NOT_FOUND.into_response();
    }
    if has("keys") {
        let names: Vec<&str> = found.iter().map(|pair| pair.key.as_str()).collect();
        return Json(names).into_response();
    }
    Json(found).into_response()
}

async fn transaction(
    State(served): State<Served>,
    headers: HeaderMap,
    Json(operations): Json<Vec<Operation>>,
) -> Response {
    if let Some(refused) = served.refuses(&headers) {
        return refused;
    }
    let mut kv = served.kv.lock().unwrap_or_else(PoisonError::into_inner);
    match kv.transaction(&operations) {
        Ok(()) => Json(serde_json::json!({"Results": [], "Errors": null})).into_response(),
        Err(errors) => {
            let body = serde_json::json!({"Results": null, "Errors": errors});
            (StatusCode::CONFLICT, Json(body)).into_response()
        }
    }
}
