//! What a jar says of itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, BufReader, Read, Seek, SeekFrom},
};

use serde::{Deserialize, Serialize};
use zip::ZipArchive;

use super::text;
use crate::{ids::Digest, package::parts};

/// What is read of a manifest or of properties: what we look for stands at the begin.
const MOST: u64 = 64 << 10;
/// A jar has no more parts than this; one that was made to have more is named by its file.
const PARTS: usize = 10_000;
const MANIFEST: &str = "META-INF/MANIFEST.MF";

/// Name of something that was published to a Maven repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Coordinates {
    /// Group, such as `org.apache.commons`.
    pub group: String,
    /// Artifact, such as `commons-lang3`.
    pub artifact: String,
    /// Version, such as `3.12.0`.
    pub version: String,
}

/// How we know what a jar is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) enum Told {
    /// It says its coordinates; one of several files of a version has a classifier too.
    Maven { coordinates: Coordinates, classifier: Option<String> },
    /// By its file name, and by its manifest for what that does not tell.
    Name { name: String, version: Option<String> },
}

/// What is known of a jar by its bytes and its file name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JarFacts {
    /// Digest of the jar.
    pub digest: Digest,
    pub(super) told: Told,
    /// What else was put into it.
    pub(super) inside: BTreeSet<Coordinates>,
    /// Why it could not be looked into.
    pub(super) unreadable: Option<String>,
}

impl JarFacts {
    /// Reads a jar of this file name. One that is no zip is known by its name and digest.
    ///
    /// # Errors
    /// Those of the reader.
    pub fn read(file: &str, mut reader: impl Read + Seek) -> io::Result<Self> {
        reader.seek(SeekFrom::Start(0))?;
        let digest = Digest::read(&mut reader)?;
        let (said, unreadable) = match said(BufReader::new(reader)) {
            Ok(said) => (said, None),
            Err(reason) => (Said::default(), Some(reason)),
        };
        let (told, inside) = said.told(file);
        Ok(Self { digest, told, inside, unreadable })
    }
}

/// What stands in a jar.
#[derive(Default)]
struct Said {
    poms: BTreeSet<Coordinates>,
    manifest: BTreeMap<String, String>,
}

/// Looks into a jar. It is not unpacked anywhere, so names that would be refused in a package do
/// no harm here, and real jars have them.
fn said(reader: impl Read + Seek) -> Result<Said, String> {
    let mut zip = ZipArchive::new(reader).map_err(|error| error.to_string())?;
    let mut said = Said::default();
    let is_pom = |name: &str| name.starts_with("META-INF/maven/") && name.ends_with(POM);
    let mut wanted = Vec::new();
    for index in 0..zip.len() {
        let name = zip.name_for_index(index).and_then(Result::ok).unwrap_or_default();
        if name == MANIFEST || is_pom(&name) {
            wanted.push((index, name == MANIFEST));
        }
    }
    for (index, manifest) in wanted.into_iter().take(PARTS) {
        let file = zip.by_index(index).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        file.take(MOST).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        let text = String::from_utf8_lossy(&bytes);
        if manifest {
            said.manifest = text::manifest(&text);
        } else {
            said.poms.extend(coordinates(&text::properties(&text)));
        }
    }
    Ok(said)
}

const POM: &str = "/pom.properties";

fn coordinates(properties: &BTreeMap<String, String>) -> Option<Coordinates> {
    // What a build did not fill in is no name.
    let value = |key: &str| {
        properties.get(key).filter(|value| !value.is_empty() && !value.contains("${")).cloned()
    };
    Some(Coordinates {
        group: value("groupId")?,
        artifact: value("artifactId")?,
        version: value("version")?,
    })
}

impl Said {
    /// What the jar itself is, and what else is in it: of the coordinates it is those that the
    /// file is named after. A file without a version in its name may have any name.
    fn told(mut self, file: &str) -> (Told, BTreeSet<Coordinates>) {
        let stem = file.strip_suffix(".jar").unwrap_or(file);
        let own = match self.poms.len() {
            1 if parts::split_version(stem).is_none() => self.poms.first().cloned(),
            _ => self.poms.iter().filter(|pom| names(stem, pom)).max_by_key(longest).cloned(),
        };
        let told = match own {
            Some(coordinates) => {
                self.poms.remove(&coordinates);
                let classifier = classifier(stem, &coordinates);
                Told::Maven { coordinates, classifier }
            }
            None => self.by_name(stem),
        };
        (told, self.poms)
    }

    fn by_name(&self, stem: &str) -> Told {
        let said = |key: &str| self.manifest.get(key).filter(|value| !value.is_empty()).cloned();
        // `org.example.thing;singleton:=true`
        let bundle = said("Bundle-SymbolicName")
            .map(|name| name.split(';').next().unwrap_or_default().trim().to_owned());
        let version = || said("Implementation-Version").or_else(|| said("Bundle-Version"));
        match parts::split_version(stem) {
            Some((name, own)) => {
                Told::Name { name: name.to_owned(), version: Some(own.to_owned()) }
            }
            None => Told::Name {
                name: bundle
                    .or_else(|| said("Implementation-Title"))
                    .unwrap_or_else(|| stem.to_owned()),
                version: version(),
            },
        }
    }
}

/// Whether a file is named after coordinates: `artifact`, `artifact-version` or either with more
/// behind it.
fn names(stem: &str, pom: &Coordinates) -> bool {
    let rest = stem.strip_prefix(&pom.artifact);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['-', '_', '.']))
}

/// What stands behind `artifact-version-`.
fn classifier(stem: &str, Coordinates { artifact, version, .. }: &Coordinates) -> Option<String> {
    let rest = stem.strip_prefix(&format!("{artifact}-{version}-"))?;
    (!rest.is_empty()).then(|| rest.to_owned())
}

/// Of `a` and `a-b` the file `a-b-1.jar` is named after the second one.
fn longest(pom: &&Coordinates) -> (usize, std::cmp::Reverse<Coordinates>) {
    (pom.artifact.len(), std::cmp::Reverse((*pom).clone()))
}
