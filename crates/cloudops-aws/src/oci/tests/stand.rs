//! A registry in memory that can be told to misbehave.

use std::{
    collections::BTreeMap,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use url::Url;

use crate::ids::Digest;

/// A request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) method: String,
    /// Path, without the query.
    pub(super) path: String,
    pub(super) query: BTreeMap<String, String>,
    pub(super) headers: BTreeMap<String, String>,
    pub(super) body: Vec<u8>,
}

impl Request {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// The kind of request, such as `PUT manifests` or `POST mount`.
    pub(super) fn kind(&self) -> String {
        let parts: Vec<&str> = self.path.split('/').collect();
        let what = match parts.as_slice() {
            _ if self.query.contains_key("mount") => "mount",
            [.., "manifests", _] => "manifests",
            [.., "uploads", _] => "uploads",
            [.., "blobs", _] => "blobs",
            _ => &self.path,
        };
        format!("{} {what}", self.method)
    }
}

/// What the registry does about a request.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Full {
        status: u16,
        headers: Vec<(String, String)>,
        body: Vec<u8>,
    },
    /// The connection is closed without a word.
    Closed,
    /// The connection is closed in the middle of the body.
    Cut {
        length: usize,
        body: Vec<u8>,
    },
    /// Bytes of no announced number, until nobody reads them.
    Endless,
}

pub(super) fn answer(status: u16) -> Answer {
    Answer::Full { status, headers: Vec::new(), body: Vec::new() }
}

impl Answer {
    pub(super) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Self::Full { headers, .. } = &mut self {
            headers.retain(|(known, _)| known != name);
            headers.push((name.to_owned(), value.into()));
        }
        self
    }

    pub(super) fn body(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        if let Self::Full { body, .. } = &mut self {
            *body = bytes.into();
        }
        self
    }

    pub(super) fn error(self, code: &str, message: &str) -> Self {
        let errors = serde_json::json!({"errors": [{"code": code, "message": message}]});
        self.body(errors.to_string())
    }
}

/// What the registry holds.
#[derive(Debug, Default)]
pub(super) struct Store {
    /// By repository and digest.
    pub(super) blobs: BTreeMap<(String, String), Vec<u8>>,
    /// By repository and tag or digest.
    pub(super) manifests: BTreeMap<(String, String), Vec<u8>>,
    /// All requests, in their order.
    pub(super) seen: Vec<Request>,
}

impl Store {
    /// How often a kind of request came.
    pub(super) fn count(&self, kind: &str) -> usize {
        self.seen.iter().filter(|request| request.kind() == kind).count()
    }

    /// What a registry does.
    pub(super) fn serve(&mut self, request: &Request) -> Answer {
        let parts: Vec<&str> = request.path.trim_matches('/').split('/').collect();
        match (request.method.as_str(), parts.as_slice()) {
            (_, ["v2"]) => answer(200).body("{}"),
            ("GET" | "HEAD", ["v2", repository, "manifests", name]) => {
                found(self.manifests.get(&key(repository, name)), "MANIFEST_UNKNOWN")
            }
            ("PUT", ["v2", repository, "manifests", name]) => {
                self.manifest(repository, name, request)
            }
            ("POST", ["v2", repository, "blobs", "uploads"]) => self.begin(repository, request),
            ("PUT", ["v2", repository, "blobs", "uploads", _]) => {
                self.blobs.insert(key(repository, &request.query["digest"]), request.body.clone());
                answer(201).header("docker-content-digest", Digest::of(&request.body).as_str())
            }
            ("GET" | "HEAD", ["v2", repository, "blobs", digest]) => {
                found(self.blobs.get(&key(repository, digest)), "BLOB_UNKNOWN")
            }
            _ => answer(404).error("UNSUPPORTED", &request.path),
        }
    }

    fn begin(&mut self, repository: &str, request: &Request) -> Answer {
        if let (Some(digest), Some(from)) = (request.query.get("mount"), request.query.get("from"))
            && let Some(bytes) = self.blobs.get(&key(from, digest)).cloned()
        {
            self.blobs.insert(key(repository, digest), bytes);
            return answer(201).header("location", format!("/v2/{repository}/blobs/{digest}"));
        }
        let place = format!("/v2/{repository}/blobs/uploads/1?_state=x%2Fy");
        answer(202).header("location", place)
    }

