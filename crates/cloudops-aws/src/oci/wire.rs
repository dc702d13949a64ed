//! Requests to a registry as everything else here makes them: with our login, which is renewed
//! when it is no longer taken, and again when the registry fails for a moment.

use oci_client::Reference;
use reqwest::{Method, Response, StatusCode, Url};
use tokio_util::sync::CancellationToken;

use super::{
    answer,
    auth::{Auth, Scope},
    challenge::Scheme,
    error::OciError,
    http::{Ask, Fault, Http, Rejection},
    login::Logins,
    retry::{self, Patience},
};
use crate::wait;

/// One registry, as it is spoken to.
pub(super) struct Wire {
    pub(super) http: Http,
    auth: Auth,
    pub(super) patience: Patience,
}

impl Wire {
    pub(super) fn new(host: &str, logins: Logins) -> Result<Self, String> {
        Ok(Self { http: Http::new(host)?, auth: Auth::new(logins), patience: Patience::default() })
    }

    /// Does something until it succeeds, with pauses, as far as that has a point. `once` is told
    /// how often it was called before.
    pub(super) async fn tried<T, Once: Future<Output = Result<T, Fault>>>(
        &self,
        verb: &'static str,
        name: &Reference,
        once: impl Fn(u32) -> Once,
    ) -> Result<T, OciError> {
        let mut tried = 1;
        loop {
            match once(tried - 1).await {
                Ok(done) => return Ok(done),
                Err(Fault::Passing { reason, after }) if tried < self.tries() => {
                    tracing::debug!(reason, tried, "{verb} {name} is tried again");
                    let pause = self.patience.pause(tried, after);
                    // Who no longer wants it drops the work, and this pause with it.
                    let _ = wait::sleep(pause, &CancellationToken::new()).await;
                    tried += 1;
                }
                Err(fault) => return Err(self.over(verb, name, fault, tried).await),
            }
        }
    }

    fn tries(&self) -> u32 {
        let Patience { tries, first_tries, .. } = self.patience;
        if self.http.has_answered() { tries } else { first_tries }
    }

    /// The error for what is not tried again.
    async fn over(
        &self,
        verb: &'static str,
        name: &Reference,
        fault: Fault,
        tried: u32,
    ) -> OciError {
        let name = name.to_string();
        match fault {
            Fault::Final(error) => error,
            Fault::NoLogin(error) => OciError::Login { verb, name, error },
            Fault::Refused { status, reason } => {
                OciError::Refused { verb, name, status: status.as_u16(), reason }
            }
            Fault::Rejected(rejection) if rejection.status == StatusCode::FORBIDDEN => {
                OciError::Refused { verb, name, status: 403, reason: rejection.reason }
            }
            Fault::Rejected(rejection) => {
                OciError::Login { verb, name, error: self.auth.not_taken(&rejection).await }
            }
            Fault::Passing { reason, .. } => {
                let reason = match tried {
                    1 => reason,
                    times => format!("{reason}; tried {times} times"),
                };
                OciError::Registry { verb, name, reason }
            }
        }
    }

    /// The address of something below `/v2/`.
    pub(super) fn url(&self, path: &str) -> Result<Url, Fault> {
        let url = self.http.base().join(&format!("v2/{path}"));
        url.map_err(|error| Fault::passing(error.to_string()))
    }

    /// Gets a login for a scope, so that a missing one shows before anything is sent.
    pub(super) async fn log_in(&self, scope: &Scope) -> Result<(), Fault> {
        self.renewing(|| self.auth.pass(&self.http, scope)).await.map(drop)
    }

    /// Sends one request, with a new login when ours is no longer taken. Answers with another
    /// status than those that are expected are faults.
    pub(super) async fn send(
        &self,
        ask: Ask<'_>,
        scope: &Scope,
        expected: &[StatusCode],
    ) -> Result<Response, Fault> {
        self.renewing(|| self.send_once(&ask, scope, expected)).await
    }

    /// Does something once more with a new login when the old one is not taken.
    async fn renewing<T, Once: Future<Output = Result<T, Fault>>>(
        &self,
        once: impl Fn() -> Once,
    ) -> Result<T, Fault> {
        let mut renewed = false;
        loop {
            match once().await {
                Err(Fault::Rejected(rejection)) if !renewed => {
                    renewed = self.auth.renew(&rejection).await.map_err(Fault::NoLogin)?;
                }
                done => return done,
            }
        }
    }

    async fn send_once(
        &self,
        ask: &Ask<'_>,
        scope: &Scope,
        expected: &[StatusCode],
    ) -> Result<Response, Fault> {
        let pass = self.auth.pass(&self.http, scope).await?;
        // An upload may be told to go elsewhere from the begin: nobody there gets our login.
        let starts_home = ask.url.origin() == self.http.base().origin();
        let login = pass.header.as_ref().filter(|_| starts_home);
        let (response, stays) = self.http.follow(ask, login).await?;
        let is_home = starts_home && stays;
        let status = response.status();
        if expected.contains(&status) {
            return Ok(response);
        }
        let after = retry::after(response.headers());
        let challenge = Scheme::asked(response.headers());
        let reason = answer::said(response).await;
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN
                if is_home && is_rejection(status, &ask.method, &reason) =>
            {
                Fault::Rejected(Rejection {
                    generation: pass.generation,
                    sent: pass.header.is_some(),
                    challenge,
                    status,
                    reason,
                })
            }
            status if retry::is_passing(status) => Fault::Passing { reason, after },
            _ => Fault::Refused { status, reason },
        })
    }
}

/// Whether an answer may mean that the login is too old. ECR says so with 403 and a text; an
/// answer to HEAD has no text, so that one is given the benefit of the doubt.
fn is_rejection(status: StatusCode, method: &Method, reason: &str) -> bool {
    status == StatusCode::UNAUTHORIZED
        || method == Method::HEAD
        || reason.to_lowercase().contains("authorization token has expired")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expired_login_is_told_apart_from_a_missing_right() {
        let expired = "it answers 403 Forbidden: Your authorization token has expired. \
                       Reauthenticate and try again. (DENIED)";
        let denied = "it answers 403 Forbidden: requested access to the resource is denied";
        let judge = |method, reason| is_rejection(StatusCode::FORBIDDEN, &method, reason);
        assert!(judge(Method::PUT, expired));
        assert!(!judge(Method::PUT, denied));
        assert!(judge(Method::HEAD, "it answers 403 Forbidden"));
        assert!(is_rejection(StatusCode::UNAUTHORIZED, &Method::GET, denied));
    }
}
