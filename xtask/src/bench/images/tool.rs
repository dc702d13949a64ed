//! The two builders, and how each is run.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use fs_err as fs;
use serde_json::Value;

use super::dockerfiles;
use super::kit::Kit;
use super::package::Package;
use super::parallel;
use super::registry::Registry;
use super::shape::{Shape, VERSION};
use crate::bench::measure::{self, Ran};
use crate::command::{self, program};
use crate::failure::{Failure, Outcome};

/// A builder of images.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tool {
    Ours,
    Buildah,
}

/// Bytes that our program says it uploaded, by image.
pub(super) type Said = BTreeMap<String, u64>;

impl Tool {
    pub(super) const ALL: [Self; 2] = [Self::Ours, Self::Buildah];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Ours => "ours",
            Self::Buildah => "buildah",
        }
    }
}

/// A builder in a round: its folder, and the registry that it pushes to.
pub(super) struct Bench<'a> {
    pub(super) kit: &'a Kit,
    pub(super) tool: Tool,
    pub(super) folder: PathBuf,
    pub(super) registry: Registry,
}

impl<'a> Bench<'a> {
    /// Everything empty: registry, caches, storage.
    pub(super) fn new(kit: &'a Kit, tool: Tool, folder: PathBuf) -> Outcome<Self> {
        fs::create_dir_all(&folder)?;
        let registry = Registry::start(&folder.join("registry"))?;
        Ok(Self { kit, tool, folder, registry })
    }

    /// Builds and pushes the images of a package. `is_new` tells that it is not that of the last
    /// run; `name` is for logs and tags.
    pub(super) fn run(
        &self,
        package: &Package,
        shape: Shape,
        is_new: bool,
        name: &str,
    ) -> Outcome<(Ran, Said)> {
        match self.tool {
            Tool::Ours => self.ours(package, name),
            Tool::Buildah => Ok((self.buildah(package, shape, is_new, name)?, Said::new())),
        }
    }

    fn ours(&self, package: &Package, name: &str) -> Outcome<(Ran, Said)> {
        let mut base = std::ffi::OsString::from("layout:");
        base.push(&self.kit.base);
        let mut command = program(&self.kit.program);
        command.args(["images", "build", "--package"]).arg(&package.file);
        command.args(["--registry", &self.registry.address, "--base"]).arg(base);
        command.arg("--cache").arg(self.folder.join("cache")).args(["--output", "json"]);
        command.current_dir(&self.folder).env("NO_PROXY", "127.0.0.1");
        let result = self.folder.join(format!("{name}.json"));
        let ran = measure::run_apart(&mut command, &result, &self.log(name))?;
        Ok((ran, said(&fs::read_to_string(&result)?, &result)?))
    }

    fn buildah(&self, package: &Package, shape: Shape, is_new: bool, name: &str) -> Outcome<Ran> {
        let files = self.folder.join("files");
        if !files.exists() {
            dockerfiles::write(&files, package, shape, &self.kit.base)?;
        }
        let mut command = in_own_mounts()?;
        command.arg(files.join("build.sh")).arg(if is_new { "new" } else { "again" });
        command.env("PACKAGE", &package.file).env("VERSION", VERSION).env("TAG", name);
        command.env("REGISTRY", &self.registry.address).env("DRIVER", self.kit.driver);
        command.env("STORE", self.folder.join("store")).env("FILES", self.folder.join("unpacked"));
        command.env("XDG_DATA_HOME", self.folder.join("store/data"));
        command.env("JOBS", parallel::cores().to_string()).env("NO_PROXY", "127.0.0.1");
        measure::run(&mut command, &self.log(name))
    }

    fn log(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.log"))
    }

    /// Removes everything but the logs.
    pub(super) fn clear(self) -> Outcome {
        let Self { folder, registry, .. } = self;
        drop(registry);
        for name in ["registry/storage", "cache", "store", "unpacked"] {
            let place = folder.join(name);
            if place.exists() {
                unmount(&place);
                fs::remove_dir_all(place)?;
            }
        }
        Ok(())
    }
}

/// A shell. As root, in a mount namespace of its own, see `build.sh`.
fn in_own_mounts() -> Outcome<Command> {
    let id = command::capture(program("id").arg("-u"))?;
    if id.trim() != "0" {
        return Ok(program("sh"));
    }
    let mut command = program("unshare");
    command.args(["--mount", "sh"]);
    Ok(command)
}

/// Buildah leaves its storage mounted on itself where it ran without a namespace.
fn unmount(store: &Path) {
    let _ = program("umount").args(["--quiet"]).arg(store.join("root/overlay")).output();
}

/// What our program printed.
fn said(text: &str, file: &Path) -> Outcome<Said> {
    let wrong = |what: &str| Failure::new(format!("{}: {what}", file.display()));
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(&error.to_string()))?;
    let images = value["images"].as_object().ok_or_else(|| wrong("no \"images\""))?;
    let one = |(name, image): (&String, &Value)| {
        let bytes = image["uploaded-bytes"].as_u64();
        Ok((name.clone(), bytes.ok_or_else(|| wrong("an image without \"uploaded-bytes\""))?))
    };
    images.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_report_is_read_and_a_broken_one_is_named() {
        let text = r#"{"images": {"cm": {"reference": "r", "uploaded-bytes": 7}}}"#;
        let file = Path::new("a.json");
        assert_eq!(said(text, file).unwrap(), Said::from([("cm".to_owned(), 7)]));
        assert_eq!(said("{}", file).unwrap_err().to_string(), "a.json: no \"images\"");
    }
}
