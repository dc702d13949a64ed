//! Reading on after an error, with all of them kept.

use super::{Item, Jar, LIBRARIES, WebAppContents, size, version};
use crate::{
    ids::Digest,
    package::{Archive, Nested, PackageError, WebApp, limits::Total},
};

/// Reads on after an error, and keeps all of them.
pub(super) struct Look<'a> {
    pub(super) refused: Vec<PackageError>,
    pub(super) total: Total<'a>,
}

impl Look<'_> {
    /// What was read; none, and the reason kept, when it was not.
    fn keep<T>(&mut self, result: Result<T, PackageError>) -> Option<T> {
        result.map_err(|error| self.refused.push(error)).ok()
    }

    /// A file of the package; one that is opened is an archive, whose files are read too.
    pub(super) fn item(
        &mut self,
        archive: &mut Archive<Nested>,
        entry: &str,
        opened: bool,
    ) -> Item {
        let digest = if opened {
            let (digest, inner) = self.open(archive, entry);
            if let Some(mut inner) = inner {
                for entry in inner.names() {
                    self.keep(inner.digest(&entry));
                }
            }
            digest
        } else {
            self.keep(archive.digest(entry))
        };
        let (version, size) = (version(entry), size(archive, entry));
        Item { entry: entry.to_owned(), version, size, digest }
    }

    pub(super) fn webapp(
        &mut self,
        archive: &mut Archive<Nested>,
        webapp: &WebApp,
    ) -> WebAppContents {
        let (digest, war) = self.open(archive, &webapp.entry);
        let mut contents = WebAppContents {
            artifact: webapp.artifact.clone(),
            version: webapp.version.clone(),
            entry: webapp.entry.clone(),
            size: size(archive, &webapp.entry),
            digest,
            files: 0,
            unpacked: 0,
            jars: Vec::new(),
        };
        if let Some(mut war) = war {
            self.files(&mut war, &mut contents);
        }
        contents
    }

    /// Digest of an archive inside, and the archive with the entries that are not refused.
    fn open(
        &mut self,
        archive: &mut Archive<Nested>,
        entry: &str,
    ) -> (Option<Digest>, Option<Archive<Nested>>) {
        let Some((digest, bytes)) = self.keep(read(archive, entry)) else {
            return (None, None);
        };
        let name = archive.nested_name(entry);
        let opened = self.keep(Archive::survey_within(&name, bytes, archive.limits()));
        let Some((inner, refused)) = opened else {
            return (Some(digest), None);
        };
        self.refused.extend(refused);
        let added = self.total.add(entry, inner.unpacked());
        self.keep(added);
        (Some(digest), Some(inner))
    }

    fn files(&mut self, war: &mut Archive<Nested>, contents: &mut WebAppContents) {
        for entry in war.names() {
            let Some(facts) = war.facts(&entry) else { continue };
            contents.files += 1;
            contents.unpacked += facts.size;
            let digest = self.keep(war.digest(&entry));
            let jar = entry.strip_prefix(LIBRARIES).filter(|name| name.ends_with(".jar"));
            if let Some(name) = jar {
                let name = name.to_owned();
                contents.jars.push(Jar { name, size: facts.size, crc32: facts.crc32, digest });
            }
        }
    }
}

/// Digest and bytes of an archive inside. A packed one is unpacked once, and that checks it; the
/// checksum of a stored one is checked while its digest is made.
fn read(archive: &mut Archive<Nested>, entry: &str) -> Result<(Digest, Nested), PackageError> {
    let stored = archive.facts(entry).is_some_and(|facts| facts.stored);
    if stored {
        return Ok((archive.digest(entry)?, archive.nested(entry)?));
    }
    let bytes = archive.nested(entry)?;
    Ok((Digest::read(bytes.clone())?, bytes))
}
