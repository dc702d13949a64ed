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
    ahead: Ahead,
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
        Self { file: Arc::new(file), start: 0, length, at: 0, ahead: Ahead::default() }
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
            ahead: Ahead::default(),
        })
    }
}

impl Read for Nested {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length.saturating_sub(self.at)).unwrap_or(usize::MAX);
        let most = buffer.len().min(left);
        let count = if most >= AHEAD {
            self.file.read_at(&mut buffer[..most], self.start + self.at)?
        } else {
            self.read_ahead(left)?.read(&mut buffer[..most])?
        };
        self.at += count as u64;
        Ok(count)
    }
}

/// What is read at least: readers of zips ask for a few bytes at a time.
const AHEAD: usize = 64 << 10;

/// Bytes that were read before somebody asked for them. A clone reads its own.
#[derive(Debug, Default)]
struct Ahead {
    at: u64,
    bytes: Vec<u8>,
}

impl Clone for Ahead {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl Nested {
    /// The bytes from here on that are in memory; some, unless `left` is none.
    fn read_ahead(&mut self, left: usize) -> io::Result<&[u8]> {
        let Ahead { at, bytes } = &mut self.ahead;
        let behind = |place: u64| usize::try_from(place.checked_sub(*at)?).ok();
        let known = behind(self.at).filter(|known| *known < bytes.len());
        if let Some(known) = known {
            return Ok(&self.ahead.bytes[known..]);
        }
        bytes.resize(left.min(AHEAD), 0);
        let read = self.file.read_at(bytes, self.start + self.at);
        bytes.truncate(*read.as_ref().unwrap_or(&0));
        *at = self.at;
        read.map(|_| self.ahead.bytes.as_slice())
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
    fn what_is_read_ahead_is_what_stands_there() {
        let bytes: Vec<u8> = (0..3 * AHEAD + 5).map(|number| (number % 251) as u8).collect();
        let mut part = nested(&bytes).part(1, bytes.len() as u64 - 2).unwrap();
        let bytes = &bytes[1..bytes.len() - 1];
        let mut piece = vec![0; 2 * AHEAD];
        for (at, count) in
            [(0, 10), (5, 10), (AHEAD - 3, 6), (10, 2 * AHEAD), (7, 3), (3 * AHEAD, 9)]
        {
            part.seek(SeekFrom::Start(at as u64)).unwrap();
            let mut read = 0;
            while read < count {
                match part.read(&mut piece[read..count]).unwrap() {
                    0 => break,
                    some => read += some,
                }
            }
            assert_eq!(piece[..read], bytes[at..bytes.len().min(at + count)], "{at} {count}");
        }
        let mut all = Vec::new();
        part.rewind().unwrap();
        part.clone().read_to_end(&mut all).unwrap();
        assert_eq!(all, bytes);
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
