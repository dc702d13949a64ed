//! Where the bytes of files and blobs are: in memory, or in a file, never both.

use std::{
    fmt,
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::FileExt as _,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures::{Stream, stream};

use crate::ids::Digest;

/// Bytes that are read or sent at a time.
const PIECE: usize = 1 << 20;

/// The content of a file in a layer. It is asked for once, when the layer is written.
pub trait Content: Send + Sync {
    /// Number of bytes, known beforehand: a tar archive says it first.
    fn size(&self) -> u64;

    /// Writes all bytes.
    ///
    /// # Errors
    /// Those of the writer, and of what the bytes come from.
    fn copy(&self, to: &mut dyn Write) -> io::Result<()>;

    /// What the bytes are known by without reading them; a layer with a file that is known by
    /// nothing is always written.
    fn key(&self) -> Option<String> {
        None
    }
}

impl Content for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn copy(&self, to: &mut dyn Write) -> io::Result<()> {
        to.write_all(self)
    }

    fn key(&self) -> Option<String> {
        Some(Digest::of(self).to_string())
    }
}

/// The bytes of a blob. Cheap to clone.
#[derive(Clone)]
pub enum Data {
    /// In memory.
    Memory(Bytes),
    /// In a file, from its begin to its end.
    File {
        /// The file, which may have no name any more.
        file: Arc<File>,
        /// Its length in bytes.
        length: u64,
    },
    /// Not there yet: made when somebody reads it, which may be never.
    Later(Arc<Later>),
}

/// Bytes whose number is known, and which are made when they are needed.
pub struct Later {
    length: u64,
    make: Box<dyn Fn() -> io::Result<Data> + Send + Sync>,
    made: Mutex<Option<Data>>,
}

impl Data {
    /// The bytes of a file.
    ///
    /// # Errors
    /// When its length cannot be had.
    pub fn file(file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        Ok(Self::File { file: Arc::new(file), length })
    }

    /// So many bytes, which are made when somebody reads them, once.
    pub fn later(length: u64, make: impl Fn() -> io::Result<Self> + Send + Sync + 'static) -> Self {
        Self::Later(Arc::new(Later { length, make: Box::new(make), made: Mutex::default() }))
    }

    /// Number of bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Memory(bytes) => bytes.len() as u64,
            Self::File { length, .. } => *length,
            Self::Later(later) => later.length,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// All bytes, for what is known to be small.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn bytes(&self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.clone()),
            Self::File { .. } | Self::Later(_) => {
                let mut all = Vec::new();
                self.reader().read_to_end(&mut all)?;
                Ok(all.into())
            }
        }
    }

    /// Reads from the begin; several may read at the same time.
    #[must_use]
    pub fn reader(&self) -> DataReader {
        DataReader { data: self.clone(), position: 0 }
    }

    /// The bytes as they can be sent: what was to be made later is made now, and an error in that
    /// is one of its own and not one of who sends it.
    pub(super) async fn made(&self) -> io::Result<Self> {
        let Self::Later(later) = self else {
            return Ok(self.clone());
        };
        let later = Arc::clone(later);
        tokio::task::spawn_blocking(move || later.data()).await.map_err(io::Error::other)?
    }

    fn read_at(&self, into: &mut [u8], position: u64) -> io::Result<usize> {
        match self {
            Self::Memory(bytes) => {
                let from = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
                (&bytes[from..]).read(into)
            }
            Self::File { file, .. } => file.read_at(into, position),
            Self::Later(later) => later.data()?.read_at(into, position),
        }
    }

    /// The bytes piece by piece, so that never more than one is in memory.
    pub(super) fn pieces(&self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::try_unfold((self.clone(), 0), |(data, position)| async move {
            let reading = data.clone();
            let piece = tokio::task::spawn_blocking(move || reading.piece(position)).await;
            let piece = piece.map_err(io::Error::other)??;
            let next = position + piece.len() as u64;
            Ok((!piece.is_empty()).then_some((piece, (data, next))))
        })
    }

    fn piece(&self, position: u64) -> io::Result<Bytes> {
        if let Self::Memory(bytes) = self {
            let from = usize::try_from(position).unwrap_or(usize::MAX).min(bytes.len());
            return Ok(bytes.slice(from..bytes.len().min(from + PIECE)));
        }
        let mut piece = vec![0; PIECE];
        let count = self.read_at(&mut piece, position)?;
        piece.truncate(count);
        Ok(piece.into())
    }
}

impl Later {
    /// Whoever asks while they are made waits. Every one that asks gets the error itself, which
    /// says more than its text.
    fn data(&self) -> io::Result<Data> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        match &*made {
            Some(data) => Ok(data.clone()),
            None => Ok(made.insert((self.make)()?).clone()),
        }
    }
}

impl fmt::Debug for Data {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self {
            Self::Memory(_) => "in memory",
            Self::File { .. } => "in a file",
            Self::Later(_) => "when they are needed",
        };
        write!(f, "{} bytes {place}", self.len())
    }
}

impl From<Vec<u8>> for Data {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Memory(bytes.into())
    }
}

/// Reads the bytes of a blob.
#[derive(Debug)]
pub struct DataReader {
    data: Data,
    position: u64,
}

impl Read for DataReader {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.data.read_at(into, self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    #[tokio::test]
    async fn bytes_are_the_same_from_memory_and_from_a_file() {
        let bytes: Vec<u8> = (0..PIECE * 2 + 7).map(|number| (number % 251) as u8).collect();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&bytes).unwrap();
        for data in [Data::from(bytes.clone()), Data::file(file).unwrap()] {
            assert_eq!(data.len(), bytes.len() as u64);
            assert_eq!(data.bytes().unwrap(), bytes);
            let pieces: Vec<Bytes> = data.pieces().try_collect().await.unwrap();
            assert_eq!(pieces.len(), 3);
            assert_eq!(pieces.concat(), bytes);
        }
        assert!(Data::from(Vec::new()).is_empty());
    }

    #[test]
    fn what_is_made_later_is_made_once_and_only_when_it_is_read() {
        let count = Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = Arc::clone(&count);
        let data = Data::later(3, move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok(Data::from(b"abc".to_vec()))
        });
        assert_eq!((data.len(), count.load(std::sync::atomic::Ordering::Relaxed)), (3, 0));
        for _ in 0..2 {
            assert_eq!(data.clone().bytes().unwrap(), "abc");
        }
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 1);
        let broken = Data::later(3, || Err(io::Error::other("no disk")));
        for _ in 0..2 {
            assert_eq!(broken.bytes().unwrap_err().to_string(), "no disk");
        }
    }
}
