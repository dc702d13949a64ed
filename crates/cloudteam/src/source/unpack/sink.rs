//! Where entries of archives go: the one place that decides which are taken.

use std::{
    collections::BTreeSet,
    fmt::Display,
    io::{self, Read, Write},
};

use camino::{Utf8Component, Utf8Path, Utf8PathBuf};
use cloudops_aws::package::Limits;
use tokio_util::sync::CancellationToken;

use crate::source::{
    SourceError,
    links::{self, Links},
};

/// A ratio says nothing about archives as small as this.
const SMALL: u64 = 1 << 20;

/// The longest target of a link, as Linux has it.
const LONGEST_TARGET: u64 = 4096;

/// Takes the entries of one archive.
pub(super) struct Sink<'a> {
    shown: &'a str,
    root: &'a Utf8Path,
    limits: Limits,
    cancel: &'a CancellationToken,
    bytes_allowed: u64,
    entries: usize,
    bytes: u64,
    files: BTreeSet<Utf8PathBuf>,
    folders: BTreeSet<Utf8PathBuf>,
    links: Links,
}

impl<'a> Sink<'a> {
    pub(super) fn new(
        shown: &'a str,
        root: &'a Utf8Path,
        packed: u64,
        limits: Limits,
        cancel: &'a CancellationToken,
    ) -> Self {
        let by_ratio = packed.saturating_mul(limits.ratio).max(SMALL);
        Self {
            shown,
            root,
            limits,
            cancel,
            bytes_allowed: by_ratio.min(limits.bytes),
            entries: 0,
            bytes: 0,
            files: BTreeSet::new(),
            folders: BTreeSet::new(),
            links: Links::new(),
        }
    }

    /// The archive as a whole cannot be read.
    pub(super) fn damaged(&self, reason: &dyn Display) -> SourceError {
        SourceError::Archive { archive: self.shown.to_owned(), reason: reason.to_string() }
    }

    /// An entry is refused.
    pub(super) fn refuse(&self, entry: &str, reason: impl Into<String>) -> SourceError {
        let (archive, entry) = (self.shown.to_owned(), entry.to_owned());
        SourceError::Entry { archive, entry, reason: reason.into() }
    }

    fn too_large(&self, entry: &str, reason: String) -> SourceError {
        let (archive, entry) = (self.shown.to_owned(), entry.to_owned());
        SourceError::TooLarge { archive, entry, reason }
    }

    /// The name that a hard link says, checked like that of an entry.
    pub(super) fn link_target(
        &self,
        entry: &str,
        raw: &[u8],
    ) -> Result<Option<Utf8PathBuf>, SourceError> {
        let refuse = |reason: &str| self.refuse(entry, format!("it is a hard link: {reason}"));
        let name = std::str::from_utf8(raw).map_err(|_| refuse("its target is not UTF-8"))?;
        clean(name).map_err(refuse)
    }

    /// Checks the name of the next entry; none for the top folder itself, which needs no entry.
    pub(super) fn name(&mut self, raw: &[u8]) -> Result<Option<Utf8PathBuf>, SourceError> {
        if self.cancel.is_cancelled() {
            return Err(SourceError::Interrupted);
        }
        let shown = String::from_utf8_lossy(raw).into_owned();
        self.entries += 1;
        if self.entries > self.limits.entries {
            let reason = format!("it has more than {} entries", self.limits.entries);
            return Err(self.too_large(&shown, reason));
        }
        let Ok(name) = std::str::from_utf8(raw) else {
            return Err(self.refuse(&shown, "its name is not UTF-8"));
        };
        clean(name).map_err(|reason| self.refuse(name, reason))
    }

    /// Takes a folder.
    pub(super) fn folder(&mut self, path: &Utf8Path) -> Result<(), SourceError> {
        self.parents(path.as_str(), path)?;
        self.make_folder(path.as_str(), path)
    }

