//! Who we are to a registry: logins, and who to ask for them.

use std::{fmt, sync::Arc};

use futures::future::BoxFuture;

use crate::{
    diagnose::{Class, Diagnose},
    redact::Secret,
};

/// What a registry knows us by.
#[derive(Debug, Clone)]
pub enum Login {
    /// Nobody in particular.
    Anonymous,
    /// User and password.
    Password {
        /// User name.
        user: String,
        /// Password.
        password: Secret,
    },
    /// A token that the registry's token service exchanges for one of each repository.
    Identity(Secret),
}

/// Why there is no login.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct LoginError {
    /// What happened, without anything secret.
    pub reason: String,
    /// What it means.
    pub class: Class,
    /// What to do next, one sentence each.
    pub hints: Vec<String>,
}

impl LoginError {
    /// Takes over what an error says about itself.
    pub fn from_error(error: &dyn Diagnose) -> Self {
        Self { reason: error.to_string(), class: error.class(), hints: error.hints() }
    }
}

impl Diagnose for LoginError {
    fn class(&self) -> Class {
        self.class
    }

    fn hints(&self) -> Vec<String> {
        self.hints.clone()
    }
}

type Ask = dyn Fn() -> BoxFuture<'static, Result<Login, LoginError>> + Send + Sync;

/// Who gives the logins of one registry. It is asked when the registry first wants a login, and
/// once more each time when it does not take the one it got.
#[derive(Clone)]
pub struct Logins {
    ask: Arc<Ask>,
    hint: Arc<str>,
}

impl Logins {
    /// Asks a function each time. `hint` is the sentence that says what to do when the registry
    /// takes no login from it.
    pub fn from_fn<F, Answer>(hint: impl Into<Arc<str>>, ask: F) -> Self
    where
        F: Fn() -> Answer + Send + Sync + 'static,
        Answer: Future<Output = Result<Login, LoginError>> + Send + 'static,
    {
        Self { ask: Arc::new(move || Box::pin(ask())), hint: hint.into() }
    }

    /// Always the same login.
    #[must_use]
    pub fn fixed(login: Login) -> Self {
        let hint = "Check user, password and what they may do there.";
        Self::from_fn(hint, move || std::future::ready(Ok(login.clone())))
    }

    /// No login.
    #[must_use]
    pub fn anonymous() -> Self {
        Self::fixed(Login::Anonymous).hinting("It wants a login, and none was given.")
    }

    fn hinting(self, hint: &str) -> Self {
        Self { hint: hint.into(), ..self }
    }

    pub(super) async fn login(&self) -> Result<Login, LoginError> {
        (self.ask)().await
    }

    pub(super) fn hint(&self) -> &str {
        &self.hint
    }
}

impl fmt::Debug for Logins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Logins")
    }
}

/// Logins of registries, by their hosts.
#[derive(Clone)]
pub struct Keyring(Arc<dyn Fn(&str) -> Logins + Send + Sync>);

impl Keyring {
    /// Asks a function with the host of the registry.
    pub fn from_fn(logins: impl Fn(&str) -> Logins + Send + Sync + 'static) -> Self {
        Self(Arc::new(logins))
    }

    /// Who gives the logins of a registry.
    #[must_use]
    pub fn of(&self, host: &str) -> Logins {
        (self.0)(host)
    }
}

impl Default for Keyring {
    /// No login anywhere.
    fn default() -> Self {
        Self::from_fn(|_| Logins::anonymous())
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyring")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_secret_does_not_show() {
        let login =
            Login::Password { user: "ann".to_owned(), password: Secret::new("correct-horse") };
        let logins = Logins::fixed(login);
        let shown = format!("{logins:?} {:?} {:?}", logins.login().await, Keyring::default());
        assert!(shown.contains("ann") && !shown.contains("horse"), "{shown}");
        let token = Login::Identity(Secret::new("correct-horse"));
        assert!(!format!("{token:?}").contains("horse"));
    }
}
