//! The deployment package: one zip with everything that a release is built from. CloudTeam checks
//! it before it is published, CloudDeploy when it builds images: one reader for both.
//!
//! Layout: `webapps/` with WARs and the Tomcat zip, `database/` with jars, `tools/`, `plugins/`,
//! and in newer suites `ops-spec.json`.

mod archive;
mod contents;
mod error;

use std::{
    collections::BTreeMap,
    io::{Read, Seek},
};

use camino::{Utf8Path, Utf8PathBuf};
use serde::Deserialize;

pub use archive::{Archive, Limits};
pub use error::PackageError;

use crate::ids::Digest;

/// A web application in the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebApp {
    /// Artifact id, such as `ext-cortex-webapp`.
    pub artifact: String,
    /// Version, such as `8.5.0`.
    pub version: String,
    /// Name of the entry, such as `webapps/ext-cortex-webapp-8.5.0.war`.
    pub entry: String,
}

/// Versions that the suite says it needs.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct OpsSpec {
    /// Java, such as `17`.
    pub java: String,
    /// Tomcat, such as `9.0.70`.
    pub tomcat: String,
}

/// A deployment package whose form was checked.
#[derive(Debug, Clone)]
pub struct Package {
    path: Utf8PathBuf,
    digest: Digest,
    size: u64,
    webapps: Vec<WebApp>,
    tomcat: String,
    entries: Vec<String>,
    spec: Option<OpsSpec>,
}

impl Package {
    /// Reads and checks a package file.
    ///
    /// # Errors
    /// [`PackageError`] names the file and the entry that is wrong.
    pub fn open(path: &Utf8Path) -> Result<Self, PackageError> {
        let file = fs_err::File::open(path)?;
        let size = file.metadata()?.len();
        let mut archive = Archive::open(path.as_str(), file, Limits::default())?;
        let entries = archive.names();
        let webapps: Vec<WebApp> = entries.iter().filter_map(|name| webapp(name)).collect();
        let missing = |missing: &'static str| PackageError::NotAPackage {
            name: path.to_string(),
            missing,
            found: found(&entries),
        };
        if webapps.is_empty() {
            return Err(missing("a WAR in webapps/"));
        }
        let is_tomcat = |name: &&String| {
            name.strip_prefix("webapps/apache-tomcat-").is_some_and(|rest| rest.ends_with(".zip"))
        };
        let tomcat = entries
            .iter()
            .find(is_tomcat)
            .cloned()
            .ok_or_else(|| missing("webapps/apache-tomcat-<version>.zip"))?;
        if !entries.iter().any(|name| name.starts_with("database/") && name.ends_with(".jar")) {
            return Err(missing("a jar in database/"));
        }
        let spec = read_spec(&mut archive)?;
        let digest = Digest::read(fs_err::File::open(path)?)?;
        Ok(Self { path: path.to_owned(), digest, size, webapps, tomcat, entries, spec })
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Digest of the file.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Size of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Web applications, sorted by entry name.
    #[must_use]
    pub fn webapps(&self) -> &[WebApp] {
        &self.webapps
    }

    /// Name of the entry with Tomcat.
    #[must_use]
    pub fn tomcat(&self) -> &str {
        &self.tomcat
    }

    /// Versions that the suite says it needs; older suites do not say.
    #[must_use]
    pub fn spec(&self) -> Option<&OpsSpec> {
        self.spec.as_ref()
    }

    /// Names of all files in the package, sorted.
    #[must_use]
    pub fn entries(&self) -> &[String] {
        &self.entries
    }

    /// Unpacked size in bytes of what matters in it: web applications, Tomcat, jars and tools.
    ///
    /// # Errors
    /// [`PackageError`] when the file has changed meanwhile.
    pub fn sizes(&self) -> Result<BTreeMap<String, u64>, PackageError> {
        let mut sizes = self.archive()?.sizes()?;
        let matters = |entry: &String| {
            ["webapps/", "database/", "tools/"].iter().any(|at| entry.starts_with(at))
        };
        sizes.retain(|entry, _| matters(entry));
        Ok(sizes)
    }

