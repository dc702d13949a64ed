//! Layers: what is in them, and how they are written: once, as a stream, to a file.

use std::{
    collections::BTreeMap,
    fmt,
    io::{self, BufWriter, Write},
    num::NonZeroUsize,
    sync::Arc,
};

use bytes::Bytes;
use flate2::GzBuilder;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{
    OciError,
    content::{Content, Data},
    tar::TarWriter,
};
use crate::{ids::Digest, threads};

/// How the layers of an image are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Compression {
    /// What every registry and runtime reads.
    Gzip,
    /// Several times as fast, and smaller; Fargate, containerd and Docker from 23.0 read it.
    #[default]
    Zstd,
}

impl Compression {
    /// Media type of a layer (OCI image specification 1.1).
    #[must_use]
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Gzip => "application/vnd.oci.image.layer.v1.tar+gzip",
            Self::Zstd => "application/vnd.oci.image.layer.v1.tar+zstd",
        }
    }
}

/// Most of what is in a layer is compressed already: level 3 takes half as long again as level 1,
/// for a hundredth of the size (benchmark of images).
const ZSTD_LEVEL: i32 = 1;
const GZIP_LEVEL: u32 = 6;
/// Changes with everything that changes the bytes of layers: levels, headers, the compressor.
const FORMAT: u32 = 2;

/// A finished layer.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What is in it, for the image's history.
    pub title: String,
    /// Media type.
    pub media_type: String,
    /// Digest of the compressed bytes.
    pub digest: Digest,
    /// Digest of the tar archive, by which the image's configuration names it.
    pub diff_id: Digest,
    /// Compressed bytes.
    pub data: Data,
}

impl PartialEq for Layer {
    /// The digests say it all.
    fn eq(&self, other: &Self) -> bool {
        (&self.title, &self.digest, &self.diff_id) == (&other.title, &other.digest, &other.diff_id)
    }
}

#[derive(Clone)]
struct File {
    content: Arc<dyn Content>,
    executable: bool,
}

/// Collects the files of a layer. Their contents are read when it is written.
#[derive(Default, Clone)]
pub struct LayerBuilder {
    files: BTreeMap<String, File>,
    folders: BTreeMap<String, u32>,
}

impl fmt::Debug for LayerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} files and {} folders", self.files.len(), self.folders.len())
    }
}

impl LayerBuilder {
    /// A layer without files.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file by its path in the image, such as `/ep/bin/start`; a later one of the same
    /// path takes the place of the earlier one.
    pub fn file(&mut self, path: &str, data: impl Into<Bytes>, executable: bool) {
        self.content(path, Arc::new(data.into()), executable);
    }

    /// Adds a file whose content is somewhere else until the layer is written.
    pub fn content(&mut self, path: &str, content: Arc<dyn Content>, executable: bool) {
        let path = path.trim_start_matches('/').to_owned();
        let parents: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        for at in parents {
            self.folders.entry(path[..at].to_owned()).or_insert(0o755);
        }
        self.files.insert(path, File { content, executable });
    }

    /// Adds an empty folder that every user may write to.
    pub fn writable_folder(&mut self, path: &str) {
        self.folders.insert(path.trim_start_matches('/').to_owned(), 0o1777);
    }

    /// Gives files another content, where `other` has one for the path (without a slash at its
    /// begin) and the content of now.
    pub fn replace(
        &mut self,
        mut other: impl FnMut(&str, &Arc<dyn Content>) -> Option<Arc<dyn Content>>,
    ) {
        for (path, file) in &mut self.files {
            if let Some(content) = other(path, &file.content) {
                file.content = content;
            }
        }
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    /// Bytes of all files.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.values().map(|file| file.content.size()).sum()
    }

    /// Writes the layer: sorted, owned by root, dated 1970, so that the same files give the same
    /// bytes on every machine.
    ///
    /// # Errors
    /// [`OciError::Layer`] when a file cannot be read, or the layer not be written.
    pub fn finish(self, title: &str) -> Result<Layer, OciError> {
        self.finish_with(title, Compression::Gzip)
    }

    /// [`LayerBuilder::finish`] with a compression of choice. The layer goes into a file without a
    /// name in the folder for temporary files, and is never in memory.
    ///
    /// # Errors
    /// As [`LayerBuilder::finish`].
    pub fn finish_with(self, title: &str, compression: Compression) -> Result<Layer, OciError> {
        self.write(title, compression).map_err(OciError::Layer)
    }

    /// What the layer will be known by: everything that its bytes depend on.
    fn key(&self, compression: Compression) -> Option<Digest> {
        let mut text = format!("{FORMAT} {}\n", compression.media_type());
        for (path, mode) in &self.folders {
            text.push_str(&format!("{path} {mode:o}\n"));
        }
        for (path, File { content, executable }) in &self.files {
            let (size, key) = (content.size(), content.key()?);
            text.push_str(&format!("{path} {executable} {size} {key}\n"));
        }
        Some(Digest::of(text.as_bytes()))
    }

