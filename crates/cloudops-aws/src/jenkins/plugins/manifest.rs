//! What the archive of a plugin says about itself: `META-INF/MANIFEST.MF`.

use std::{
    collections::BTreeMap,
    io::{Cursor, Read},
};

use super::PluginError;

/// Largest manifest that is read, in bytes; real ones have some kilobytes.
const LARGEST: u64 = 1 << 20;

/// What another plugin must be there for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dependency {
    /// Name of the other plugin.
    pub name: String,
    /// The least version of it.
    pub version: String,
    /// Whether the plugin works without it; if it is there, the version still counts.
    pub optional: bool,
}

/// What a plugin says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginManifest {
    /// Name.
    pub name: String,
    /// Version.
    pub version: String,
    /// The least version of Jenkins, where it says one.
    pub jenkins: Option<String>,
    /// Plugins that it builds on.
    pub dependencies: Vec<Dependency>,
}

impl PluginManifest {
    /// Reads it from an archive (`.hpi`, a zip). `name` names it in errors.
    ///
    /// # Errors
    /// [`PluginError::NotAPlugin`].
    pub fn read(name: &str, archive: &[u8]) -> Result<Self, PluginError> {
        let wrong = |reason: String| PluginError::NotAPlugin { name: name.to_owned(), reason };
        let mut zip =
            zip::ZipArchive::new(Cursor::new(archive)).map_err(|error| wrong(error.to_string()))?;
        let mut entry = zip
            .by_name("META-INF/MANIFEST.MF")
            .map_err(|error| wrong(format!("META-INF/MANIFEST.MF: {error}")))?
            .take(LARGEST);
        let mut text = String::new();
        entry.read_to_string(&mut text).map_err(|error| wrong(error.to_string()))?;
        Self::parse(&text).map_err(wrong)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let entries = entries(text);
        let get = |key: &str| entries.get(key).map(|value| value.trim().to_owned());
        let needed = |key: &str| get(key).ok_or_else(|| format!("its manifest has no {key}"));
        // `Plugin-Version: 1.0 (private-abc)` is what a build on a desk writes.
        let version = needed("Plugin-Version")?;
        let version = version.split_whitespace().next().unwrap_or_default().to_owned();
        let list = get("Plugin-Dependencies").unwrap_or_default();
        Ok(Self {
            name: needed("Short-Name")?,
            version,
            jenkins: get("Jenkins-Version").or_else(|| get("Hudson-Version")),
            dependencies: list.split(',').filter_map(|one| dependency(one.trim())).collect(),
        })
    }
}

/// `name:version;resolution:=optional`.
fn dependency(text: &str) -> Option<Dependency> {
    let mut parts = text.split(';');
    let (name, version) = parts.next()?.split_once(':')?;
    let optional = parts.any(|part| part.trim() == "resolution:=optional");
    Some(Dependency { name: name.to_owned(), version: version.to_owned(), optional })
}

/// The main attributes, which end with the first empty line. A line that begins with a blank goes
/// on with the one before (JAR file specification).
fn entries(text: &str) -> BTreeMap<String, String> {
    let mut entries: Vec<(String, String)> = Vec::new();
    for line in text.lines().take_while(|line| !line.trim().is_empty()) {
        match (line.strip_prefix(' '), entries.last_mut(), line.split_once(':')) {
            (Some(rest), Some((_, value)), _) => value.push_str(rest),
            (None, _, Some((key, value))) => entries.push((key.to_owned(), value.to_owned())),
            _ => {}
        }
    }
    entries.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_go_on_and_options_are_seen() {
        let text = "Manifest-Version: 1.0\r\nShort-Name: git\r\nPlugin-Version: 5.10.1\r\n\
                    Jenkins-Version: 2.479.3\r\nPlugin-Dependencies: credentials:1415.v83,scm-ap\r\n \
                    i:704.va,junit:1.2;resolution:=optional\r\n\r\nName: x\r\nShort-Name: other\r\n";
        let manifest = PluginManifest::parse(text).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.version.as_str()), ("git", "5.10.1"));
        assert_eq!(manifest.jenkins.as_deref(), Some("2.479.3"));
        let told: Vec<(&str, bool)> =
            manifest.dependencies.iter().map(|one| (one.name.as_str(), one.optional)).collect();
        assert_eq!(told, [("credentials", false), ("scm-api", false), ("junit", true)]);
    }

    #[test]
    fn what_is_no_plugin_is_said() {
        let error = PluginManifest::read("git", b"<html>").unwrap_err().to_string();
        assert!(error.starts_with("git is not a Jenkins plugin: "), "{error}");
        assert_eq!(
            PluginManifest::parse("A: b\n").unwrap_err(),
            "its manifest has no Plugin-Version"
        );
    }
}