    /// Opens the package for reading its entries.
    ///
    /// # Errors
    /// [`PackageError`] when the file has changed meanwhile.
    pub fn archive(&self) -> Result<Archive<fs_err::File>, PackageError> {
        Archive::open(self.path.as_str(), fs_err::File::open(&self.path)?, Limits::default())
    }
}

fn webapp(entry: &str) -> Option<WebApp> {
    let stem = entry.strip_prefix("webapps/")?.strip_suffix(".war")?;
    // `ext-cortex-webapp-8.5.0-SNAPSHOT`: the version begins at the first hyphen before a digit.
    let split = stem
        .match_indices('-')
        .find(|(at, _)| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
    Some(WebApp {
        artifact: stem[..split.0].to_owned(),
        version: stem[split.0 + 1..].to_owned(),
        entry: entry.to_owned(),
    })
}

/// What the top of a zip looks like, for the message that it is not a package.
fn found(entries: &[String]) -> String {
    let mut tops: Vec<&str> = entries.iter().filter_map(|name| name.split('/').next()).collect();
    tops.dedup();
    tops.truncate(6);
    if tops.is_empty() { "nothing".to_owned() } else { tops.join(", ") }
}

fn read_spec<R: Read + Seek>(archive: &mut Archive<R>) -> Result<Option<OpsSpec>, PackageError> {
    let Some(bytes) = archive.read_if_there("ops-spec.json")? else {
        return Ok(None);
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| PackageError::Entry {
        name: archive.name().to_owned(),
        entry: "ops-spec.json".to_owned(),
        reason: error.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    pub(super) fn zip_bytes(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        let stored = zip::write::SimpleFileOptions::default()
            .compression_method(zip::CompressionMethod::Stored);
        for (name, bytes) in entries {
            writer.start_file(*name, stored).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    pub(super) fn zip(entries: &[(&str, &[u8])]) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(&zip_bytes(entries)).unwrap();
        file
    }

    fn open(file: &tempfile::NamedTempFile) -> Result<Package, PackageError> {
        Package::open(Utf8Path::from_path(file.path()).unwrap())
    }

    /// The least zip: its directory, which is empty.
    const EMPTY_ZIP: &[u8] = b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

    pub(super) const GOOD: [(&str, &[u8]); 4] = [
        ("webapps/ext-cortex-webapp-8.5.0.war", EMPTY_ZIP),
        ("webapps/apache-tomcat-9.0.70.zip", EMPTY_ZIP),
        ("database/ext-data-8.5.0.jar", EMPTY_ZIP),
        ("ops-spec.json", br#"{"java":"17","tomcat":"9.0.70"}"#),
    ];

    #[test]
    fn a_package_is_read() {
        let package = open(&zip(&GOOD)).unwrap();
        assert_eq!(package.webapps()[0].artifact, "ext-cortex-webapp");
        assert_eq!(package.webapps()[0].version, "8.5.0");
        assert_eq!(package.spec().unwrap().java, "17");
    }

    #[test]
    fn what_is_not_a_package_says_why() {
        let check = |file: &tempfile::NamedTempFile, expect: &str| {
            let error = open(file).unwrap_err().to_string();
            assert!(error.contains(expect), "{error}");
        };
        check(&zip(&[("readme.txt", b"".as_slice())]), "a WAR in webapps/ is missing");
        check(&zip(&GOOD[..1]), "apache-tomcat");
        check(&zip(&[("../evil", b"".as_slice())]), "../evil");
        check(&zip(&[("/etc/passwd", b"".as_slice())]), "/etc/passwd");
        check(&zip(&[("a", b"".as_slice()), ("A", b"")]), "differ only by case");
        let mut text = tempfile::NamedTempFile::new().unwrap();
        text.write_all(b"not a zip").unwrap();
        check(&text, "is not a zip file");
    }
}
