//! Our login at one registry: asked for when it is wanted, renewed once for all requests when it
//! is no longer taken.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use reqwest::{Method, StatusCode, Url, header::HeaderValue};
use tokio::sync::Mutex;

use super::{
    answer,
    challenge::Scheme,
    http::{self, Ask, Body, Fault, Http, Rejection},
    login::{Login, LoginError, Logins},
    retry,
};
use crate::diagnose::Class;

/// How long a token is good for when its service does not say (distribution specification).
const TOKEN_LIFE: u64 = 60;

/// A token this near to its end is not used any more.
const MARGIN: Duration = Duration::from_secs(10);

/// What is read of the answer of a token service.
const TOKEN_SIZE: u64 = 1 << 20;

/// What a request needs to be allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Scope(String);

impl Scope {
    pub(super) fn pull(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull"))
    }

    pub(super) fn push(repository: &str) -> Self {
        Self(format!("repository:{repository}:pull,push"))
    }

    /// Also to take blobs over from another repository.
    pub(super) fn mount(repository: &str, from: &str) -> Self {
        Self(format!("repository:{repository}:pull,push repository:{from}:pull"))
    }
}

/// The login at one registry.
pub(super) struct Auth {
    logins: Logins,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Counts renewals.
    generation: u64,
    login: Option<Login>,
    scheme: Option<Scheme>,
    tokens: HashMap<String, Token>,
}

struct Token {
    header: HeaderValue,
    until: Instant,
}

/// What a request shows.
pub(super) struct Pass {
    /// The header, where there is a login.
    pub(super) header: Option<HeaderValue>,
    /// Which login it is of.
    pub(super) generation: u64,
}

impl Auth {
    pub(super) fn new(logins: Logins) -> Self {
        Self { logins, state: Mutex::default() }
    }

    /// What to show for a request. All requests wait while a login is being got.
    pub(super) async fn pass(&self, http: &Http, scope: &Scope) -> Result<Pass, Fault> {
        let mut state = self.state.lock().await;
        let scheme = match &state.scheme {
            Some(scheme) => scheme.clone(),
            None => state.scheme.insert(first_contact(http).await?).clone(),
        };
        let header = match scheme {
            Scheme::Open => None,
            Scheme::Basic => basic(self.login(&mut state).await?),
            Scheme::Bearer { realm, service } => {
                Some(self.token(http, &mut state, &realm, service.as_deref(), scope).await?)
            }
        };
        Ok(Pass { header, generation: state.generation })
    }

    /// Gets another login after one was not taken, unless somebody else just did. Gives whether
    /// the rejected request counts: one that never carried a login does not.
    pub(super) async fn renew(&self, rejection: &Rejection) -> Result<bool, LoginError> {
        let mut state = self.state.lock().await;
        if state.generation != rejection.generation {
            return Ok(rejection.sent);
        }
        state.generation += 1;
        state.tokens.clear();
        let was_open = state.scheme == Some(Scheme::Open);
        if let Some(challenge) = &rejection.challenge {
            state.scheme = Some(challenge.clone());
            if was_open {
                return Ok(false);
            }
        }
        tracing::debug!("the registry does not take the login; another one is got");
        state.login = Some(self.logins.login().await?);
        Ok(true)
    }

    /// The error for a login that is not taken after it was renewed.
    pub(super) async fn not_taken(&self, rejection: &Rejection) -> LoginError {
        let state = self.state.lock().await;
        let what = match state.login {
            Some(Login::Anonymous) | None => "the registry wants a login",
            Some(_) => "the registry does not take the login, nor the one after it",
        };
        LoginError {
            reason: format!("{what}; {}", rejection.reason),
            class: Class::Credentials,
            hints: vec![self.logins.hint().to_owned()],
        }
    }

    async fn login<'a>(&self, state: &'a mut State) -> Result<&'a Login, Fault> {
        if state.login.is_none() {
            state.login = Some(self.logins.login().await.map_err(Fault::NoLogin)?);
        }
        Ok(state.login.get_or_insert(Login::Anonymous))
    }

    async fn token(
        &self,
        http: &Http,
        state: &mut State,
        realm: &Url,
        service: Option<&str>,
        scope: &Scope,
    ) -> Result<HeaderValue, Fault> {
        let known = state.tokens.get(&scope.0);
        if let Some(token) = known.filter(|token| token.until > Instant::now()) {
            return Ok(token.header.clone());
        }
        check_realm(http, realm)?;
        let generation = state.generation;
        let login = self.login(state).await?;
        let token = exchange(http, login, generation, realm, service, scope).await?;
        let header = token.header.clone();
        state.tokens.insert(scope.0.clone(), token);
        Ok(header)
    }
}

