//! Keys: whose value it is, and its path.

use std::{fmt, str::FromStr};

use crate::ids::{EnvName, InvalidId, ServiceName};

/// Whose values they are. A service sees those of its environment, and an environment those of
/// the instance, unless it has its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole instance.
    Instance,
    /// One environment.
    Environment(EnvName),
    /// One service of one environment.
    Service(EnvName, ServiceName),
}

/// First part of a path that leads from the instance to an environment.
const ENVIRONMENT: &str = "env";
/// First part of a path that leads from an environment to a service.
const SERVICE: &str = "service";
/// Keys of the instance below this one belong to the foundation's own stack.
const FOUNDATION: &str = "core";

impl Scope {
    /// Path of the scope below the instance, such as `env/live/service/cortex`; empty for the
    /// instance.
    #[must_use]
    pub fn path(&self) -> String {
        match self {
            Self::Instance => String::new(),
            Self::Environment(env) => format!("{ENVIRONMENT}/{env}"),
            Self::Service(env, service) => format!("{ENVIRONMENT}/{env}/{SERVICE}/{service}"),
        }
    }

    /// The scope and those it inherits from, the nearest first.
    #[must_use]
    pub fn chain(&self) -> Vec<Self> {
        let mut chain = vec![self.clone()];
        if let Self::Service(env, _) = self {
            chain.push(Self::Environment(env.clone()));
        }
        if *self != Self::Instance {
            chain.push(Self::Instance);
        }
        chain
    }

    /// Whether `other` is this scope or lies below it.
    #[must_use]
    pub fn covers(&self, other: &Self) -> bool {
        other.chain().contains(self)
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Instance => f.write_str("instance"),
            Self::Environment(env) => write!(f, "{env}"),
            Self::Service(env, service) => write!(f, "{env}/{service}"),
        }
    }
}

impl FromStr for Scope {
    type Err = InvalidId;

    /// Reads what [`Scope`] displays: `instance`, an environment, or `ENVIRONMENT/SERVICE`.
    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.split_once('/') {
            Some((env, service)) => Ok(Self::Service(env.parse()?, service.parse()?)),
            None if text == "instance" => Ok(Self::Instance),
            None => Ok(Self::Environment(text.parse()?)),
        }
    }
}

/// Text that is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a key: {why}")]
pub struct InvalidKey {
    /// What was given.
    pub text: String,
    /// Which rule it breaks.
    pub why: &'static str,
}

/// Path of a key in its scope, such as `shop/currency`: the rules of Parameter Store hold for
/// every backend, so that values can move.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyPath(String);

/// Parameter Store has at most 15 levels; the longest way to a service takes six of them.
const MOST_PARTS: usize = 9;
/// Names in Parameter Store and Secrets Manager are longer; what stands before takes the rest.
const LONGEST: usize = 400;

impl KeyPath {
    /// The path as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its parts.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }

    /// Whether it is `prefix` or lies below it. Everything lies below the empty prefix.
    #[must_use]
    pub fn is_below(&self, prefix: &str) -> bool {
        let rest = self.0.strip_prefix(prefix.trim_end_matches('/'));
        prefix.is_empty() || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for KeyPath {
    type Err = InvalidKey;

    fn from_str(text: &str) -> Result<Self, InvalidKey> {
        match wrong(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(InvalidKey { text: text.to_owned(), why }),
        }
    }
}

fn wrong(text: &str) -> Option<&'static str> {
    let good = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    if text.is_empty() || text.split('/').any(str::is_empty) {
        return Some("its parts, between `/`, must not be empty");
    }
    if text.len() > LONGEST {
        return Some("it has more than 400 characters");
    }
    if text.split('/').count() > MOST_PARTS {
        return Some("it has more than 9 parts");
    }
    if text.split('/').any(|part| part.chars().all(|c| c == '.')) {
        return Some("a part must not be made of dots alone");
    }
    (!text.split('/').all(|part| part.chars().all(good)))
        .then_some("a part is made of letters, digits, `_`, `.` and `-`")
}

impl fmt::Display for KeyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key: scope and path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigKey {
    scope: Scope,
    path: KeyPath,
}

impl ConfigKey {
    /// A key of a scope.
    ///
    /// # Errors
    /// [`InvalidKey`] when the path begins with a word that leads to a narrower scope.
    pub fn new(scope: Scope, path: KeyPath) -> Result<Self, InvalidKey> {
        let first = path.parts().next().unwrap_or_default();
        let why = match scope {
            Scope::Instance if first == ENVIRONMENT => {
                "keys below `env` are those of environments: name one with --env"
            }
            Scope::Environment(_) if first == SERVICE => {
                "keys below `service` are those of services: name one with --service"
            }
            _ => return Ok(Self { scope, path }),
        };
        Err(InvalidKey { text: path.0, why })
    }

