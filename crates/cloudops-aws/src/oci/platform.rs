//! Platforms that images are made for: those that AWS runs containers on.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Operating system and processor of an image. A Java application is the same on all of them; only
/// the base differs.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "String", into = "String")]
pub enum Platform {
    /// `linux/amd64`: processors of Intel and AMD.
    #[default]
    Amd64,
    /// `linux/arm64`: Graviton.
    Arm64,
}

/// A text that names no platform of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a platform: give linux/amd64 or linux/arm64")]
pub struct NotAPlatform(String);

impl Platform {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// The name that a container runtime knows the processor by (`GOARCH`).
    #[must_use]
    pub fn architecture(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The platform that an entry of an index or a configuration of an image names.
    pub(super) fn of(value: &Value) -> Option<Self> {
        let is_ours = |platform: &Self| value["architecture"] == platform.architecture();
        let found = Self::ALL.into_iter().find(is_ours)?;
        (value["os"] == "linux").then_some(found)
    }

    /// What an index says of it.
    pub(super) fn entry(self) -> Value {
        json!({"architecture": self.architecture(), "os": "linux"})
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "linux/{}", self.architecture())
    }
}

impl FromStr for Platform {
    type Err = NotAPlatform;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|platform| platform.to_string() == text);
        found.ok_or_else(|| NotAPlatform(text.to_owned()))
    }
}

impl TryFrom<String> for Platform {
    type Error = NotAPlatform;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Platform> for String {
    fn from(platform: Platform) -> Self {
        platform.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_platform_is_named_as_runtimes_name_it() {
        for platform in Platform::ALL {
            assert_eq!(platform.to_string().parse(), Ok(platform));
            assert_eq!(Platform::of(&platform.entry()), Some(platform));
        }
        assert!("linux/s390x".parse::<Platform>().is_err());
        assert_eq!(Platform::of(&json!({"architecture": "amd64", "os": "windows"})), None);
        assert_eq!(Platform::of(&json!({"architecture": "unknown", "os": "unknown"})), None);
    }
}
