//! Archives in the package, read where they are: a stored one in place, a compressed one from a
//! temporary copy. Nothing is unpacked to disk.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, SeekFrom},
    path::PathBuf,
    sync::Arc,
};

use cloudops_aws::package::{Archive, Limits, Package, PackageError};
use tempfile::TempPath;
use zip::{CompressionMethod, ZipArchive};

/// Where an archive is. Cheap to clone; each clone can be opened on its own.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// For messages, such as `package.zip!webapps/ext-cm-webapp-8.5.0.war`.
    pub(super) name: String,
    path: PathBuf,
    start: u64,
    length: u64,
    /// Keeps a temporary copy alive.
    _copy: Option<Arc<TempPath>>,
}

/// An archive that is open.
pub(super) struct Opened {
    name: String,
    zip: ZipArchive<Window>,
    /// Files by name.
    pub(super) files: BTreeMap<String, Entry>,
}

/// A file in an archive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    index: usize,
    pub(super) size: u64,
    pub(super) crc: u32,
}

impl Source {
    /// The package itself.
    pub(super) fn package(package: &Package) -> Self {
        let path = package.path();
        Self {
            name: path.file_name().unwrap_or(path.as_str()).to_owned(),
            path: path.as_std_path().to_owned(),
            start: 0,
            length: package.size(),
            _copy: None,
        }
    }

    /// An archive in this one.
    pub(super) fn nested(&self, opened: &mut Opened, entry: &str) -> Result<Self, PackageError> {
        let name = format!("{}!{entry}", self.name);
        let found = opened.entry(entry)?;
        let refused = |error: String| opened_error(&self.name, entry, error);
        let file = opened
            .zip
            .by_index(found.index)
            .map_err(|error| refused(error.to_string()))?;
        if file.compression() == CompressionMethod::Stored
            && let Some(start) = file.data_start()
        {
            let (path, length) = (self.path.clone(), found.size);
            let start = self.start + start;
            return Ok(Self {
                name,
                path,
                start,
                length,
                _copy: self._copy.clone(),
            });
        }
        let mut copy = tempfile::Builder::new()
            .prefix("cloudops-archive-")
            .tempfile()?;
        let length = io::copy(&mut file.take(found.size + 1), &mut copy);
        let length = length.map_err(|error| refused(error.to_string()))?;
        let copy = copy.into_temp_path();
        Ok(Self {
            name,
            path: copy.to_path_buf(),
            start: 0,
            length,
            _copy: Some(Arc::new(copy)),
        })
    }

    /// Opens and checks the archive.
    pub(super) fn open(&self) -> Result<Opened, PackageError> {
        // The package's own reader checks names, kinds and sizes.
        let names = Archive::open(&self.name, self.window()?, Limits::default())?.names();
        let broken = |error: zip::result::ZipError| PackageError::NotAZip {
            name: self.name.clone(),
            reason: error.to_string(),
        };
        let mut zip = ZipArchive::new(self.window()?).map_err(broken)?;
        if zip.has_duplicate_names() {
            return Err(PackageError::NotAZip {
                name: self.name.clone(),
                reason: "two entries have the same name".to_owned(),
            });
        }
        let mut files = BTreeMap::new();
        for name in names {
            let index = zip
                .index_for_name(&name)
                .ok_or(zip::result::ZipError::FileNotFound);
            let index = index.map_err(broken)?;
            let file = zip.by_index_raw(index).map_err(broken)?;
            let entry = Entry {
                index,
                size: file.size(),
                crc: file.crc32(),
            };
            drop(file);
            files.insert(name, entry);
        }
        Ok(Opened {
            name: self.name.clone(),
            zip,
            files,
        })
    }

    fn window(&self) -> io::Result<Window> {
        let file = io::BufReader::new(fs_err::File::open(&self.path)?);
        let mut window = Window {
            file,
            start: self.start,
            length: self.length,
            at: 0,
        };
        window.seek(SeekFrom::Start(0))?;
        Ok(window)
    }
}

impl Opened {
    /// Gives the content of a file to `take`, with its size.
    pub(super) fn read<T>(
        &mut self,
        entry: &str,
        take: impl FnOnce(u64, &mut dyn Read) -> T,
    ) -> Result<T, PackageError> {
        let found = self.entry(entry)?;
        let name = self.name.clone();
        let mut file = self
            .zip
            .by_index(found.index)
            .map_err(|error| opened_error(&name, entry, error.to_string()))?;
        Ok(take(found.size, &mut file))
    }

    fn entry(&self, entry: &str) -> Result<Entry, PackageError> {
        let found = self.files.get(entry).copied();
        found.ok_or_else(|| opened_error(&self.name, entry, "there is no such entry".to_owned()))
    }
}

fn opened_error(name: &str, entry: &str, reason: String) -> PackageError {
    PackageError::Entry {
        name: name.to_owned(),
        entry: entry.to_owned(),
        reason,
    }
}

/// A part of a file, which reads like a file of its own.
struct Window {
    file: io::BufReader<fs_err::File>,
    start: u64,
    length: u64,
    at: u64,
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = left.min(buffer.len());
        let count = self.file.read(&mut buffer[..most])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let wanted = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        let before = || io::Error::new(io::ErrorKind::InvalidInput, "seek before the begin");
        let wanted = wanted.ok_or_else(before)?;
        let place = self.start.checked_add(wanted).ok_or_else(before)?;
        // Relative, because that keeps the buffer where the place is in it.
        let now = self.file.stream_position()?;
        match (i64::try_from(place), i64::try_from(now)) {
            (Ok(place), Ok(now)) => self.file.seek_relative(place - now)?,
            _ => drop(self.file.seek(SeekFrom::Start(place))?),
        }
        self.at = wanted;
        Ok(wanted)
    }
}
