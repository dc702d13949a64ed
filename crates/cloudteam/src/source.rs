//! The commerce source distribution: what it must contain, its version and its digest.

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::{
    diagnose::{Class, Diagnose},
    ids::Digest,
};

/// Folders and files that every commerce distribution has.
const REQUIRED: [&str; 3] =
    ["VERSION", "extensions/packager/ext-deployment-package", "extensions/database/ext-data"];

/// Names that never belong to a distribution, though they may lie in a working copy of one.
const IGNORED: [&str; 2] = [".git", "target"];

/// A source distribution in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distribution {
    /// The folder.
    pub path: Utf8PathBuf,
    /// Name, such as `Commerce`.
    pub name: String,
    /// Version, such as `8.5.0`.
    pub version: String,
    /// Digest of all its files: names, executable bits and contents.
    pub digest: Digest,
    /// Its files, relative to the folder, sorted.
    pub files: Vec<Utf8PathBuf>,
}

/// Why something is not a source distribution.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// Something that every distribution has is missing.
    #[error("{path} is not a commerce source distribution: {missing} is missing")]
    Missing {
        /// What was given.
        path: Utf8PathBuf,
        /// What it lacks.
        missing: &'static str,
    },
    /// It does not say its version.
    #[error("{path}/VERSION gives no usable version: `{text}`")]
    Version {
        /// The folder.
        path: Utf8PathBuf,
        /// What the file says.
        text: String,
    },
    /// A file name that is not UTF-8, or a file that is neither file, folder nor link.
    #[error("{path} cannot be taken over: {why}")]
    File {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// Reading failed.
    #[error(transparent)]
    Io(#[from] std::io::Error),
}

impl Diagnose for SourceError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Missing { .. } => {
                vec![
                    "Give the folder that holds the unpacked distribution with --source."
                        .to_owned(),
                ]
            }
            _ => Vec::new(),
        }
    }
}

impl Distribution {
    /// Reads a distribution from its folder.
    ///
    /// # Errors
    /// [`SourceError`] says what is missing.
    pub fn open(path: &Utf8Path) -> Result<Self, SourceError> {
        let missing = |what: &&str| !path.join(what).exists();
        if let Some(missing) = REQUIRED.into_iter().find(|what| missing(what)) {
            return Err(SourceError::Missing { path: path.to_owned(), missing });
        }
        let (name, version) = read_version(path)?;
        let mut files = Vec::new();
        collect(path, Utf8Path::new(""), &mut files)?;
        files.sort();
        let digest = digest(path, &files)?;
        Ok(Self { path: path.to_owned(), name, version, digest, files })
    }
}

/// The `VERSION` file is a version alone, or lines `name=...` and `version=...`.
fn read_version(path: &Utf8Path) -> Result<(String, String), SourceError> {
    let text = fs_err::read_to_string(path.join("VERSION"))?;
    let field = |key: &str| {
        let value = |line: &str| {
            let (name, value) = line.split_once('=')?;
            (name.trim() == key).then(|| value.trim().to_owned())
        };
        text.lines().find_map(value)
    };
    // A build of the same version is another distribution: its number tells the two apart.
    let version = field("build").or_else(|| field("version"));
    let version = version.unwrap_or_else(|| text.trim().to_owned());
    let usable = !version.is_empty()
        && version.chars().all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
        && version.starts_with(|c: char| c.is_ascii_alphanumeric());
    if !usable {
        return Err(SourceError::Version { path: path.to_owned(), text });
    }
    Ok((field("name").unwrap_or_else(|| "Commerce".to_owned()), version))
}

fn collect(
    root: &Utf8Path,
    below: &Utf8Path,
    files: &mut Vec<Utf8PathBuf>,
) -> Result<(), SourceError> {
    for entry in fs_err::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| SourceError::File {
            path: name.to_string_lossy().into_owned(),
            why: "its name is not UTF-8".to_owned(),
        })?;
        if IGNORED.contains(&name.as_str()) {
            continue;
        }
        let path = below.join(name);
        if entry.file_type()?.is_dir() {
            collect(root, &path, files)?;
        } else {
            files.push(path);
        }
    }
    Ok(())
}

fn digest(root: &Utf8Path, files: &[Utf8PathBuf]) -> Result<Digest, SourceError> {
    let mut lines = String::new();
    for file in files {
        let path = root.join(file);
        let meta = fs_err::symlink_metadata(&path)?;
        let (kind, content) = if meta.is_symlink() {
            ("link", fs_err::read_link(&path)?.to_string_lossy().into_owned().into_bytes())
        } else {
            (if is_executable(&meta) { "executable" } else { "file" }, fs_err::read(&path)?)
        };
        lines.push_str(&format!("{kind} {} {file}\n", Digest::of(&content)));
    }
    Ok(Digest::of(lines.as_bytes()))
}

#[cfg(unix)]
fn is_executable(meta: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &std::fs::Metadata) -> bool {
    false
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
        std::fs::create_dir_all(dir.path().join("target")).unwrap();
        std::fs::write(dir.path().join("target/out"), "built").unwrap();
        assert_eq!(open(&dir).unwrap().digest, first.digest, "what was built does not count");
        std::fs::write(dir.path().join("build.sh"), "#!/bin/sh\ntrue\n").unwrap();
        assert_ne!(open(&dir).unwrap().digest, first.digest);
    }

    #[test]
    fn what_is_missing_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = open(&dir).unwrap_err().to_string();
        assert!(error.ends_with("VERSION is missing"), "{error}");
        assert!(matches!(open(&distribution("../evil")), Err(SourceError::Version { .. })));
    }
}
