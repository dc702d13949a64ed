//! What is wrong with the entries of a zip, by its directory alone: nothing is unpacked.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufReader, Read, Seek, SeekFrom},
};

use zip::{CompressionMethod, ZipArchive};

use super::{Limits, PackageError, archive::EntryFacts};

/// So many reasons are told; a zip that was made to be refused could have millions.
const MOST: usize = 100;
/// An entry that unpacks to less than this cannot fill a disk, whatever its ratio.
const SMALL: u64 = 1 << 20;

type Surveyed<R> = (ZipArchive<R>, BTreeMap<String, EntryFacts>, Vec<PackageError>);

/// Opens a zip, sorts the entries that may be read by name, and says what is wrong with others.
pub(super) fn read<R: Read + Seek>(
    name: &str,
    reader: R,
    limits: Limits,
) -> Result<Surveyed<R>, PackageError> {
    let broken = |error: zip::result::ZipError| PackageError::NotAZip {
        name: name.to_owned(),
        reason: error.to_string(),
    };
    let mut zip = ZipArchive::new(reader).map_err(broken)?;
    if zip.len() > limits.entries {
        return Err(PackageError::TooLarge {
            name: name.to_owned(),
            reason: format!("it has more than {} entries", limits.entries),
        });
    }
    let mut survey = Survey::new(name, limits);
    // The index keeps the last one of two entries of a name; only the directory knows of the other.
    if zip.has_duplicate_names() {
        let start = zip.central_directory_start();
        let mut reader = zip.into_inner();
        survey.duplicates(&twice(&mut reader, start, limits.entries));
        zip = ZipArchive::new(reader).map_err(broken)?;
    }
    for index in 0..zip.len() {
        survey.entry(index, &zip.by_index_data(index).map_err(broken)?);
    }
    survey.together(zip.central_directory_start());
    Ok((zip, survey.files, survey.refused))
}

struct Survey<'a> {
    name: &'a str,
    limits: Limits,
    files: BTreeMap<String, EntryFacts>,
    /// Names in lowercase.
    folded: BTreeSet<String>,
    /// Packed and unpacked bytes of all entries.
    packed: u64,
    size: u64,
    refused: Vec<PackageError>,
}

impl<'a> Survey<'a> {
    fn new(name: &'a str, limits: Limits) -> Self {
        Self {
            name,
            limits,
            files: BTreeMap::new(),
            folded: BTreeSet::new(),
            packed: 0,
            size: 0,
            refused: Vec::new(),
        }
    }

    fn entry(&mut self, index: usize, file: &zip::read::ZipFileEntry<'_>) {
        self.packed = self.packed.saturating_add(file.compressed_size());
        self.size = self.size.saturating_add(file.size());
        let name = match file.name() {
            Ok(name) => name.into_owned(),
            Err(error) => return self.refuse(&format!("number {index}"), &error.to_string()),
        };
        if let Err(reason) = check(&name, file, self.limits) {
            return self.refuse(&name, reason);
        }
        if file.is_dir() {
            return;
        }
        if !self.folded.insert(name.to_lowercase()) {
            let reason = "names that differ only by case cannot be told apart everywhere";
            return self.refuse(&name, reason);
        }
        let facts = EntryFacts {
            size: file.size(),
            packed: file.compressed_size(),
            crc32: file.crc32(),
            stored: file.compression() == CompressionMethod::Stored,
            index,
        };
        self.files.insert(name, facts);
    }

    /// What no entry alone shows. `room` is how many bytes stand before the directory.
    fn together(&mut self, room: u64) {
        let mut too_large = |reason: String| {
            self.refused.push(PackageError::TooLarge { name: self.name.to_owned(), reason });
        };
        if self.size > self.limits.bytes {
            too_large(format!("it unpacks to more than {} bytes", self.limits.bytes));
            self.files.clear();
        }
        // Entries that share their bytes are how a small zip unpacks to petabytes.
        if self.packed > room {
            too_large("its entries overlap".to_owned());
            self.files.clear();
        }
    }

    fn duplicates(&mut self, names: &BTreeSet<String>) {
        for name in names {
            self.refuse(name, "there are two entries of this name");
        }
    }

    fn refuse(&mut self, entry: &str, reason: &str) {
        if self.refused.len() < MOST {
            self.refused.push(PackageError::Entry {
                name: self.name.to_owned(),
                entry: entry.to_owned(),
                reason: reason.to_owned(),
            });
        }
    }
}

fn check(
    name: &str,
    file: &zip::read::ZipFileEntry<'_>,
    limits: Limits,
) -> Result<(), &'static str> {
    check_name(name)?;
    if file.encrypted() {
        return Err("it is encrypted");
    }
    if file.is_symlink() {
        return Err("it is a link");
    }
    match file.compression() {
        CompressionMethod::Stored if file.size() != file.compressed_size() => {
            return Err("it is stored as it is, and says two sizes");
        }
        CompressionMethod::Stored | CompressionMethod::Deflated => {}
        _ => return Err("it is packed in a way that is not deflate"),
    }
    // A limit of nothing would divide by it.
    let ratio = limits.ratio.max(1);
    if file.size() > SMALL && file.size() / ratio > file.compressed_size() {
        return Err("it grows more than any real file when it is unpacked");
    }
    if file.size() > limits.bytes {
        return Err("it is larger than all of the archive may be");
    }
    Ok(())
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

/// Names that the directory, which begins at `start`, has more than once. What cannot be read as
/// a directory ends the search: it only serves a message.
fn twice<R: Read + Seek>(reader: &mut R, start: u64, most: usize) -> BTreeSet<String> {
    let (mut seen, mut twice) = (BTreeSet::new(), BTreeSet::new());
    if reader.seek(SeekFrom::Start(start)).is_err() {
        return twice;
    }
    let mut reader = BufReader::new(reader);
    while seen.len() < most {
        let Some(name) = next_name(&mut reader) else {
            break;
        };
        if !seen.insert(name.clone()) {
            twice.insert(name);
        }
    }
    if twice.is_empty() {
        // The reader says that there are some, and did not find out which.
        twice.insert("?".to_owned());
    }
    twice
}

/// The name in the next header of a directory: 46 bytes, then name, extra fields and comment.
fn next_name(reader: &mut impl Read) -> Option<String> {
    let mut header = [0; 46];
    reader.read_exact(&mut header).ok()?;
    if !header.starts_with(b"PK\x01\x02") {
        return None;
    }
    let length = |at: usize| u64::from(u16::from_le_bytes([header[at], header[at + 1]]));
    let mut name = Vec::new();
    reader.take(length(28)).read_to_end(&mut name).ok()?;
    std::io::copy(&mut reader.take(length(30) + length(32)), &mut std::io::sink()).ok()?;
    Some(String::from_utf8_lossy(&name).into_owned())
}
