//! Which jars go into which layer.
//!
//! A jar is the suite's own when its name ends with the version of its web application
//! (`ep-core-8.5.0.jar`), or begins with `ep-` or `ext-`, as all modules of the suite do. All
//! others are third-party jars. A jar in the wrong class costs bytes, never correctness.
//!
//! Jars are the same when name, size and checksum are. Those in several images are grouped by the
//! set of images that have them, so that no image holds a jar that its web application does not
//! have. Of each class the [`LARGEST`] groups that save most become layers; a jar of a smaller
//! group is stored with each image.

use std::collections::{BTreeMap, BTreeSet};

/// Most shared layers of a class. An image has room for 127 layers, and each costs a request.
pub const LARGEST: usize = 6;

const OWN_PREFIXES: [&str; 2] = ["ep-", "ext-"];

/// Who makes a jar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Maker {
    /// Somebody else: it changes with upgrades.
    ThirdParty,
    /// The suite: it changes with each build.
    Suite,
}

/// A jar, as far as telling it from others goes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Jar {
    /// File name.
    pub name: String,
    /// Size in bytes.
    pub size: u64,
    /// Checksum of the content (CRC-32).
    pub crc: u32,
}

/// Jars that the same images share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Images.
    pub images: BTreeSet<String>,
    /// Jars.
    pub jars: BTreeSet<Jar>,
}

/// Tells who makes a jar, by its name and the version of its web application.
#[must_use]
pub fn maker(jar: &str, version: &str) -> Maker {
    let own = OWN_PREFIXES.iter().any(|prefix| jar.starts_with(prefix))
        || jar.ends_with(&format!("-{version}.jar"));
    if own { Maker::Suite } else { Maker::ThirdParty }
}

/// The groups worth a layer of their own, those that save most bytes first.
#[must_use]
pub fn groups(images: &BTreeMap<String, BTreeSet<Jar>>) -> Vec<Group> {
    let mut users: BTreeMap<&Jar, BTreeSet<String>> = BTreeMap::new();
    for (image, jars) in images {
        for jar in jars {
            users.entry(jar).or_default().insert(image.clone());
        }
    }
    let mut groups: BTreeMap<BTreeSet<String>, BTreeSet<Jar>> = BTreeMap::new();
    for (jar, images) in users.into_iter().filter(|(_, images)| images.len() > 1) {
        groups.entry(images).or_default().insert(jar.clone());
    }
    let mut groups: Vec<Group> = groups
        .into_iter()
        .map(|(images, jars)| Group { images, jars })
        .collect();
    // The sort is stable and its input sorted, so that ties have one order too.
    groups.sort_by_key(|group| std::cmp::Reverse(group.saves()));
    groups.truncate(LARGEST);
    groups
}

impl Group {
    /// Bytes that storing the group once saves.
    #[must_use]
    pub fn saves(&self) -> u64 {
        let bytes: u64 = self.jars.iter().map(|jar| jar.size).sum();
        bytes * (self.images.len() as u64 - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jar(name: &str, crc: u32) -> Jar {
        Jar {
            name: name.to_owned(),
            size: 10,
            crc,
        }
    }

    #[test]
    fn the_suite_is_known_by_prefix_or_version() {
        for (name, expected) in [
            ("ep-core-8.5.0.jar", Maker::Suite),
            ("ext-core-1.0.jar", Maker::Suite),
            ("relos-client-8.5.0.jar", Maker::Suite),
            ("spring-core-5.3.9.jar", Maker::ThirdParty),
            ("guava-18.5.0.jar", Maker::ThirdParty),
        ] {
            assert_eq!(maker(name, "8.5.0"), expected, "{name}");
        }
    }

    #[test]
    fn jars_are_grouped_by_the_images_that_have_exactly_them() {
        let images = BTreeMap::from([
            (
                "cm".to_owned(),
                BTreeSet::from([jar("a", 1), jar("b", 1), jar("g", 20)]),
            ),
            (
                "cortex".to_owned(),
                BTreeSet::from([jar("a", 1), jar("g", 30), jar("x", 1)]),
            ),
            (
                "search".to_owned(),
                BTreeSet::from([jar("a", 1), jar("b", 1), jar("g", 20)]),
            ),
        ]);
        let found = groups(&images);
        let names = |group: &Group| {
            group
                .jars
                .iter()
                .map(|jar| jar.name.clone())
                .collect::<Vec<_>>()
                .join(" ")
        };
        let found: Vec<(usize, String)> = found
            .iter()
            .map(|group| (group.images.len(), names(group)))
            .collect();
        // `g` of cortex has another content under the same name: it stays with cortex.
        assert_eq!(found, [(3, "a".to_owned()), (2, "b g".to_owned())]);
    }

    #[test]
    fn small_groups_are_no_layers() {
        let names: Vec<String> = ('a'..='h').map(String::from).collect();
        let mut images: BTreeMap<String, BTreeSet<Jar>> = BTreeMap::new();
        for (at, one) in names.iter().enumerate() {
            for other in &names[at + 1..] {
                let shared = jar(&format!("{one}{other}"), 1);
                images
                    .entry(one.clone())
                    .or_default()
                    .insert(shared.clone());
                images.entry(other.clone()).or_default().insert(shared);
            }
        }
        assert_eq!(groups(&images).len(), LARGEST);
    }
}
