//! Unpacks an archive of which nothing is trusted: not its names, not its links, not its sizes.

mod sink;
mod tarball;
mod zipfile;

use camino::{Utf8Path, Utf8PathBuf};
use tokio_util::sync::CancellationToken;

pub use cloudops_aws::package::Limits;
use sink::Sink;

use super::{ArchiveKind, SourceError};

/// Unpacks an archive into an empty folder, and gives back the folder in it that holds everything:
/// that one itself, or the one folder at its top. `shown` names the archive in errors.
///
/// # Errors
/// [`SourceError`] names the archive and the entry that is refused.
pub fn unpack(
    archive: &Utf8Path,
    shown: &str,
    kind: ArchiveKind,
    into: &Utf8Path,
    limits: Limits,
    cancel: &CancellationToken,
) -> Result<Utf8PathBuf, SourceError> {
    let file = fs_err::File::open(archive)?;
    let packed = file.metadata()?.len();
    let mut sink = Sink::new(shown, into, packed, limits, cancel);
    match kind {
        ArchiveKind::Zip => zipfile::unpack(file, &mut sink)?,
        ArchiveKind::TarGz => {
            // An archive may be several that were joined, as pigz and cat make them.
            tarball::unpack(flate2::read::MultiGzDecoder::new(file), &mut sink)?;
        }
        ArchiveKind::TarZst => {
            let plain = zstd::stream::read::Decoder::new(file);
            tarball::unpack(plain.map_err(|error| sink.damaged(&error))?, &mut sink)?;
        }
    }
    sink.finish()
}

#[cfg(test)]
mod tests;
