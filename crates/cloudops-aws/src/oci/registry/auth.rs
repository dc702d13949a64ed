//! Who we are to a registry: user and password, or a token that it hands out for them.

use std::{collections::BTreeMap, fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use futures::future::BoxFuture;
use reqwest::header::{HeaderMap, HeaderValue, WWW_AUTHENTICATE};
use serde::Deserialize;
use url::Url;

use super::{Registry, RegistryError};
use crate::redact::Secret;

/// User and password.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// User name; ECR's is always `AWS`.
    pub user: String,
    /// Password; ECR's is a token of twelve hours.
    pub password: Secret,
}

/// Where credentials come from. It is asked at the first request that wants some, and again when
/// the registry no longer accepts them, such as an ECR token that died in the middle of a push.
#[derive(Clone)]
pub struct CredentialSource(
    Arc<dyn Fn() -> BoxFuture<'static, Result<Option<Credentials>, String>> + Send + Sync>,
);

impl CredentialSource {
    /// None: a registry that everybody may use.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::from_fn(|| async { Ok(None) })
    }

    /// Always the same.
    #[must_use]
    pub fn fixed(credentials: Credentials) -> Self {
        Self::from_fn(move || {
            let credentials = credentials.clone();
            async { Ok(Some(credentials)) }
        })
    }

    /// Asks a function each time. Its error is a sentence for people.
    #[must_use]
    pub fn from_fn<F, Fut>(ask: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<Option<Credentials>, String>> + Send + 'static,
    {
        Self(Arc::new(move || Box::pin(ask())))
    }

    async fn ask(&self) -> Result<Option<Credentials>, String> {
        self.0().await
    }
}

impl fmt::Debug for CredentialSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CredentialSource")
    }
}

/// `Authorization` headers that the registry accepted, by repository. Each has a number, so that
/// of many uploads which fail on a dead token only the first asks for a new one.
#[derive(Debug, Default)]
pub(super) struct Session {
    number: u64,
    basic: Option<Secret>,
    tokens: BTreeMap<String, Secret>,
}

/// A header to send, and the number of the session it belongs to.
#[derive(Debug, Default, Clone)]
pub(super) struct Authorization {
    pub(super) number: u64,
    pub(super) header: Option<Secret>,
}

#[derive(Deserialize)]
struct Token {
    token: Option<String>,
    access_token: Option<String>,
}

impl Registry {
    /// The header that worked last for a repository.
    pub(super) async fn authorization(&self, repository: &str) -> Authorization {
        let session = self.0.session.lock().await;
        let header = session.tokens.get(repository).or(session.basic.as_ref());
        Authorization {
            number: session.number,
            header: header.cloned(),
        }
    }

    /// Logs in after an answer 401 to a request that was sent with `used`.
    pub(super) async fn log_in(
        &self,
        repository: &str,
        used: &Authorization,
        headers: &HeaderMap,
    ) -> Result<(), RegistryError> {
        let mut session = self.0.session.lock().await;
        let has_other = session.tokens.contains_key(repository) || session.basic.is_some();
        if session.number != used.number && has_other {
            return Ok(());
        }
        let credentials = self.0.credentials.ask().await;
        let credentials = credentials.map_err(|reason| RegistryError::CredentialSource {
            host: self.host().to_owned(),
            reason,
        })?;
        session.number += 1;
        let basic = credentials.as_ref().map(basic);
        match challenge(headers) {
            Some(challenge) => {
                let token = self.token(&challenge, repository, basic.as_ref()).await?;
                let bearer = Secret::new(format!("Bearer {}", token.expose()));
                session.tokens.insert(repository.to_owned(), bearer);
            }
            None => session.basic = basic,
        }
        Ok(())
    }

    async fn token(
        &self,
        challenge: &Challenge,
        repository: &str,
        basic: Option<&Secret>,
    ) -> Result<Secret, RegistryError> {
        let action = format!("get a token for {repository}");
        let mut url = challenge.realm.clone();
        url.query_pairs_mut()
            .extend_pairs(
                &challenge
                    .service
                    .iter()
                    .map(|service| ("service", service))
                    .collect::<Vec<_>>(),
            )
            .append_pair(
                "scope",
                &format!("repository:{repository}:{}", self.0.actions),
            );
        let mut request = self.0.http.get(url);
        if let Some(basic) = basic.and_then(header_value) {
            request = request.header(reqwest::header::AUTHORIZATION, basic);
        }
        let answer = request
            .send()
            .await
            .map_err(|error| self.unreachable(&action, &error))?;
        if !answer.status().is_success() {
            return Err(self.refused(&action, answer).await);
        }
        let token: Token = answer
            .json()
            .await
            .map_err(|error| self.unreachable(&action, &error))?;
        match token.token.or(token.access_token) {
            Some(token) => Ok(Secret::new(token)),
            None => Err(RegistryError::Credentials {
                host: self.host().to_owned(),
                action,
                message: "the token service gave no token".to_owned(),
            }),
        }
    }
}

/// A secret as a header value that is not shown in traces.
pub(super) fn header_value(secret: &Secret) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(secret.expose()).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn basic(credentials: &Credentials) -> Secret {
    let text = format!("{}:{}", credentials.user, credentials.password.expose());
    Secret::new(format!("Basic {}", STANDARD.encode(text)))
}

/// Where to get a token: `Bearer realm="...",service="..."`.
struct Challenge {
    realm: Url,
    service: Option<String>,
}

fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let text = headers.get(WWW_AUTHENTICATE)?.to_str().ok()?;
    let (scheme, rest) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let field = |name: &str| {
        let (_, value) = rest.split_once(&format!("{name}=\""))?;
        value.split_once('"').map(|(value, _)| value.to_owned())
    };
    Some(Challenge {
        realm: field("realm")?.parse().ok()?,
        service: field("service"),
    })
}
