//! Layers: tar archives whose bytes depend on names and contents only.

use std::{collections::BTreeMap, io::Write as _};

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use tar::{EntryType, Header};

use super::OciError;
use crate::ids::Digest;

/// Media type of our layers.
pub(super) const MEDIA_TYPE: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// A finished layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What is in it, for the image's history.
    pub title: String,
    /// Digest of the compressed bytes.
    pub digest: Digest,
    /// Digest of the tar archive, by which the image's configuration names it.
    pub diff_id: Digest,
    /// Compressed bytes.
    pub data: Bytes,
}

struct File {
    data: Bytes,
    executable: bool,
}

/// Collects the files of a layer.
#[derive(Default)]
pub struct LayerBuilder {
    files: BTreeMap<String, File>,
    folders: BTreeMap<String, u32>,
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
        let path = path.trim_start_matches('/').to_owned();
        let parents: Vec<usize> = path.match_indices('/').map(|(at, _)| at).collect();
        for at in parents {
            self.folders.entry(path[..at].to_owned()).or_insert(0o755);
        }
        self.files.insert(path, File { data: data.into(), executable });
    }

    /// Adds an empty folder that every user may write to.
    pub fn writable_folder(&mut self, path: &str) {
        self.folders.insert(path.trim_start_matches('/').to_owned(), 0o1777);
    }

    /// Whether nothing was added.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.files.is_empty() && self.folders.is_empty()
    }

    /// Writes the layer: sorted, owned by root, dated 1970, so that the same files give the same
    /// bytes on every machine.
    ///
    /// # Errors
    /// [`OciError::Layer`] for a path that a tar archive cannot hold.
    pub fn finish(self, title: &str) -> Result<Layer, OciError> {
        let tar = self.tar().map_err(OciError::Layer)?;
        let mut gzip = GzBuilder::new().mtime(0).write(Vec::new(), Compression::new(6));
        gzip.write_all(&tar).map_err(OciError::Layer)?;
        let data = Bytes::from(gzip.finish().map_err(OciError::Layer)?);
        Ok(Layer {
            title: title.to_owned(),
            digest: Digest::of(&data),
            diff_id: Digest::of(&tar),
            data,
        })
    }

    fn tar(&self) -> std::io::Result<Vec<u8>> {
        let mut tar = tar::Builder::new(Vec::new());
        for (path, mode) in &self.folders {
            let mut header = header(EntryType::Directory, *mode, 0);
            tar.append_data(&mut header, format!("{path}/"), std::io::empty())?;
        }
        for (path, file) in &self.files {
            let mode = if file.executable { 0o755 } else { 0o644 };
            let mut header = header(EntryType::Regular, mode, file.data.len() as u64);
            tar.append_data(&mut header, path, file.data.as_ref())?;
        }
        tar.into_inner()
    }
}

fn header(kind: EntryType, mode: u32, size: u64) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(size);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(0);
    header
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(paths: &[&str]) -> Layer {
        let mut builder = LayerBuilder::new();
        for path in paths {
            builder.file(path, path.as_bytes().to_vec(), path.ends_with("start"));
        }
        builder.finish("test").unwrap()
    }

    #[test]
    fn the_order_of_files_does_not_matter_and_their_content_does() {
        let first = layer(&["/ep/bin/start", "/ep/lib/a.jar"]);
        assert_eq!(layer(&["/ep/lib/a.jar", "/ep/bin/start"]), first);
        assert_ne!(layer(&["/ep/lib/b.jar", "/ep/bin/start"]).digest, first.digest);
    }

    #[test]
    fn folders_come_before_what_is_in_them() {
        let layer = layer(&["/ep/bin/start"]);
        let mut tar = tar::Archive::new(flate2::read::GzDecoder::new(layer.data.as_ref()));
        let entries: Vec<(String, u32, u64)> = tar
            .entries()
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                let header = entry.header();
                let path = entry.path().unwrap().to_string_lossy().into_owned();
                (path, header.mode().unwrap(), header.mtime().unwrap())
            })
            .collect();
        assert_eq!(
            entries,
            [
                ("ep/".to_owned(), 0o755, 0),
                ("ep/bin/".to_owned(), 0o755, 0),
                ("ep/bin/start".to_owned(), 0o755, 0)
            ]
        );
    }
}
