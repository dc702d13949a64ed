//! Where the bytes of a blob are.

use std::{fmt, io, path::PathBuf, pin::Pin, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt as _, TryStreamExt as _};
use tempfile::TempPath;
use tokio_util::io::ReaderStream;

use super::registry::{Registry, RegistryError};
use crate::ids::Digest;

/// Bytes as they come.
pub(crate) type ByteStream = Pin<Box<dyn Stream<Item = io::Result<Bytes>> + Send>>;

/// Size of a piece that is read from a file, in bytes.
const PIECE: usize = 128 * 1024;

/// Where the bytes of a blob are. Cheap to clone.
#[derive(Clone)]
pub enum Content {
    /// In memory.
    Bytes(Bytes),
    /// In a temporary file, which goes away with the last clone.
    Temporary(Arc<TempPath>),
    /// In a file that stays, such as a blob of an image layout.
    File(PathBuf),
    /// In a registry. A push to the same registry asks it to mount the blob.
    Remote {
        /// Registry.
        registry: Registry,
        /// Repository in it.
        repository: String,
    },
}

impl Content {
    /// The bytes, from the begin.
    ///
    /// # Errors
    /// When the file cannot be opened or the registry does not give the blob.
    pub(crate) async fn open(&self, digest: &Digest) -> Result<ByteStream, RegistryError> {
        match self {
            Self::Bytes(bytes) => {
                // In pieces, so that progress shows and one clone does not hold up the others.
                let bytes = bytes.clone();
                let pieces = (0..bytes.len()).step_by(PIECE);
                let pieces = pieces
                    .map(move |at| Ok(bytes.slice(at..bytes.len().min(at + PIECE))))
                    .collect::<Vec<_>>();
                Ok(futures::stream::iter(pieces).boxed())
            }
            Self::Temporary(path) => file(path.to_path_buf()).await,
            Self::File(path) => file(path.clone()).await,
            Self::Remote {
                registry,
                repository,
            } => {
                let answer = registry.get_blob(repository, digest).await?;
                Ok(answer.bytes_stream().map_err(io::Error::other).boxed())
            }
        }
    }
}

async fn file(path: PathBuf) -> Result<ByteStream, RegistryError> {
    let file = tokio::fs::File::open(path)
        .await
        .map_err(RegistryError::Content)?;
    Ok(ReaderStream::with_capacity(file, PIECE).boxed())
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "{} bytes in memory", bytes.len()),
            Self::Temporary(path) => write!(f, "temporary {}", path.display()),
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Remote {
                registry,
                repository,
            } => write!(f, "{}/{repository}", registry.host()),
        }
    }
}
