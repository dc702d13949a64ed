//! The lock file: which plugins there are, in which version, with which digest.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use super::PluginError;
use crate::ids::Digest;

/// One plugin of a lock file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockedPlugin {
    /// Name, such as `credentials-binding`.
    pub name: String,
    /// Version.
    pub version: String,
    /// Digest of the archive.
    pub digest: Digest,
}

/// All plugins of a build server, sorted by name. Its `Display` is the file without comments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginLock(Vec<LockedPlugin>);

/// What is different about a plugin: `None` is no such plugin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PluginChange {
    /// Name.
    pub name: String,
    /// Version before.
    pub from: Option<String>,
    /// Version after.
    pub to: Option<String>,
}

impl PluginLock {
    /// Reads a lock file: a plugin on each line, `name version sha256`; `#` begins a comment.
    /// `file` names it in errors.
    ///
    /// # Errors
    /// [`PluginError::Lock`] names file and line.
    pub fn parse(file: &str, text: &str) -> Result<Self, PluginError> {
        let mut plugins: Vec<LockedPlugin> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let wrong = |reason: String| PluginError::Lock {
                place: format!("{file}:{}", index + 1),
                reason,
            };
            let words: Vec<&str> =
                line.split('#').next().unwrap_or_default().split_whitespace().collect();
            let plugin = match words.as_slice() {
                [] => continue,
                [name, version, digest] => plugin(name, version, digest).map_err(wrong)?,
                _ => return Err(wrong("a name, a version and a digest are needed".to_owned())),
            };
            if plugins.iter().any(|known| known.name == plugin.name) {
                return Err(wrong(format!("plugin {} stands twice", plugin.name)));
            }
            plugins.push(plugin);
        }
        if plugins.is_empty() {
            let reason = "there is no plugin in it".to_owned();
            return Err(PluginError::Lock { place: file.to_owned(), reason });
        }
        plugins.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Self(plugins))
    }

    /// The plugins, sorted by name.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &LockedPlugin> {
        self.0.iter()
    }

    /// Versions by name.
    #[must_use]
    pub fn versions(&self) -> BTreeMap<String, String> {
        self.iter().map(|plugin| (plugin.name.clone(), plugin.version.clone())).collect()
    }

    /// What would be different about a server that has the plugins `before`, by name.
    #[must_use]
    pub fn changes(&self, before: &BTreeMap<String, String>) -> Vec<PluginChange> {
        PluginChange::between(before, &self.versions())
    }
}

impl PluginChange {
    /// What is different between two sets of plugins, by name.
    #[must_use]
    pub fn between(
        before: &BTreeMap<String, String>,
        after: &BTreeMap<String, String>,
    ) -> Vec<Self> {
        let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        let change = |name: &String| Self {
            name: name.clone(),
            from: before.get(name).cloned(),
            to: after.get(name).cloned(),
        };
        names.into_iter().map(change).filter(|change| change.from != change.to).collect()
    }
}

impl fmt::Display for PluginLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for LockedPlugin { name, version, digest } in self.iter() {
            writeln!(f, "{name} {version} {}", digest.hex())?;
        }
        Ok(())
    }
}

impl fmt::Display for PluginChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.name;
        match (&self.from, &self.to) {
            (Some(from), Some(to)) => write!(f, "{name} {from} -> {to}"),
            (None, Some(to)) => write!(f, "{name} {to} is new"),
            (Some(from), None) => write!(f, "{name} {from} goes"),
            (None, None) => write!(f, "{name}"),
        }
    }
}

fn plugin(name: &str, version: &str, digest: &str) -> Result<LockedPlugin, String> {
    let is_plain = |text: &str, more: &[u8]| {
        text.bytes().all(|byte| byte.is_ascii_alphanumeric() || more.contains(&byte))
    };
    // They become file names and parts of an address.
    if !is_plain(name, b"-_") {
        return Err(format!("`{name}` is not the name of a plugin"));
    }
    if !is_plain(version, b"-_.") || !version.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(format!("`{version}` is not a version"));
    }
    let digest = format!("sha256:{digest}").parse().map_err(|_| {
        format!("`{digest}` is not a SHA-256 digest: 64 hexadecimal digits are needed")
    })?;
    Ok(LockedPlugin { name: name.to_owned(), version: version.to_owned(), digest })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(lines: &[&str]) -> String {
        let digest = "0".repeat(64);
        lines.iter().map(|line| format!("{}\n", line.replace('@', &digest))).collect()
    }

    #[test]
    fn the_order_of_lines_and_comments_say_nothing() {
        let one = PluginLock::parse("a", &text(&["# two", "git 5.1 @ # source", "", "ant 1 @"]));
        let other = PluginLock::parse("a", &text(&["ant 1 @", "git 5.1 @"])).unwrap();
        assert_eq!(one.unwrap(), other);
        assert_eq!(other.to_string(), text(&["ant 1 @", "git 5.1 @"]));
    }

    #[test]
    fn errors_name_file_and_line() {
        let check = |lines: &[&str], expect: &str| {
            let error = PluginLock::parse("plugins.lock", &text(lines)).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check(&["git 1 @", "git 2 @"], "plugins.lock:2: plugin git stands twice");
        check(&["git"], "plugins.lock:1: a name, a version and a digest are needed");
        check(&["../git 1 @"], "plugins.lock:1: `../git` is not the name of a plugin");
        check(&["git .. @"], "plugins.lock:1: `..` is not a version");
        check(
            &["git 1 ab"],
            "plugins.lock:1: `ab` is not a SHA-256 digest: 64 hexadecimal digits are needed",
        );
        check(&["# nothing"], "plugins.lock: there is no plugin in it");
    }

    #[test]
    fn changes_are_told_by_name() {
        let lock = PluginLock::parse("a", &text(&["ant 2 @", "git 1 @", "junit 3 @"])).unwrap();
        let before = BTreeMap::from([
            ("ant".to_owned(), "1".to_owned()),
            ("git".to_owned(), "1".to_owned()),
            ("ldap".to_owned(), "9".to_owned()),
        ]);
        let told: Vec<String> = lock.changes(&before).iter().map(ToString::to_string).collect();
        assert_eq!(told, ["ant 1 -> 2", "junit 3 is new", "ldap 9 goes"]);
        assert!(lock.changes(&lock.versions()).is_empty());
    }
}
