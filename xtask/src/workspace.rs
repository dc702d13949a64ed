//! What cargo knows about the workspace.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::command;
use crate::failure::{Failure, Outcome};

/// The checkout and where its builds go.
#[derive(Clone)]
pub(crate) struct Workspace {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
    packages: Vec<Value>,
}

impl Workspace {
    /// Asks cargo, from the checkout that this task belongs to, else from the current folder.
    pub(crate) fn find() -> Outcome<Self> {
        let own = std::env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| ".".into(), PathBuf::from);
        let mut cargo = command::cargo(&own);
        cargo.args(["metadata", "--no-deps", "--format-version", "1"]);
        Self::parse(&command::capture(&mut cargo)?)
    }

    fn parse(metadata: &str) -> Outcome<Self> {
        let broken = |what: &str| Failure::new(format!("cargo metadata: {what}"));
        let value: Value =
            serde_json::from_str(metadata).map_err(|error| broken(&error.to_string()))?;
        let folder = |key: &str| value[key].as_str().map(PathBuf::from);
        Ok(Self {
            root: folder("workspace_root").ok_or_else(|| broken("no workspace_root"))?,
            target: folder("target_directory").ok_or_else(|| broken("no target_directory"))?,
            packages: value["packages"].as_array().cloned().unwrap_or_default(),
        })
    }

    /// Where the programs of a development build are.
    pub(crate) fn bin_dir(&self) -> PathBuf {
        self.target.join("debug")
    }

    /// Where the programs of a release build are.
    pub(crate) fn release_dir(&self) -> PathBuf {
        self.target.join("release")
    }

    pub(crate) fn cargo(&self) -> std::process::Command {
        command::cargo(&self.root)
    }

    /// The manifests of the members, relative to the root.
    pub(crate) fn manifests(&self) -> Vec<PathBuf> {
        let paths = self.packages.iter().filter_map(|entry| entry["manifest_path"].as_str());
        let relative = |path| Path::new(path).strip_prefix(&self.root).ok().map(Path::to_owned);
        paths.filter_map(relative).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const METADATA: &str = r#"{
        "workspace_root": "/checkout", "target_directory": "/elsewhere/target",
        "packages": [{"name": "one", "manifest_path": "/checkout/crates/one/Cargo.toml",
                      "features": {"default": ["b"], "a": [], "b": []}}]}"#;

    #[test]
    fn metadata_is_read() {
        let workspace = Workspace::parse(METADATA).unwrap();
        assert_eq!(workspace.bin_dir(), Path::new("/elsewhere/target/debug"));
        assert_eq!(workspace.manifests(), [Path::new("crates/one/Cargo.toml")]);
    }

    #[test]
    fn broken_metadata_is_a_sentence() {
        let failure = Workspace::parse("{}").err().unwrap();
        assert_eq!(failure.to_string(), "cargo metadata: no workspace_root");
    }
}
