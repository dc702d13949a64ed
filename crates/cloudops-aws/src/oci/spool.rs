//! Writers of the layer pipeline: one that hashes what passes, one that moves from memory to a
//! temporary file once there is much.

use std::{io, io::Write, path::PathBuf, sync::Arc};

use sha2::{Digest as _, Sha256};
use tempfile::NamedTempFile;

use super::content::Content;
use crate::ids::Digest;

/// Hashes and counts what it passes on.
pub(super) struct Hashing<W> {
    inner: W,
    hasher: Sha256,
    count: u64,
}

impl<W: Write> Hashing<W> {
    pub(super) fn new(inner: W) -> Self {
        Self {
            inner,
            hasher: Sha256::new(),
            count: 0,
        }
    }

    /// What is behind, the digest and the number of the bytes that passed.
    pub(super) fn finish(self) -> (W, Digest, u64) {
        (self.inner, Digest::from_hasher(self.hasher), self.count)
    }
}

impl<W: Write> Write for Hashing<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hasher.update(&bytes[..written]);
        self.count += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// Keeps bytes in memory up to a limit, and in a temporary file beyond it.
pub(super) struct Spool {
    limit: usize,
    folder: Option<PathBuf>,
    memory: Vec<u8>,
    file: Option<io::BufWriter<NamedTempFile>>,
}

impl Spool {
    pub(super) fn new(limit: usize, folder: Option<PathBuf>) -> Self {
        Self {
            limit,
            folder,
            memory: Vec::new(),
            file: None,
        }
    }

    pub(super) fn finish(self) -> io::Result<Content> {
        match self.file {
            None => Ok(Content::Bytes(self.memory.into())),
            Some(file) => {
                let file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                Ok(Content::Temporary(Arc::new(file.into_temp_path())))
            }
        }
    }

    fn spill(&mut self) -> io::Result<&mut io::BufWriter<NamedTempFile>> {
        let mut builder = tempfile::Builder::new();
        builder.prefix("cloudops-layer-");
        let file = match &self.folder {
            Some(folder) => builder.tempfile_in(folder)?,
            None => builder.tempfile()?,
        };
        let mut file = io::BufWriter::new(file);
        file.write_all(&self.memory)?;
        self.memory = Vec::new();
        Ok(self.file.insert(file))
    }
}

impl Write for Spool {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Some(file) = &mut self.file {
            return file.write(bytes);
        }
        if self.memory.len() + bytes.len() > self.limit {
            return self.spill()?.write(bytes);
        }
        self.memory.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.as_mut().map_or(Ok(()), Write::flush)
    }
}
