//! Whether everything in a package can be read: what a build left half-written shows here.

use std::io::{self, Read, Seek, Write};

use super::{Archive, Package, PackageError};

/// A zip ends with its directory; behind that is a comment of at most 64 KiB.
const TAIL: usize = (64 << 10) + 22;

impl Package {
    /// Reads every entry to its end: checksums and sizes hold, and each web application, jar and
    /// zip inside is whole. Takes about as long as unpacking, and no memory to speak of.
    ///
    /// # Errors
    /// [`PackageError::Entry`] names the first entry that is broken.
    pub fn check_contents(&self) -> Result<(), PackageError> {
        let mut archive = self.archive()?;
        for entry in self.entries() {
            archive.check_entry(entry)?;
        }
        Ok(())
    }
}

impl<R: Read + Seek> Archive<R> {
    fn check_entry(&mut self, entry: &str) -> Result<(), PackageError> {
        let mut ends = Ends::default();
        self.copy(entry, &mut ends)?;
        if is_zip(entry) && !ends.of_a_zip() {
            return Err(PackageError::Entry {
                name: self.name().to_owned(),
                entry: entry.to_owned(),
                reason: "it is not a zip, or not a whole one".to_owned(),
            });
        }
        Ok(())
    }
}

fn is_zip(entry: &str) -> bool {
    [".war", ".jar", ".zip"].iter().any(|end| entry.ends_with(end))
}

/// Keeps the begin and the end of what is written to it.
#[derive(Default)]
struct Ends {
    first: Vec<u8>,
    last: Vec<u8>,
}

impl Ends {
    fn of_a_zip(&self) -> bool {
        let ends = self.last.windows(4).any(|bytes| bytes == b"PK\x05\x06");
        ends && (self.first == b"PK\x03\x04" || self.first == b"PK\x05\x06")
    }
}

impl Write for Ends {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let missing = 4 - self.first.len();
        self.first.extend(bytes.iter().take(missing));
        self.last.extend_from_slice(bytes);
        let too_many = self.last.len().saturating_sub(TAIL);
        self.last.drain(..too_many);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
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
