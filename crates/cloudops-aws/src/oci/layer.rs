//! Layers that have the same digest whenever they have the same content.

use std::{
    cmp::Ordering,
    collections::BTreeSet,
    io::{self, Read, Write},
    path::PathBuf,
};

use flate2::{Compression, GzBuilder, write::GzEncoder};
use oci_spec::image::MediaType;
use tar::{EntryType, Header};

use super::{
    content::Content,
    spool::{Hashing, Spool},
};
use crate::{
    diagnose::{Class, Diagnose},
    ids::Digest,
};

/// Why a layer could not be written.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The path is empty, absolute, or leads out of the image.
    #[error("`{path}` cannot be the path of a file in an image")]
    Path {
        /// The path.
        path: String,
    },
    /// Entries must come in the order of [`path_order`], each once.
    #[error("`{path}` comes after `{last}` in a layer, which is not its place")]
    Order {
        /// The path.
        path: String,
        /// The path before it.
        last: String,
    },
    /// A file has another size than announced.
    #[error("`{path}` does not have {expected} bytes, as announced")]
    Size {
        /// The path.
        path: String,
        /// Announced, in bytes.
        expected: u64,
    },
    /// Reading the content or writing the layer failed.
    #[error("cannot write `{path}` into a layer: {source}")]
    Io {
        /// The path.
        path: String,
        /// Cause.
        source: io::Error,
    },
}

impl Diagnose for LayerError {
    fn class(&self) -> Class {
        match self {
            Self::Path { .. } | Self::Size { .. } | Self::Io { .. } => Class::Configuration,
            Self::Order { .. } => Class::Bug,
        }
    }
}

/// A layer or another blob of an image. Cheap to share; equal content has an equal digest.
#[derive(Debug, Clone)]
pub struct Layer {
    /// Digest of the blob as it is stored, that is compressed.
    pub digest: Digest,
    /// Digest of the uncompressed archive, which the image configuration names.
    pub diff_id: Digest,
    /// Size of the blob as it is stored, in bytes.
    pub size: u64,
    /// Media type of the blob.
    pub media_type: MediaType,
    /// Where the bytes are.
    pub content: Content,
    /// What is in it, for people; stands in the history of the image.
    pub description: String,
}

/// How to write a layer.
#[derive(Debug, Clone)]
pub struct LayerOptions {
    /// Level of the gzip compression, from 0 to 9. Jars are compressed already, so more than the
    /// default of 6 gains nothing.
    pub level: u32,
    /// Size in bytes up to which a layer is kept in memory.
    pub memory: usize,
    /// Folder of the temporary files; the one of the system when there is none.
    pub folder: Option<PathBuf>,
}

impl Default for LayerOptions {
    fn default() -> Self {
        Self {
            level: 6,
            memory: 1024 * 1024,
            folder: None,
        }
    }
}

/// The order of entries: folder by folder, names by their bytes. A folder stands right before
/// what is in it.
#[must_use]
pub fn path_order(one: &str, other: &str) -> Ordering {
    one.split('/').cmp(other.split('/'))
}

/// Writes a layer, entry by entry, without holding more than a piece of a file in memory.
/// Times are the epoch, owners are 0 without names, modes are 0644 or 0755.
pub struct LayerWriter {
    archive: tar::Builder<Hashing<GzEncoder<Hashing<Spool>>>>,
    description: String,
    last: String,
    folders: BTreeSet<String>,
}

impl LayerWriter {
    /// An empty layer.
    #[must_use]
    pub fn new(description: impl Into<String>, options: &LayerOptions) -> Self {
        let packed = Hashing::new(Spool::new(options.memory, options.folder.clone()));
        // 255 is "unknown": the operating system of the builder is not part of the content.
        let gzip = GzBuilder::new()
            .mtime(0)
            .operating_system(255)
            .write(packed, Compression::new(options.level.min(9)));
        Self {
            archive: tar::Builder::new(Hashing::new(gzip)),
            description: description.into(),
            last: String::new(),
            folders: BTreeSet::new(),
        }
    }

