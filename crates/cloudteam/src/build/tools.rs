//! The JDK and Maven of the versions that the source code needs.

use std::{collections::BTreeMap, process::Stdio};

use camino::{Utf8Path, Utf8PathBuf};
use tokio::process::Command;

use super::BuildError;

/// Where Linux distributions install JDKs.
const JDKS: &str = "/usr/lib/jvm";

/// What a build runs with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tools {
    /// Folder of the JDK, where one was found.
    pub java_home: Option<Utf8PathBuf>,
    /// Version of each tool that was found: `jdk`, `maven`.
    pub versions: BTreeMap<String, String>,
}

/// Versions that are asked for; any will do where none is given.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted<'a> {
    /// JDK, such as `17`.
    pub jdk: Option<&'a str>,
    /// Maven, such as `3.9`.
    pub maven: Option<&'a str>,
}

/// Finds the tools. JDKs are looked for in `JAVA_HOME_<version>_X64` and `JAVA_HOME_<version>`
/// (as CI services set them), in `JAVA_HOME`, on the `PATH`, and where Linux distributions
/// install them; the first of the right version is taken.
///
/// # Errors
/// [`BuildError::Tool`] says what was found instead.
pub async fn find(
    wanted: Wanted<'_>,
    variables: &BTreeMap<String, String>,
) -> Result<Tools, BuildError> {
    let mut tools = Tools::default();
    if let Some((home, version)) = jdk(wanted.jdk, variables).await? {
        tools.java_home = home;
        tools.versions.insert("jdk".to_owned(), version);
    }
    let java_home = tools.java_home.as_deref();
    match (said("mvn", &["--version"], java_home).await, wanted.maven) {
        (Some(text), wanted) => {
            let found = maven_version(&text);
            if let Some(wanted) = wanted.filter(|wanted| !fits(wanted, found.as_deref())) {
                return Err(missing("Maven", wanted, found.into_iter().collect()));
            }
            tools.versions.extend(found.map(|version| ("maven".to_owned(), version)));
        }
        (None, Some(wanted)) => return Err(missing("Maven", wanted, Vec::new())),
        (None, None) => {}
    }
    Ok(tools)
}

impl Tools {
    /// That Maven reads `MAVEN_ARGS`, by which it is given its settings: 3.9 and newer do
    /// (<https://maven.apache.org/docs/3.9.0/release-notes.html>). Without a Maven on the `PATH`,
    /// the build brings its own.
    ///
    /// # Errors
    /// [`BuildError::Tool`] for an older one.
    pub fn take_maven_arguments(&self) -> Result<(), BuildError> {
        let Some(found) = self.versions.get("maven") else {
            return Ok(());
        };
        let mut parts = found.split('.').map(|part| part.parse::<u32>().unwrap_or_default());
        let version = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        if version >= (3, 9) {
            return Ok(());
        }
        Err(missing("Maven", "3.9 or newer", vec![found.clone()]))
    }
}

type Jdk = (Option<Utf8PathBuf>, String);

async fn jdk(
    wanted: Option<&str>,
    variables: &BTreeMap<String, String>,
) -> Result<Option<Jdk>, BuildError> {
    let mut others = Vec::new();
    for home in homes(wanted, variables) {
        let program = home.as_ref().map_or(Utf8PathBuf::from("javac"), |h| h.join("bin/javac"));
        let Some(version) = said(program.as_str(), &["-version"], None).await else {
            continue;
        };
        let Some(version) = java_version(&version) else {
            continue;
        };
        if wanted.is_none_or(|wanted| fits(wanted, Some(&version))) {
            return Ok(Some((home, version)));
        }
        if !others.contains(&version) {
            others.push(version);
        }
    }
    match wanted {
        Some(wanted) => Err(missing("JDK", wanted, others)),
        None => Ok(None),
    }
}

/// Folders where a JDK may be, the best first; none stands for the `PATH`.
fn homes(wanted: Option<&str>, variables: &BTreeMap<String, String>) -> Vec<Option<Utf8PathBuf>> {
    let names = wanted.map(|version| {
        let major = version.split('.').next().unwrap_or(version);
        [format!("JAVA_HOME_{major}_X64"), format!("JAVA_HOME_{major}")]
    });
    let names = names.into_iter().flatten().chain(["JAVA_HOME".to_owned()]);
    let set = names.filter_map(|name| variables.get(&name)).filter(|home| !home.is_empty());
    let mut homes: Vec<Option<Utf8PathBuf>> = set.map(|home| Some(home.into())).collect();
    homes.push(None);
    homes.extend(installed(Utf8Path::new(JDKS)).into_iter().map(Some));
    homes
}

fn installed(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let entries = folder.read_dir_utf8().into_iter().flatten().flatten();
    let mut found: Vec<_> = entries.map(|entry| entry.path().to_owned()).collect();
    found.sort();
    found
}

