//! A zip that may come from anywhere: nothing in it is trusted.

use std::{
    collections::BTreeMap,
    io::{self, Read, Seek, Write},
    sync::Arc,
};

use super::{Limits, Nested, PackageError, survey};

/// What an archive's directory says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EntryFacts {
    /// Unpacked bytes.
    pub size: u64,
    /// Bytes in the archive.
    pub packed: u64,
    /// CRC-32 of the unpacked bytes.
    pub crc32: u32,
    /// Whether its bytes stand in the archive as they are.
    pub stored: bool,
    pub(super) index: usize,
}

/// A zip whose names and sizes were checked.
#[derive(Debug, Clone)]
pub struct Archive<R> {
    name: String,
    zip: zip::ZipArchive<R>,
    files: Arc<BTreeMap<String, EntryFacts>>,
    limits: Limits,
    /// The bytes of the archive, where a part of them can be read on its own.
    bytes: Option<Nested>,
}

impl<R: Read + Seek> Archive<R> {
    /// Opens a zip and checks every entry's name, kind and size before any is read.
    ///
    /// # Errors
    /// [`PackageError`] names the entry.
    pub fn open(name: &str, reader: R, limits: Limits) -> Result<Self, PackageError> {
        let (archive, refused) = Self::survey(name, reader, limits)?;
        refused.into_iter().next().map_or(Ok(archive), Err)
    }

