//! Tar archives whose bytes depend on names, modes and contents only: owned by root, dated 1970.

use std::io::{self, Write};

use tar::{EntryType, Header};

use super::content::Content;

/// Tar archives come in blocks of so many bytes.
const BLOCK: u64 = 512;
/// The most that a header has room for; longer names need a header of their own.
const NAME: usize = 100;

/// Writes an archive, entry by entry, without keeping any of it.
pub(super) struct TarWriter<W>(W);

impl<W: Write> TarWriter<W> {
    pub(super) fn new(to: W) -> Self {
        Self(to)
    }

    pub(super) fn folder(&mut self, path: &str, mode: u32) -> io::Result<()> {
        self.header(EntryType::Directory, &format!("{path}/"), mode, 0)
    }

    /// Writes a file. What it has must be what it says.
    pub(super) fn file(&mut self, path: &str, mode: u32, content: &dyn Content) -> io::Result<()> {
        let size = content.size();
        self.header(EntryType::Regular, path, mode, size)?;
        let mut counted = Counted { to: &mut self.0, count: 0 };
        content.copy(&mut counted)?;
        if counted.count != size {
            let count = counted.count;
            return Err(io::Error::other(format!("{path} says {size} bytes and has {count}")));
        }
        self.pad(size)
    }

    /// Ends the archive, and gives back what it was written to.
    pub(super) fn finish(mut self) -> io::Result<W> {
        self.0.write_all(&[0; 2 * BLOCK as usize])?;
        Ok(self.0)
    }

    fn header(&mut self, kind: EntryType, path: &str, mode: u32, size: u64) -> io::Result<()> {
        let mut header = Header::new_ustar();
        if path.len() > NAME {
            self.long_name(path)?;
            header.set_path(shortened(path))?;
        } else {
            header.set_path(path)?;
        }
        header.set_entry_type(kind);
        self.write(header, mode, size)
    }

    /// A name that has no room: the one record of an extended header (POSIX pax).
    fn long_name(&mut self, path: &str) -> io::Result<()> {
        let record = pax_record("path", path);
        let mut header = Header::new_ustar();
        header.set_path("pax")?;
        header.set_entry_type(EntryType::XHeader);
        let size = record.len() as u64;
        self.write(header, 0o644, size)?;
        self.0.write_all(record.as_bytes())?;
        self.pad(size)
    }

    fn write(&mut self, mut header: Header, mode: u32, size: u64) -> io::Result<()> {
        header.set_mode(mode);
        header.set_size(size);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_cksum();
        self.0.write_all(header.as_bytes())
    }

    fn pad(&mut self, size: u64) -> io::Result<()> {
        let rest = size % BLOCK;
        if rest == 0 {
            return Ok(());
        }
        let padding = [0; BLOCK as usize];
        // Less than a block.
        self.0.write_all(&padding[..usize::try_from(BLOCK - rest).unwrap_or_default()])
    }
}

/// The end of a name, for readers that do not know extended headers.
fn shortened(path: &str) -> &str {
    let mut from = path.len() - NAME;
    while !path.is_char_boundary(from) {
        from += 1;
    }
    path[from..].trim_start_matches('/')
}

/// `LENGTH KEY=VALUE\n`, where the length counts itself too.
fn pax_record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut length = rest + 1;
    while length != rest + length.to_string().len() {
        length = rest + length.to_string().len();
    }
    format!("{length} {key}={value}\n")
}

struct Counted<'a, W> {
    to: &'a mut W,
    count: u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.count += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use bytes::Bytes;

    use super::*;

    struct Liar;

    impl Content for Liar {
        fn size(&self) -> u64 {
            3
        }

        fn copy(&self, to: &mut dyn Write) -> io::Result<()> {
            to.write_all(b"four")
        }
    }

    #[test]
    fn another_reader_finds_names_modes_and_contents() {
        let long = format!("ep/{}/grün.class", "sub/".repeat(40));
        let mut tar = TarWriter::new(Vec::new());
        tar.folder("ep", 0o755).unwrap();
        tar.file("ep/start", 0o755, &Bytes::from_static(b"#!")).unwrap();
        tar.file(&long, 0o644, &Bytes::from(vec![b'x'; 512])).unwrap();
        tar.file("ep/empty", 0o644, &Bytes::new()).unwrap();
        let bytes = tar.finish().unwrap();
        assert_eq!(bytes.len() % 512, 0);
        let mut archive = tar::Archive::new(bytes.as_slice());
        let mut found = Vec::new();
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let path = entry.path().unwrap().to_string_lossy().into_owned();
            let mode = entry.header().mode().unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            found.push((path, mode, content.len()));
        }
        let wanted = [
            ("ep/", 0o755, 0),
            ("ep/start", 0o755, 2),
            (&long, 0o644, 512),
            ("ep/empty", 0o644, 0),
        ];
        assert_eq!(found, wanted.map(|(path, mode, size)| (path.to_owned(), mode, size)));
    }

    #[test]
    fn what_is_not_as_long_as_it_says_is_told() {
        let error = TarWriter::new(Vec::new()).file("a", 0o644, &Liar).unwrap_err();
        assert_eq!(error.to_string(), "a says 3 bytes and has 4");
    }

    #[test]
    fn a_record_counts_its_own_length() {
        assert_eq!(pax_record("path", "a"), "9 path=a\n");
        assert_eq!(pax_record("path", &"a".repeat(90)).len(), 99);
        assert_eq!(pax_record("path", &"a".repeat(91)).len(), 101);
    }
}
