//! Image references, and what is known about each that was pulled.

use super::Error;
use super::state::{Backend, State, write_whole};
use fs_err as fs;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

/// An image reference taken apart: `host:port/repository:tag` or `…@sha256:…`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reference {
    pub(super) host: String,
    pub(super) repository: String,
    /// A tag or a digest, as the registry's address wants it.
    pub(super) version: String,
}

impl Reference {
    /// Takes a reference apart; one without a registry belongs to the public one.
    pub(super) fn parse(text: &str) -> Self {
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest)),
            None => (text, None),
        };
        let (name, tag) = match name.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, tag),
            _ => (name, "latest"),
        };
        let (host, repository) = match name.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host, rest),
            _ => ("docker.io", name),
        };
        Self {
            host: host.to_owned(),
            repository: repository.to_owned(),
            version: digest.unwrap_or(tag).to_owned(),
        }
    }

    /// Whether the image is in a registry of this machine: the only ones that exist in a rehearsal.
    pub(super) fn is_local(&self) -> bool {
        let name = self.host.split(':').next().unwrap_or_default();
        matches!(name, "127.0.0.1" | "localhost" | "host.containers.internal")
    }
}

/// What a pull found out about an image.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Known {
    pub(super) reference: String,
    pub(super) backend: Backend,
    /// `sha256:…` of the manifest; none for a pretended image.
    pub(super) digest: Option<String>,
    pub(super) repository: String,
}

/// What an image says about how to run it: a part of the OCI image configuration.
#[derive(Debug, Default, Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct RunConfig {
    pub(super) env: Option<Vec<String>>,
    pub(super) entrypoint: Option<Vec<String>>,
    pub(super) cmd: Option<Vec<String>>,
    pub(super) user: Option<String>,
    pub(super) working_dir: Option<String>,
}

impl RunConfig {
    /// The program and its arguments: an entry point of the caller replaces the image's command too.
    pub(super) fn argv(&self, entrypoint: Option<&str>, command: &[String]) -> Vec<String> {
        let mut argv = match entrypoint {
            Some(program) => vec![program.to_owned()],
            None => self.entrypoint.clone().unwrap_or_default(),
        };
        if !command.is_empty() {
            argv.extend(command.iter().cloned());
        } else if entrypoint.is_none() {
            argv.extend(self.cmd.clone().unwrap_or_default());
        }
        argv
    }
}

/// The file that says what is known of a reference.
fn file(state: &State, reference: &str) -> PathBuf {
    state.root.join("refs").join(format!("{}.json", hex(&Sha256::digest(reference.as_bytes()))))
}

/// What is known of a reference, if it was pulled or tagged.
pub(super) fn known(state: &State, reference: &str) -> Option<Known> {
    let text = fs::read(file(state, reference)).ok()?;
    serde_json::from_slice(&text).ok()
}

/// Writes down what is known of a reference.
pub(super) fn learn(state: &State, known: &Known) -> Result<(), Error> {
    write_whole(&file(state, &known.reference), &serde_json::to_vec_pretty(known)?)
}

/// Gives an image another name.
pub(super) fn tag(state: &State, from: &str, to: &str) -> Result<(), Error> {
    let known = known(state, from).ok_or_else(|| Error::NoSuchImage(from.to_owned()))?;
    learn(state, &Known { reference: to.to_owned(), ..known })
}

/// Bytes as lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, host: &str, repository: &str, version: &str, local: bool) {
        let reference = Reference::parse(text);
        assert_eq!(reference.host, host);
        assert_eq!(reference.repository, repository);
        assert_eq!(reference.version, version);
        assert_eq!(reference.is_local(), local);
    }

    #[test]
    fn references() {
        check("127.0.0.1:4566/ep/cortex:1.2", "127.0.0.1:4566", "ep/cortex", "1.2", true);
        check("127.0.0.1:4566/cortex@sha256:ab", "127.0.0.1:4566", "cortex", "sha256:ab", true);
        check("127.0.0.1:4566/cortex:1@sha256:ab", "127.0.0.1:4566", "cortex", "sha256:ab", true);
        check("jenkins/jenkins:lts", "docker.io", "jenkins/jenkins", "lts", false);
        check("alpine", "docker.io", "alpine", "latest", false);
        check(
            "1.dkr.ecr.us-west-2.amazonaws.com/a:b",
            "1.dkr.ecr.us-west-2.amazonaws.com",
            "a",
            "b",
            false,
        );
    }

    #[test]
    fn an_entry_point_of_the_caller_drops_the_images_command() {
        let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        let config = RunConfig {
            entrypoint: Some(words("/run")),
            cmd: Some(words("a b")),
            ..RunConfig::default()
        };
        assert_eq!(config.argv(None, &[]), ["/run", "a", "b"]);
        assert_eq!(config.argv(None, &words("c")), ["/run", "c"]);
        assert_eq!(config.argv(Some("/x"), &[]), ["/x"]);
        assert_eq!(config.argv(Some("/x"), &words("c")), ["/x", "c"]);
    }
}