    /// Opens a zip and gives all that is wrong with its entries; those are left out of it.
    pub(super) fn survey(
        name: &str,
        reader: R,
        limits: Limits,
    ) -> Result<(Self, Vec<PackageError>), PackageError> {
        let (zip, files, refused) = survey::read(name, reader, limits)?;
        Ok((
            Self { name: name.to_owned(), zip, files: Arc::new(files), limits, bytes: None },
            refused,
        ))
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

    /// What the directory says of a file; none when there is no such file.
    #[must_use]
    pub fn facts(&self, entry: &str) -> Option<EntryFacts> {
        self.files.get(entry).copied()
    }

    /// Unpacked size of each file in bytes, as the archive states it.
    #[must_use]
    pub fn sizes(&self) -> BTreeMap<String, u64> {
        self.files.iter().map(|(entry, facts)| (entry.clone(), facts.size)).collect()
    }

    /// Bytes of all files together, unpacked, as the archive states them.
    #[must_use]
    pub fn unpacked(&self) -> u64 {
        self.files.values().map(|facts| facts.size).fold(0, u64::saturating_add)
    }

    /// Content of a small file; none when there is no such file.
    ///
    /// # Errors
    /// [`PackageError::Entry`] when it is damaged, larger than it says, or has more than `most`
    /// bytes.
    pub fn read_if_there(
        &mut self,
        entry: &str,
        most: u64,
    ) -> Result<Option<Vec<u8>>, PackageError> {
        let Some(facts) = self.facts(entry) else {
            return Ok(None);
        };
        if facts.size > most {
            return Err(self.refused(entry, format!("it has more than {most} bytes")));
        }
        self.read(entry).map(Some)
    }

    /// Writes the content of a file that must be there to somewhere.
    ///
    /// # Errors
    /// [`PackageError::Entry`] when it is missing, damaged or larger than it says;
    /// [`PackageError::Io`] is that of the writer.
    pub fn copy(
        &mut self,
        entry: &str,
        to: &mut (impl Write + ?Sized),
    ) -> Result<(), PackageError> {
        let EntryFacts { size, index, .. } = self.known(entry)?;
        let mut to = Target { to, failed: None };
        let copied = self.zip.by_index(index).map_err(|error| error.to_string()).and_then(|file| {
            // One byte more than it says shows that it lies.
            copy(file.take(size + 1), size, &mut to).map_err(|error| error.to_string())
        });
        // A full disk is not the fault of the entry.
        if let Some(failed) = to.failed {
            return Err(failed.into());
        }
        match copied {
            Ok(copied) if copied == size => Ok(()),
            Ok(_) => Err(self.refused(entry, format!("it says {size} bytes and has others"))),
            Err(reason) => Err(self.refused(entry, reason)),
        }
    }

    /// Content of a file that must be there, in memory: for small ones.
    ///
    /// # Errors
    /// [`PackageError::Entry`].
    pub fn read(&mut self, entry: &str) -> Result<Vec<u8>, PackageError> {
        let mut bytes = Vec::new();
        self.copy(entry, &mut bytes)?;
        Ok(bytes)
    }

    /// A file that must be there as a reader that can seek. One that is stored is read where it
    /// stands; one that is packed is unpacked once, into a file without a name, which goes away
    /// with the last reader of it. A stored one's own checksum is not looked at.
    ///
    /// # Errors
    /// [`PackageError::Entry`] when it is missing, damaged or not as large as it says;
    /// [`PackageError::Io`] when there is no room for the unpacked file.
    pub fn nested(&mut self, entry: &str) -> Result<Nested, PackageError> {
        let facts = self.known(entry)?;
        if let Some(bytes) = self.bytes.clone().filter(|_| facts.stored) {
            let start = self.start(entry, facts)?;
            return bytes.part(start, facts.size).ok_or_else(|| {
                self.refused(entry, "it ends behind the end of the archive".to_owned())
            });
        }
        let mut file = tempfile::tempfile()?;
        self.copy(entry, &mut file)?;
        Ok(Nested::new(file, facts.size))
    }

    /// A zip inside, its entries checked like those of this one. Messages name both.
    ///
    /// # Errors
    /// Those of [`Archive::nested`] and [`Archive::open`].
    pub fn open_nested(&mut self, entry: &str) -> Result<Archive<Nested>, PackageError> {
        let nested = self.nested(entry)?;
        Archive::within(&self.nested_name(entry), nested, self.limits)
    }

    /// Name of a zip inside, for messages.
    pub(super) fn nested_name(&self, entry: &str) -> String {
        format!("{}!/{entry}", self.name)
    }

    pub(super) fn limits(&self) -> Limits {
        self.limits
    }

    /// The error that an entry is refused.
    pub(super) fn refused(&self, entry: &str, reason: String) -> PackageError {
        PackageError::Entry { name: self.name.clone(), entry: entry.to_owned(), reason }
    }

    fn known(&self, entry: &str) -> Result<EntryFacts, PackageError> {
        let missing = || self.refused(entry, "there is no such entry".to_owned());
        self.facts(entry).ok_or_else(missing)
    }

    /// Where the bytes of an entry begin: behind its header, which has a size of its own.
    fn start(&mut self, entry: &str, facts: EntryFacts) -> Result<u64, PackageError> {
        let start = match self.zip.by_index_raw(facts.index) {
            Ok(file) => file.data_start().ok_or_else(|| "it has no beginning".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        start.map_err(|reason| self.refused(entry, reason))
    }
}

/// Remembers why a writer failed: an error of what is copied to it looks like one of what is read.
struct Target<'a, W: ?Sized> {
    to: &'a mut W,
    failed: Option<io::Error>,
}

impl<W: Write + ?Sized> Write for Target<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.to.write(bytes).map_err(|error| {
            let kind = error.kind();
            // Such a one is tried again.
            if kind != io::ErrorKind::Interrupted {
                self.failed = Some(error);
            }
            kind.into()
        })
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

impl Archive<Nested> {
    /// Opens a zip whose stored entries can be read where they stand ([`Archive::nested`]).
    ///
    /// # Errors
    /// Those of [`Archive::open`].
    pub fn within(name: &str, bytes: Nested, limits: Limits) -> Result<Self, PackageError> {
        let (archive, refused) = Self::survey_within(name, bytes, limits)?;
        refused.into_iter().next().map_or(Ok(archive), Err)
    }

    /// Like [`Archive::survey`], with stored entries read where they stand.
    pub(super) fn survey_within(
        name: &str,
        bytes: Nested,
        limits: Limits,
    ) -> Result<(Self, Vec<PackageError>), PackageError> {
        let (archive, refused) = Self::survey(name, bytes.clone(), limits)?;
        Ok((Self { bytes: Some(bytes), ..archive }, refused))
    }
}
/// Large files in large pieces: each piece is a few calls of the system.
fn copy(mut from: impl Read, size: u64, to: &mut impl Write) -> std::io::Result<u64> {
    const PIECE: u64 = 256 << 10;
    let mut piece = vec![0; usize::try_from(size.clamp(1, PIECE)).unwrap_or(1)];
    let mut copied = 0;
    loop {
        match from.read(&mut piece) {
            Ok(0) => return Ok(copied),
            Ok(count) => {
                to.write_all(&piece[..count])?;
                copied += count as u64;
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}
