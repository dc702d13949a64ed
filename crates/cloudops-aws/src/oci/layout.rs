//! An OCI image layout: a folder with an index and blobs, or a tar archive of one.

use std::{collections::BTreeMap, fs::File, io::Read as _, sync::Arc};

use bytes::Bytes;
use camino::{Utf8Path, Utf8PathBuf};

use super::{OciError, content::Data, descriptor::Descriptor};
use crate::ids::Digest;

/// What is not a blob in a layout is small.
const MOST: u64 = 4 << 20;

/// A folder or a tar archive with an image layout in it.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    place: Utf8PathBuf,
    /// Files of an archive, which was read once; a folder is read when it is needed.
    unpacked: Option<Arc<BTreeMap<String, Data>>>,
    /// The image in it: what its index names, or that index.
    pub(super) top: Digest,
    index: Bytes,
}

impl Layout {
    /// Opens the layout in a folder.
    ///
    /// # Errors
    /// [`OciError::Layout`].
    pub(super) fn open(folder: &Utf8Path) -> Result<Self, OciError> {
        let index = fs_err::read(folder.join("index.json"));
        let index = index.map_err(|error| wrong(folder, error.to_string()))?;
        Self::new(folder, None, index.into())
    }

    /// Reads the layout in a tar archive, as `skopeo copy` writes it for `oci-archive:`. Its blobs
    /// go into files without a name.
    ///
    /// # Errors
    /// [`OciError::Layout`].
    pub(super) fn unpack(archive: &Utf8Path) -> Result<Self, OciError> {
        let failed = |error: std::io::Error| wrong(archive, error.to_string());
        let mut tar = tar::Archive::new(fs_err::File::open(archive).map_err(failed)?);
        let mut files = BTreeMap::new();
        for entry in tar.entries().map_err(failed)? {
            let mut entry = entry.map_err(failed)?;
            let name = entry.path().map_err(failed)?.to_string_lossy().into_owned();
            if entry.header().entry_type().is_file() {
                let mut file = tempfile::tempfile().map_err(failed)?;
                std::io::copy(&mut entry, &mut file).map_err(failed)?;
                let name = name.trim_start_matches("./").to_owned();
                files.insert(name, Data::file(file).map_err(failed)?);
            }
        }
        let index = files.get("index.json");
        let index = index.ok_or_else(|| wrong(archive, "there is no index.json in it"))?;
        let index = small(archive, index)?;
        Self::new(archive, Some(Arc::new(files)), index)
    }

    fn new(
        place: &Utf8Path,
        unpacked: Option<Arc<BTreeMap<String, Data>>>,
        index: Bytes,
    ) -> Result<Self, OciError> {
        let named = manifests(&index).map_err(|error| wrong(place, error.to_string()))?;
        let top = match named.as_slice() {
            [] => return Err(wrong(place, "there is no image in it")),
            [only] => only.digest.clone(),
            _ => Digest::of(&index),
        };
        Ok(Self { place: place.to_owned(), unpacked, top, index })
    }

    /// A manifest or an index by its digest.
    pub(super) fn manifest(&self, digest: &Digest) -> Result<Bytes, OciError> {
        if *digest == Digest::of(&self.index) {
            return Ok(self.index.clone());
        }
        let bytes = small(&self.place, &self.data(digest)?)?;
        self.check(&Digest::of(&bytes), digest)?;
        Ok(bytes)
    }

    /// A blob, whose digest is compared before anybody uses it.
    pub(super) fn blob(&self, descriptor: &Descriptor) -> Result<Data, OciError> {
        let data = self.data(&descriptor.digest)?;
        let unreadable = |error: std::io::Error| wrong(&self.place, error.to_string());
        let found = Digest::read(data.reader()).map_err(unreadable)?;
        self.check(&found, &descriptor.digest)?;
        Ok(data)
    }

    fn data(&self, digest: &Digest) -> Result<Data, OciError> {
        let name = format!("blobs/sha256/{}", digest.hex());
        match &self.unpacked {
            Some(files) => files
                .get(&name)
                .cloned()
                .ok_or_else(|| wrong(&self.place, format!("{name} is missing"))),
            None => {
                let file = File::open(self.place.join(&name)).and_then(Data::file);
                file.map_err(|error| wrong(&self.place, format!("{name}: {error}")))
            }
        }
    }

    fn check(&self, found: &Digest, expected: &Digest) -> Result<(), OciError> {
        if found == expected {
            return Ok(());
        }
        Err(OciError::Digest {
            name: format!("a blob in {}", self.place),
            found: found.to_string(),
            expected: expected.to_string(),
        })
    }
}

/// What an index names.
pub(super) fn manifests(index: &[u8]) -> serde_json::Result<Vec<Descriptor>> {
    #[derive(serde::Deserialize)]
    struct Index {
        manifests: Vec<Descriptor>,
    }
    Ok(serde_json::from_slice::<Index>(index)?.manifests)
}

fn small(place: &Utf8Path, data: &Data) -> Result<Bytes, OciError> {
    let mut bytes = Vec::new();
    let read = data.reader().take(MOST + 1).read_to_end(&mut bytes);
    read.map_err(|error| wrong(place, error.to_string()))?;
    if bytes.len() as u64 > MOST {
        return Err(wrong(place, "a manifest in it is larger than 4 MiB"));
    }
    Ok(bytes.into())
}

fn wrong(place: &Utf8Path, reason: impl Into<String>) -> OciError {
    OciError::Layout { layout: place.to_string(), reason: reason.into() }
}
