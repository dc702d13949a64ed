//! All that is in a package, and every reason why it would be refused.

mod look;
mod shared;
#[cfg(test)]
mod tests;

use std::io::{Read, Seek};

use serde::Serialize;

pub use shared::SharedJar;

use super::{
    Archive, Limits, NamedFile, Nested, OpsSpec, PackageError, Parts, SpecSource, limits::Total,
    parts, versions,
};
use crate::ids::Digest;

use look::Look;

const LIBRARIES: &str = "WEB-INF/lib/";

/// What is in a package file.
#[derive(Debug)]
pub struct Inspection {
    /// Name of the file.
    pub name: String,
    /// Size of the file in bytes.
    pub size: u64,
    /// Digest of the file.
    pub digest: Digest,
    /// Version of the suite, by its web applications.
    pub suite: Option<String>,
    /// Java and Tomcat that the suite needs, and who says so.
    pub needs: Option<(OpsSpec, SpecSource)>,
    /// Web applications.
    pub webapps: Vec<WebAppContents>,
    /// Jars that several web applications carry.
    pub shared: Vec<SharedJar>,
    /// Tomcat.
    pub tomcat: Vec<Item>,
    /// Jars with the changes of the database.
    pub database: Vec<Item>,
    /// Drivers of the database.
    pub drivers: Vec<Item>,
    /// Tools.
    pub tools: Vec<Item>,
    /// Jars for the broker's own process.
    pub broker: Vec<Item>,
    /// Plugins.
    pub plugins: Vec<Item>,
    /// All else.
    pub others: Vec<Item>,
    /// Why the package would be refused.
    pub refused: Vec<PackageError>,
}

/// A web application and what is in it.
#[derive(Debug, Clone, Serialize)]
pub struct WebAppContents {
    /// Artifact id.
    pub artifact: String,
    /// Version.
    pub version: String,
    /// Name of the entry.
    pub entry: String,
    /// Bytes of the WAR.
    pub size: u64,
    /// Digest of the WAR; none when it is broken.
    pub digest: Option<Digest>,
    /// Files in it.
    pub files: usize,
    /// Bytes of the files in it.
    pub unpacked: u64,
    /// Its jars.
    pub jars: Vec<Jar>,
}

/// A jar in a web application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Jar {
    /// File name.
    pub name: String,
    /// Bytes.
    pub size: u64,
    /// CRC-32, as the WAR states it.
    pub crc32: u32,
    /// Digest; none when it is broken.
    pub digest: Option<Digest>,
}

/// Another file of the package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Item {
    /// Name of the entry.
    pub entry: String,
    /// Version, by the name.
    pub version: Option<String>,
    /// Bytes.
    pub size: u64,
    /// Digest; none when it is broken.
    pub digest: Option<Digest>,
}

/// Something that a topology needs from a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Needed {
    /// A web application.
    WebApp {
        /// Its artifact id.
        artifact: String,
        /// Service that needs it.
        user: String,
    },
    /// A tool's zip.
    Tool {
        /// Its artifact id.
        artifact: String,
        /// Tool that needs it.
        user: String,
    },
}

/// Reads a package file to its end, and what is in its web applications too. What is broken is in
/// the result, with all other reasons against the package; `needed` is what it must have besides.
///
/// # Errors
/// [`PackageError`] when the file cannot be read as a zip at all.
pub fn inspect<'a>(
    file: impl Into<NamedFile<'a>>,
    limits: Limits,
    needed: &[Needed],
) -> Result<Inspection, PackageError> {
    let NamedFile { file, name } = file.into();
    let bytes = Nested::open(file)?;
    let (mut archive, refused) = Archive::survey_within(name, bytes.clone(), limits)?;
    let entries = archive.names();
    let parts = Parts::of(&entries);
    let total = Total::new(name, limits, archive.unpacked());
    let mut look = Look { refused, total };
    // A zip whose entries are all left out lacks everything, which says nothing.
    if look.refused.is_empty() || !entries.is_empty() {
        look.refused.extend(parts.refused(name, &entries));
        look.refused.extend(lacking(name, &parts, needed));
    }
    let needs = versions::needed(&mut archive, parts.suite());
    let webapps: Vec<WebAppContents> =
        parts.webapps.iter().map(|webapp| look.webapp(&mut archive, webapp)).collect();
    let opened = |entry: &String| parts::is_opened(entry) || is_needed(entry, needed);
    let mut items = |entries: &[String]| -> Vec<Item> {
        entries.iter().map(|entry| look.item(&mut archive, entry, opened(entry))).collect()
    };
    let others = [parts.unversioned.as_slice(), parts.others.as_slice()].concat();
    let mut found = Inspection {
        size: bytes.length(),
        digest: Digest::read(bytes)?,
        suite: parts.suite().map(str::to_owned),
        needs: None,
        shared: shared::find(&webapps),
        webapps,
        tomcat: items(&parts.tomcats),
        database: items(&parts.database),
        drivers: items(&parts.drivers),
        tools: items(&parts.tools),
        broker: items(&parts.broker),
        plugins: items(&parts.plugins),
        others: items(&others),
        name: name.to_owned(),
        refused: Vec::new(),
    };
    match needs {
        Ok(needs) => found.needs = needs,
        Err(error) => look.refused.push(error),
    }
    found.refused = look.refused;
    Ok(found)
}

impl Inspection {
    /// Bytes that need not be stored again because web applications share jars.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.shared.iter().map(SharedJar::saved).sum()
    }
}

fn lacking(name: &str, parts: &Parts, needed: &[Needed]) -> Vec<PackageError> {
    let lacks = |needed: &Needed| {
        let (there, what, user) = match needed {
            Needed::WebApp { artifact, user } => {
                let there = parts.webapps.iter().any(|webapp| webapp.artifact == *artifact);
                (there, format!("webapps/{artifact}-<version>.war"), user)
            }
            Needed::Tool { artifact, user } => {
                let there = parts.tools.iter().any(|entry| is_tool(entry, artifact));
                (there, format!("tools/{artifact}-<version>.zip"), user)
            }
        };
        let name = name.to_owned();
        (!there).then(|| PackageError::Lacks { name, what, user: user.clone() })
    };
    needed.iter().filter_map(lacks).collect()
}

fn is_tool(entry: &str, artifact: &str) -> bool {
    let file = entry.strip_prefix("tools/").unwrap_or(entry);
    parts::split_version(file).is_some_and(|(found, _)| found == artifact)
}

/// Whether an entry is a tool that is needed: it is opened then.
fn is_needed(entry: &str, needed: &[Needed]) -> bool {
    needed.iter().any(|needed| match needed {
        Needed::Tool { artifact, .. } => entry.starts_with("tools/") && is_tool(entry, artifact),
        Needed::WebApp { .. } => false,
    })
}

fn size<R: Read + Seek>(archive: &Archive<R>, entry: &str) -> u64 {
    archive.facts(entry).map_or(0, |facts| facts.size)
}

fn version(entry: &str) -> Option<String> {
    let file = entry.rsplit('/').next().unwrap_or(entry);
    let (stem, _) = file.rsplit_once('.')?;
    let (_, version) = parts::split_version(stem)?;
    Some(version.trim_end_matches("-bin").trim_end_matches("-package").to_owned())
}
