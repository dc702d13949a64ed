//! Which jars several web applications share, and where they go. Pure.
//!
//! A jar is the same one when name, size and CRC-32 are: the reader of the package compares the
//! CRC with what it reads, so that two jars which are taken for one differ in 1 of 4 billion cases
//! at most, and only if their names and sizes agree.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use cloudops_aws::ids::Digest;

/// Smaller groups are not worth a layer.
const LEAST: u64 = 1 << 20;
/// Most groups: a runtime takes 127 layers, and each costs a request for every image.
const MOST: usize = 8;

/// How often a jar changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// It is of others: it changes when somebody takes a newer one.
    Library,
    /// It is of the suite: it changes with every version and every build.
    Suite,
}

/// A jar in a web application.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Jar {
    pub(super) size: u64,
    pub(super) crc32: u32,
    pub(super) kind: Kind,
}

/// Jars of a web application by file name.
pub(super) type Jars = BTreeMap<String, Jar>;

/// Jars that exactly these web applications carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    pub(super) kind: Kind,
    pub(super) webapps: BTreeSet<String>,
    pub(super) jars: BTreeSet<String>,
}

/// The kind of a jar: one that has the version of its web application in its name is of the suite,
/// since all artifacts of the suite are built and numbered together.
pub(super) fn kind(jar: &str, version: &str) -> Kind {
    let stem = jar.strip_suffix(".jar").unwrap_or(jar);
    let numbered = stem.match_indices(version).any(|(at, _)| {
        let (before, after) = (&stem[..at], &stem[at + version.len()..]);
        before.ends_with('-') && (after.is_empty() || after.starts_with('-'))
    });
    if numbered && !version.is_empty() { Kind::Suite } else { Kind::Library }
}

/// The groups that are worth a layer, by kind, those that save most first.
pub(super) fn groups(webapps: &BTreeMap<String, Jars>) -> Vec<Group> {
    let mut carriers: BTreeMap<(&String, Jar), BTreeSet<String>> = BTreeMap::new();
    for (webapp, jars) in webapps {
        for (name, jar) in jars {
            carriers.entry((name, *jar)).or_default().insert(webapp.clone());
        }
    }
    let mut found: BTreeMap<(Kind, BTreeSet<String>), (u64, BTreeSet<String>)> = BTreeMap::new();
    for ((name, jar), carriers) in carriers.into_iter().filter(|(_, all)| all.len() > 1) {
        let (bytes, jars) = found.entry((jar.kind, carriers)).or_default();
        *bytes += jar.size;
        jars.insert(name.clone());
    }
    let mut all: Vec<(u64, Group)> = found
        .into_iter()
        .filter(|(_, (bytes, _))| *bytes >= LEAST)
        .map(|((kind, webapps), (bytes, jars))| {
            (bytes * (webapps.len() as u64 - 1), Group { kind, webapps, jars })
        })
        .collect();
    all.sort_by_key(|(saved, group)| (Reverse(*saved), group.name()));
    all.truncate(MOST);
    let mut groups: Vec<Group> = all.into_iter().map(|(_, group)| group).collect();
    groups.sort_by_key(|group| group.kind);
    groups
}

impl Group {
    /// Name of its folder: the same web applications and kind always give the same one.
    pub(super) fn name(&self) -> String {
        let kind = match self.kind {
            Kind::Library => "library",
            Kind::Suite => "suite",
        };
        let names: Vec<&str> = self.webapps.iter().map(String::as_str).collect();
        format!("{kind}-{}", Digest::of(names.join("\n").as_bytes()).short())
    }

    /// Whether a web application gets this jar from the group.
    pub(super) fn gives(&self, webapp: &str, jar: &str) -> bool {
        self.webapps.contains(webapp) && self.jars.contains(jar)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jars(all: &[(&str, u32)]) -> Jars {
        let jar = |(name, crc32): &(&str, u32)| {
            let kind = kind(name, "8.5.0");
            ((*name).to_owned(), Jar { size: LEAST, crc32: *crc32, kind })
        };
        all.iter().map(jar).collect()
    }

    #[test]
    fn a_jar_with_the_version_of_the_suite_is_of_the_suite() {
        for own in ["ep-core-8.5.0.jar", "ext-core-8.5.0-tests.jar"] {
            assert_eq!(kind(own, "8.5.0"), Kind::Suite, "{own}");
        }
        for other in ["guava-33.0.jar", "x-18.5.0.jar", "x-8.5.01.jar", "x8.5.0.jar", "plain.jar"] {
            assert_eq!(kind(other, "8.5.0"), Kind::Library, "{other}");
        }
        assert_eq!(kind("x-.jar", ""), Kind::Library);
    }

    #[test]
    fn jars_are_grouped_by_who_carries_them() {
        let webapps = BTreeMap::from([
            ("a".to_owned(), jars(&[("x.jar", 1), ("y.jar", 1), ("z.jar", 1), ("e-8.5.0.jar", 1)])),
            ("b".to_owned(), jars(&[("x.jar", 1), ("y.jar", 1), ("e-8.5.0.jar", 1)])),
            ("c".to_owned(), jars(&[("x.jar", 1), ("y.jar", 2)])),
        ]);
        let found: Vec<_> = groups(&webapps)
            .iter()
            .map(|group| {
                let list =
                    |all: &BTreeSet<String>| all.iter().cloned().collect::<Vec<_>>().join(" ");
                (group.kind, list(&group.webapps), list(&group.jars))
            })
            .collect();
        let wanted = [
            (Kind::Library, "a b c", "x.jar"),
            (Kind::Library, "a b", "y.jar"),
            (Kind::Suite, "a b", "e-8.5.0.jar"),
        ];
        let owned =
            |(kind, webapps, jars): (Kind, &str, &str)| (kind, webapps.to_owned(), jars.to_owned());
        assert_eq!(found, wanted.map(owned));
    }

    #[test]
    fn what_saves_little_has_no_group() {
        let small = |crc32| Jar { size: LEAST - 1, crc32, kind: Kind::Library };
        let one = BTreeMap::from([("x.jar".to_owned(), small(1))]);
        let webapps = BTreeMap::from([("a".to_owned(), one.clone()), ("b".to_owned(), one)]);
        assert!(groups(&webapps).is_empty());
    }
}
