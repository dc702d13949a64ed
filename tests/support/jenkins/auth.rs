//! Who asks: password or API token, session and crumb.

use std::{
    collections::BTreeSet,
    io,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

/// How a request is authenticated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// With the password: a POST needs a crumb.
    Password,
    /// With an API token: no crumb.
    Token,
}

/// Tokens, sessions, and the salt of the crumbs.
pub(super) struct Auth {
    user: String,
    password_file: PathBuf,
    tokens_file: PathBuf,
    salt: String,
    /// Name of the session cookie; Jenkins adds a number to it that is its own for a server.
    pub(super) cookie: String,
    sessions: Mutex<BTreeSet<String>>,
}

impl Auth {
    pub(super) fn new(user: &str, password_file: PathBuf, tokens_file: PathBuf) -> Self {
        let salt = Uuid::new_v4().simple().to_string();
        let cookie = format!("JSESSIONID.{}", &salt[..8]);
        let user = user.to_owned();
        Self { user, password_file, tokens_file, salt, cookie, sessions: Mutex::default() }
    }

    /// The password; nothing while the controller boots.
    pub(super) fn password(&self) -> Option<String> {
        let text = fs_err::read_to_string(&self.password_file).ok()?;
        let password = text.trim_end_matches(['\r', '\n']).to_owned();
        (!password.is_empty()).then_some(password)
    }

    /// Who sends this `Authorization` header; nothing for wrong credentials.
    pub(super) fn who(&self, header: Option<&str>, password: &str) -> Option<Who> {
        let encoded = header?.strip_prefix("Basic ")?;
        let decoded = String::from_utf8(BASE64_STANDARD.decode(encoded).ok()?).ok()?;
        let (user, secret) = decoded.split_once(':')?;
        if user != self.user {
            return None;
        }
        if secret == password {
            return Some(Who::Password);
        }
        self.tokens().contains(&hash(secret)).then_some(Who::Token)
    }

    fn tokens(&self) -> BTreeSet<String> {
        let text = fs_err::read(&self.tokens_file).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Makes an API token, and gives the answer of `generateNewToken`.
    pub(super) fn new_token(&self, name: &str) -> io::Result<serde_json::Value> {
        let token = format!("11{}", Uuid::new_v4().simple());
        let mut tokens = self.tokens();
        tokens.insert(hash(&token));
        super::store::replace(&self.tokens_file, &serde_json::to_vec(&tokens)?)?;
        let uuid = Uuid::new_v4().to_string();
        let data = json!({"tokenName": name, "tokenUuid": uuid, "tokenValue": token});
        Ok(json!({"status": "ok", "data": data}))
    }

    /// The session that a `Cookie` header names, when it is one of ours.
    pub(super) fn session(&self, cookies: Option<&str>) -> Option<String> {
        let pairs = cookies?.split(';').filter_map(|pair| pair.trim().split_once('='));
        let mut ids = pairs.filter(|(name, _)| *name == self.cookie).map(|(_, id)| id);
        ids.find(|id| self.lock().contains(*id)).map(str::to_owned)
    }

    /// Begins a session.
    pub(super) fn new_session(&self) -> String {
        let id = format!("node0{}", Uuid::new_v4().simple());
        self.lock().insert(id.clone());
        id
    }

    /// The crumb of a session.
    pub(super) fn crumb(&self, session: &str) -> String {
        hash(&format!("{};{session};{}", self.user, self.salt))
    }

    /// Whether a POST with a password may pass: its crumb is the one of its session.
    pub(super) fn crumb_is_valid(&self, cookies: Option<&str>, crumb: Option<&str>) -> bool {
        let session = self.session(cookies);
        session.is_some_and(|session| crumb == Some(self.crumb(&session).as_str()))
    }

    pub(super) fn forget_sessions(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeSet<String>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn hash(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
