//! Jars that several web applications carry with the same content.

use std::collections::BTreeMap;

use serde::Serialize;

use super::WebAppContents;
use crate::ids::Digest;

/// A jar that several web applications carry: same name, same content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedJar {
    /// File name.
    pub name: String,
    /// Bytes of one copy.
    pub size: u64,
    /// Digest.
    pub digest: Digest,
    /// Artifact ids of the web applications that carry it.
    pub webapps: Vec<String>,
}

impl SharedJar {
    /// Bytes of all copies but one.
    #[must_use]
    pub fn saved(&self) -> u64 {
        self.size.saturating_mul((self.webapps.len() as u64).saturating_sub(1))
    }
}

/// Sorted by name; one that is broken is shared with nobody.
pub(super) fn find(webapps: &[WebAppContents]) -> Vec<SharedJar> {
    let mut jars = BTreeMap::new();
    for webapp in webapps {
        for jar in &webapp.jars {
            let Some(digest) = &jar.digest else { continue };
            let empty = SharedJar {
                name: jar.name.clone(),
                size: jar.size,
                digest: digest.clone(),
                webapps: Vec::new(),
            };
            let shared = jars.entry((jar.name.clone(), digest.clone())).or_insert(empty);
            shared.webapps.push(webapp.artifact.clone());
        }
    }
    jars.into_values().filter(|jar| jar.webapps.len() > 1).collect()
}
