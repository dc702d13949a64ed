//! The least work that a cold build can do: every byte of the package inflated once, every
//! distinct file read, hashed and compressed once, on all cores, and nothing else.

use std::io::{Write, copy, sink};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use fs_err as fs;
use sha2::{Digest, Sha256};

use super::package::{Package, Source};
use super::parallel;
use super::shape::SERVICES;
use super::webapp;
use super::zips;
use crate::failure::{Failure, Outcome};

/// How layers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Zstd(i32),
    Gzip(u32),
}

impl Compression {
    /// The fastest of each kind, and what is usual.
    pub(super) const ALL: [Self; 4] = [Self::Zstd(1), Self::Zstd(3), Self::Gzip(1), Self::Gzip(6)];

    pub(super) fn name(self) -> String {
        match self {
            Self::Zstd(level) => format!("zstd {level}"),
            Self::Gzip(level) => format!("gzip {level}"),
        }
    }
}

/// What the least work takes with one compression.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Least {
    pub(super) compression: Compression,
    /// Seconds of reading, hashing and compressing.
    pub(super) seconds: f64,
    /// Bytes before and after.
    pub(super) bytes: u64,
    pub(super) compressed: u64,
}

/// Seconds in which all entries of the zips are inflated on all cores.
pub(super) fn inflate(package: &Package) -> Outcome<f64> {
    let names = zips::names(&package.file)?;
    let begin = Instant::now();
    parallel::each(&names, |name| {
        let mut archive = zips::open(&package.file)?;
        let entry = archive.by_name(name);
        let mut entry = entry.map_err(|error| Failure::new(format!("{name}: {error}")))?;
        copy(&mut entry, &mut sink()).map(drop)?;
        Ok(())
    })?;
    Ok(begin.elapsed().as_secs_f64())
}

/// Reads, hashes and compresses every distinct file of the package once.
pub(super) fn least(
    source: &Source,
    package: &Package,
    compression: Compression,
) -> Outcome<Least> {
    let pieces = pieces(source, package)?;
    let (bytes, compressed) = (AtomicU64::new(0), AtomicU64::new(0));
    let begin = Instant::now();
    parallel::each(&pieces, |piece| {
        let content = match piece {
            Piece::File(path) => &fs::read(path)?,
            Piece::Made(content) => content,
        };
        let digest = Sha256::digest(content);
        bytes.fetch_add(length(content), Ordering::Relaxed);
        compressed.fetch_add(length(&compress(content, compression)?), Ordering::Relaxed);
        std::hint::black_box(digest);
        Ok(())
    })?;
    let seconds = begin.elapsed().as_secs_f64();
    let (bytes, compressed) = (bytes.into_inner(), compressed.into_inner());
    Ok(Least { compression, seconds, bytes, compressed })
}

fn length(content: &[u8]) -> u64 {
    content.len() as u64
}

/// A distinct content.
enum Piece {
    File(PathBuf),
    Made(Vec<u8>),
}

fn pieces(source: &Source, package: &Package) -> Outcome<Vec<Piece>> {
    let names = package.plan.shared.iter().chain(package.plan.own.iter().flatten());
    let mut files: Vec<PathBuf> = names.map(|name| source.jars.join(name)).collect();
    for entry in fs::read_dir(source.tomcat.join("lib"))? {
        files.push(entry?.path());
    }
    // Large ones first, so that no core works alone at the end.
    files.sort_by_key(|file| std::cmp::Reverse(size(file)));
    let made = SERVICES.iter().flat_map(|service| webapp::files(*service, false));
    let made: Vec<u8> = made.flat_map(|(_, content)| content).collect();
    Ok(files.into_iter().map(Piece::File).chain([Piece::Made(made)]).collect())
}

fn size(file: &Path) -> u64 {
    fs::metadata(file).map_or(0, |metadata| metadata.len())
}

fn compress(content: &[u8], compression: Compression) -> Outcome<Vec<u8>> {
    match compression {
        Compression::Zstd(level) => Ok(zstd::bulk::compress(content, level)?),
        Compression::Gzip(level) => {
            let level = flate2::Compression::new(level);
            let mut writer = flate2::write::GzEncoder::new(Vec::new(), level);
            writer.write_all(content)?;
            Ok(writer.finish()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_compressed_by_all_kinds() {
        let words = "word ".repeat(1000);
        for kind in Compression::ALL {
            assert!(compress(words.as_bytes(), kind).unwrap().len() < 200, "{}", kind.name());
        }
    }
}