    /// Takes a file with its content.
    pub(super) fn file(
        &mut self,
        path: &Utf8Path,
        content: &mut dyn Read,
        executable: bool,
    ) -> Result<(), SourceError> {
        self.new_name(path)?;
        self.files.insert(path.to_owned());
        let to = self.root.join(path);
        let made = fs_err::OpenOptions::new().write(true).create_new(true).open(&to);
        let mut file = made.map_err(|error| self.not_made(path, error))?;
        self.copy(path, content, &mut file)?;
        if executable {
            make_executable(&to)?;
        }
        Ok(())
    }

    /// Takes a symbolic link, which is made at the end: nothing is ever written through one.
    pub(super) fn link(&mut self, path: &Utf8Path, target: &[u8]) -> Result<(), SourceError> {
        self.new_name(path)?;
        let Ok(target) = std::str::from_utf8(target) else {
            return Err(self.refuse(path.as_str(), "it is a link to a name that is not UTF-8"));
        };
        if target.is_empty() || target.len() as u64 > LONGEST_TARGET || target.contains('\0') {
            return Err(self.refuse(path.as_str(), "it is a link that leads nowhere"));
        }
        self.links.insert(path.to_owned(), target.to_owned());
        Ok(())
    }

    /// The target of a link whose target is its content.
    pub(super) fn target(
        &self,
        path: &Utf8Path,
        content: &mut dyn Read,
    ) -> Result<Vec<u8>, SourceError> {
        let mut target = Vec::new();
        let read = content.take(LONGEST_TARGET + 1).read_to_end(&mut target);
        read.map_err(|error| self.refuse(path.as_str(), error.to_string()))?;
        Ok(target)
    }

    /// Takes another name of a file that came before. Git knows no such thing: it is a copy.
    pub(super) fn hard_link(
        &mut self,
        path: &Utf8Path,
        target: &Utf8Path,
    ) -> Result<(), SourceError> {
        if let Some(link) = self.links.get(target).cloned() {
            return self.link(path, link.as_bytes());
        }
        if !self.files.contains(target) {
            let reason = format!("it is a hard link to `{target}`, which is no file before it");
            return Err(self.refuse(path.as_str(), reason));
        }
        let from = self.root.join(target);
        let mut content = fs_err::File::open(&from)?;
        self.file(path, &mut content, false)?;
        fs_err::set_permissions(self.root.join(path), fs_err::metadata(&from)?.permissions())?;
        Ok(())
    }

    fn new_name(&mut self, path: &Utf8Path) -> Result<(), SourceError> {
        self.parents(path.as_str(), path)?;
        let known = self.files.contains(path) || self.links.contains_key(path);
        if known || self.folders.contains(path) {
            return Err(self.refuse(path.as_str(), "another entry has the same name"));
        }
        Ok(())
    }

    /// Makes the folders above a name, of which none may be a file or a link.
    fn parents(&mut self, entry: &str, path: &Utf8Path) -> Result<(), SourceError> {
        let above: Vec<&Utf8Path> = path.ancestors().skip(1).collect();
        for folder in above.into_iter().rev().filter(|folder| !folder.as_str().is_empty()) {
            self.make_folder(entry, folder)?;
        }
        Ok(())
    }

    fn make_folder(&mut self, entry: &str, folder: &Utf8Path) -> Result<(), SourceError> {
        if self.folders.contains(folder) {
            return Ok(());
        }
        if self.files.contains(folder) || self.links.contains_key(folder) {
            return Err(self.refuse(entry, format!("`{folder}` is not a folder")));
        }
        let made = fs_err::create_dir(self.root.join(folder));
        made.map_err(|error| self.not_made(folder, error))?;
        self.folders.insert(folder.to_owned());
        Ok(())
    }

