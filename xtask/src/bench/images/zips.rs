//! Zips as a build writes them: entries in a fixed order, with a fixed time, deflated.

use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use fs_err as fs;
use zip::write::SimpleFileOptions;
use zip::{ZipArchive, ZipWriter};

use crate::failure::{Failure, Outcome};

/// A zip that is being written; appears under its name when it is complete.
pub(super) struct Zip {
    writer: ZipWriter<BufWriter<fs::File>>,
    file: std::path::PathBuf,
}

impl Zip {
    pub(super) fn create(file: &Path) -> Outcome<Self> {
        let writer = BufWriter::with_capacity(1 << 20, fs::File::create(unfinished(file))?);
        Ok(Self { writer: ZipWriter::new(writer), file: file.to_owned() })
    }

    /// Adds a file. Shell scripts are executable.
    pub(super) fn add(&mut self, name: &str, mut content: impl Read, bytes: u64) -> Outcome {
        let mode = if is_script(name) { 0o755 } else { 0o644 };
        let options = SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Deflated)
            .large_file(bytes > u64::from(u32::MAX / 2))
            .unix_permissions(mode);
        self.writer.start_file(name, options).map_err(|error| failure(&self.file, &error))?;
        let mut buffer = vec![0; 1 << 18];
        loop {
            let read = content.read(&mut buffer)?;
            if read == 0 {
                return Ok(());
            }
            self.writer.write_all(&buffer[..read])?;
        }
    }

    /// Adds a file of the disk.
    pub(super) fn add_file(&mut self, name: &str, file: &Path) -> Outcome {
        let source = fs::File::open(file)?;
        let bytes = source.metadata()?.len();
        self.add(name, source, bytes)
    }

    /// Adds an entry of another zip as it is, without compressing it again.
    pub(super) fn copy<R: Read + Seek>(
        &mut self,
        from: &mut ZipArchive<R>,
        entry: &str,
        name: &str,
    ) -> Outcome {
        let wrong = |error| failure(&self.file, &error);
        let missing = || Failure::new(format!("{}: no {entry} to copy", self.file.display()));
        let index = from.index_for_name(entry).ok_or_else(missing)?;
        let raw = from.by_index_raw(index).map_err(wrong)?;
        self.writer.raw_copy_file_rename(raw, name).map_err(|error| failure(&self.file, &error))
    }

    /// Completes it.
    pub(super) fn finish(self) -> Outcome {
        let wrong = |error| failure(&self.file, &error);
        self.writer.finish().map_err(wrong)?.flush()?;
        Ok(fs::rename(unfinished(&self.file), &self.file)?)
    }
}

/// Opens a zip of the disk.
pub(super) fn open(file: &Path) -> Outcome<ZipArchive<BufReader<fs::File>>> {
    let reader = BufReader::with_capacity(1 << 18, fs::File::open(file)?);
    ZipArchive::new(reader).map_err(|error| failure(file, &error))
}

/// Names of all entries of a zip of the disk.
pub(super) fn names(file: &Path) -> Outcome<Vec<String>> {
    let archive = open(file)?;
    let name = |name: zip::result::ZipResult<std::borrow::Cow<'_, str>>| {
        name.map(|name| name.into_owned()).map_err(|error| failure(file, &error))
    };
    archive.file_names().map(name).collect()
}

fn unfinished(file: &Path) -> std::path::PathBuf {
    file.with_extension("unfinished")
}

fn is_script(name: &str) -> bool {
    Path::new(name).extension().is_some_and(|extension| extension == "sh")
}

fn failure(file: &Path, error: &zip::result::ZipError) -> Failure {
    Failure::new(format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(folder: &Path, name: &str) -> Vec<u8> {
        let file = folder.join(name);
        let mut zip = Zip::create(&file).unwrap();
        zip.add("a.txt", &b"aaaa"[..], 4).unwrap();
        zip.add("bin/b.sh", &b"echo"[..], 4).unwrap();
        zip.finish().unwrap();
        fs::read(file).unwrap()
    }

    #[test]
    fn the_same_entries_give_the_same_bytes_and_entries_are_copied_as_they_are() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(written(folder.path(), "one.zip"), written(folder.path(), "two.zip"));
        let copy = folder.path().join("copy.zip");
        let mut zip = Zip::create(&copy).unwrap();
        zip.copy(&mut open(&folder.path().join("one.zip")).unwrap(), "bin/b.sh", "c.sh").unwrap();
        zip.finish().unwrap();
        let mut archive = open(&copy).unwrap();
        let mut entry = archive.by_name("c.sh").unwrap();
        let mut text = String::new();
        entry.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), entry.unix_mode().unwrap() & 0o777), ("echo", 0o755));
    }
}
