//! The deployment package: one zip with everything that a release is built from. CloudTeam checks
//! it before it is published, CloudDeploy when it builds images: one reader for both.
//!
//! Layout: `webapps/` with WARs and the Tomcat zip, `database/` with jars, `tools/`, `plugins/`,
//! and in newer suites `ops-spec.json`. Zips inside of it are opened where they stand
//! ([`Archive::open_nested`]); nothing large is held in memory.
//!
//! [`inspect`] tells all that is in a package and every reason why it is refused; [`sbom`] makes
//! the list of what an image is made of.

mod archive;
mod contents;
mod error;
pub mod inspect;
mod limits;
mod nested;
mod parts;
pub mod sbom;
mod survey;
mod versions;

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock},
};

use camino::{Utf8Path, Utf8PathBuf};

pub use archive::{Archive, EntryFacts};
pub use error::PackageError;
pub use limits::{Limit, Limits};
pub use nested::Nested;
pub use parts::{Parts, WebApp};
pub use versions::{OpsSpec, SpecSource};

use crate::ids::Digest;

/// A package file, and the name that messages give it: one that was fetched into a file for a
/// moment is known by where it came from.
#[derive(Debug, Clone, Copy)]
pub struct NamedFile<'a> {
    /// The file.
    pub file: &'a Utf8Path,
    /// Its name in messages.
    pub name: &'a str,
}

impl<'a> From<&'a Utf8Path> for NamedFile<'a> {
    fn from(file: &'a Utf8Path) -> Self {
        Self { file, name: file.as_str() }
    }
}

impl<'a> From<&'a Utf8PathBuf> for NamedFile<'a> {
    fn from(file: &'a Utf8PathBuf) -> Self {
        file.as_path().into()
    }
}

/// A deployment package whose form was checked.
#[derive(Debug, Clone)]
pub struct Package {
    path: Utf8PathBuf,
    name: String,
    digest: Arc<OnceLock<Digest>>,
    size: u64,
    /// Bytes of its entries.
    unpacked: u64,
    parts: Parts,
    tomcat: String,
    entries: Vec<String>,
    spec: Option<(OpsSpec, SpecSource)>,
    limits: Limits,
}

impl Package {
    /// Reads and checks a package file.
    ///
    /// # Errors
    /// [`PackageError`] names the file and the entry that is wrong.
    pub fn open(path: &Utf8Path) -> Result<Self, PackageError> {
        Self::open_within(path, Limits::default())
    }

    /// Reads and checks a package file that holds no more than `limits`; those of the zips inside
    /// are the same. Only what says what is in it is read, not all of it.
    ///
    /// # Errors
    /// [`PackageError`] names the file and the entry that is wrong.
    pub fn open_within<'a>(
        file: impl Into<NamedFile<'a>>,
        limits: Limits,
    ) -> Result<Self, PackageError> {
        let NamedFile { file: path, name } = file.into();
        let bytes = Nested::open(path)?;
        let mut archive = Archive::within(name, bytes.clone(), limits)?;
        let entries = archive.names();
        let parts = Parts::of(&entries);
        if let Some(refused) = parts.refused(name, &entries).into_iter().next() {
            return Err(refused);
        }
        let spec = versions::needed(&mut archive, parts.suite())?;
        let tomcat = parts.tomcats.first().cloned().unwrap_or_default();
        let size = bytes.length();
        let digest = Arc::new(OnceLock::new());
        let (path, name, unpacked) = (path.to_owned(), name.to_owned(), archive.unpacked());
        Ok(Self { path, name, digest, size, unpacked, parts, tomcat, entries, spec, limits })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Its name in messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Version of the suite; empty for a package without web applications.
    #[must_use]
    pub fn version(&self) -> &str {
        self.parts.suite().unwrap_or_default()
    }

    /// Digest of the file, all of which is read for it, once: a second for a gigabyte.
    ///
    /// # Errors
    /// [`PackageError::Io`] when the file cannot be read.
    pub fn digest(&self) -> Result<&Digest, PackageError> {
        if let Some(digest) = self.digest.get() {
            return Ok(digest);
        }
        let read = Digest::read(Nested::open(&self.path)?)?;
        Ok(self.digest.get_or_init(|| read))
    }

    /// Size of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Web applications, sorted by entry name.
    #[must_use]
    pub fn webapps(&self) -> &[WebApp] {
        &self.parts.webapps
    }

    /// Entries by what they are for.
    #[must_use]
    pub fn parts(&self) -> &Parts {
        &self.parts
    }

    /// Name of the entry with Tomcat.
    #[must_use]
    pub fn tomcat(&self) -> &str {
        &self.tomcat
    }

    /// Versions that the suite needs; none for one that does not say and is not in our table.
    #[must_use]
    pub fn spec(&self) -> Option<&OpsSpec> {
        self.spec.as_ref().map(|(spec, _)| spec)
    }

    /// Who says which versions the suite needs.
    #[must_use]
    pub fn spec_source(&self) -> Option<SpecSource> {
        self.spec.as_ref().map(|(_, source)| *source)
    }

    /// Names of all files in the package, sorted.
    #[must_use]
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// Unpacked size in bytes of what matters in it: web applications, Tomcat, jars and tools.
    ///
    /// # Errors
    /// [`PackageError`] when the file has changed meanwhile.
    pub fn sizes(&self) -> Result<BTreeMap<String, u64>, PackageError> {
        let mut sizes = self.archive()?.sizes();
        let matters = |entry: &String| {
            ["webapps/", "database/", "tools/"].iter().any(|at| entry.starts_with(at))
        };
        sizes.retain(|entry, _| matters(entry));
        Ok(sizes)
    }

    /// Opens the package for reading its entries.
    ///
    /// # Errors
    /// [`PackageError`] when the file has changed meanwhile.
    pub fn archive(&self) -> Result<Archive<Nested>, PackageError> {
        Archive::within(&self.name, Nested::open(&self.path)?, self.limits)
    }
}

#[cfg(test)]
mod tests;
