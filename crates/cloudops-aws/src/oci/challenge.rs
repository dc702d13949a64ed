//! What a registry asks for when it answers 401: the header `WWW-Authenticate`.

use reqwest::{
    Url,
    header::{HeaderMap, WWW_AUTHENTICATE},
};

/// How a registry wants to be told who we are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Not at all, as far as is known.
    Open,
    /// User and password with each request.
    Basic,
    /// A token of a token service with each request.
    Bearer {
        /// The token service.
        realm: Url,
        /// What the registry calls itself there.
        service: Option<String>,
    },
}

impl Scheme {
    /// The scheme that an answer asks for; a token is preferred to a password. None when there is
    /// no such header, or none that is understood.
    pub(super) fn asked(headers: &HeaderMap) -> Option<Self> {
        let values = headers.get_all(WWW_AUTHENTICATE);
        let texts = values.iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<Challenge> = texts.flat_map(challenges).collect();
        let bearer = challenges.iter().find_map(Challenge::bearer);
        let is_basic = |challenge: &Challenge| challenge.name.eq_ignore_ascii_case("basic");
        bearer.or_else(|| challenges.iter().any(is_basic).then_some(Self::Basic))
    }
}

/// One challenge: its name, and what comes with it.
struct Challenge {
    name: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    fn bearer(&self) -> Option<Scheme> {
        let is_bearer = self.name.eq_ignore_ascii_case("bearer");
        let realm = self.parameter("realm").filter(|_| is_bearer)?.parse().ok()?;
        Some(Scheme::Bearer { realm, service: self.parameter("service").map(str::to_owned) })
    }

    fn parameter(&self, name: &str) -> Option<&str> {
        let mut found = self.parameters.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }
}

/// All challenges of one header. A comma parts challenges as well as their parameters, so what
/// begins with a word and a space begins a new one.
fn challenges(text: &str) -> Vec<Challenge> {
    let mut found: Vec<Challenge> = Vec::new();
    for part in parts(text) {
        let (word, parameter) = match part.split_once(char::is_whitespace) {
            Some((word, rest)) if !word.contains('=') && !rest.trim_start().starts_with('=') => {
                (Some(word), rest.trim())
            }
            None if !part.contains('=') => (Some(part), ""),
            _ => (None, part),
        };
        if let Some(word) = word {
            found.push(Challenge { name: word.to_owned(), parameters: Vec::new() });
        }
        if let (Some(challenge), Some((key, value))) = (found.last_mut(), parameter.split_once('='))
        {
            challenge.parameters.push((key.trim().to_owned(), unquoted(value.trim())));
        }
    }
    found
}

/// Splits at the commas outside of quotes.
fn parts(text: &str) -> Vec<&str> {
    let (mut quoted, mut escaped) = (false, false);
    let parts = text.split(move |letter| {
        let was_escaped = escaped;
        escaped = quoted && !was_escaped && letter == '\\';
        quoted ^= letter == '"' && !was_escaped;
        letter == ',' && !quoted
    });
    parts.map(str::trim).filter(|part| !part.is_empty()).collect()
}

fn unquoted(value: &str) -> String {
    let inner = value.strip_prefix('"').and_then(|value| value.strip_suffix('"'));
    inner.map_or_else(|| value.to_owned(), |inner| inner.replace("\\\"", "\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(values: &[&'static str]) -> Option<Scheme> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, value.parse().unwrap());
        }
        Scheme::asked(&headers)
    }

    fn bearer(realm: &str, service: Option<&str>) -> Option<Scheme> {
        Some(Scheme::Bearer { realm: realm.parse().unwrap(), service: service.map(str::to_owned) })
    }

    #[test]
    fn challenges_of_known_registries_are_understood() {
        // Docker Hub, ECR, a registry with a password file.
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#;
        assert_eq!(
            asked(&[hub]),
            bearer("https://auth.docker.io/token", Some("registry.docker.io"))
        );
        let ecr = r#"Basic realm="https://1.dkr.ecr.eu-west-1.amazonaws.com/",service="ecr.amazonaws.com""#;
        assert_eq!(asked(&[ecr]), Some(Scheme::Basic));
        assert_eq!(asked(&["basic realm=registry"]), Some(Scheme::Basic));
    }

    #[test]
    fn commas_and_quotes_in_values_part_nothing() {
        let scope =
            r#"Bearer realm="https://a/t?x=1,2" , scope="repository:a:pull,push", service = s"#;
        assert_eq!(asked(&[scope]), bearer("https://a/t?x=1,2", Some("s")));
        assert_eq!(
            asked(&[r#"bearer service="a\"b,c",realm="https://a/t""#]),
            bearer("https://a/t", Some("a\"b,c"))
        );
    }

    #[test]
    fn a_token_is_preferred_wherever_it_stands() {
        let token = bearer("https://a/t", None);
        assert_eq!(asked(&[r#"Basic realm="x", Bearer realm="https://a/t""#]), token);
        assert_eq!(asked(&[r#"Basic realm="x""#, r#"Bearer realm="https://a/t""#]), token);
        assert_eq!(asked(&["Negotiate, Basic realm=x"]), Some(Scheme::Basic));
    }

    #[test]
    fn what_is_not_understood_asks_for_nothing() {
        for header in ["", "Negotiate", "Bearer", "Bearer realm=\"no url\"", "realm=x", ",,\"", "="]
        {
            assert_eq!(asked(&[header]), None, "{header}");
        }
        assert_eq!(asked(&[]), None);
    }
}
