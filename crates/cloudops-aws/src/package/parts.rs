//! Which entry of a package is what, by its name alone, and what is missing or there twice.

use super::PackageError;

/// A web application in the package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebApp {
    /// Artifact id, such as `ext-cortex-webapp`.
    pub artifact: String,
    /// Version, such as `8.5.0`.
    pub version: String,
    /// Name of the entry, such as `webapps/ext-cortex-webapp-8.5.0.war`.
    pub entry: String,
}

/// Entries of a package by what they are for, each list sorted by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Parts {
    /// Web applications.
    pub webapps: Vec<WebApp>,
    /// WARs whose names have no version.
    pub unversioned: Vec<String>,
    /// Tomcat: one of them, as it should be.
    pub tomcats: Vec<String>,
    /// Jars with the changes of the database.
    pub database: Vec<String>,
    /// Drivers of the database.
    pub drivers: Vec<String>,
    /// Tools: zips for the command line.
    pub tools: Vec<String>,
    /// Jars for the broker's own process.
    pub broker: Vec<String>,
    /// Plugins.
    pub plugins: Vec<String>,
    /// All else: assets, the broker, what newer suites add.
    pub others: Vec<String>,
}

impl Parts {
    /// Sorts the names of a package's files.
    #[must_use]
    pub fn of(entries: &[String]) -> Self {
        let mut parts = Self::default();
        for entry in entries {
            parts.sort(entry);
        }
        parts
    }

    fn sort(&mut self, entry: &str) {
        if let Some(webapp) = webapp(entry) {
            return self.webapps.push(webapp);
        }
        let (folder, file) = entry.rsplit_once('/').unwrap_or(("", entry));
        let list = match folder {
            "webapps" if file.ends_with(".war") => &mut self.unversioned,
            "webapps" if file.starts_with("apache-tomcat-") && file.ends_with(".zip") => {
                &mut self.tomcats
            }
            "database/jdbc" if file.ends_with(".jar") => &mut self.drivers,
            _ if entry.starts_with("database/") && file.ends_with(".jar") => &mut self.database,
            "tools" if file.ends_with(".zip") => &mut self.tools,
            "tools/activemq/lib" => &mut self.broker,
            _ if entry.starts_with("plugins/") => &mut self.plugins,
            _ => &mut self.others,
        };
        list.push(entry.to_owned());
    }

    /// Version of the suite: that of an artifact of the suite itself where there is one, since
    /// those of a customer count on their own.
    #[must_use]
    pub fn suite(&self) -> Option<&str> {
        let own = self.webapps.iter().find(|webapp| webapp.artifact.starts_with("ep-"));
        own.or(self.webapps.first()).map(|webapp| webapp.version.as_str())
    }

    /// Version of Tomcat, by the name of its entry.
    #[must_use]
    pub fn tomcat_version(&self) -> Option<&str> {
        let entry = self.tomcats.first()?;
        entry.strip_prefix("webapps/apache-tomcat-")?.strip_suffix(".zip")
    }

    /// Why a package with these files is refused, all reasons.
    pub(super) fn refused(&self, name: &str, entries: &[String]) -> Vec<PackageError> {
        let mut refused = self.missing(name, entries);
        let wrong = |entry: &str, reason: String| PackageError::Entry {
            name: name.to_owned(),
            entry: entry.to_owned(),
            reason,
        };
        for entry in &self.unversioned {
            refused.push(wrong(entry, "its name has no version".to_owned()));
        }
        // Sorted by entry, the versions of an artifact stand side by side.
        for pair in self.webapps.windows(2) {
            if pair[0].artifact == pair[1].artifact {
                let reason = format!("`{}` is the same web application", pair[0].entry);
                refused.push(wrong(&pair[1].entry, reason));
            }
        }
        for entry in self.tomcats.iter().skip(1) {
            refused.push(wrong(entry, format!("`{}` is a Tomcat too", self.tomcats[0])));
        }
        refused
    }

    fn missing(&self, name: &str, entries: &[String]) -> Vec<PackageError> {
        let needed = [
            (self.webapps.is_empty() && self.unversioned.is_empty(), "a WAR in webapps/"),
            (self.tomcats.is_empty(), "webapps/apache-tomcat-<version>.zip"),
            (self.database.is_empty() && self.drivers.is_empty(), "a jar in database/"),
        ];
        let missing = needed.into_iter().filter(|(missing, _)| *missing);
        missing
            .map(|(_, missing)| PackageError::NotAPackage {
                name: name.to_owned(),
                missing,
                found: found(entries),
            })
            .collect()
    }
}

