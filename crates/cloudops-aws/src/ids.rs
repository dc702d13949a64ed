//! Names and identifiers that are checked once, when they come in, and trusted afterwards.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Text that is not the identifier it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    /// What was given.
    pub text: String,
    /// What would have been accepted, as a noun phrase.
    pub expected: &'static str,
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// The identifier as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                let check: fn(&str) -> bool = $check;
                if check(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidId { text: text.to_owned(), expected: $expected })
                }
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// An AWS account id: twelve digits.
    AccountId,
    "an AWS account id (12 digits)",
    |text| text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit())
);

text_id!(
    /// An AWS region code such as `us-west-2`.
    Region,
    "an AWS region code such as us-west-2",
    is_region
);

impl Region {
    /// The partition of the region, as ARNs name it.
    #[must_use]
    pub fn partition(&self) -> &'static str {
        match self.as_str() {
            region if region.starts_with("cn-") => "aws-cn",
            region if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

text_id!(
    /// Name of an instance of the foundation. Every name in AWS starts with it, so it is short:
    /// at most 16 characters keeps load balancer names (32) and bucket names (63) within limits.
    InstanceName,
    "an instance name (2 to 16 lowercase letters, digits and hyphens, starting with a letter, not ending in a hyphen)",
    |text| is_label(text, 2, 16)
);

/// Names that an instance has already beside its environments: what stacks of its parts begin with,
/// its build cluster `acme-build` with the host `build.<domain>`, log groups below
/// `/cloudops/acme/`, and the word for the instance itself in configuration.
const TAKEN: [&str; 9] =
    ["core", "team", "deploy", "images", "build", "builds", "build-server", "network", "instance"];
/// Environment `eu-build` of `acme` would have the cluster of the build server of `acme-eu`, and
/// environment `shop-admin` the host of the back office of `shop`.
const TAKEN_ENDS: [&str; 2] = ["-build", "-admin"];

text_id!(
    /// Name of an environment of an instance: at most 12 characters, for the same limits.
    EnvName,
    "an environment name (1 to 12 lowercase letters, digits and hyphens, starting with a letter, not ending in a hyphen; core, team, deploy, images, build, builds, build-server, network, instance and what ends in -build or -admin are taken)",
    |text| is_label(text, 1, 12)
        && !TAKEN.contains(&text)
        && !TAKEN_ENDS.iter().any(|end| text.ends_with(end))
);

text_id!(
    /// Name of a service of an environment, as configuration management has it.
    ServiceName,
    "a service name (1 to 32 lowercase letters, digits and hyphens, starting with a letter, not ending in a hyphen)",
    |text| is_label(text, 1, 32)
);

text_id!(
    /// Name of a CloudFormation stack: at most 128 letters, digits and hyphens.
    StackName,
    "a CloudFormation stack name",
    |text| (1..=128).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
);

text_id!(
    /// A content digest, `sha256:` and 64 hexadecimal digits, as the OCI image specification
    /// writes it.
    Digest,
    "a digest (sha256: and 64 hexadecimal digits)",
    |text| text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64
        && hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
);

impl Digest {
    /// The digest of some bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::from_hasher(Sha256::new_with_prefix(bytes))
    }

    /// The digest of what a hasher has read.
    #[must_use]
    pub fn from_hasher(hasher: Sha256) -> Self {
        Self(format!("sha256:{}", hex(&hasher.finalize())))
    }

    /// The digest of what a reader gives until its end.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn read(mut reader: impl std::io::Read) -> std::io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        loop {
            match reader.read(&mut buffer)? {
                0 => return Ok(Self::from_hasher(hasher)),
                count => hasher.update(&buffer[..count]),
            }
        }
    }

    /// The 64 hexadecimal digits.
    #[must_use]
    pub fn hex(&self) -> &str {
        self.0.trim_start_matches("sha256:")
    }

    /// The first 12 hexadecimal digits: enough for people.
    #[must_use]
    pub fn short(&self) -> &str {
        &self.hex()[..12]
    }
}

impl StackName {
    /// Stands for a stack whose name could not be read, in messages.
    #[cfg(feature = "stacks")]
    pub(crate) fn unnamed() -> Self {
        Self("unnamed".to_owned())
    }
}

/// One run of a verb: a UUID of version 7, so that runs sort by time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct RunId(uuid::Uuid);

impl RunId {
    /// A new run, now.
    #[must_use]
    pub fn new() -> Self {
        Self(uuid::Uuid::now_v7())
    }
}

impl Default for RunId {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl FromStr for RunId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        uuid::Uuid::parse_str(text)
            .map(Self)
            .map_err(|_| InvalidId { text: text.to_owned(), expected: "a run id (a UUID)" })
    }
}

/// Lowercase hexadecimal digits of some bytes.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn is_label(text: &str, min: usize, max: usize) -> bool {
    (min..=max).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && !text.contains("--")
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn is_region(text: &str) -> bool {
    let parts: Vec<&str> = text.split('-').collect();
    parts.len() >= 3
        && parts.iter().all(|part| !part.is_empty())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && parts[parts.len() - 1].bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<T: FromStr>(good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(text.parse::<T>().is_ok(), "{text} should be accepted");
        }
        for text in bad {
            assert!(text.parse::<T>().is_err(), "{text} should be refused");
        }
    }

    #[test]
    fn identifiers_accept_and_refuse() {
        check::<AccountId>(&["123456789012"], &["", "12345678901", "12345678901a"]);
        check::<Region>(
            &["us-west-2", "us-gov-east-1"],
            &["", "us-west", "us-west-two", "US-WEST-2"],
        );
        check::<InstanceName>(
            &["acme", "a1", "shop-eu"],
            &["a", "Acme", "1acme", "acme-", "a--b", "a-very-long-instance"],
        );
        check::<EnvName>(
            &["qa", "live", "q", "building", "admin"],
            &["", "Live", "live-", "thirteen-char", "core", "build", "eu-build", "shop-admin"],
        );
        check::<StackName>(&["acme-core-network"], &["", "1stack", "a_b"]);
        let digest = Digest::of(b"");
        assert_eq!(digest.short(), "e3b0c44298fc");
        check::<Digest>(&[digest.as_str()], &["sha256:abc", "e3b0", ""]);
    }

    #[test]
    fn runs_sort_by_time() {
        let first = RunId::new();
        let second = RunId::new();
        assert!(first <= second);
        assert_eq!(first.to_string().parse::<RunId>(), Ok(first));
    }
}
