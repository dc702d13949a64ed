//! Our own programs and settings in the package bucket, by content: what a job on the build server
//! fetches and runs is what the person who made the job had.

use std::io::Write as _;

use camino::{Utf8Path, Utf8PathBuf};
use flate2::{Compression, write::GzEncoder};
use tokio_util::sync::CancellationToken;

use super::store::{StateError, Store, Upload};
use crate::{
    diagnose::{Class, Diagnose},
    ids::{Digest, Region},
};

const PREFIX: &str = "v1/programs/";
/// More than any of our programs is, with debug information.
const LARGEST: u64 = 1 << 30;

/// A file that jobs fetch by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    /// Name that it gets where it is fetched, such as `cloudteam`.
    pub name: String,
    /// The file.
    pub file: Utf8PathBuf,
    /// Digest of its content.
    pub digest: Digest,
}

/// Why a file cannot be run by the build agents.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// It is made for another machine.
    #[error("{file} is {found}, and the build agents run programs for linux/amd64")]
    Platform {
        /// The file.
        file: Utf8PathBuf,
        /// What it is, as a noun phrase.
        found: String,
    },
    /// It cannot be read.
    #[error("{file} cannot be read: {reason}")]
    Read {
        /// The file.
        file: Utf8PathBuf,
        /// Why.
        reason: String,
    },
}

impl Diagnose for ProgramError {
    fn class(&self) -> Class {
        Class::Configuration
    }

    fn hints(&self) -> Vec<String> {
        vec!["Name a folder with the programs for linux/amd64 by --programs.".to_owned()]
    }
}

impl Program {
    /// A file of any kind, such as settings.
    ///
    /// # Errors
    /// [`ProgramError::Read`].
    pub fn file(name: &str, file: &Utf8Path) -> Result<Self, ProgramError> {
        Ok(Self::of(name, file, &read(file)?))
    }

    /// A program for the build agents (linux/amd64, as their task definition says).
    ///
    /// # Errors
    /// [`ProgramError`].
    pub fn executable(name: &str, file: &Utf8Path) -> Result<Self, ProgramError> {
        let bytes = read(file)?;
        match foreign(&bytes) {
            None => Ok(Self::of(name, file, &bytes)),
            Some(found) => Err(ProgramError::Platform { file: file.to_owned(), found }),
        }
    }

    fn of(name: &str, file: &Utf8Path, bytes: &[u8]) -> Self {
        Self { name: name.to_owned(), file: file.to_owned(), digest: Digest::of(bytes) }
    }

    /// Key in the package bucket. The object is compressed by gzip; the digest in its key is that
    /// of the program itself.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{PREFIX}{}/{}.gz", self.digest.hex(), self.name)
    }
}

/// Compresses and uploads a program unless it is there, and says whether it was not. `progress` is
/// called with the bytes that are sent, and all there are.
///
/// # Errors
/// [`StateError`]; [`StateError::Changed`] when the file was written meanwhile.
pub async fn publish(
    packages: &Store,
    program: &Program,
    progress: &(dyn Fn(u64, u64) + Send + Sync),
    cancel: &CancellationToken,
) -> Result<bool, StateError> {
    if packages.size(&program.key()).await?.is_some() {
        return Ok(false);
    }
    let folder = tempfile::tempdir()?;
    let packed = Utf8PathBuf::from_path_buf(folder.path().join("program.gz"))
        .map_err(|path| std::io::Error::other(format!("{} is not UTF-8", path.display())))?;
    let (from, to) = (program.clone(), packed.clone());
    let packing = tokio::task::spawn_blocking(move || pack(&from, &to));
    let (digest, size) = packing.await.map_err(std::io::Error::other)??;
    let sent = |done| progress(done, size);
    let upload = Upload { progress: &sent, ..Upload::new(&packed, &digest, cancel) };
    packages.upload_new(&program.key(), &upload).await
}

