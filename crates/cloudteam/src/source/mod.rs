//! The commerce source distribution: where it comes from, what it must contain, its version and
//! its digest.
//!
//! | file | holds |
//! |---|---|
//! | `spec.rs` | what `--source` names |
//! | `fetch.rs` | gets it: folder, archive, S3, git |
//! | `unpack/` | archives, of which nothing is trusted |
//! | `tree.rs`, `links.rs` | the files of a folder, their digests, links that lead out |
//! | `version.rs` | the `VERSION` file |

mod error;
mod fetch;
mod links;
mod spec;
mod tree;
pub mod unpack;
pub mod version;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::ids::Digest;
use tokio_util::sync::CancellationToken;

pub use error::SourceError;
pub use fetch::fetch;
pub use spec::{ArchiveKind, SourceSpec};
pub use tree::{FileKind, SourceFile};

/// Folders and files that every commerce distribution has.
const REQUIRED: [&str; 3] =
    ["VERSION", "extensions/packager/ext-deployment-package", "extensions/database/ext-data"];

/// So many names of what is at the top are told when it is no distribution.
const TOLD: usize = 12;

/// A source distribution in a folder.
#[derive(Debug, Clone)]
pub struct Distribution {
    /// The folder.
    pub path: Utf8PathBuf,
    /// Name, such as `Commerce`.
    pub name: String,
    /// Version, such as `8.5.0`.
    pub version: String,
    /// Digest of all its files: names, executable bits and contents.
    pub digest: Digest,
    /// Its files, sorted by name.
    pub files: Vec<SourceFile>,
    /// Where it came from, for people: without secrets, and without folders of this machine.
    pub origin: String,
    /// The folder goes away with the last clone, if it was made for this.
    _temporary: Option<Arc<tempfile::TempDir>>,
}

impl Distribution {
    /// Reads a distribution from its folder.
    ///
    /// # Errors
    /// [`SourceError`] says all that is missing.
    pub fn open(path: &Utf8Path) -> Result<Self, SourceError> {
        Self::read(path, path.as_str(), &CancellationToken::new())
    }

    /// `what` names it in errors: the folder, or the archive that was unpacked into it.
    fn read(path: &Utf8Path, what: &str, cancel: &CancellationToken) -> Result<Self, SourceError> {
        let found = tree::top(path)?;
        let is_missing = |required: &&str| !path.join(required).exists();
        let missing: Vec<&str> = REQUIRED.into_iter().filter(is_missing).collect();
        if !missing.is_empty() {
            let found = found.into_iter().take(TOLD).collect();
            return Err(SourceError::Missing { what: what.to_owned(), missing, found });
        }
        let (name, version) = version::read(path)?;
        let files = tree::read(path, cancel)?;
        let digest = tree::digest(&files);
        let origin = format!("folder {}", path.file_name().unwrap_or("."));
        Ok(Self { path: path.to_owned(), name, version, digest, files, origin, _temporary: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn distribution(version: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for folder in &REQUIRED[1..] {
            std::fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        std::fs::write(dir.path().join("VERSION"), version).unwrap();
        std::fs::write(dir.path().join("build.sh"), "#!/bin/sh\n").unwrap();
        dir
    }

    fn open(dir: &tempfile::TempDir) -> Result<Distribution, SourceError> {
        Distribution::open(Utf8Path::from_path(dir.path()).unwrap())
    }

    #[test]
    fn a_distribution_has_a_version_and_a_digest_of_its_content() {
        let dir = distribution("name=Sample\nversion=8.5.0\n");
        let first = open(&dir).unwrap();
        assert_eq!((first.name.as_str(), first.version.as_str()), ("Sample", "8.5.0"));
        // The digest is in the commits of vendor branches that exist: it must not change.
        let known = "sha256:84240800d01b01437a6c3151d3667a71e15a1c400361b3018bce66d97f49a36a";
        assert_eq!(first.digest.as_str(), known);
        std::fs::create_dir_all(dir.path().join("target")).unwrap();
        std::fs::write(dir.path().join("target/out"), "built").unwrap();
        assert_eq!(open(&dir).unwrap().digest, first.digest, "what was built does not count");
        std::fs::write(dir.path().join("build.sh"), "#!/bin/sh\ntrue\n").unwrap();
        assert_ne!(open(&dir).unwrap().digest, first.digest);
    }

    #[test]
    fn all_that_is_missing_is_named_with_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("notes.txt"), "").unwrap();
        std::fs::create_dir_all(dir.path().join("extensions/database/ext-data")).unwrap();
        let error = open(&dir).unwrap_err().to_string();
        let expected = "is not a commerce source distribution: VERSION, \
                        extensions/packager/ext-deployment-package missing; at its top it has \
                        extensions/, notes.txt";
        assert!(error.ends_with(expected), "{error}");
        assert!(matches!(open(&distribution("../evil")), Err(SourceError::Version { .. })));
    }

    #[cfg(unix)]
    #[test]
    fn links_that_lead_out_and_names_that_git_refuses_are_refused() {
        let dir = distribution("8.5.0");
        std::os::unix::fs::symlink("build.sh", dir.path().join("run")).unwrap();
        assert!(open(&dir).is_ok(), "a link that stays inside");
        std::os::unix::fs::symlink("../secret", dir.path().join("out")).unwrap();
        let error = open(&dir).unwrap_err().to_string();
        assert!(error.starts_with("out cannot be taken over: it is a link"), "{error}");
        std::fs::remove_file(dir.path().join("out")).unwrap();
        std::fs::create_dir(dir.path().join(".GIT")).unwrap();
        assert!(matches!(open(&dir), Err(SourceError::File { .. })));
    }
}
