//! A file inside a zip as a reader that can seek: how zips inside of zips are opened without an
//! unpacked copy of either.

use std::{
    fs::File,
    io::{self, Read, Seek, SeekFrom},
    os::unix::fs::FileExt as _,
    sync::Arc,
};

use camino::Utf8Path;

/// A part of a file, read by position: copies of it are independent readers of the same bytes,
/// also in other threads.
#[derive(Debug, Clone)]
pub struct Nested {
    file: Arc<File>,
    /// Where the part begins in the file.
    start: u64,
    length: u64,
    /// Where the next read begins in the part.
    at: u64,
}

impl Nested {
    /// All of a file.
    ///
    /// # Errors
    /// Those of opening it; they name it.
    pub fn open(path: &Utf8Path) -> io::Result<Self> {
        let file = fs_err::File::open(path)?;
        let length = file.metadata()?.len();
        Ok(Self::new(file.into_parts().0, length))
    }

    pub(super) fn new(file: File, length: u64) -> Self {
        Self { file: Arc::new(file), start: 0, length, at: 0 }
    }

    /// Bytes in it.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }

    /// A part of it; none when it would end behind the end.
    pub(super) fn part(&self, start: u64, length: u64) -> Option<Self> {
        let end = start.checked_add(length)?;
        let inside = end <= self.length;
        inside.then(|| Self {
            file: Arc::clone(&self.file),
            start: self.start + start,
            length,
            at: 0,
        })
    }
}

impl Read for Nested {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let count = self.file.read_at(&mut buffer[..most], self.start + self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Nested {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.length.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        // Behind the end nothing is read, and a place behind all files would overflow.
        let at = at.filter(|at| self.start.checked_add(*at).is_some());
        self.at = at.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn nested(bytes: &[u8]) -> Nested {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        Nested::new(file, bytes.len() as u64)
    }

    fn rest(reader: &mut Nested) -> String {
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn a_part_of_a_part_is_read_and_nothing_around_it() {
        let part = nested(b"0123456789").part(2, 6).unwrap();
        let mut inner = part.part(1, 3).unwrap();
        assert_eq!(rest(&mut inner.clone()), "345");
        inner.seek(SeekFrom::End(-1)).unwrap();
        assert_eq!(rest(&mut inner.clone()), "5");
        inner.seek(SeekFrom::Current(-2)).unwrap();
        assert_eq!(rest(&mut inner), "345");
        inner.seek(SeekFrom::Start(9)).unwrap();
        assert_eq!(rest(&mut inner), "");
    }

    #[test]
    fn a_part_cannot_lead_out() {
        let part = nested(b"0123456789").part(2, 6).unwrap();
        assert!(part.part(4, 3).is_none());
        assert!(part.part(u64::MAX, 2).is_none());
        let mut part = part;
        assert!(part.seek(SeekFrom::Current(-1)).is_err());
        assert!(part.seek(SeekFrom::Start(u64::MAX)).is_err());
    }
}