    fn finish_or_know(
        self,
        title: &str,
        compression: Compression,
        cache: Option<&dyn LayerCache>,
    ) -> Result<Layer, OciError> {
        let Some((cache, key)) = cache.and_then(|cache| Some((cache, self.key(compression)?)))
        else {
            return self.finish_with(title, compression);
        };
        if let Some(known) = cache.layer(&key) {
            return Ok(self.known(title, compression, known));
        }
        let layer = self.finish_with(title, compression)?;
        let (digest, diff_id) = (layer.digest.clone(), layer.diff_id.clone());
        cache.keep_layer(&key, &KnownLayer { digest, diff_id, size: layer.data.len() });
        Ok(layer)
    }

    /// A layer that was written before, and is written again when somebody reads it.
    fn known(self, title: &str, compression: Compression, known: KnownLayer) -> Layer {
        let (owned, wanted) = (title.to_owned(), known.digest.clone());
        let data = Data::later(known.size, move || {
            let layer = self.clone().write(&owned, compression)?;
            if layer.digest == wanted {
                return Ok(layer.data);
            }
            let found = layer.digest;
            Err(io::Error::other(format!(
                "the cache says {wanted} of the layer `{owned}`, which is {found}: empty the cache"
            )))
        });
        let (title, media_type) = (title.to_owned(), compression.media_type().to_owned());
        Layer { title, media_type, digest: known.digest, diff_id: known.diff_id, data }
    }

    fn write(self, title: &str, compression: Compression) -> io::Result<Layer> {
        let blob = Hashed::new(BufWriter::with_capacity(1 << 18, tempfile::tempfile()?));
        let (diff_id, blob) = match compression {
            Compression::Gzip => {
                let level = flate2::Compression::new(GZIP_LEVEL);
                let (diff_id, to) = self.tar(GzBuilder::new().mtime(0).write(blob, level))?;
                (diff_id, to.finish()?)
            }
            Compression::Zstd => {
                let (diff_id, to) = self.tar(zstd::Encoder::new(blob, ZSTD_LEVEL)?)?;
                (diff_id, to.finish()?)
            }
        };
        let (digest, file) = blob.finish();
        let data = Data::file(file.into_inner().map_err(io::IntoInnerError::into_error)?)?;
        let (title, media_type) = (title.to_owned(), compression.media_type().to_owned());
        Ok(Layer { title, media_type, digest, diff_id, data })
    }

    fn tar<W: Write>(self, to: W) -> io::Result<(Digest, W)> {
        // Headers are small, and hashes like large pieces.
        let hashed = BufWriter::with_capacity(1 << 16, Hashed::new(to));
        let mut tar = TarWriter::new(hashed);
        for (path, mode) in &self.folders {
            tar.folder(path, *mode)?;
        }
        for (path, file) in &self.files {
            let mode = if file.executable { 0o755 } else { 0o644 };
            tar.file(path, mode, file.content.as_ref())?;
        }
        let hashed = tar.finish()?.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(hashed.finish())
    }
}

/// What is known about a layer that was written before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownLayer {
    /// Digest of the compressed bytes.
    pub digest: Digest,
    /// Digest of the tar archive.
    pub diff_id: Digest,
    /// Number of compressed bytes.
    pub size: u64,
}

/// Remembers layers by what is in them. What it forgets is written again.
pub trait LayerCache: Sync {
    /// What is known about a layer.
    fn layer(&self, key: &Digest) -> Option<KnownLayer>;

    /// Remembers a layer, if it can.
    fn keep_layer(&self, key: &Digest, layer: &KnownLayer);
}

/// Writes layers side by side, the largest first, in so many threads; gives them in the order in
/// which they were asked for. One that `cache` knows is written only when somebody reads it: when
/// a registry lacks it.
///
/// # Errors
/// The first one of [`LayerBuilder::finish_with`].
pub fn write_layers(
    plans: Vec<(String, LayerBuilder)>,
    compression: Compression,
    threads: NonZeroUsize,
    cache: Option<&dyn LayerCache>,
) -> Result<Vec<Layer>, OciError> {
    let mut order: Vec<_> = plans.into_iter().enumerate().collect();
    order.sort_by_key(|(_, (_, plan))| std::cmp::Reverse(plan.size()));
    let mut written = threads::map(order, threads, |(place, (title, plan))| {
        (place, plan.finish_or_know(&title, compression, cache))
    });
    written.sort_by_key(|(place, _)| *place);
    written.into_iter().map(|(_, layer)| layer).collect()
}

/// Hashes what passes.
struct Hashed<W> {
    to: W,
    hasher: Sha256,
}

impl<W> Hashed<W> {
    fn new(to: W) -> Self {
        Self { to, hasher: Sha256::new() }
    }

    fn finish(self) -> (Digest, W) {
        (Digest::from_hasher(self.hasher), self.to)
    }
}

impl<W: Write> Write for Hashed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.to.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests;
