//! The session cookie, and the crumb that is bound to it.
//!
//! Source: <https://www.jenkins.io/doc/book/security/csrf-protection/>: a crumb is valid only in
//! the web session in which it was issued; a request with an API token needs none.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use reqwest::header::{HeaderMap, SET_COOKIE};
use serde::Deserialize;

/// Answer of `/crumbIssuer/api/json`: a header name and its value.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub(super) struct Crumb {
    /// Header name, usually `Jenkins-Crumb`.
    pub(super) crumb_request_field: String,
    /// Value.
    pub(super) crumb: String,
}

/// Cookies and crumb of one connection.
#[derive(Default)]
pub(super) struct Session(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    cookies: BTreeMap<String, String>,
    crumb: Option<Crumb>,
}

impl Session {
    /// Keeps the cookies that an answer sets. The connection has one host, so domain and path
    /// are not looked at; a cookie set to nothing or with `Max-Age=0` is dropped.
    pub(super) fn keep_cookies(&self, headers: &HeaderMap) {
        let set: Vec<_> = headers
            .get_all(SET_COOKIE)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .filter_map(parse_cookie)
            .collect();
        self.with(|inner| {
            for (name, value) in set {
                match value {
                    Some(value) => inner.cookies.insert(name, value),
                    None => inner.cookies.remove(&name),
                };
            }
        });
    }

    /// The `Cookie` header, where there are cookies.
    pub(super) fn cookie_header(&self) -> Option<String> {
        self.with(|inner| {
            let pairs: Vec<_> =
                inner.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            (!pairs.is_empty()).then(|| pairs.join("; "))
        })
    }

    /// The crumb, where one was fetched.
    pub(super) fn crumb(&self) -> Option<Crumb> {
        self.with(|inner| inner.crumb.clone())
    }

    /// Keeps a crumb.
    pub(super) fn set_crumb(&self, crumb: Crumb) {
        self.with(|inner| inner.crumb = Some(crumb));
    }

    fn with<T>(&self, work: impl FnOnce(&mut Inner) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Name and value of a `Set-Cookie` header; no value when the cookie is taken back.
fn parse_cookie(header: &str) -> Option<(String, Option<String>)> {
    let mut parts = header.split(';').map(str::trim);
    let (name, value) = parts.next()?.split_once('=')?;
    let ended = value.is_empty() || parts.any(|part| part.eq_ignore_ascii_case("max-age=0"));
    Some((name.to_owned(), (!ended).then(|| value.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_are_kept_and_dropped() {
        let session = Session::default();
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, "JSESSIONID.1a=node0xyz; Path=/; HttpOnly".parse().unwrap());
        headers.append(SET_COOKIE, "remember-me=; Path=/; Max-Age=0".parse().unwrap());
        session.keep_cookies(&headers);
        assert_eq!(session.cookie_header().as_deref(), Some("JSESSIONID.1a=node0xyz"));
        let mut headers = HeaderMap::new();
        headers.append(SET_COOKIE, "JSESSIONID.1a=node0xyz; Max-Age=0".parse().unwrap());
        session.keep_cookies(&headers);
        assert_eq!(session.cookie_header(), None);
    }
}
