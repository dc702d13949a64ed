//! The files of a folder: names, kinds, digests. Contents are read in pieces, never whole.

use std::{io::Read, path::Path};

use camino::{Utf8Path, Utf8PathBuf};
use cloudops_aws::ids::Digest;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::{
    SourceError,
    links::{self, Links},
};

/// Names that never belong to a distribution, though they may lie in a working copy of one.
const IGNORED: [&str; 2] = [".git", "target"];

/// What a file is, as git knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// A file.
    File,
    /// A file that can be executed.
    Executable,
    /// A symbolic link, whose content is where it leads.
    Link,
}

impl FileKind {
    fn word(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Executable => "executable",
            Self::Link => "link",
        }
    }
}

/// A file of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// Name below the folder.
    pub path: Utf8PathBuf,
    /// What it is.
    pub kind: FileKind,
    /// Size of its content.
    pub size: u64,
    /// Digest of its content.
    pub digest: Digest,
}

/// What is at the top of a folder, folders with a slash, sorted.
pub(super) fn top(path: &Utf8Path) -> Result<Vec<String>, SourceError> {
    let mut names = Vec::new();
    for entry in fs_err::read_dir(path)? {
        let entry = entry?;
        let slash = if entry.file_type()?.is_dir() { "/" } else { "" };
        names.push(format!("{}{slash}", entry.file_name().to_string_lossy()));
    }
    names.sort();
    Ok(names)
}

/// All files below a folder, sorted by name.
pub(super) fn read(
    root: &Utf8Path,
    cancel: &CancellationToken,
) -> Result<Vec<SourceFile>, SourceError> {
    let mut paths = Vec::new();
    collect(root, Utf8Path::new(""), &mut paths)?;
    paths.sort();
    let (mut files, mut links) = (Vec::with_capacity(paths.len()), Links::new());
    for path in paths {
        if cancel.is_cancelled() {
            return Err(SourceError::Interrupted);
        }
        let meta = fs_err::symlink_metadata(root.join(&path))?;
        if meta.is_symlink() {
            let target = link_target(&root.join(&path), &path)?;
            let (size, digest) = (target.len() as u64, Digest::of(target.as_bytes()));
            links.insert(path.clone(), target);
            files.push(SourceFile { path, kind: FileKind::Link, size, digest });
            continue;
        }
        let kind = if is_executable(&meta) { FileKind::Executable } else { FileKind::File };
        let (size, digest) = hash(root.join(&path).as_std_path())?;
        files.push(SourceFile { path, kind, size, digest });
    }
    match links::first_that_leaves(&links) {
        None => Ok(files),
        Some((path, target)) => {
            Err(refused(path.as_str(), &format!("it is a link that leads out, to `{target}`")))
        }
    }
}

/// The digest of a distribution: names, kinds and contents, wherever it came from.
pub(super) fn digest(files: &[SourceFile]) -> Digest {
    let mut hasher = Sha256::new();
    for SourceFile { path, kind, digest, .. } in files {
        hasher.update(format!("{} {digest} {path}\n", kind.word()));
    }
    Digest::from_hasher(hasher)
}

fn collect(
    root: &Utf8Path,
    below: &Utf8Path,
    files: &mut Vec<Utf8PathBuf>,
) -> Result<(), SourceError> {
    for entry in fs_err::read_dir(root.join(below))? {
        let entry = entry?;
        let name = entry.file_name().into_string().map_err(|name| {
            refused(&format!("{below}/{}", name.to_string_lossy()), "its name is not UTF-8")
        })?;
        if IGNORED.contains(&name.as_str()) {
            continue;
        }
        let path = below.join(&name);
        if name.eq_ignore_ascii_case(".git") {
            return Err(refused(path.as_str(), "git keeps no file of this name"));
        }
        let kind = entry.file_type()?;
        if kind.is_dir() {
            collect(root, &path, files)?;
        } else if kind.is_file() || kind.is_symlink() {
            files.push(path);
        } else {
            return Err(refused(path.as_str(), "it is neither file, folder nor link"));
        }
    }
    Ok(())
}

fn refused(path: &str, why: &str) -> SourceError {
    SourceError::File { path: path.to_owned(), why: why.to_owned() }
}

fn link_target(file: &Utf8Path, shown: &Utf8Path) -> Result<String, SourceError> {
    let target = fs_err::read_link(file)?.into_os_string().into_string();
    target.map_err(|_| refused(shown.as_str(), "it is a link to a name that is not UTF-8"))
}

fn hash(file: &Path) -> Result<(u64, Digest), SourceError> {
    let (mut file, mut hasher) = (fs_err::File::open(file)?, Sha256::new());
    let mut piece = vec![0; 64 << 10];
    let mut size = 0;
    loop {
        match file.read(&mut piece)? {
            0 => return Ok((size, Digest::from_hasher(hasher))),
            read => {
                hasher.update(&piece[..read]);
                size += read as u64;
            }
        }
    }
}

#[cfg(unix)]
fn is_executable(meta: &std::fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&meta.permissions()) & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_meta: &std::fs::Metadata) -> bool {
    false
}
