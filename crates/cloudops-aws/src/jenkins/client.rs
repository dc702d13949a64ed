//! The connection: one bounded request at a time, with credentials, session and crumb.

use std::{fmt, sync::Arc, time::Duration};

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
    },
    redact::{SafeUrl, Secret},
    wait,
};

/// Longest time of one request, from connecting to the last byte.
const REQUEST: Duration = Duration::from_secs(30);
/// Longest time until the connection stands.
const CONNECT: Duration = Duration::from_secs(10);
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
            .timeout(REQUEST)
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
                Err(error) if error.is_transient() => {
                    wait::sleep(pause, &CancellationToken::new()).await?;
                }
                other => return other,
            }
        }
        self.checked(&call).await
    }

    /// Reads a JSON document.
    pub(super) async fn get_json<T: DeserializeOwned>(
        &self,
        action: impl Into<String>,
        url: Url,
    ) -> Result<T, JenkinsError> {
        let action = action.into();
        let answer = self.get(action.clone(), url).await?;
        json(action, &answer)
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
        let inner = &*self.0;
        let mut request = inner
            .http
            .request(call.method.clone(), call.url.clone())
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
        let response = request.send().await.map_err(|error| self.unreachable(&error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        inner.session.keep_cookies(&headers);
        let body = response.bytes().await.map_err(|error| self.unreachable(&error))?;
        Ok(Answer { status, headers, body })
    }

    fn unreachable(&self, error: &reqwest::Error) -> JenkinsError {
        JenkinsError::Unreachable { url: self.shown_url(), reason: chain(error) }
    }

    fn check(&self, call: &Call, answer: Answer) -> Result<Answer, JenkinsError> {
        let action = call.action.clone();
        let moved = answer.status.is_redirection();
        if answer.status.is_success() || (moved && call.method == Method::POST) {
            return Ok(answer);
        }
        let reason = answer.reason();
        let url = self.shown_url();
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
            | StatusCode::TOO_MANY_REQUESTS => JenkinsError::NotReady { url, reason },
            _ if moved => {
                let to = answer.header("Location").unwrap_or("nowhere");
                JenkinsError::NotJenkins { url, reason: format!("it redirects to {to}") }
            }
            status => JenkinsError::Refused { action, status: status.as_u16(), reason },
        })
    }
}
