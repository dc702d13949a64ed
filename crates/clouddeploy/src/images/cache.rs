//! What earlier builds found out, in a folder: lists of archives, of jars, and layers.
//! All of it can be found out again, so nothing here is an error.

use camino::Utf8PathBuf;
use cloudops_aws::{
    ids::Digest,
    oci::{KnownLayer, LayerCache},
};
use serde::{Serialize, de::DeserializeOwned};

/// A folder that is kept from build to build.
#[derive(Debug, Clone)]
pub struct Cache {
    folder: Utf8PathBuf,
}

impl Cache {
    /// The cache in a folder, which appears when there is something to keep.
    #[must_use]
    pub fn new(folder: Utf8PathBuf) -> Self {
        Self { folder }
    }

    pub(super) fn get<T: DeserializeOwned>(&self, kind: &str, key: &str) -> Option<T> {
        serde_json::from_slice(&fs_err::read(self.place(kind, key)).ok()?).ok()
    }

    /// A file appears whole or not at all: another build may read it at this moment.
    pub(super) fn keep(&self, kind: &str, key: &str, value: &impl Serialize) {
        let place = self.place(kind, key);
        let kept = || -> std::io::Result<()> {
            let folder = self.folder.join(kind);
            fs_err::create_dir_all(&folder)?;
            let mut file = tempfile::NamedTempFile::new_in(&folder)?;
            serde_json::to_writer(&mut file, value)?;
            file.persist(&place)?;
            Ok(())
        };
        if let Err(error) = kept() {
            tracing::debug!(%error, %place, "this is not kept in the cache");
        }
    }

    fn place(&self, kind: &str, key: &str) -> Utf8PathBuf {
        let name = Digest::of(key.as_bytes());
        self.folder.join(kind).join(format!("{}.json", name.hex()))
    }
}

impl LayerCache for Cache {
    fn layer(&self, key: &Digest) -> Option<KnownLayer> {
        self.get("layers", key.as_str())
    }

    fn keep_layer(&self, key: &Digest, layer: &KnownLayer) {
        self.keep("layers", key.as_str(), layer);
    }
}

#[cfg(test)]
mod tests {
    use camino::Utf8Path;

    use super::*;

    #[test]
    fn what_cannot_be_read_or_kept_is_forgotten() {
        let folder = tempfile::tempdir().unwrap();
        let folder = Utf8Path::from_path(folder.path()).unwrap();
        let cache = Cache::new(folder.join("cache"));
        cache.keep("lists", "key", &vec![1]);
        assert_eq!(cache.get::<Vec<u8>>("lists", "key"), Some(vec![1]));
        fs_err::write(cache.place("lists", "key"), "{").unwrap();
        assert_eq!(cache.get::<Vec<u8>>("lists", "key"), None);
        fs_err::write(folder.join("file"), "").unwrap();
        let nowhere = Cache::new(folder.join("file/below"));
        nowhere.keep("lists", "key", &1);
        assert_eq!(nowhere.get::<u8>("lists", "key"), None);
    }
}
