//! The archives that images are made of, and the files in them: read when a layer is written, and
//! never before.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    num::NonZeroUsize,
    sync::Arc,
};

use cloudops_aws::{
    oci::Content,
    package::{Archive, Nested, Package, PackageError},
    threads,
};

use super::sharing::{self, Jar, Jars};

/// Folder of libraries in a web application.
pub(super) const LIBRARIES: &str = "WEB-INF/lib/";

/// An archive in the package.
#[derive(Clone)]
pub(super) struct Source {
    archive: Archive<Nested>,
}

/// A file in an archive.
struct Entry {
    source: Arc<Source>,
    name: String,
    size: u64,
}

impl Source {
    /// Opens the archives of these entries, side by side: one that is packed in the package has to
    /// be unpacked once, as it is.
    pub(super) fn open_all(
        package: &Package,
        entries: Vec<String>,
        threads: NonZeroUsize,
    ) -> Result<BTreeMap<String, Arc<Self>>, PackageError> {
        let outer = package.archive()?;
        let opened = threads::map(entries, threads, |entry| {
            let archive = outer.clone().open_nested(&entry)?;
            Ok((entry, Arc::new(Self { archive })))
        });
        opened.into_iter().collect()
    }

    /// The package itself.
    pub(super) fn whole(package: &Package) -> Result<Self, PackageError> {
        Ok(Self { archive: package.archive()? })
    }

    /// Names of its files, sorted.
    pub(super) fn names(&self) -> Vec<String> {
        self.archive.names()
    }

    /// Whether it has a file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.archive.facts(name).is_some()
    }

    /// The libraries of a web application, with the version that it has itself.
    pub(super) fn jars(&self, version: &str) -> Jars {
        let names = self.names().into_iter();
        let jars = names.filter_map(|name| {
            let (facts, jar) = (self.archive.facts(&name)?, name.strip_prefix(LIBRARIES)?);
            let kind = sharing::kind(jar, version);
            Some((jar.to_owned(), Jar { size: facts.size, crc32: facts.crc32, kind }))
        });
        jars.collect()
    }

    /// A file of it.
    pub(super) fn entry(self: &Arc<Self>, name: &str) -> Arc<dyn Content> {
        let size = self.archive.facts(name).map_or(0, |facts| facts.size);
        Arc::new(Entry { source: Arc::clone(self), name: name.to_owned(), size })
    }
}

impl Content for Entry {
    fn size(&self) -> u64 {
        self.size
    }

    fn copy(&self, to: &mut dyn Write) -> io::Result<()> {
        // A reader of its own: other threads read other files of the same archive.
        self.source.archive.clone().copy(&self.name, to).map_err(io::Error::other)
    }
}
