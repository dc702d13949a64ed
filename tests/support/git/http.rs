//! `git http-backend`, the server that comes with git, behind HTTP with basic authentication.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::response::Response;
use base64::Engine;
use http::{HeaderName, HeaderValue, StatusCode, header};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};

/// The user who may push, and the one who may only read. Both have the same password.
pub const WRITER: &str = "writer";
/// The user who may only read.
pub const READER: &str = "reader";
/// Password of both.
pub const PASSWORD: &str = "open-sesame";

/// A running server; it ends with this value.
#[derive(Debug)]
pub struct GitHttp {
    port: u16,
    _stop: DropGuard,
}

impl GitHttp {
    /// Serves all repositories in a folder.
    ///
    /// # Panics
    /// When there is no port to be had.
    #[expect(clippy::expect_used, reason = "a test cannot go on without its server")]
    pub async fn start(root: &Path) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let port = listener.local_addr().expect("its address").port();
        let stop = CancellationToken::new();
        let root: Arc<PathBuf> = Arc::new(root.to_owned());
        let router = Router::new().fallback(answer).with_state(root);
        let serving =
            axum::serve(listener, router).with_graceful_shutdown(stop.clone().cancelled_owned());
        tokio::spawn(async move { serving.await });
        Self { port, _stop: stop.drop_guard() }
    }

    /// Address of a repository for a user, whose password git asks its helper for.
    #[must_use]
    pub fn url(&self, user: &str, repository: &str) -> String {
        format!("http://{user}@127.0.0.1:{}/{repository}", self.port)
    }

    /// The environment in which git's credential helper knows a password.
    #[must_use]
    pub fn environment(password: &str) -> Vec<(String, String)> {
        let helper = format!("!f() {{ test \"$1\" = get && echo password={password}; }}; f");
        [
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "credential.helper"),
            ("GIT_CONFIG_VALUE_0", &helper),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
    }
}

async fn answer(State(root): State<Arc<PathBuf>>, request: Request) -> Response {
    let Some(user) = user(&request) else {
        let mut refused = status(StatusCode::UNAUTHORIZED);
        let realm = HeaderValue::from_static("Basic realm=\"git\"");
        refused.headers_mut().insert(header::WWW_AUTHENTICATE, realm);
        return refused;
    };
    if request.uri().to_string().contains("git-receive-pack") && user != WRITER {
        return status(StatusCode::FORBIDDEN);
    }
    match backend(&root, &user, request).await {
        Ok(response) => response,
        Err(_) => status(StatusCode::INTERNAL_SERVER_ERROR),
    }
}

fn status(code: StatusCode) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = code;
    response
}

/// Who asks, if the password is right.
fn user(request: &Request) -> Option<String> {
    let given = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let given = given.strip_prefix("Basic ")?;
    let given = base64::engine::general_purpose::STANDARD.decode(given).ok()?;
    let given = String::from_utf8(given).ok()?;
    let (user, password) = given.split_once(':')?;
    let known = [WRITER, READER].contains(&user) && password == PASSWORD;
    known.then(|| user.to_owned())
}

/// One request by the rules of CGI. The body is decoded of its chunks; the server behind undoes
/// gzip itself.
async fn backend(root: &Path, user: &str, request: Request) -> std::io::Result<Response> {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, usize::MAX).await.map_err(std::io::Error::other)?;
    let header = |name: HeaderName| {
        parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    };
    let mut child = tokio::process::Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("REMOTE_USER", user)
        .env("REQUEST_METHOD", parts.method.as_str())
        .env("PATH_INFO", parts.uri.path())
        .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
        .env("CONTENT_TYPE", header(header::CONTENT_TYPE))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("HTTP_CONTENT_ENCODING", header(header::CONTENT_ENCODING))
        .env("GIT_PROTOCOL", header(HeaderName::from_static("git-protocol")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let stdin = child.stdin.take();
    let write = async move {
        if let Some(mut stdin) = stdin {
            // It may have read enough before the end.
            let _ = stdin.write_all(&body).await;
        }
    };
    let (output, ()) = tokio::join!(child.wait_with_output(), write);
    response(&output?.stdout)
}

fn response(said: &[u8]) -> std::io::Result<Response> {
    let end = said.windows(4).position(|four| four == b"\r\n\r\n");
    let end = end.ok_or_else(|| std::io::Error::other("the server gave no headers"))?;
    let mut response = Response::new(Body::from(said[end + 4..].to_vec()));
    for line in String::from_utf8_lossy(&said[..end]).lines() {
        let Some((name, value)) = line.split_once(':') else { continue };
        if name.eq_ignore_ascii_case("status") {
            let code = value.trim().split(' ').next().and_then(|code| code.parse::<u16>().ok());
            let code = code.and_then(|code| StatusCode::from_u16(code).ok());
            *response.status_mut() = code.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        } else if let (Ok(name), Ok(value)) =
            (name.parse::<HeaderName>(), HeaderValue::from_str(value.trim()))
        {
            response.headers_mut().insert(name, value);
        }
    }
    Ok(response)
}