/// Asks the registry how it wants to be told who we are.
async fn first_contact(http: &Http) -> Result<Scheme, Fault> {
    let url = http.base().join("v2/").map_err(|error| Fault::passing(error.to_string()))?;
    let (response, is_home) = http.follow(&Ask::new(Method::GET, url), None).await?;
    let scheme = Scheme::asked(response.headers()).filter(|_| is_home);
    match response.status() {
        StatusCode::UNAUTHORIZED if scheme.is_some() => Ok(scheme.unwrap_or(Scheme::Open)),
        status if retry::is_passing(status) => {
            let after = retry::after(response.headers());
            Err(Fault::Passing { reason: answer::said(response).await, after })
        }
        // The first request that needs a login says so.
        _ => Ok(Scheme::Open),
    }
}

/// A login goes to a token service with encryption only; on this machine it need not.
fn check_realm(http: &Http, realm: &Url) -> Result<(), Fault> {
    let near = http.base().scheme() == "http" && http::is_loopback(realm);
    if realm.scheme() == "https" || (realm.scheme() == "http" && near) {
        return Ok(());
    }
    Err(http.not_safe(format!(
        "it wants our login at {}://{}, which is not encrypted",
        realm.scheme(),
        http::host(realm)
    )))
}

fn basic(login: &Login) -> Option<HeaderValue> {
    let Login::Password { user, password } = login else {
        return None;
    };
    let pair = STANDARD.encode(format!("{user}:{}", password.expose()));
    secret(&format!("Basic {pair}"))
}

/// A header that no log shows.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut header = HeaderValue::from_str(text).ok()?;
    header.set_sensitive(true);
    Some(header)
}

/// Gets a token for a scope from a token service.
async fn exchange(
    http: &Http,
    login: &Login,
    generation: u64,
    realm: &Url,
    service: Option<&str>,
    scope: &Scope,
) -> Result<Token, Fault> {
    let (ask, header) = token_request(login, realm, service, scope);
    let begin = Instant::now();
    let (response, _) = http.follow(&ask, header.as_ref()).await?;
    let status = response.status();
    if status == StatusCode::OK {
        let body = answer::read(response, TOKEN_SIZE).await?.unwrap_or_default();
        return token(&body, begin).ok_or_else(|| Fault::Refused {
            status,
            reason: format!("its token service at {} gives no token", http::host(realm)),
        });
    }
    let after = retry::after(response.headers());
    let said = answer::said(response).await;
    let reason = format!("at its token service {}: {said}", http::host(realm));
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Fault::Rejected(Rejection {
            generation,
            sent: !matches!(login, Login::Anonymous),
            challenge: None,
            status: StatusCode::UNAUTHORIZED,
            reason,
        }),
        status if retry::is_passing(status) => Fault::Passing { reason, after },
        _ => Fault::Refused { status, reason },
    })
}

fn token_request(
    login: &Login,
    realm: &Url,
    service: Option<&str>,
    scope: &Scope,
) -> (Ask<'static>, Option<HeaderValue>) {
    if let Login::Identity(token) = login {
        let fields = vec![
            ("grant_type", "refresh_token".to_owned()),
            ("client_id", "cloudops".to_owned()),
            ("service", service.unwrap_or_default().to_owned()),
            ("scope", scope.0.clone()),
            ("refresh_token", token.expose().to_owned()),
        ];
        let ask = Ask::new(Method::POST, realm.clone());
        return (ask.with(Body::Form(fields)), None);
    }
    let mut url = realm.clone();
    {
        let mut query = url.query_pairs_mut();
        for scope in scope.0.split(' ') {
            query.append_pair("scope", scope);
        }
        if let Some(service) = service {
            query.append_pair("service", service);
        }
    }
    (Ask::new(Method::GET, url), basic(login))
}

fn token(body: &[u8], begin: Instant) -> Option<Token> {
    #[derive(serde::Deserialize)]
    struct Answer {
        token: Option<String>,
        access_token: Option<String>,
        expires_in: Option<u64>,
    }
    let answer: Answer = serde_json::from_slice(body).ok()?;
    let text = answer.token.or(answer.access_token).filter(|text| !text.is_empty())?;
    let life = Duration::from_secs(answer.expires_in.unwrap_or(TOKEN_LIFE).min(24 * 60 * 60));
    let until = begin + life.saturating_sub(MARGIN);
    Some(Token { header: secret(&format!("Bearer {text}"))?, until })
}
