//! The archives that images are made of, and the files in them: read when a layer is written, and
//! never before.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    num::NonZeroUsize,
    sync::{Arc, Mutex, PoisonError},
};

use cloudops_aws::{
    oci::Content,
    package::{Archive, Nested, Package, PackageError},
    threads,
};
use serde::{Deserialize, Serialize};

use super::{
    cache::Cache,
    sharing::{self, Jar, Jars},
};

/// Folder of libraries in a web application.
pub(super) const LIBRARIES: &str = "WEB-INF/lib/";

/// An archive in the package.
pub(super) struct Source {
    files: Files,
    /// The package, and the name of the archive in it; the package itself has none.
    package: Archive<Nested>,
    entry: Option<String>,
    opened: Mutex<Option<Archive<Nested>>>,
}

/// Files by name.
type Files = BTreeMap<String, File>;

/// What the directory of an archive says about a file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
struct File {
    size: u64,
    packed: u64,
    crc32: u32,
}

/// A file in an archive.
struct Entry {
    source: Arc<Source>,
    name: String,
    file: File,
}

impl Source {
    /// Opens the archives of these entries, side by side: one that is packed in the package has to
    /// be unpacked once, as it is. One that `cache` knows is opened when a file of it is read.
    pub(super) fn open_all(
        package: &Package,
        entries: Vec<String>,
        threads: NonZeroUsize,
        cache: Option<&Cache>,
    ) -> Result<BTreeMap<String, Arc<Self>>, PackageError> {
        let package = package.archive()?;
        let opened = threads::map(entries, threads, |entry| {
            let source = Self::open(&package, &entry, cache)?;
            Ok((entry, Arc::new(source)))
        });
        opened.into_iter().collect()
    }

    fn open(
        package: &Archive<Nested>,
        entry: &str,
        cache: Option<&Cache>,
    ) -> Result<Self, PackageError> {
        let (package, name) = (package.clone(), Some(entry.to_owned()));
        let key = package
            .facts(entry)
            .map(|facts| format!("{entry} {} {} {:08x}", facts.size, facts.packed, facts.crc32));
        let cached = cache.zip(key);
        if let Some((cache, key)) = &cached
            && let Some(files) = cache.get("lists", key)
        {
            return Ok(Self { files, package, entry: name, opened: Mutex::default() });
        }
        let archive = package.clone().open_nested(entry)?;
        let files = list(&archive);
        if let Some((cache, key)) = &cached {
            cache.keep("lists", key, &files);
        }
        Ok(Self { files, package, entry: name, opened: Mutex::new(Some(archive)) })
    }

    /// The package itself.
    pub(super) fn whole(package: &Package) -> Result<Self, PackageError> {
        let package = package.archive()?;
        let (files, opened) = (list(&package), Mutex::new(Some(package.clone())));
        Ok(Self { files, package, entry: None, opened })
    }

    /// Names of its files, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &String> {
        self.files.keys()
    }

    /// Whether it has a file.
    pub(super) fn has(&self, name: &str) -> bool {
        self.files.contains_key(name)
    }

    /// The libraries of a web application, with the version that it has itself.
    pub(super) fn jars(&self, version: &str) -> Jars {
        let jars = self.files.iter().filter_map(|(name, file)| {
            let jar = name.strip_prefix(LIBRARIES)?;
            let kind = sharing::kind(jar, version);
            Some((jar.to_owned(), Jar { size: file.size, crc32: file.crc32, kind }))
        });
        jars.collect()
    }

    /// Size and CRC-32 of a file.
    pub(super) fn identity(&self, name: &str) -> String {
        let file = self.files.get(name);
        file.map(|file| format!("{} {:08x}", file.size, file.crc32)).unwrap_or_default()
    }

    /// A file of it.
    pub(super) fn entry(self: &Arc<Self>, name: &str) -> Arc<dyn Content> {
        let missing = File { size: 0, packed: 0, crc32: 0 };
        let file = self.files.get(name).copied().unwrap_or(missing);
        Arc::new(Entry { source: Arc::clone(self), name: name.to_owned(), file })
    }

    /// A reader of its own: other threads read other files of the same archive. Those that ask
    /// while it is opened for the first time wait.
    fn archive(&self) -> Result<Archive<Nested>, PackageError> {
        let mut opened = self.opened.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(archive) = &*opened {
            return Ok(archive.clone());
        }
        let mut package = self.package.clone();
        let archive = match &self.entry {
            Some(entry) => package.open_nested(entry)?,
            None => package,
        };
        Ok(opened.insert(archive).clone())
    }

    /// Bytes of all its files.
    pub(super) fn unpacked(&self) -> u64 {
        self.files.values().map(|file| file.size).fold(0, u64::saturating_add)
    }
}

fn list(archive: &Archive<Nested>) -> Files {
    let names = archive.names().into_iter();
    let file = |name: String| {
        let facts = archive.facts(&name)?;
        Some((name, File { size: facts.size, packed: facts.packed, crc32: facts.crc32 }))
    };
    names.filter_map(file).collect()
}

impl Content for Entry {
    fn size(&self) -> u64 {
        self.file.size
    }

    fn copy(&self, to: &mut dyn Write) -> io::Result<()> {
        // As it is, so that whoever gets it can tell a damaged package from a full disk.
        let archive = self.source.archive();
        archive.and_then(|mut archive| archive.copy(&self.name, to)).map_err(io::Error::other)
    }

    /// Two files of the same place, both sizes and CRC-32 are taken for one: see decision 0028.
    fn key(&self) -> Option<String> {
        let File { packed, crc32, .. } = self.file;
        Some(format!("{packed} {crc32:08x}"))
    }
}
