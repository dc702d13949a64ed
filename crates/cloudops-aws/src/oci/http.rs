//! Single requests to a registry: where they may go, who gets to see our login, and what the
//! answer means.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use futures::TryStreamExt as _;
use reqwest::{
    Client, Method, RequestBuilder, Response, StatusCode, Url,
    header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, LOCATION},
    redirect::Policy,
};

use super::{
    answer::{deepest, lost},
    challenge::Scheme,
    content::Data,
    error::OciError,
    login::LoginError,
};

/// Redirects that are followed.
const HOPS: usize = 5;

/// How long a connection may take, and a request that moves nothing large.
const CONNECT: Duration = Duration::from_secs(20);
const LIMIT: Duration = Duration::from_secs(120);

/// Why one try of something failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The same may succeed a moment later.
    Passing {
        /// What happened.
        reason: String,
        /// When the registry asks us to come back.
        after: Option<Duration>,
    },
    /// The login was not taken.
    Rejected(Rejection),
    /// There is no login.
    NoLogin(LoginError),
    /// The registry says no.
    Refused {
        /// Status of its answer.
        status: StatusCode,
        /// What it says.
        reason: String,
    },
    /// It is over.
    Final(OciError),
}

/// An answer that does not take our login.
#[derive(Debug)]
pub(super) struct Rejection {
    /// Which of the logins it was, so that several requests cause one renewal.
    pub(super) generation: u64,
    /// Whether the request carried a login at all.
    pub(super) sent: bool,
    /// How the registry wants to be told who we are, where it says so.
    pub(super) challenge: Option<Scheme>,
    /// Status of the answer.
    pub(super) status: StatusCode,
    /// What it says.
    pub(super) reason: String,
}

impl Fault {
    pub(super) fn passing(reason: impl Into<String>) -> Self {
        Self::Passing { reason: reason.into(), after: None }
    }
}

/// One request.
pub(super) struct Ask<'a> {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: Option<String>,
    pub(super) body: Body<'a>,
    /// How long it may take until its answer is read.
    pub(super) limit: Option<Duration>,
}

