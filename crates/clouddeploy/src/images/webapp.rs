//! The files of web applications, sorted into the classes that layers are made of.

use std::collections::BTreeSet;

use super::{
    jars::{Jar, Maker, maker},
    source::Opened,
};

/// Where the main web application of an image is unpacked: the same place in all images.
pub(super) const MAIN: &str = "ep/webapp";

const LIBRARIES: &str = "WEB-INF/lib/";

/// A web application of an image.
pub(super) struct Webapp {
    /// Number of its archive among the sources.
    pub(super) source: usize,
    /// Folder it is unpacked in.
    pub(super) folder: String,
    /// Version, by which the suite's jars are known.
    pub(super) version: String,
    /// Whether it is the main one, whose jars are shared with other images.
    pub(super) main: bool,
    /// Names of its files with what tells two jars apart.
    pub(super) files: Vec<(String, Jar)>,
}

/// What a file of a web application is, by how often it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// A jar.
    Library(Maker),
    /// A page, picture or script.
    Content,
    /// Classes and configuration.
    Application,
}

impl Webapp {
    pub(super) fn new(source: usize, folder: String, version: &str, opened: &Opened) -> Self {
        let files = opened.files.iter().map(|(name, entry)| {
            let file = name.rsplit('/').next().unwrap_or(name);
            let jar = Jar {
                name: file.to_owned(),
                size: entry.size,
                crc: entry.crc,
            };
            (name.clone(), jar)
        });
        let (main, version) = (folder == MAIN, version.to_owned());
        Self {
            source,
            main,
            version,
            files: files.collect(),
            folder,
        }
    }

    pub(super) fn class(&self, name: &str) -> Class {
        match name.strip_prefix(LIBRARIES) {
            Some(jar) if is_jar(jar) => Class::Library(maker(jar, &self.version)),
            _ if name.starts_with("WEB-INF/") || name.starts_with("META-INF/") => {
                Class::Application
            }
            _ => Class::Content,
        }
    }

    /// The jars of a maker that may be shared with other images.
    pub(super) fn shareable(&self, maker: Maker) -> BTreeSet<Jar> {
        let jars = self
            .files
            .iter()
            .filter(|(name, _)| self.class(name) == Class::Library(maker));
        if self.main {
            jars.map(|(_, jar)| jar.clone()).collect()
        } else {
            BTreeSet::new()
        }
    }

    /// Path in the image.
    pub(super) fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.folder)
    }
}

/// Tomcat takes jars from the folder itself only.
fn is_jar(name: &str) -> bool {
    !name.contains('/') && name.ends_with(".jar")
}
