//! Whether everything in a package can be read: what a build left half-written shows here.

use std::io::{self, Read, Seek, Write};

use sha2::{Digest as _, Sha256};

use super::{Archive, Package, PackageError, limits::Total, parts};
use crate::ids::Digest;

/// A zip ends with its directory; behind that is a comment of at most 64 KiB.
const TAIL: usize = (64 << 10) + 22;

impl Package {
    /// Reads every entry to its end, those of the archives inside that images are made of too:
    /// checksums and sizes hold, and each jar and zip is whole. Takes about as long as unpacking,
    /// and no memory to speak of.
    ///
    /// # Errors
    /// [`PackageError`] names the first entry that is broken or passes a limit, and the archive
    /// that it is in.
    pub fn check_contents(&self) -> Result<(), PackageError> {
        let mut archive = self.archive()?;
        let mut total = Total::new(&self.name, self.limits, self.unpacked);
        for entry in self.entries() {
            archive.digest(entry)?;
            if parts::is_opened(entry) {
                let mut inner = archive.open_nested(entry)?;
                total.add(entry, inner.unpacked())?;
                for entry in inner.names() {
                    inner.digest(&entry)?;
                }
            }
        }
        Ok(())
    }

    /// Whether the package with the files of these archives in it is within its limits.
    ///
    /// # Errors
    /// [`PackageError::Limit`] names the archive with which it is not.
    pub fn check_together<'a>(
        &self,
        inside: impl IntoIterator<Item = (&'a str, u64)>,
    ) -> Result<(), PackageError> {
        let mut total = Total::new(&self.name, self.limits, self.unpacked);
        inside.into_iter().try_for_each(|(entry, bytes)| total.add(entry, bytes))
    }
}

impl<R: Read + Seek> Archive<R> {
    /// Reads a file to its end: its checksum and size hold, and when it is a zip by its name, it
    /// begins and ends like one.
    ///
    /// # Errors
    /// [`PackageError::Entry`] says what is wrong with it.
    pub fn digest(&mut self, entry: &str) -> Result<Digest, PackageError> {
        let mut seen = Seen { hasher: Sha256::new(), ends: is_zip(entry).then(Ends::default) };
        self.copy(entry, &mut seen)?;
        if seen.ends.is_some_and(|ends| !ends.of_a_zip()) {
            return Err(self.refused(entry, "it is not a zip, or not a whole one".to_owned()));
        }
        Ok(Digest::from_hasher(seen.hasher))
    }
}

fn is_zip(entry: &str) -> bool {
    [".war", ".jar", ".zip"].iter().any(|end| entry.ends_with(end))
}

/// Looks at what is written to it.
struct Seen {
    hasher: Sha256,
    ends: Option<Ends>,
}

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.hasher.update(bytes);
        if let Some(ends) = &mut self.ends {
            ends.take(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Keeps the begin and the end of what it is given.
#[derive(Default)]
struct Ends {
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Ends {
    fn of_a_zip(&self) -> bool {
        let from = self.last.len().saturating_sub(TAIL);
        let ends = self.last[from..].windows(4).any(|bytes| bytes == b"PK\x05\x06");
        ends && (self.first == b"PK\x03\x04" || self.first == b"PK\x05\x06")
    }

    fn take(&mut self, bytes: &[u8]) {
        let missing = 4 - self.first.len();
        self.first.extend(bytes.iter().take(missing));
        self.last.extend_from_slice(bytes);
        // Moving the tail for every few bytes would cost more than hashing them.
        if self.last.len() > 4 * TAIL {
            self.last.drain(..self.last.len() - TAIL);
        }
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::super::tests::{GOOD, zip, zip_bytes};
    use super::*;

    fn check(war: &[u8]) -> Result<(), PackageError> {
        let mut entries = GOOD;
        entries[0].1 = war;
        let file = zip(&entries);
        Package::open(Utf8Path::from_path(file.path()).unwrap())?.check_contents()
    }

    #[test]
    fn a_war_that_is_not_whole_is_found() {
        let war = zip_bytes(&[("WEB-INF/web.xml", b"<web-app/>".as_slice())]);
        check(&war).unwrap();
        for broken in [&war[..war.len() / 2], b"not a zip at all".as_slice()] {
            let error = check(broken).unwrap_err().to_string();
            assert!(error.contains("ext-cortex-webapp"), "{error}");
            assert!(error.contains("not a whole one"), "{error}");
        }
    }

    #[test]
    fn a_jar_that_is_not_whole_in_a_war_is_found_with_both_names() {
        let war = zip_bytes(&[("WEB-INF/lib/a.jar", b"PK\x03\x04 and no end".as_slice())]);
        let error = check(&war).unwrap_err().to_string();
        assert!(error.contains("!/webapps/ext-cortex-webapp-8.5.0.war: the entry"), "{error}");
        assert!(error.contains("`WEB-INF/lib/a.jar`"), "{error}");
    }

    #[test]
    fn an_entry_whose_bytes_were_changed_is_found() {
        let file = zip(&GOOD);
        let mut bytes = std::fs::read(file.path()).unwrap();
        // In the content of the first entry, which is stored as it is.
        let at = bytes.windows(4).position(|bytes| bytes == b"PK\x05\x06").unwrap();
        bytes[at + 8] ^= 1;
        std::fs::write(file.path(), &bytes).unwrap();
        let package = Package::open(Utf8Path::from_path(file.path()).unwrap()).unwrap();
        let error = package.check_contents().unwrap_err().to_string();
        assert!(error.contains("webapps/"), "{error}");
    }
}
