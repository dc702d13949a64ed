//! What an archive may hold at most, and the errors of those that hold more.

use super::PackageError;

/// What an archive may hold at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, of each archive on its own.
    pub entries: usize,
    /// Bytes of all entries together, unpacked, with those of the archives inside.
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

/// One of the [`Limits`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// [`Limits::entries`].
    Entries,
    /// [`Limits::bytes`].
    Bytes,
    /// [`Limits::ratio`].
    Ratio,
}

impl Limit {
    /// The option of the programs that sets it.
    #[must_use]
    pub fn option(self) -> &'static str {
        match self {
            Self::Entries => "--max-entries",
            Self::Bytes => "--max-unpacked",
            Self::Ratio => "--max-ratio",
        }
    }

    /// The error that an entry passes this limit.
    pub(super) fn passed(self, name: &str, entry: &str, reason: String) -> PackageError {
        PackageError::Limit { name: name.to_owned(), entry: entry.to_owned(), limit: self, reason }
    }
}

/// Adds up what a package and the archives inside of it unpack to: each may be within the limit
/// when all of them are not.
pub(super) struct Total<'a> {
    name: &'a str,
    most: u64,
    bytes: u64,
}

impl<'a> Total<'a> {
    /// The entries of the package `name` have so many bytes.
    pub(super) fn new(name: &'a str, limits: Limits, bytes: u64) -> Self {
        Self { name, most: limits.bytes, bytes }
    }

    /// Adds the bytes of the files in an archive inside.
    ///
    /// # Errors
    /// [`PackageError::Limit`] when it is the one that passes the limit.
    pub(super) fn add(&mut self, entry: &str, bytes: u64) -> Result<(), PackageError> {
        let before = self.bytes;
        self.bytes = before.saturating_add(bytes);
        if before > self.most || self.bytes <= self.most {
            return Ok(());
        }
        let most = self.most;
        let reason = format!("with what is in it, the package unpacks to more than {most} bytes");
        Err(Limit::Bytes.passed(self.name, entry, reason))
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            Archive, Package,
            inspect::inspect,
            tests::{GOOD, archive, deflated, zip, zip_bytes},
        },
        *,
    };
    use crate::diagnose::Diagnose as _;
    use camino::Utf8Path;

    /// The entry is named, the limit in words, and the option that raises it.
    #[track_caller]
    fn says(error: &PackageError, limit: Limit, entry: &str, words: &str) {
        let PackageError::Limit { entry: found, limit: passed, .. } = error else {
            panic!("{error}");
        };
        assert_eq!((found.as_str(), *passed), (entry, limit));
        let text = error.to_string();
        assert!(text.contains(&format!("the entry `{entry}` is refused: {words}")), "{text}");
        assert!(error.hints().iter().any(|hint| hint.contains(limit.option())));
    }

    fn refused(zip: &[u8], limits: Limits) -> PackageError {
        archive(zip, limits).map(|archive| archive.names()).unwrap_err()
    }

    #[test]
    fn an_archive_has_no_more_entries_than_the_limit() {
        let zip = zip_bytes(&[("a", b"1".as_slice()), ("b", b"2"), ("c", b"3")]);
        let limits = |entries| Limits { entries, ..Limits::default() };
        let error = refused(&zip, limits(2));
        says(&error, Limit::Entries, "c", "it is one of 3 entries, and 2 are allowed");
        assert!(archive(&zip, limits(3)).is_ok());
    }

    #[test]
    fn an_archive_unpacks_to_no_more_than_the_limit() {
        let zip = zip_bytes(&[("a", [0; 600].as_slice()), ("b", &[0; 400]), ("c", &[0; 1])]);
        let limits = |bytes| Limits { bytes, ..Limits::default() };
        let error = refused(&zip, limits(1000));
        says(&error, Limit::Bytes, "c", "with it, all entries unpack to more than 1000 bytes");
        let error = refused(&zip, limits(599));
        says(&error, Limit::Bytes, "a", "it unpacks to 600 bytes, and 599 are allowed");
        assert!(archive(&zip, limits(1001)).is_ok());
    }

    #[test]
    fn an_entry_grows_no_more_than_the_limit() {
        let zip = deflated(&[("zeros", vec![0; 4 << 20].as_slice())]);
        let limits = |ratio| Limits { ratio, ..Limits::default() };
        let error = refused(&zip, Limits::default());
        says(&error, Limit::Ratio, "zeros", "it grows from ");
        assert!(error.to_string().ends_with("and 500 times as many are allowed"), "{error}");
        assert!(archive(&zip, limits(1100)).is_ok());
        // So little cannot fill a disk.
        let small = deflated(&[("zeros", vec![0; 1 << 20].as_slice())]);
        assert!(archive(&small, limits(1)).is_ok());
    }

    #[test]
    fn what_is_in_the_archives_inside_counts_too() {
        let war = deflated(&[("page", vec![b'x'; 100_000].as_slice())]);
        let mut entries = GOOD;
        entries[0].1 = &war;
        let file = zip(&entries);
        let path = Utf8Path::from_path(file.path()).unwrap();
        let limits = Limits { bytes: 90_000, ..Limits::default() };
        let alone = Archive::open("war", std::io::Cursor::new(&war), limits);
        assert!(alone.is_err(), "the war alone passes the limit");
        let limits = Limits { bytes: 100_001, ..limits };
        let package = Package::open_within(path, limits).unwrap();
        let words = "with what is in it, the package unpacks to more than 100001 bytes";
        let entry = entries[0].0;
        says(&package.check_contents().unwrap_err(), Limit::Bytes, entry, words);
        let error = package.check_together([(entry, 100_000)]).unwrap_err();
        says(&error, Limit::Bytes, entry, words);
        let found = inspect(path, limits, &[]).unwrap();
        assert_eq!(found.refused.len(), 1, "{:?}", found.refused);
        says(&found.refused[0], Limit::Bytes, entry, words);
        let enough = Limits { bytes: 102_000, ..limits };
        Package::open_within(path, enough).unwrap().check_contents().unwrap();
    }
}
