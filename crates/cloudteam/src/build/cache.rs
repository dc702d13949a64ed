//! Dependencies that are kept from build to build: folders in an archive in S3, by what the build
//! files say (ADR 0026).

use std::{
    io::{self, Read},
    path::{Component, Path},
};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::ids::Digest;

use crate::git::{GitError, worktree};

/// Fast, and three times smaller for jars that are not compressed themselves.
const LEVEL: i32 = 3;

/// What is kept: the same key means the same dependencies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// Folders, absolute.
    pub folders: Vec<Utf8PathBuf>,
    /// Digest of the files that say what is in the folders.
    pub key: Digest,
}

impl Cache {
    /// The cache of a source folder: its key is made of the committed files that the patterns
    /// name, with their paths. `home` stands for `~` in the names of folders.
    ///
    /// # Errors
    /// [`GitError`].
    pub async fn of(
        source: &Utf8Path,
        folders: &[String],
        patterns: &[String],
        home: &Utf8Path,
    ) -> Result<Self, GitError> {
        let files = worktree::listed(source, patterns).await?;
        let described = format!("{}\n{files}", folders.join("\n"));
        let folder = |folder: &String| match folder.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => source.join(folder),
        };
        let folders = folders.iter().map(folder).collect();
        Ok(Self { folders, key: Digest::of(described.as_bytes()) })
    }

    /// Key of the archive in the artifact bucket.
    #[must_use]
    pub fn object(&self) -> String {
        format!("{PREFIX}{}.tar.zst", self.key.hex())
    }

    /// Packs the folders into an archive; a folder that is not there is left out. Says how many
    /// files there are.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub fn pack(&self, archive: &Utf8Path) -> io::Result<usize> {
        let file = fs_err::File::create(archive)?;
        let mut builder = tar::Builder::new(zstd::Encoder::new(file, LEVEL)?);
        builder.follow_symlinks(false);
        let mut count = 0;
        for (index, folder) in self.folders.iter().enumerate() {
            if folder.is_dir() {
                count += files(folder)?;
                builder.append_dir_all(index.to_string(), folder)?;
            }
        }
        builder.into_inner()?.finish()?.sync_all()?;
        Ok(count)
    }

    /// Puts the files of an archive back where they were. A file that is there already stays.
    ///
    /// # Errors
    /// Those of reading and writing; an entry that leads out of its folder.
    pub fn unpack(&self, archive: &Utf8Path) -> io::Result<usize> {
        let file = fs_err::File::open(archive)?;
        self.unpack_from(zstd::Decoder::new(file)?)
    }

    fn unpack_from(&self, reader: impl Read) -> io::Result<usize> {
        let mut archive = tar::Archive::new(reader);
        let mut count = 0;
        for entry in archive.entries()? {
            let mut entry = entry?;
            let path = entry.path()?.into_owned();
            let (folder, below) = self.place(&path)?;
            let target = folder.join(below);
            if !entry.header().entry_type().is_file() || target.exists() {
                continue;
            }
            if let Some(parent) = target.parent() {
                fs_err::create_dir_all(parent)?;
            }
            entry.unpack(&target)?;
            count += 1;
        }
        Ok(count)
    }

    /// Where `<number of the folder>/<path>` belongs.
    fn place(&self, path: &Path) -> io::Result<(&Utf8Path, Utf8PathBuf)> {
        let refused = || {
            let message = format!("the cache holds `{}`, which leads out of it", path.display());
            io::Error::new(io::ErrorKind::InvalidData, message)
        };
        let mut parts = path.components().map(|part| match part {
            Component::Normal(name) => name.to_str(),
            _ => None,
        });
        let number = parts.next().flatten().and_then(|number| number.parse::<usize>().ok());
        let folder = number.and_then(|number| self.folders.get(number)).ok_or_else(refused)?;
        let below: Option<Utf8PathBuf> = parts.collect();
        Ok((folder, below.ok_or_else(refused)?))
    }
}

/// Prefix of the archives in the artifact bucket; its objects end after some time.
pub const PREFIX: &str = "cache/dependencies/";

fn files(folder: &Utf8Path) -> io::Result<usize> {
    let mut count = 0;
    for entry in folder.read_dir_utf8()? {
        let entry = entry?;
        match entry.file_type()?.is_dir() {
            true => count += files(entry.path())?,
            false => count += 1,
        }
    }
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache(folder: &Utf8Path) -> Cache {
        Cache { folders: vec![folder.join("repository")], key: Digest::of(b"") }
    }

    #[test]
    fn what_was_kept_comes_back() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(dir.path()).unwrap();
        let (first, second) = (cache(&dir.join("a")), cache(&dir.join("b")));
        let jar = "org/example/grün/1.0/grün-1.0.jar";
        for (folder, text) in [(&first.folders[0], "jar"), (&second.folders[0], "own")] {
            std::fs::create_dir_all(folder.join("settings")).unwrap();
            std::fs::write(folder.join("settings/x"), text).unwrap();
        }
        std::fs::create_dir_all(first.folders[0].join(jar).parent().unwrap()).unwrap();
        std::fs::write(first.folders[0].join(jar), "jar").unwrap();
        let archive = dir.join("cache.tar.zst");
        assert_eq!(first.pack(&archive).unwrap(), 2);
        assert_eq!(second.unpack(&archive).unwrap(), 1);
        assert_eq!(std::fs::read_to_string(second.folders[0].join(jar)).unwrap(), "jar");
        let own = std::fs::read_to_string(second.folders[0].join("settings/x")).unwrap();
        assert_eq!(own, "own", "what is there stays");
    }

    #[test]
    fn an_archive_cannot_write_elsewhere() {
        let dir = tempfile::tempdir().unwrap();
        let cache = cache(Utf8Path::from_path(dir.path()).unwrap());
        for name in ["0/../../evil", "7/x", "x/y"] {
            let mut header = tar::Header::new_gnu();
            header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
            header.set_size(0);
            header.set_entry_type(tar::EntryType::Regular);
            header.set_cksum();
            let mut bytes = header.as_bytes().to_vec();
            bytes.resize(1536, 0);
            let error = cache.unpack_from(bytes.as_slice()).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
    }
}
