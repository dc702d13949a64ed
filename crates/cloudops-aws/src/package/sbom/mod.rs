//! What an image is made of: a list of its jars in the form of CycloneDX 1.6.
//!
//! A jar says what it is in `META-INF/maven/**/pom.properties`; one that was made from several
//! has several of them, and the parts stand inside of its component. A jar that does not say is
//! named by its file and its manifest. The list depends on names and contents only: no clock, no
//! chance, and a serial number that is made of the list itself.

mod document;
mod jar;
#[cfg(test)]
mod tests;
mod text;

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{Read, Seek},
};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

pub use jar::{Coordinates, JarFacts};

use crate::ids::Digest;

/// Media type of the list, for a registry.
pub const MEDIA_TYPE: &str = "application/vnd.cyclonedx+json";

/// The list of an image's jars, while it is being made.
#[derive(Debug, Clone)]
pub struct Sbom {
    name: String,
    version: String,
    /// Each jar once, by its digest, with the places where it is.
    jars: BTreeMap<Digest, (JarFacts, BTreeSet<String>)>,
}

impl Sbom {
    /// An empty list for an image of this name and version.
    #[must_use]
    pub fn new(name: &str, version: &str) -> Self {
        Self { name: name.to_owned(), version: version.to_owned(), jars: BTreeMap::new() }
    }

    /// The list of an image's jars: path in the image, and a reader of the jar.
    ///
    /// # Errors
    /// Those of the readers.
    pub fn of<R: Read + Seek>(
        name: &str,
        version: &str,
        jars: impl IntoIterator<Item = (String, R)>,
    ) -> std::io::Result<Self> {
        let mut sbom = Self::new(name, version);
        for (path, reader) in jars {
            let file = path.rsplit('/').next().unwrap_or(&path);
            sbom.add(&path, &JarFacts::read(file, reader)?);
        }
        Ok(sbom)
    }

    /// Adds a jar that was read before, by its path in the image. The facts can be kept for the
    /// lists of other images.
    pub fn add(&mut self, path: &str, jar: &JarFacts) {
        let (facts, paths) =
            self.jars.entry(jar.digest.clone()).or_insert_with(|| (jar.clone(), BTreeSet::new()));
        // A jar under two names is told by the first one, whichever came first.
        if jar.told < facts.told {
            *facts = jar.clone();
        }
        paths.insert(path.to_owned());
    }

    /// Jars, each of them once.
    #[must_use]
    pub fn len(&self) -> usize {
        self.jars.len()
    }

    /// Whether there is no jar.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.jars.is_empty()
    }

    /// The list as JSON: the same bytes for the same jars, whatever the order they came in.
    #[must_use]
    pub fn json(&self) -> Value {
        let mut document = document::of(self);
        // The text of a value is its keys in the order in which we wrote them.
        let content = Sha256::digest(document.to_string().as_bytes());
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&content[..16]);
        let serial = uuid::Builder::from_custom_bytes(bytes).into_uuid();
        document["serialNumber"] = serial.urn().to_string().into();
        document
    }
}
