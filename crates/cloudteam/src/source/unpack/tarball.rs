//! Tar archives, of any compression.

use std::io::Read;

use camino::Utf8Path;
use tar::EntryType;

use super::sink::Sink;
use crate::source::SourceError;

/// Bit of a mode that says that the owner may execute a file.
const EXECUTABLE: u32 = 0o100;

pub(super) fn unpack(plain: impl Read, sink: &mut Sink<'_>) -> Result<(), SourceError> {
    let mut archive = tar::Archive::new(plain);
    let entries = archive.entries().map_err(|error| sink.damaged(&error))?;
    let mut last = "the first".to_owned();
    for entry in entries {
        let after = |error: std::io::Error| format!("{error}, after entry `{last}`");
        let entry = entry.map_err(|error| sink.damaged(&after(error)))?;
        last = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        take(entry, &last, sink)?;
    }
    // Reading to the end finds what is cut off, or damaged, behind the last entry.
    let mut rest = archive.into_inner();
    match std::io::copy(&mut rest, &mut std::io::sink()) {
        Ok(_) => Ok(()),
        Err(error) => Err(sink.damaged(&format!("{error}, after entry `{last}`"))),
    }
}

fn take(
    mut entry: tar::Entry<'_, impl Read>,
    shown: &str,
    sink: &mut Sink<'_>,
) -> Result<(), SourceError> {
    let kind = entry.header().entry_type();
    // What git writes before its archives: the commit, which is no file.
    if kind == EntryType::XGlobalHeader {
        return Ok(());
    }
    let name = entry.path_bytes().into_owned();
    let Some(path) = sink.name(&name)? else { return Ok(()) };
    match kind {
        EntryType::Directory => sink.folder(&path),
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let mode = entry.header().mode();
            let mode = mode.map_err(|error| sink.refuse(shown, error.to_string()))?;
            let size = entry.size();
            let mut counted = Counted { inner: &mut entry, read: 0 };
            sink.file(&path, &mut counted, mode & EXECUTABLE != 0)?;
            match counted.read == size {
                true => Ok(()),
                false => Err(sink.refuse(shown, "the archive ends in the middle of it")),
            }
        }
        EntryType::Symlink => {
            let target = entry.link_name_bytes().unwrap_or_default().into_owned();
            sink.link(&path, &target)
        }
        EntryType::Link => {
            let target = entry.link_name_bytes().unwrap_or_default().into_owned();
            match sink.link_target(shown, &target)? {
                Some(target) => sink.hard_link(&path, Utf8Path::new(&target)),
                None => Err(sink.refuse(shown, "it is a hard link to a folder")),
            }
        }
        _ => Err(sink.refuse(shown, "it is neither file, folder nor link")),
    }
}

/// Counts what is read: a tar that was cut off ends its last file early without a word.
struct Counted<R> {
    inner: R,
    read: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let read = self.inner.read(to)?;
        self.read += read as u64;
        Ok(read)
    }
}
