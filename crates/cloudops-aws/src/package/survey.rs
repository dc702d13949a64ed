//! What is wrong with the entries of a zip, by its directory alone: nothing is unpacked.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    io::{BufReader, Read, Seek, SeekFrom},
};

use zip::{CompressionMethod, ZipArchive};

use super::{Limit, Limits, PackageError, archive::EntryFacts};

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
        return Err(too_many(name, &zip, limits));
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
    /// The entry that passed the limit of all bytes.
    passed: Option<String>,
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
            passed: None,
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
        // One that passes the limit alone says so itself.
        if self.size > self.limits.bytes && file.size() <= self.limits.bytes {
            self.passed.get_or_insert_with(|| name.clone());
        }
        if let Err(reason) = check(&name, file) {
            return self.refuse(&name, reason);
        }
        if let Some((limit, reason)) = passes(file, self.limits) {
            return self.keep(limit.passed(self.name, &name, reason));
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
        if let Some(entry) = self.passed.take() {
            let most = self.limits.bytes;
            let reason = format!("with it, all entries unpack to more than {most} bytes");
            self.refused.push(Limit::Bytes.passed(self.name, &entry, reason));
            self.files.clear();
        }
        self.files_in_files();
        // Entries that share their bytes are how a small zip unpacks to petabytes.
        if self.packed > room {
            self.refused.push(PackageError::Overlap { name: self.name.to_owned() });
            self.files.clear();
        }
    }

    /// A file cannot be a folder as well: whoever unpacks the two has one of them.
    fn files_in_files(&mut self) {
        let is_in_file = |name: &&String| {
            let mut folders = name.match_indices('/').map(|(at, _)| &name[..at]);
            folders.any(|folder| self.files.contains_key(folder))
        };
        let wrong: Vec<String> = self.files.keys().filter(is_in_file).cloned().collect();
        for name in wrong {
            self.files.remove(&name);
            self.refuse(&name, "its folder is a file too");
        }
    }

    fn duplicates(&mut self, names: &BTreeSet<String>) {
        for name in names {
            self.refuse(name, "there are two entries of this name");
        }
    }

    fn refuse(&mut self, entry: &str, reason: &str) {
        self.keep(PackageError::Entry {
            name: self.name.to_owned(),
            entry: entry.to_owned(),
            reason: reason.to_owned(),
        });
    }

    fn keep(&mut self, error: PackageError) {
        if self.refused.len() < MOST {
            self.refused.push(error);
        }
    }
}

fn check(name: &str, file: &zip::read::ZipFileEntry<'_>) -> Result<(), &'static str> {
    check_name(name)?;
    if file.encrypted() {
        return Err("it is encrypted");
    }
    if file.is_symlink() {
        return Err("it is a link");
    }
    match file.compression() {
        CompressionMethod::Stored if file.size() != file.compressed_size() => {
            Err("it is stored as it is, and says two sizes")
        }
        CompressionMethod::Stored | CompressionMethod::Deflated => Ok(()),
        _ => Err("it is packed in a way that is not deflate"),
    }
}

/// The limit that an entry passes on its own.
fn passes(file: &zip::read::ZipFileEntry<'_>, limits: Limits) -> Option<(Limit, String)> {
    let (size, packed) = (file.size(), file.compressed_size());
    if size > SMALL && size > packed.saturating_mul(limits.ratio) {
        let ratio = limits.ratio;
        let reason = format!(
            "it grows from {packed} bytes to {size}, and {ratio} times as many are allowed"
        );
        return Some((Limit::Ratio, reason));
    }
    let reason = || format!("it unpacks to {size} bytes, and {} are allowed", limits.bytes);
    (size > limits.bytes).then(|| (Limit::Bytes, reason()))
}

/// Names the first entry that is one too many.
fn too_many<R: Read + Seek>(name: &str, zip: &ZipArchive<R>, limits: Limits) -> PackageError {
    let entry = zip.name_for_index(limits.entries).and_then(Result::ok);
    let entry = entry.map_or_else(|| format!("number {}", limits.entries), Cow::into_owned);
    let reason = format!("it is one of {} entries, and {} are allowed", zip.len(), limits.entries);
    Limit::Entries.passed(name, &entry, reason)
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
