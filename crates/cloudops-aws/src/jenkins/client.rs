//! The connection: one bounded request at a time, with credentials, session and crumb.

use std::{fmt, sync::Arc, time::Duration};

use bytes::BytesMut;
use reqwest::{Method, StatusCode, header};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::{
    jenkins::{
        JenkinsError,
        answer::{Answer, json},
        error::chain,
        session::{Crumb, Session},
        stream::{STREAM, Stream},
    },
    redact::{SafeUrl, Secret},
    wait,
};

/// Longest time of one request, from connecting to the last byte.
const REQUEST: Duration = Duration::from_secs(30);
/// Longest time until the connection stands.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest answer that is read into memory; logs and files are read piece by piece instead.
pub(super) const LIMIT: usize = 16 * 1024 * 1024;
/// Longest pause that a server can ask for with `Retry-After`.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Pauses between the tries of a request that only reads.
const PAUSES: [Duration; 2] = [Duration::from_millis(200), Duration::from_secs(1)];

/// How to connect.
#[derive(Debug, Clone)]
pub struct Connect {
    /// Address of the server, with its context path where it has one.
    pub url: Url,
    /// User name.
    pub user: String,
    /// API token or password of the user.
    pub secret: Secret,
    /// `User-Agent` header, such as `cloudcore/0.1.0`.
    pub user_agent: String,
}

/// A connection to a Jenkins server. Cheap to clone; clones share the session.
#[derive(Clone)]
pub struct Jenkins(Arc<Inner>);

struct Inner {
    http: reqwest::Client,
    base: Url,
    user: String,
    secret: Secret,
    session: Session,
}

impl fmt::Debug for Jenkins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Jenkins({} as {})", self.shown_url(), self.0.user)
    }
}

/// A request: what it is for, and what it sends.
#[derive(Clone)]
pub(super) struct Call {
    /// For people: "create job acme/x".
    pub(super) action: String,
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) body: Body,
}

#[derive(Clone)]
pub(super) enum Body {
    Empty,
    Form(Vec<(String, String)>),
    Xml(String),
}