    /// The archive has this name once, and the disk has it already: it does not tell cases apart.
    fn not_made(&self, path: &Utf8Path, error: io::Error) -> SourceError {
        match error.kind() {
            io::ErrorKind::AlreadyExists => self.refuse(
                path.as_str(),
                "this machine cannot tell its name from that of another entry",
            ),
            io::ErrorKind::InvalidFilename => {
                self.refuse(path.as_str(), "this machine cannot keep so long a name")
            }
            _ => error.into(),
        }
    }

    fn copy(
        &mut self,
        path: &Utf8Path,
        content: &mut dyn Read,
        to: &mut dyn Write,
    ) -> Result<(), SourceError> {
        let mut piece = vec![0; 64 << 10];
        loop {
            if self.cancel.is_cancelled() {
                return Err(SourceError::Interrupted);
            }
            let read = content.read(&mut piece);
            let read = read.map_err(|error| self.refuse(path.as_str(), error.to_string()))?;
            if read == 0 {
                return Ok(());
            }
            self.bytes = self.bytes.saturating_add(read as u64);
            if self.bytes > self.bytes_allowed {
                return Err(self.too_large(path.as_str(), self.which_limit()));
            }
            to.write_all(&piece[..read])?;
        }
    }

    fn which_limit(&self) -> String {
        if self.bytes > self.limits.bytes {
            return format!("it unpacks to more than {} bytes", self.limits.bytes);
        }
        format!("it unpacks to more than {} times its size", self.limits.ratio)
    }

    /// Makes the links, and says in which folder everything is.
    pub(super) fn finish(self) -> Result<Utf8PathBuf, SourceError> {
        let top = self.top();
        let inside = |path: &Utf8Path| path.strip_prefix(&top).unwrap_or(path).to_owned();
        let below: Links =
            self.links.iter().map(|(path, target)| (inside(path), target.clone())).collect();
        if let Some((path, target)) = links::first_that_leaves(&below) {
            let reason = format!("it is a link that leads out of the archive, to `{target}`");
            return Err(self.refuse(top.join(path).as_str(), reason));
        }
        for (path, target) in &self.links {
            make_link(target, &self.root.join(path)).map_err(|e| self.not_made(path, e))?;
        }
        Ok(self.root.join(top))
    }

    /// The one folder at the top that holds everything, or nothing.
    fn top(&self) -> Utf8PathBuf {
        let all = self.files.iter().chain(&self.folders).chain(self.links.keys());
        let first =
            |path: &Utf8PathBuf| path.components().next().map(|part| part.as_str().to_owned());
        let tops: BTreeSet<String> = all.filter_map(first).collect();
        let only = tops.first().filter(|_| tops.len() == 1).map(Utf8PathBuf::from);
        only.filter(|top| self.folders.contains(top)).unwrap_or_default()
    }
}

/// A relative name without `.` and empty parts; none when nothing remains.
fn clean(name: &str) -> Result<Option<Utf8PathBuf>, &'static str> {
    if name.starts_with('/') {
        return Err("its name is absolute");
    }
    if name.contains('\\') || name.chars().any(char::is_control) {
        return Err("its name has a character that no file name should have");
    }
    if name.split('/').any(|part| part == "..") {
        return Err("its name leads out of the archive");
    }
    let is_part = |part: &Utf8Component<'_>| matches!(part, Utf8Component::Normal(_));
    let path: Utf8PathBuf = Utf8Path::new(name).components().filter(is_part).collect();
    Ok(Some(path).filter(|path| !path.as_str().is_empty()))
}

#[cfg(unix)]
fn make_link(target: &str, at: &Utf8Path) -> io::Result<()> {
    fs_err::os::unix::fs::symlink(target, at)
}

#[cfg(not(unix))]
fn make_link(_target: &str, at: &Utf8Path) -> io::Result<()> {
    Err(io::Error::other(format!("{at}: symbolic links are not possible here")))
}

#[cfg(unix)]
fn make_executable(file: &Utf8Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs_err::set_permissions(file, std::fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn make_executable(_file: &Utf8Path) -> io::Result<()> {
    Ok(())
}