    /// Whose value it is.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.scope
    }

    /// Its path in the scope.
    #[must_use]
    pub fn path(&self) -> &KeyPath {
        &self.path
    }

    /// Its path below the instance, such as `env/live/shop/currency`.
    #[must_use]
    pub fn below_instance(&self) -> String {
        let scope = self.scope.path();
        if scope.is_empty() { self.path.0.clone() } else { format!("{scope}/{}", self.path) }
    }

    /// Reads a path below the instance.
    ///
    /// # Errors
    /// [`InvalidKey`] when it is no key; something else may lie beside ours.
    pub fn from_below_instance(text: &str) -> Result<Self, InvalidKey> {
        let invalid = |_: InvalidId| InvalidKey {
            text: text.to_owned(),
            why: "it names no environment or service",
        };
        let (scope, path) = match *text.splitn(5, '/').collect::<Vec<_>>() {
            [ENVIRONMENT, env, SERVICE, service, path] => {
                let env = env.parse().map_err(invalid)?;
                (Scope::Service(env, service.parse().map_err(invalid)?), path.to_owned())
            }
            [ENVIRONMENT, env, ..] => {
                let path = text.splitn(3, '/').nth(2).unwrap_or_default();
                (Scope::Environment(env.parse().map_err(invalid)?), path.to_owned())
            }
            _ => (Scope::Instance, text.to_owned()),
        };
        Self::new(scope, path.parse()?)
    }

    /// Whether the key belongs to the foundation's own stack, which alone writes it.
    #[must_use]
    pub fn is_of_the_foundation(&self) -> bool {
        self.scope == Scope::Instance && self.path.is_below(FOUNDATION)
    }
}

impl fmt::Display for ConfigKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.scope {
            Scope::Instance => write!(f, "{}", self.path),
            scope => write!(f, "{} ({scope})", self.path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env() -> Scope {
        Scope::Environment("live".parse().unwrap())
    }

    fn service() -> Scope {
        Scope::Service("live".parse().unwrap(), "cortex".parse().unwrap())
    }

    #[test]
    fn paths_accept_and_refuse() {
        for good in ["a", "shop/currency", "A_b.c-d/1", "..a/x", "a/b/c/d/e/f/g/h/i"] {
            assert!(good.parse::<KeyPath>().is_ok(), "{good}");
        }
        let long = "a".repeat(401);
        for bad in ["", "/a", "a/", "a//b", "a b", "a/../b", ".", "ä", "a/b/c/d/e/f/g/h/i/j", &long]
        {
            assert!(bad.parse::<KeyPath>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_key_is_written_and_read_back() {
        for (scope, path, text) in [
            (Scope::Instance, "shop/currency", "shop/currency"),
            (env(), "shop/currency", "env/live/shop/currency"),
            (service(), "heap", "env/live/service/cortex/heap"),
        ] {
            let key = ConfigKey::new(scope, path.parse().unwrap()).unwrap();
            assert_eq!(key.below_instance(), text);
            assert_eq!(ConfigKey::from_below_instance(text).unwrap(), key);
        }
        for bad in ["env", "env/live", "env/live/service/cortex", "env/LIVE/a"] {
            assert!(ConfigKey::from_below_instance(bad).is_err(), "{bad}");
        }
        assert!(ConfigKey::new(Scope::Instance, "env/live/a".parse().unwrap()).is_err());
        assert!(ConfigKey::new(env(), "service/x".parse().unwrap()).is_err());
        assert!(ConfigKey::new(env(), "env/x".parse().unwrap()).is_ok());
    }

    #[test]
    fn scopes_inherit_outwards() {
        assert_eq!(service().chain(), [service(), env(), Scope::Instance]);
        assert!(env().covers(&service()) && Scope::Instance.covers(&env()));
        assert!(!service().covers(&env()));
        for scope in [service(), env(), Scope::Instance] {
            assert_eq!(scope.to_string().parse(), Ok(scope));
        }
        let key = |scope, path: &str| ConfigKey::new(scope, path.parse().unwrap()).unwrap();
        assert!(key(Scope::Instance, "core/vpc-id").is_of_the_foundation());
        assert!(!key(Scope::Instance, "core-x/y").is_of_the_foundation());
        assert!(!key(env(), "core/x").is_of_the_foundation());
    }
}
