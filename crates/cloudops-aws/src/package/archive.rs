//! A zip that may come from anywhere: nothing in it is trusted.

use std::{
    collections::BTreeMap,
    io::{Read, Seek, Write},
};

use super::PackageError;

/// What an archive may hold at most.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Entries.
    pub entries: usize,
    /// Bytes of all entries together, unpacked.
    pub bytes: u64,
    /// Unpacked bytes for each packed byte of an entry, or of an archive that is packed as a whole,
    /// larger than a mebibyte: deflate cannot pass 1032, real jars stay below 100, and source code
    /// below 10.
    pub ratio: u64,
}

impl Default for Limits {
    /// Ten times the largest commerce package and distribution known.
    fn default() -> Self {
        Self { entries: 500_000, bytes: 20 << 30, ratio: 500 }
    }
}

/// A zip whose names and sizes were checked.
#[derive(Debug)]
pub struct Archive<R> {
    name: String,
    zip: zip::ZipArchive<R>,
    /// Files by name, with their index.
    files: BTreeMap<String, usize>,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens a zip and checks every entry's name, kind and size before any is read.
    ///
    /// # Errors
    /// [`PackageError`] names the entry.
    pub fn open(name: &str, reader: R, limits: Limits) -> Result<Self, PackageError> {
        let mut zip = zip::ZipArchive::new(reader).map_err(|error| PackageError::NotAZip {
            name: name.to_owned(),
            reason: error.to_string(),
        })?;
        let files = check(name, &mut zip, limits)?;
        Ok(Self { name: name.to_owned(), zip, files })
    }

    /// Name of the archive, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Names of the files, sorted.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.files.keys().cloned().collect()
    }

    /// Unpacked size of each file in bytes, as the archive states it.
    ///
    /// # Errors
    /// [`PackageError::NotAZip`] when the index cannot be read.
    pub fn sizes(&mut self) -> Result<BTreeMap<String, u64>, PackageError> {
        let mut sizes = BTreeMap::new();
        for (entry, index) in &self.files {
            let file = self.zip.by_index_raw(*index).map_err(|error| PackageError::NotAZip {
                name: self.name.clone(),
                reason: error.to_string(),
            })?;
            sizes.insert(entry.clone(), file.size());
        }
        Ok(sizes)
    }

    /// Content of a file; none when there is no such file.
    ///
    /// # Errors
    /// [`PackageError::Entry`] when it is damaged or larger than it says.
    pub fn read_if_there(&mut self, entry: &str) -> Result<Option<Vec<u8>>, PackageError> {
        if !self.files.contains_key(entry) {
            return Ok(None);
        }
        let mut bytes = Vec::new();
        self.copy(entry, &mut bytes)?;
        Ok(Some(bytes))
    }

    /// Writes the content of a file that must be there to somewhere.
    ///
    /// # Errors
    /// [`PackageError::Entry`] when it is missing, damaged or larger than it says.
    pub fn copy(&mut self, entry: &str, to: &mut impl Write) -> Result<(), PackageError> {
        let name = self.name.clone();
        let broken = |reason: String| PackageError::Entry {
            name: name.clone(),
            entry: entry.to_owned(),
            reason,
        };
        let index = self.files.get(entry).copied();
        let index = index.ok_or_else(|| broken("there is no such entry".to_owned()))?;
        let file = self.zip.by_index(index).map_err(|error| broken(error.to_string()))?;
        let size = file.size();
        // One byte more than it says shows that it lies.
        let copied = std::io::copy(&mut file.take(size + 1), to);
        if copied.map_err(|error| broken(error.to_string()))? != size {
            return Err(broken(format!("it says {size} bytes and has others")));
        }
        Ok(())
    }

    /// Content of a file that must be there.
    ///
    /// # Errors
    /// [`PackageError::Entry`].
    pub fn read(&mut self, entry: &str) -> Result<Vec<u8>, PackageError> {
        let mut bytes = Vec::new();
        self.copy(entry, &mut bytes)?;
        Ok(bytes)
    }
}

fn check<R: Read + Seek>(
    name: &str,
    zip: &mut zip::ZipArchive<R>,
    limits: Limits,
) -> Result<BTreeMap<String, usize>, PackageError> {
    let too_large = |reason: String| PackageError::TooLarge { name: name.to_owned(), reason };
    if zip.len() > limits.entries {
        return Err(too_large(format!("it has more than {} entries", limits.entries)));
    }
    // The index keeps the last one of two entries of a name; only the reader knows of the other.
    if zip.has_duplicate_names() {
        return Err(PackageError::NotAZip {
            name: name.to_owned(),
            reason: "two entries have the same name".to_owned(),
        });
    }
    let (mut files, mut folded) = (BTreeMap::new(), BTreeMap::new());
    let mut total: u64 = 0;
    for index in 0..zip.len() {
        let file = zip.by_index_raw(index).map_err(|error| PackageError::NotAZip {
            name: name.to_owned(),
            reason: error.to_string(),
        })?;
        let entry = match file.name() {
            Ok(entry) => entry.into_owned(),
            Err(error) => {
                return Err(PackageError::NotAZip {
                    name: name.to_owned(),
                    reason: error.to_string(),
                });
            }
        };
        let refuse = |reason: &str| PackageError::Entry {
            name: name.to_owned(),
            entry: entry.clone(),
            reason: reason.to_owned(),
        };
        check_name(&entry).map_err(refuse)?;
        if file.encrypted() {
            return Err(refuse("it is encrypted"));
        }
        if file.is_symlink() {
            return Err(refuse("it is a link"));
        }
        if file.size() > 1 << 20 && file.size() / limits.ratio > file.compressed_size() {
            return Err(refuse("it grows more than any real file when it is unpacked"));
        }
        total = total.saturating_add(file.size());
        if total > limits.bytes {
            return Err(too_large(format!("it unpacks to more than {} bytes", limits.bytes)));
        }
        if file.is_dir() {
            continue;
        }
        files.insert(entry.clone(), index);
        if folded.insert(entry.to_lowercase(), ()).is_some() {
            return Err(refuse("names that differ only by case cannot be told apart everywhere"));
        }
    }
    Ok(files)
}

fn check_name(entry: &str) -> Result<(), &'static str> {
    if entry.is_empty() || entry.starts_with('/') || entry.contains('\\') || entry.contains('\0') {
        return Err("its name is not a relative path");
    }
    if entry.split('/').any(|part| part == ".." || part == ".") {
        return Err("its name leads out of the package");
    }
    Ok(())
}