/// What a program says about itself, on either output; nothing when it does not run.
async fn said(program: &str, args: &[&str], java_home: Option<&Utf8Path>) -> Option<String> {
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).kill_on_drop(true);
    if let Some(home) = java_home {
        command.env("JAVA_HOME", home);
    }
    let output = command.output().await.ok().filter(|output| output.status.success())?;
    let text = [output.stdout, output.stderr].concat();
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The version in `javac 17.0.9` or `javac 1.8.0_392`; the latter is Java 8.
fn java_version(text: &str) -> Option<String> {
    let version = text.lines().find_map(|line| line.trim().strip_prefix("javac "))?.trim();
    Some(version.strip_prefix("1.").unwrap_or(version).to_owned())
}

/// The version in `Apache Maven 3.9.6 (bc02...)`.
fn maven_version(text: &str) -> Option<String> {
    let rest = text.lines().find_map(|line| line.trim().strip_prefix("Apache Maven "))?;
    rest.split_whitespace().next().map(str::to_owned)
}

/// Whether a version is the wanted one, or one of its children: `3.9.6` is `3.9`, `3.10` is not
/// `3.1`.
fn fits(wanted: &str, found: Option<&str>) -> bool {
    let rest = found.and_then(|found| found.strip_prefix(wanted));
    rest.is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn missing(tool: &'static str, wanted: &str, found: Vec<String>) -> BuildError {
    let found = match found.as_slice() {
        [] => "there is none at all".to_owned(),
        others => format!("there is {}", others.join(", ")),
    };
    BuildError::Tool { tool, wanted: wanted.to_owned(), found }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn versions_are_read_as_the_tools_say_them() {
        assert_eq!(java_version("javac 17.0.9\n").unwrap(), "17.0.9");
        assert_eq!(java_version("Picked up X\njavac 1.8.0_392\n").unwrap(), "8.0_392");
        assert_eq!(java_version("command not found"), None);
        let maven =
            "Apache Maven 3.9.6 (bc0240f3c744dd6b6ec2920b3cd08dcc295161ae)\nMaven home: x\n";
        assert_eq!(maven_version(maven).unwrap(), "3.9.6");
        assert!(fits("3.9", Some("3.9.6")) && fits("17", Some("17")));
        assert!(!fits("3.1", Some("3.10")) && !fits("17", Some("11.0.1")) && !fits("17", None));
    }

    #[test]
    fn settings_need_a_maven_that_takes_them() {
        let with = |version: &str| Tools {
            java_home: None,
            versions: BTreeMap::from([("maven".to_owned(), version.to_owned())]),
        };
        with("3.9.6").take_maven_arguments().unwrap();
        with("4.0.0-rc-1").take_maven_arguments().unwrap();
        Tools::default().take_maven_arguments().unwrap();
        let error = with("3.8.7").take_maven_arguments().unwrap_err().to_string();
        assert!(error.contains("no Maven 3.9 or newer was found; there is 3.8.7"), "{error}");
    }

    /// A folder with a `javac` that says a version.
    fn home(below: &Utf8Path, version: &str) -> Utf8PathBuf {
        let home = below.join(version);
        std::fs::create_dir_all(home.join("bin")).unwrap();
        let javac = home.join("bin/javac");
        std::fs::write(&javac, format!("#!/bin/sh\necho javac {version}\n")).unwrap();
        std::fs::set_permissions(&javac, std::fs::Permissions::from_mode(0o755)).unwrap();
        home
    }

    #[tokio::test]
    async fn the_jdk_of_the_right_version_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let dir = Utf8Path::from_path(dir.path()).unwrap();
        let (old, right) = (home(dir, "911.0.1"), home(dir, "917.0.9"));
        let variables = BTreeMap::from([
            ("JAVA_HOME".to_owned(), old.to_string()),
            ("JAVA_HOME_917_X64".to_owned(), right.to_string()),
        ]);
        let wanted = Wanted { jdk: Some("917"), maven: None };
        let tools = find(wanted, &variables).await.unwrap();
        assert_eq!(
            (tools.java_home.as_ref(), tools.versions["jdk"].as_str()),
            (Some(&right), "917.0.9")
        );
        let any = find(Wanted::default(), &variables).await.unwrap();
        assert_eq!(any.java_home, Some(old));
        let error = find(Wanted { jdk: Some("999"), maven: None }, &variables).await.unwrap_err();
        let error = error.to_string();
        assert!(error.starts_with("no JDK 999 was found; there is 911.0.1"), "{error}");
        let wanted = Wanted { jdk: None, maven: Some("999.1") };
        let error = find(wanted, &variables).await.unwrap_err().to_string();
        assert!(error.starts_with("no Maven 999.1 was found; there is "), "{error}");
    }
}