    fn manifest(&mut self, repository: &str, name: &str, request: &Request) -> Answer {
        let manifest: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let layers = manifest["layers"].as_array().unwrap().iter().chain([&manifest["config"]]);
        for blob in layers {
            let digest = blob["digest"].as_str().unwrap();
            if !self.blobs.contains_key(&key(repository, digest)) {
                return answer(400).error("MANIFEST_BLOB_UNKNOWN", digest);
            }
        }
        let digest = Digest::of(&request.body);
        for name in [name, digest.as_str()] {
            self.manifests.insert(key(repository, name), request.body.clone());
        }
        answer(201).header("docker-content-digest", digest.as_str())
    }
}

fn key(repository: &str, name: &str) -> (String, String) {
    (repository.to_owned(), name.to_owned())
}

fn found(bytes: Option<&Vec<u8>>, code: &str) -> Answer {
    match bytes {
        None => answer(404).error(code, "not here"),
        Some(bytes) => answer(200)
            .header("docker-content-digest", Digest::of(bytes).as_str())
            .body(bytes.clone()),
    }
}

type Script = dyn FnMut(&Request, &mut Store) -> Option<Answer> + Send;

struct Shared {
    store: Mutex<Store>,
    script: Mutex<Box<Script>>,
}

/// A registry on this machine; it ends with the value.
pub(super) struct Stand {
    port: u16,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Stand {
    /// Starts a registry. The script sees each request first; what it does not answer is answered
    /// as a registry does.
    pub(super) async fn start(
        script: impl FnMut(&Request, &mut Store) -> Option<Answer> + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let script: Box<Script> = Box::new(script);
        let shared = Arc::new(Shared { store: Mutex::default(), script: Mutex::new(script) });
        let serving = Arc::clone(&shared);
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = Arc::clone(&serving);
                // A client that goes away in the middle is part of the tests.
                tokio::spawn(async move { connection(stream, &shared).await.ok() });
            }
        });
        Self { port, shared, task }
    }

    /// One that behaves.
    pub(super) async fn honest() -> Self {
        Self::start(|_, _| None).await
    }

    pub(super) fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// The same server by a name that counts as another host.
    pub(super) fn other_host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    pub(super) fn store(&self) -> std::sync::MutexGuard<'_, Store> {
        self.shared.store.lock().unwrap()
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn connection(stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(request) = receive(&mut stream).await? {
        let answer = {
            let mut store = shared.store.lock().unwrap();
            store.seen.push(request.clone());
            let scripted = shared.script.lock().unwrap()(&request, &mut store);
            scripted.unwrap_or_else(|| store.serve(&request))
        };
        if !send(stream.get_mut(), answer, request.method == "HEAD").await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn receive(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        match line.trim_end() {
            "" => break,
            line => lines.push(line.to_owned()),
        }
    }
    let mut words = lines[0].split(' ');
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let url: Url = format!("http://stand{target}").parse().unwrap();
    let header = |line: &String| {
        let (name, value) = line.split_once(':')?;
        Some((name.to_lowercase(), value.trim().to_owned()))
    };
    let headers: BTreeMap<String, String> = lines[1..].iter().filter_map(header).collect();
    let length = headers.get("content-length").map_or(0, |length| length.parse().unwrap());
    assert!(!headers.contains_key("transfer-encoding"), "registries want a length");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    Ok(Some(Request {
        method: method.to_owned(),
        path: url.path().to_owned(),
        query: url.query_pairs().into_owned().collect(),
        headers,
        body,
    }))
}

/// Gives whether the connection stays.
async fn send(stream: &mut TcpStream, answer: Answer, is_head: bool) -> std::io::Result<bool> {
    match answer {
        Answer::Closed => Ok(false),
        Answer::Cut { length, body } => {
            let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&body).await?;
            Ok(false)
        }
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").await?;
            loop {
                stream.write_all(&[b' '; 1 << 16]).await?;
            }
        }
        Answer::Full { status, headers, body } => {
            let mut head = format!("HTTP/1.1 {status} As told\r\n");
            if !headers.iter().any(|(name, _)| name == "content-length") {
                head += &format!("content-length: {}\r\n", body.len());
            }
            for (name, value) in headers {
                head += &format!("{name}: {value}\r\n");
            }
            stream.write_all(format!("{head}\r\n").as_bytes()).await?;
            if !is_head {
                stream.write_all(&body).await?;
            }
            Ok(true)
        }
    }
}
