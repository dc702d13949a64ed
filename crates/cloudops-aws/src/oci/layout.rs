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

#[cfg(test)]
mod tests {
    use camino::Utf8PathBuf;
    use futures::executor::block_on;
    use serde_json::{Value, json};

    use super::{
        super::{
            Base, Image, Keyring, Platform, Source,
            descriptor::{Blob, CONFIG, INDEX, MANIFEST},
        },
        *,
    };
    use crate::config_file::BaseImage;

    struct Folder(tempfile::TempDir);

    impl Folder {
        fn path(&self) -> Utf8PathBuf {
            Utf8PathBuf::from_path_buf(self.0.path().to_owned()).unwrap()
        }

        fn blob(&self, kind: &str, bytes: &[u8]) -> Descriptor {
            let blob = Blob::of(kind, bytes.to_vec());
            let blobs = self.path().join("blobs/sha256");
            fs_err::create_dir_all(&blobs).unwrap();
            fs_err::write(blobs.join(blob.digest.hex()), bytes).unwrap();
            blob.descriptor()
        }

        fn image(&self, architecture: &str) -> Value {
            let layer =
                self.blob("application/vnd.oci.image.layer.v1.tar", architecture.as_bytes());
            let config = json!({
                "architecture": architecture, "os": "linux", "config": {},
                "rootfs": {"type": "layers", "diff_ids": [layer.digest]},
            });
            let config = self.blob(CONFIG, config.to_string().as_bytes());
            let manifest = json!({"schemaVersion": 2, "config": config, "layers": [layer]});
            let entry = self.blob(MANIFEST, manifest.to_string().as_bytes());
            let mut entry = serde_json::to_value(entry).unwrap();
            entry["platform"] = json!({"architecture": architecture, "os": "linux"});
            entry
        }

        fn index(&self, entries: &[Value]) {
            let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
            fs_err::write(self.path().join("index.json"), index.to_string()).unwrap();
        }
    }

    fn folder(architectures: &[&str]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        let entries: Vec<Value> = architectures.iter().map(|one| folder.image(one)).collect();
        folder.index(&entries);
        folder
    }

    fn read(folder: &Folder, wanted: &[Platform]) -> Result<Image, OciError> {
        block_on(Image::read(&Source::layout(&folder.path()).unwrap(), "base", wanted))
    }

    #[test]
    fn a_platform_that_is_not_there_is_told_with_those_that_are() {
        let both = folder(&["arm64", "s390x", "amd64"]);
        let found: Vec<Platform> = read(&both, &[]).unwrap().platforms().collect();
        assert_eq!(found, Platform::ALL, "sorted, and no others than ours");
        let one = folder(&["amd64"]);
        let error = read(&one, &[Platform::Arm64]).unwrap_err().to_string();
        assert_eq!(error, "base has no image for linux/arm64; it has linux/amd64");
        let error = read(&folder(&["s390x"]), &[]).unwrap_err().to_string();
        assert!(error.ends_with("it has none of ours"), "{error}");
    }

    #[test]
    fn an_index_in_an_index_is_what_is_named() {
        let folder = Folder(tempfile::tempdir().unwrap());
        let entries = ["amd64", "arm64"].map(|one| folder.image(one));
        let inner = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        let inner = folder.blob(INDEX, inner.to_string().as_bytes());
        folder.index(&[serde_json::to_value(&inner).unwrap()]);
        let image = read(&folder, &[]).unwrap();
        assert_eq!((image.digest(), image.variants.len()), (&inner.digest, 2));
        assert_eq!(read(&folder, &[Platform::Arm64]).unwrap().variants.len(), 1);
    }

    #[test]
    fn an_archive_is_the_folder_that_is_in_it() {
        let folder = folder(&["amd64", "arm64"]);
        let file = tempfile::NamedTempFile::new().unwrap();
        let mut tar = tar::Builder::new(file.as_file());
        tar.append_dir_all(".", folder.path()).unwrap();
        tar.finish().unwrap();
        let path = Utf8Path::from_path(file.path()).unwrap();
        let open = |image: &str, at: &Utf8Path| {
            let image: BaseImage = image.parse().unwrap_or_else(|never| match never {});
            block_on(Base::open(&image, at, None, &Keyring::default(), &[]))
        };
        let (packed, loose) =
            (open(&format!("archive:{path}"), "".into()), open("layout:.", &folder.path()));
        let (packed, loose) = (packed.unwrap(), loose.unwrap());
        assert_eq!((&packed.image, &packed.name), (&loose.image, &loose.name));
        let layers = |base: &Base| base.image.variants[1].layers[0].data.bytes().unwrap();
        assert_eq!(layers(&packed), layers(&loose));
        let other = Digest::of(b"other");
        let error = open(&format!("archive:{path}@{other}"), "".into()).unwrap_err().to_string();
        assert!(error.contains(other.as_str()), "a pinned base is that one and no other: {error}");
    }

    #[test]
    fn what_is_damaged_or_missing_is_told() {
        let folder = folder(&["amd64"]);
        let blobs = folder.path().join("blobs/sha256");
        let layer = blobs.join(Digest::of(b"amd64").hex());
        fs_err::write(&layer, "other").unwrap();
        assert!(matches!(read(&folder, &[]), Err(OciError::Digest { .. })));
        fs_err::remove_file(&layer).unwrap();
        let error = read(&folder, &[]).unwrap_err().to_string();
        assert!(error.contains(&format!("blobs/sha256/{}", Digest::of(b"amd64").hex())), "{error}");
        folder.index(&[]);
        let error = Source::layout(&folder.path()).err().unwrap().to_string();
        assert!(error.ends_with("there is no image in it"), "{error}");
    }
}