/// What a request carries. It can be sent again.
pub(super) enum Body<'a> {
    /// Nothing.
    Empty,
    /// Something small, of a media type.
    Bytes(Bytes, HeaderValue),
    /// The bytes of a blob.
    Data(&'a Data),
    /// Fields, some of which are secret: they stay at the host that they are for.
    Form(Vec<(&'static str, String)>),
}

impl<'a> Ask<'a> {
    pub(super) fn new(method: Method, url: Url) -> Self {
        Self { method, url, accept: None, body: Body::Empty, limit: Some(LIMIT) }
    }

    pub(super) fn accepting(self, types: &[&str]) -> Self {
        Self { accept: Some(types.join(", ")), ..self }
    }

    pub(super) fn with(self, body: Body<'a>) -> Self {
        Self { body, ..self }
    }

    /// May take as long as it takes.
    pub(super) fn unlimited(self) -> Self {
        Self { limit: None, ..self }
    }
}

/// The address of a registry, and a client that follows no redirect by itself.
pub(super) struct Http {
    client: Client,
    base: Url,
    /// Whether it answered once.
    met: AtomicBool,
}

impl Http {
    /// A registry at `HOST[:PORT]`. Loopback addresses are spoken to without TLS, as all OCI
    /// clients do.
    pub(super) fn new(host: &str) -> Result<Self, String> {
        // The registry of Docker Hub has another name than everybody uses.
        let host = match host {
            "docker.io" | "index.docker.io" => "registry-1.docker.io",
            host => host,
        };
        let address = |scheme| {
            format!("{scheme}://{host}/").parse::<Url>().map_err(|error| error.to_string())
        };
        let plain = address("http")?;
        let is_near = is_loopback(&plain);
        let base = if is_near { plain } else { address("https")? };
        let client = Client::builder()
            .redirect(Policy::none())
            .connect_timeout(CONNECT)
            .user_agent(concat!("cloudops/", env!("CARGO_PKG_VERSION")));
        // What is on this machine is not behind a proxy.
        let client = if is_near { client.no_proxy() } else { client };
        let client = client.build().map_err(|error| deepest(&error))?;
        Ok(Self { client, base, met: AtomicBool::new(false) })
    }

    pub(super) fn base(&self) -> &Url {
        &self.base
    }

    pub(super) fn has_answered(&self) -> bool {
        self.met.load(Ordering::Relaxed)
    }

    /// Sends a request and follows redirects. The login goes to the place of the first address
    /// only. Gives the answer, and whether it is from there.
    pub(super) async fn follow(
        &self,
        ask: &Ask<'_>,
        login: Option<&HeaderValue>,
    ) -> Result<(Response, bool), Fault> {
        let mut url = ask.url.clone();
        let mut is_home = true;
        for _ in 0..=HOPS {
            let login = login.filter(|_| is_home);
            let response = self.once(ask, &url, login).await?;
            if !is_redirect(response.status()) {
                return Ok((response, is_home));
            }
            url = self.next(ask, &url, &response)?;
            // Who has left does not come back with our login: the way was not ours.
            is_home &= url.origin() == ask.url.origin();
        }
        Err(Fault::passing(format!("{} redirects one after the other", HOPS + 1)))
    }

    async fn once(
        &self,
        ask: &Ask<'_>,
        url: &Url,
        login: Option<&HeaderValue>,
    ) -> Result<Response, Fault> {
        let broken = Arc::new(Mutex::new(None));
        let mut request = self.client.request(ask.method.clone(), url.clone());
        if let Some(login) = login {
            request = request.header(AUTHORIZATION, login);
        }
        if let Some(accept) = &ask.accept {
            request = request.header(ACCEPT, accept);
        }
        if let Some(limit) = ask.limit {
            request = request.timeout(limit);
        }
        match with_body(request, ask, &broken).send().await {
            Ok(response) => {
                self.met.store(true, Ordering::Relaxed);
                Ok(response)
            }
            // When our own bytes could not be read, the registry is not to blame.
            // Nor is it when they were to come from another registry.
            Err(error) => match broken.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(error) => Err(Fault::Final(error.downcast().unwrap_or_else(OciError::Layer))),
                None => Err(lost(&error)),
            },
        }
    }

    /// Where a redirect leads, if we may go there.
    fn next(&self, ask: &Ask<'_>, from: &Url, response: &Response) -> Result<Url, Fault> {
        let status = response.status();
        let refuse = |reason: String| Fault::Refused { status, reason };
        let url = self.location(from, response)?;
        let repeats = matches!(ask.method, Method::GET | Method::HEAD);
        let keeps = matches!(status.as_u16(), 307 | 308);
        if !repeats && !keeps {
            return Err(refuse(format!("it answers {status} where nothing can be repeated")));
        }
        if matches!(ask.body, Body::Form(_)) && url.origin() != from.origin() {
            return Err(self.not_safe(format!("it redirects a login to {}", host(&url))));
        }
        Ok(url)
    }

    /// The address in `Location`, if we may go there.
    pub(super) fn location(&self, from: &Url, response: &Response) -> Result<Url, Fault> {
        let text = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let status = response.status();
        let url = text.and_then(|text| from.join(text).ok()).ok_or_else(|| Fault::Refused {
            status,
            reason: format!("it answers {status} without saying where to go"),
        })?;
        if is_step(from, &url) {
            return Ok(url);
        }
        let (from, scheme, to) = (host(from), url.scheme(), host(&url));
        Err(self.not_safe(format!("it leads from {from} to {scheme}://{to}, without encryption")))
    }

    pub(super) fn not_safe(&self, reason: String) -> Fault {
        Fault::Final(OciError::Unsafe { registry: host(&self.base), reason })
    }
}

type Broken = Arc<Mutex<Option<std::io::Error>>>;

fn with_body(request: RequestBuilder, ask: &Ask<'_>, broken: &Broken) -> RequestBuilder {
    match &ask.body {
        // Some registries want a length wherever there could be a body.
        Body::Empty if ask.method == Method::POST => request.header(CONTENT_LENGTH, 0),
        Body::Empty => request,
        Body::Bytes(bytes, media_type) => {
            request.header(CONTENT_TYPE, media_type).body(bytes.clone())
        }
        Body::Form(fields) => request.form(fields),
        Body::Data(data) => {
            let broken = Arc::clone(broken);
            let pieces = data.pieces().map_err(move |error| {
                let told = std::io::Error::new(error.kind(), error.to_string());
                *broken.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
                told
            });
            request
                .header(CONTENT_LENGTH, data.len())
                .header(CONTENT_TYPE, "application/octet-stream")
                .body(reqwest::Body::wrap_stream(pieces))
        }
    }
}

fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
}

/// Whether one address may lead to another: never from an encrypted one to one that is not.
fn is_step(from: &Url, to: &Url) -> bool {
    to.scheme() == "https" || (to.scheme() == "http" && from.scheme() == "http")
}

/// Whether a host is this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Host and port as a person writes them, without anything that may be secret.
pub(super) fn host(url: &Url) -> String {
    let name = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| name.to_owned(), |port| format!("{name}:{port}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_spoken_to_without_encryption() {
        let scheme = |host| Http::new(host).unwrap().base().scheme().to_owned();
        for near in ["127.0.0.1:5000", "localhost:5000", "LOCALHOST", "[::1]:5000", "127.9.9.9"] {
            assert_eq!(scheme(near), "http", "{near}");
        }
        // Names that only begin like one.
        for far in ["127.example.com", "localhost.example.com:5000", "10.0.0.1", "docker.io"] {
            assert_eq!(scheme(far), "https", "{far}");
        }
        assert_eq!(Http::new("docker.io").unwrap().base().host_str(), Some("registry-1.docker.io"));
        assert!(Http::new("no host").is_err());
    }

    #[test]
    fn no_way_leads_out_of_encryption() {
        let step = |from: &str, to: &str| is_step(&from.parse().unwrap(), &to.parse().unwrap());
        assert!(step("https://a/", "https://b/"));
        assert!(step("http://127.0.0.1/", "http://localhost/"));
        assert!(step("http://127.0.0.1/", "https://b/"));
        assert!(!step("https://a/", "http://a/"));
        assert!(!step("https://a/", "ftp://a/"));
        assert!(!step("http://127.0.0.1/", "file:///etc/passwd"));
    }
}
