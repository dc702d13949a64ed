//! Zip files.

use std::io::{Read, Seek};

use super::sink::Sink;
use crate::source::SourceError;

/// Bit of a mode that says that the owner may execute a file.
const EXECUTABLE: u32 = 0o100;
/// Bits of a mode that say what a file is, and the three kinds that are taken.
const KIND: u32 = 0o170_000;
const KINDS: [u32; 4] = [0, 0o100_000, 0o040_000, 0o120_000];

pub(super) fn unpack(file: impl Read + Seek, sink: &mut Sink<'_>) -> Result<(), SourceError> {
    let mut zip = zip::ZipArchive::new(file).map_err(|error| sink.damaged(&error))?;
    // The index keeps the last one of two entries of a name; only the reader knows of the other.
    if zip.has_duplicate_names() {
        return Err(sink.damaged(&"two of its entries have the same name"));
    }
    for index in 0..zip.len() {
        // Raw first: an entry that cannot be decoded still has a name to refuse it by.
        let entry = zip.by_index_raw(index).map_err(|error| sink.damaged(&error))?;
        let raw = entry.name_raw().to_vec();
        let shown = String::from_utf8_lossy(&raw).into_owned();
        let (encrypted, folder, link) = (entry.encrypted(), entry.is_dir(), entry.is_symlink());
        let mode = entry.unix_mode().unwrap_or_default();
        drop(entry);
        let Some(path) = sink.name(&raw)? else { continue };
        if encrypted {
            return Err(sink.refuse(&shown, "it is encrypted"));
        }
        if !KINDS.contains(&(mode & KIND)) {
            return Err(sink.refuse(&shown, "it is neither file, folder nor link"));
        }
        if folder {
            sink.folder(&path)?;
            continue;
        }
        let opened = zip.by_index(index);
        let mut content = opened.map_err(|error| sink.refuse(&shown, error.to_string()))?;
        if link {
            let target = sink.target(&path, &mut content)?;
            sink.link(&path, &target)?;
        } else {
            sink.file(&path, &mut content, mode & EXECUTABLE != 0)?;
        }
    }
    Ok(())
}