    /// Adds a file of `size` bytes. Folders above it are added on their own, all but the topmost,
    /// which belongs to the base image and may have another mode or owner there.
    ///
    /// # Errors
    /// [`LayerError`].
    pub fn file(
        &mut self,
        path: &str,
        executable: bool,
        size: u64,
        content: &mut dyn Read,
    ) -> Result<(), LayerError> {
        self.place(path)?;
        let mode = if executable { 0o755 } else { 0o644 };
        let mut header = header(EntryType::Regular, mode);
        header.set_size(size);
        // One byte more than announced is enough to know that the announcement is wrong.
        let mut counted = Counted {
            inner: content.take(size.saturating_add(1)),
            count: 0,
        };
        let written = self.archive.append_data(&mut header, path, &mut counted);
        written.map_err(|source| LayerError::Io {
            path: path.to_owned(),
            source,
        })?;
        if counted.count == size {
            return Ok(());
        }
        Err(LayerError::Size {
            path: path.to_owned(),
            expected: size,
        })
    }

    /// Adds a folder.
    ///
    /// # Errors
    /// [`LayerError`].
    pub fn folder(&mut self, path: &str) -> Result<(), LayerError> {
        self.place(path)?;
        self.add_folder(path)
    }

    /// Adds a symbolic link.
    ///
    /// # Errors
    /// [`LayerError`].
    pub fn symlink(&mut self, path: &str, target: &str) -> Result<(), LayerError> {
        self.place(path)?;
        let mut header = header(EntryType::Symlink, 0o777);
        header.set_size(0);
        self.archive
            .append_link(&mut header, path, target)
            .map_err(|source| LayerError::Io {
                path: path.to_owned(),
                source,
            })
    }

    /// Ends the layer.
    ///
    /// # Errors
    /// [`LayerError::Io`].
    pub fn finish(self) -> Result<Layer, LayerError> {
        let failed = |source| LayerError::Io {
            path: "the end of the layer".to_owned(),
            source,
        };
        let (gzip, diff_id, _) = self.archive.into_inner().map_err(failed)?.finish();
        let (mut spool, digest, size) = gzip.finish().map_err(failed)?.finish();
        spool.flush().map_err(failed)?;
        Ok(Layer {
            digest,
            diff_id,
            size,
            media_type: MediaType::ImageLayerGzip,
            content: spool.finish().map_err(failed)?,
            description: self.description,
        })
    }

    /// Checks path and order, and adds the folders above that are missing.
    fn place(&mut self, path: &str) -> Result<(), LayerError> {
        let bad =
            |part: &str| part.is_empty() || part == "." || part == ".." || part.contains('\0');
        if path.split('/').any(bad) {
            return Err(LayerError::Path {
                path: path.to_owned(),
            });
        }
        if !self.last.is_empty() && path_order(path, &self.last) != Ordering::Greater {
            let last = self.last.clone();
            return Err(LayerError::Order {
                path: path.to_owned(),
                last,
            });
        }
        path.clone_into(&mut self.last);
        for (end, _) in path.match_indices('/').skip(1) {
            let above = &path[..end];
            if !self.folders.contains(above) {
                self.add_folder(above)?;
            }
        }
        Ok(())
    }

    fn add_folder(&mut self, path: &str) -> Result<(), LayerError> {
        self.folders.insert(path.to_owned());
        let mut header = header(EntryType::Directory, 0o755);
        header.set_size(0);
        self.archive
            .append_data(&mut header, format!("{path}/"), io::empty())
            .map_err(|source| LayerError::Io {
                path: path.to_owned(),
                source,
            })
    }
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count += count as u64;
        Ok(count)
    }
}

#[cfg(test)]
#[path = "layer_tests.rs"]
mod tests;