/// Whether an entry is an archive that every image builder opens: what is in it is checked as the
/// package itself is. Tools are opened where a topology names them.
pub(super) fn is_opened(entry: &str) -> bool {
    let mut one = Parts::default();
    one.sort(entry);
    !(one.webapps.is_empty() && one.tomcats.is_empty() && one.database.is_empty())
}

fn webapp(entry: &str) -> Option<WebApp> {
    let stem = entry.strip_prefix("webapps/")?.strip_suffix(".war")?;
    let (artifact, version) = split_version(stem)?;
    Some(WebApp {
        artifact: artifact.to_owned(),
        version: version.to_owned(),
        entry: entry.to_owned(),
    })
}

/// Artifact id and version of a file name without its ending: of
/// `ext-cortex-webapp-8.5.0-SNAPSHOT` the version begins at the first hyphen before a digit.
pub(super) fn split_version(stem: &str) -> Option<(&str, &str)> {
    let (at, _) = stem
        .match_indices('-')
        .find(|(at, _)| stem[at + 1..].starts_with(|c: char| c.is_ascii_digit()))?;
    Some((&stem[..at], &stem[at + 1..]))
}

/// What the top of a zip looks like, for the message that it is not a package.
fn found(entries: &[String]) -> String {
    let mut tops: Vec<&str> = entries.iter().filter_map(|name| name.split('/').next()).collect();
    tops.dedup();
    tops.truncate(6);
    if tops.is_empty() { "nothing".to_owned() } else { tops.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(entries: &[&str]) -> (Parts, Vec<String>) {
        let entries: Vec<String> = entries.iter().map(|entry| (*entry).to_owned()).collect();
        let parts = Parts::of(&entries);
        let refused = parts.refused("p.zip", &entries).iter().map(ToString::to_string).collect();
        (parts, refused)
    }

    #[test]
    fn a_package_of_the_field_is_sorted() {
        let (parts, refused) = parts(&[
            "database/ext-data-8.3.0.jar",
            "database/jdbc/mysql-connector-java-8.0.25.jar",
            "plugins/extensions.json",
            "tools/activemq/lib/activemq-client-5.16.1.jar",
            "tools/ext-sync-cli-8.3.0-bin.zip",
            "webapps/apache-activemq-5.16.1-bin.zip",
            "webapps/apache-tomcat-9.0.50.zip",
            "webapps/ep-rest-studio-8.3.0.war",
            "webapps/ext-assets-1.0.0-SNAPSHOT.zip",
            "webapps/ext-cortex-webapp-1.0.0-SNAPSHOT.war",
        ]);
        assert_eq!(refused, [""; 0]);
        assert_eq!(parts.suite(), Some("8.3.0"), "the suite's own artifact tells");
        assert_eq!(parts.tomcat_version(), Some("9.0.50"));
        assert_eq!(parts.webapps[1].version, "1.0.0-SNAPSHOT");
        assert_eq!(parts.drivers, ["database/jdbc/mysql-connector-java-8.0.25.jar"]);
        assert_eq!(parts.tools, ["tools/ext-sync-cli-8.3.0-bin.zip"]);
        assert_eq!(parts.others.len(), 2, "the broker and the assets: {:?}", parts.others);
    }

    #[test]
    fn all_reasons_are_told_and_not_only_the_first() {
        let (_, refused) = parts(&["readme.txt"]);
        assert_eq!(refused.len(), 3, "{refused:#?}");
        let (_, refused) = parts(&[
            "database/a-1.jar",
            "webapps/apache-tomcat-9.0.50.zip",
            "webapps/apache-tomcat-9.0.70.zip",
            "webapps/ext-cm-webapp-8.3.0.war",
            "webapps/ext-cm-webapp-8.3.1.war",
            "webapps/mine.war",
        ]);
        assert_eq!(
            refused,
            [
                "p.zip: the entry `webapps/mine.war` is refused: its name has no version",
                "p.zip: the entry `webapps/ext-cm-webapp-8.3.1.war` is refused: `webapps/ext-cm-webapp-8.3.0.war` is the same web application",
                "p.zip: the entry `webapps/apache-tomcat-9.0.70.zip` is refused: `webapps/apache-tomcat-9.0.50.zip` is a Tomcat too",
            ]
        );
    }
}