/// Writes the compressed program, and gives its digest and size.
fn pack(program: &Program, to: &Utf8Path) -> Result<(Digest, u64), StateError> {
    let bytes = fs_err::read(&program.file)?;
    if Digest::of(&bytes) != program.digest {
        return Err(StateError::Changed { file: program.file.clone() });
    }
    let mut encoder = GzEncoder::new(fs_err::File::create(to)?, Compression::default());
    encoder.write_all(&bytes)?;
    encoder.finish()?.sync_all()?;
    Ok((Digest::read(fs_err::File::open(to)?)?, fs_err::metadata(to)?.len()))
}

/// The shell script by which a job fetches programs and settings into its folder: by digest, and
/// checked, with the AWS CLI. What is there already is not fetched again.
#[must_use]
pub fn fetch_script(packages: &Store, region: &Region, programs: &[Program]) -> String {
    let mut script = format!(
        r#"set -eu
fetch() {{
    echo "$1  $2" | sha256sum --check --status 2>/dev/null && return
    aws s3api get-object --region {region} --bucket {bucket} --key "{PREFIX}$1/$2.gz" "$2.gz" >/dev/null
    gunzip --force "$2.gz"
    echo "$1  $2" | sha256sum --check --quiet
}}
"#,
        bucket = packages.bucket(),
    );
    for program in programs {
        script.push_str(&format!("fetch {} {}\n", program.digest.hex(), program.name));
    }
    let executable: Vec<_> = programs
        .iter()
        .map(|program| program.name.as_str())
        .filter(|name| !name.contains('.'))
        .collect();
    if !executable.is_empty() {
        script.push_str(&format!("chmod +x {}\n", executable.join(" ")));
    }
    script
}

fn read(file: &Utf8Path) -> Result<Vec<u8>, ProgramError> {
    let wrong = |reason: String| ProgramError::Read { file: file.to_owned(), reason };
    let size = std::fs::metadata(file).map_err(|error| wrong(error.to_string()))?.len();
    if size > LARGEST {
        return Err(wrong(format!("it has {size} bytes")));
    }
    std::fs::read(file).map_err(|error| wrong(error.to_string()))
}

/// What a file is when it is no program for linux/amd64: the header of ELF
/// (<https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html>).
fn foreign(bytes: &[u8]) -> Option<String> {
    match bytes {
        [0x7f, b'E', b'L', b'F', 2, 1, ..] => match bytes.get(18..20) {
            Some([62, 0]) => None,
            Some([183, 0]) => Some("a program for linux/arm64".to_owned()),
            _ => Some("a Linux program for another processor".to_owned()),
        },
        [0x7f, b'E', b'L', b'F', ..] => Some("a Linux program for another processor".to_owned()),
        [0xcf, 0xfa, 0xed, 0xfe, ..] | [0xca, 0xfe, 0xba, 0xbe, ..] => {
            Some("a program for macOS".to_owned())
        }
        [b'M', b'Z', ..] => Some("a program for Windows".to_owned()),
        _ => Some("not a program".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_for_the_agents_are_taken() {
        let header = |machine: [u8; 2]| {
            let mut bytes = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0];
            bytes.resize(18, 0);
            bytes.extend(machine);
            bytes
        };
        assert_eq!(foreign(&header([62, 0])), None);
        assert_eq!(foreign(&header([183, 0])).unwrap(), "a program for linux/arm64");
        assert_eq!(foreign(b"\xcf\xfa\xed\xfe....").unwrap(), "a program for macOS");
        assert_eq!(foreign(b"MZ").unwrap(), "a program for Windows");
        assert_eq!(foreign(b"#!/bin/sh").unwrap(), "not a program");
        assert_eq!(foreign(b"").unwrap(), "not a program");
    }

    #[test]
    fn a_key_names_content_and_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = Utf8Path::from_path(dir.path()).unwrap().join("settings");
        std::fs::write(&file, "schema: 1\n").unwrap();
        let program = Program::file("cloudops.yaml", &file).unwrap();
        let digest = Digest::of(b"schema: 1\n");
        assert_eq!(program.key(), format!("v1/programs/{}/cloudops.yaml.gz", digest.hex()));
        let error = Program::executable("cloudteam", &file).unwrap_err();
        assert!(error.to_string().contains("is not a program"), "{error}");
    }
}
