//! The digest of a large file, which is read in a thread of its own: whoever needs other things of
//! the file does not wait for it.

use std::{
    fmt, io,
    io::Read,
    sync::{Mutex, OnceLock, PoisonError},
    thread::{self, JoinHandle},
};

use super::PackageError;
use crate::ids::Digest;

/// A digest that is known, or being read.
pub(super) struct Digesting {
    reading: Mutex<Option<JoinHandle<io::Result<Digest>>>>,
    read: OnceLock<Result<Digest, (io::ErrorKind, String)>>,
}

impl Digesting {
    pub(super) fn known(digest: Digest) -> Self {
        Self { reading: Mutex::new(None), read: OnceLock::from(Ok(digest)) }
    }

    /// Begins to read.
    pub(super) fn of(bytes: impl Read + Send + 'static) -> Self {
        let reading = thread::spawn(move || Digest::read(bytes));
        Self { reading: Mutex::new(Some(reading)), read: OnceLock::new() }
    }

    /// Waits until it is read.
    pub(super) fn get(&self) -> Result<&Digest, PackageError> {
        let read = self.read.get_or_init(|| {
            let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner).take();
            let lost = || Err(io::Error::other("its digest was not read"));
            let read =
                reading.map_or_else(lost, |reading| reading.join().unwrap_or_else(|_| lost()));
            read.map_err(|error| (error.kind(), error.to_string()))
        });
        read.as_ref().map_err(|(kind, reason)| io::Error::new(*kind, reason.clone()).into())
    }
}

impl fmt::Debug for Digesting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.read.get() {
            Some(Ok(digest)) => write!(f, "{digest}"),
            _ => f.write_str("being read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_known_or_read_and_a_file_that_breaks_is_told() {
        let digest = Digest::of(b"package");
        assert_eq!(Digesting::known(digest.clone()).get().unwrap(), &digest);
        let reading = Digesting::of(b"package".as_slice());
        assert_eq!((reading.get().unwrap(), reading.get().unwrap()), (&digest, &digest));
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("no disk"))
            }
        }
        let broken = Digesting::of(Broken);
        assert!(broken.get().unwrap_err().to_string().contains("no disk"));
    }
}
