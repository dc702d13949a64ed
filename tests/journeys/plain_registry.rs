//! A registry without AWS: the CNCF distribution registry of Debian, and a gate before it that
//! counts and holds uploads.

use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, Uri};
use axum::response::Response;
use serde_json::Value;
use tokio::process::{Child, Command};
use tokio::task::JoinHandle;

use crate::stand::LIMIT;

const POLL: Duration = Duration::from_millis(50);

/// A user of [`PlainRegistry::with_users`].
pub(crate) const USER: &str = "ann";
pub(crate) const PASSWORD: &str = "correct-horse";
/// The password as the registry keeps it.
const USERS: &str = "ann:$2y$05$abcdefghijklmnopqrstuuZ0Fx87Pb/Aqb0E90lfvCwzXnaFKUHpS\n";

/// The registry, at a port that was free a moment ago.
pub(crate) struct PlainRegistry {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    client: reqwest::Client,
}

impl PlainRegistry {
    /// One that everybody may use.
    pub(crate) async fn start(work: &Path) -> Self {
        Self::with(work, "").await
    }

    /// One that knows only [`USER`].
    pub(crate) async fn with_users(work: &Path) -> Self {
        let users = work.join("users");
        fs_err::write(&users, USERS).unwrap();
        let settings =
            format!("auth: {{htpasswd: {{realm: builds, path: {}}}}}\n", users.display());
        Self::with(work, &settings).await
    }

    async fn with(work: &Path, more: &str) -> Self {
        let port =
            TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
        let address = format!("127.0.0.1:{port}");
        let settings = work.join("registry.yml");
        let storage = work.join("registry");
        let text = format!(
            "version: 0.1\nlog: {{level: error}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\n\
             http: {{addr: {address}}}\n{more}",
            storage.display()
        );
        fs_err::write(&settings, text).unwrap();
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(&settings).stdout(Stdio::null()).stderr(Stdio::null());
        let child = command.kill_on_drop(true).spawn().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let start = Instant::now();
        while client.get(format!("http://{address}/v2/")).send().await.is_err() {
            assert!(start.elapsed() < LIMIT, "the registry does not answer");
            tokio::time::sleep(POLL).await;
        }
        Self { child, address, client }
    }

    /// The tags of all images, as `REPOSITORY:TAG`. What is attached to an image has a tag too, made
    /// of its digest.
    pub(crate) async fn tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        for repository in self.get("_catalog").await["repositories"].as_array().unwrap() {
            let name = repository.as_str().unwrap();
            let list = self.get(&format!("{name}/tags/list")).await;
            let found = list["tags"].as_array().into_iter().flatten().flat_map(Value::as_str);
            let images = found.filter(|tag| !tag.starts_with("sha256-"));
            tags.extend(images.map(|tag| format!("{name}:{tag}")));
        }
        tags
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("http://{}/v2/{path}", self.address);
        self.client.get(url).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn stop(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// What the gate knows.
struct Passing {
    upstream: String,
    client: reqwest::Client,
    /// How many uploads may still begin.
    left: AtomicUsize,
    /// Digests of the blobs that arrived.
    arrived: Mutex<Vec<String>>,
}

/// Stands before a registry, and holds uploads for ever once so many have begun.
pub(crate) struct Gate {
    passing: Arc<Passing>,
    task: JoinHandle<()>,
    /// Host and port.
    pub(crate) address: String,
}

impl Gate {
    pub(crate) async fn before(registry: &PlainRegistry) -> Self {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let passing = Arc::new(Passing {
            upstream: registry.address.clone(),
            client: reqwest::Client::builder().no_proxy().build().unwrap(),
            left: AtomicUsize::new(usize::MAX),
            arrived: Mutex::default(),
        });
        let router = Router::new().fallback(pass).with_state(Arc::clone(&passing));
        let task = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { passing, task, address }
    }

    /// Lets so many uploads begin from now on, and forgets those before.
    pub(crate) fn let_in(&self, count: usize) {
        self.passing.left.store(count, Ordering::SeqCst);
        self.passing.arrived.lock().unwrap().clear();
    }

    /// Digests of the blobs that arrived since.
    pub(crate) fn arrived(&self) -> Vec<String> {
        self.passing.arrived.lock().unwrap().clone()
    }

    /// Waits until so many blobs have arrived.
    pub(crate) async fn wait_for(&self, count: usize) {
        let start = Instant::now();
        while self.arrived().len() < count {
            assert!(start.elapsed() < LIMIT, "{} of {count} blobs arrived", self.arrived().len());
            tokio::time::sleep(POLL).await;
        }
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(State(passing): State<Arc<Passing>>, request: Request) -> Response {
    let uri = request.uri().clone();
    let upload = upload(request.method(), &uri);
    if upload.is_some() && !passing.begin() {
        std::future::pending::<()>().await;
    }
    let answer = passing.forward(&uri, request).await;
    if let Some(digest) = upload.filter(|_| answer.status() == StatusCode::CREATED) {
        passing.arrived.lock().unwrap().push(digest);
    }
    answer
}

/// The digest of an upload.
fn upload(method: &Method, uri: &Uri) -> Option<String> {
    let is_upload = method == Method::PUT && uri.path().contains("/blobs/uploads/");
    let query = uri.query().filter(|_| is_upload)?;
    let digest = query.split('&').find_map(|pair| pair.strip_prefix("digest="))?;
    Some(digest.replace("%3A", ":"))
}

impl Passing {
    /// Whether one more upload may begin.
    fn begin(&self) -> bool {
        let one_less = |left: usize| left.checked_sub(1);
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less).is_ok()
    }

    async fn forward(&self, uri: &Uri, request: Request) -> Response {
        let url = format!("http://{}{uri}", self.upstream);
        let (head, body) = request.into_parts();
        // The host stays: the registry makes addresses of it, which must lead here again.
        let sent = self.client.request(head.method, url).headers(head.headers);
        let answer = sent.body(reqwest::Body::wrap_stream(body.into_data_stream())).send().await;
        let answer = answer.unwrap();
        let mut response = Response::builder().status(answer.status());
        response.headers_mut().unwrap().extend(answer.headers().clone());
        response.body(Body::from_stream(answer.bytes_stream())).unwrap()
    }
}