impl Jenkins {
    /// A connection. Nothing is sent yet.
    ///
    /// # Errors
    /// [`JenkinsError::Connection`] when the URL is not one of `http` or `https`, or TLS cannot
    /// be set up.
    pub fn new(connect: Connect) -> Result<Self, JenkinsError> {
        if !matches!(connect.url.scheme(), "http" | "https") {
            let reason = format!("`{}` is not an http or https URL", SafeUrl::new(connect.url));
            return Err(JenkinsError::Connection { reason });
        }
        let http = reqwest::Client::builder()
            .user_agent(connect.user_agent)
            .connect_timeout(CONNECT)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|error| JenkinsError::Connection { reason: chain(&error) })?;
        Ok(Self(Arc::new(Inner {
            http,
            base: connect.url,
            user: connect.user,
            secret: connect.secret,
            session: Session::default(),
        })))
    }

    /// The address of the server, without secrets.
    #[must_use]
    pub fn shown_url(&self) -> SafeUrl {
        SafeUrl::new(self.0.base.clone())
    }

    pub(super) fn base(&self) -> &Url {
        &self.0.base
    }

    pub(super) fn user(&self) -> &str {
        &self.0.user
    }

    /// Reads, with up to two more tries when the server is not there.
    pub(super) async fn get(
        &self,
        action: impl Into<String>,
        url: Url,
    ) -> Result<Answer, JenkinsError> {
        let call = Call { action: action.into(), method: Method::GET, url, body: Body::Empty };
        for pause in PAUSES {
            match self.checked(&call).await {
                Err(error) if error.is_transient() => self.pause(pause, &error).await?,
                other => return other,
            }
        }
        self.checked(&call).await
    }

    /// Waits before a request is repeated: at least `pause`, and as long as the server asks for.
    async fn pause(&self, pause: Duration, error: &JenkinsError) -> Result<(), JenkinsError> {
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_PAUSE);
        Ok(wait::sleep(pause.max(asked), &CancellationToken::new()).await?)
    }

    /// Begins to read something that may be large.
    pub(super) async fn stream(
        &self,
        action: impl Into<String>,
        url: Url,
    ) -> Result<Stream, JenkinsError> {
        let call = Call { action: action.into(), method: Method::GET, url, body: Body::Empty };
        for pause in PAUSES {
            match self.open_stream(&call).await {
                Err(error) if error.is_transient() => self.pause(pause, &error).await?,
                other => return other,
            }
        }
        self.open_stream(&call).await
    }

    async fn open_stream(&self, call: &Call) -> Result<Stream, JenkinsError> {
        let response = self.open(call, STREAM).await?;
        if response.status().is_success() {
            return Ok(Stream::new(self.shown_url(), response));
        }
        let answer = self.read(call, response).await?;
        let status = answer.status.as_u16();
        self.check(call, answer)?;
        // A redirection is no file, and `check` lets none of a GET pass.
        let action = call.action.clone();
        Err(JenkinsError::Answer { action, reason: format!("HTTP {status} has no content") })
    }

    /// Reads a JSON document.
    pub(super) async fn get_json<T: DeserializeOwned>(
        &self,
        action: impl Into<String>,
        url: Url,
    ) -> Result<T, JenkinsError> {
        let action = action.into();
        let answer = self.get(action.clone(), url).await?;
        json(action, &self.shown_url(), &answer)
    }

    /// Writes, once. Only a refusal for lack of a valid crumb is tried again, with a new crumb:
    /// Jenkins refuses those before it does anything.
    pub(super) async fn post(
        &self,
        action: impl Into<String>,
        url: Url,
        body: Body,
    ) -> Result<Answer, JenkinsError> {
        let call = Call { action: action.into(), method: Method::POST, url, body };
        let answer = self.send(&call).await?;
        let lacks_crumb = answer.status == StatusCode::FORBIDDEN
            && String::from_utf8_lossy(&answer.body).contains("No valid crumb");
        if !lacks_crumb {
            return self.check(&call, answer);
        }
        self.renew_crumb().await?;
        self.checked(&call).await
    }

    async fn renew_crumb(&self) -> Result<(), JenkinsError> {
        let mut url = self.0.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(["crumbIssuer", "api", "json"]);
        }
        let crumb: Crumb = self.get_json("get a crumb", url).await?;
        self.0.session.set_crumb(crumb);
        Ok(())
    }

    async fn checked(&self, call: &Call) -> Result<Answer, JenkinsError> {
        let answer = self.send(call).await?;
        self.check(call, answer)
    }

    /// Sends a request and gives the answer, whatever its status.
    pub(super) async fn send(&self, call: &Call) -> Result<Answer, JenkinsError> {
        let response = self.open(call, REQUEST).await?;
        self.read(call, response).await
    }

    /// Sends a request and gives the answer before its body has come.
    async fn open(
        &self,
        call: &Call,
        longest: Duration,
    ) -> Result<reqwest::Response, JenkinsError> {
        let inner = &*self.0;
        let mut request = inner
            .http
            .request(call.method.clone(), call.url.clone())
            .timeout(longest)
            .basic_auth(&inner.user, Some(inner.secret.expose()))
            // Jenkins translates its messages.
            .header(header::ACCEPT_LANGUAGE, "en");
        if let Some(cookies) = inner.session.cookie_header() {
            request = request.header(header::COOKIE, cookies);
        }
        if let Some(crumb) = inner.session.crumb().filter(|_| call.method == Method::POST) {
            request = request.header(crumb.crumb_request_field, crumb.crumb);
        }
        request = match &call.body {
            Body::Empty => request,
            Body::Form(fields) => request.form(fields),
            // Without the charset, Jenkins reads config.xml as ISO-8859-1.
            Body::Xml(xml) => request
                .header(header::CONTENT_TYPE, "application/xml; charset=utf-8")
                .body(xml.clone()),
        };
        let sent = tokio::time::timeout(REQUEST, request.send()).await;
        let response = sent
            .map_err(|_| JenkinsError::Unreachable {
                url: self.shown_url(),
                reason: "no answer in time".to_owned(),
            })?
            .map_err(|error| self.unreachable(&error))?;
        inner.session.keep_cookies(response.headers());
        Ok(response)
    }

    /// Reads an answer to its end, or as much of a page of an error as is needed.
    async fn read(
        &self,
        call: &Call,
        mut response: reqwest::Response,
    ) -> Result<Answer, JenkinsError> {
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = BytesMut::new();
        while let Some(piece) = response.chunk().await.map_err(|error| self.unreachable(&error))? {
            if body.len() + piece.len() > LIMIT {
                if !status.is_success() {
                    break;
                }
                let action = call.action.clone();
                return Err(JenkinsError::TooLarge { action, limit: LIMIT as u64 });
            }
            body.extend_from_slice(&piece);
        }
        Ok(Answer { status, headers, body: body.freeze() })
    }

    fn unreachable(&self, error: &reqwest::Error) -> JenkinsError {
        JenkinsError::Unreachable { url: self.shown_url(), reason: chain(error) }
    }

    fn check(&self, call: &Call, answer: Answer) -> Result<Answer, JenkinsError> {
        let action = call.action.clone();
        let url = self.shown_url();
        let moved = answer.status.is_redirection();
        if moved && call.method == Method::POST {
            return self.redirected(answer);
        }
        if answer.status.is_success() {
            return Ok(answer);
        }
        let reason = answer.reason();
        Err(match answer.status {
            StatusCode::UNAUTHORIZED => {
                JenkinsError::Unauthorized { url, user: self.0.user.clone() }
            }
            StatusCode::FORBIDDEN => {
                JenkinsError::Forbidden { user: self.0.user.clone(), action, reason }
            }
            StatusCode::NOT_FOUND => JenkinsError::NotFound { action },
            StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
            | StatusCode::TOO_MANY_REQUESTS => {
                JenkinsError::NotReady { url, reason, retry_after: answer.retry_after() }
            }
            _ if moved => {
                let to = answer.header("Location").unwrap_or("nowhere");
                JenkinsError::NotJenkins { url, reason: format!("it redirects to {to}") }
            }
            status => JenkinsError::Refused { action, status: status.as_u16(), reason },
        })
    }

    /// Jenkins answers a form with a redirection inside of itself. One to a page for signing in,
    /// or to another host, comes from something before it, and nothing was done.
    fn redirected(&self, answer: Answer) -> Result<Answer, JenkinsError> {
        let to = answer.header("Location").unwrap_or_default();
        let Ok(target) = self.0.base.join(to) else {
            return Ok(answer);
        };
        let sign_in = ["/login", "/securityRealm/commenceLogin"];
        if sign_in.iter().any(|path| target.path().ends_with(path)) {
            let user = self.0.user.clone();
            return Err(JenkinsError::Unauthorized { url: self.shown_url(), user });
        }
        if target.host_str() != self.0.base.host_str() {
            let reason = format!("it redirects to {}", SafeUrl::new(target));
            return Err(JenkinsError::NotJenkins { url: self.shown_url(), reason });
        }
        Ok(answer)
    }
}
