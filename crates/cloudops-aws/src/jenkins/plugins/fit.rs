//! Whether plugins fit together. Jenkins finds out when it starts, and then does not serve.

use std::{cmp::Ordering, collections::BTreeMap};

use super::{PluginLock, PluginManifest, version};

/// What keeps these plugins from starting together on a Jenkins of this version, in words: an
/// archive that is another plugin, a plugin that is missing or too old, a Jenkins that is too old.
#[must_use]
pub fn misfits(
    lock: &PluginLock,
    manifests: &[PluginManifest],
    jenkins: Option<&str>,
) -> Vec<String> {
    let known: BTreeMap<&str, &PluginManifest> =
        manifests.iter().map(|manifest| (manifest.name.as_str(), manifest)).collect();
    let mut found: Vec<String> = lock
        .iter()
        .filter_map(|locked| match known.get(locked.name.as_str()) {
            None => Some(format!("the archive of {} is another plugin", locked.name)),
            Some(manifest) if manifest.version != locked.version => Some(format!(
                "the archive of {} {} is version {}",
                locked.name, locked.version, manifest.version
            )),
            Some(_) => None,
        })
        .collect();
    for manifest in manifests {
        found.extend(manifest.jenkins.iter().filter_map(|least| too_old(manifest, least, jenkins)));
        found.extend(manifest.dependencies.iter().filter_map(|need| {
            let (who, name, least) = (&manifest.name, &need.name, &need.version);
            match known.get(name.as_str()) {
                None if need.optional => None,
                None => Some(format!("{who} needs {name} {least}, which is not locked")),
                Some(has) if version::compare(&has.version, least) == Ordering::Less => {
                    Some(format!("{who} needs {name} {least}, and {} is locked", has.version))
                }
                Some(_) => None,
            }
        }));
    }
    found
}

fn too_old(manifest: &PluginManifest, least: &str, jenkins: Option<&str>) -> Option<String> {
    let jenkins = jenkins?;
    let is_older = version::compare(jenkins, least) == Ordering::Less;
    is_older.then(|| format!("{} needs Jenkins {least}, and the base is {jenkins}", manifest.name))
}

#[cfg(test)]
mod tests {
    use super::{super::Dependency, *};

    fn plugin(name: &str, version: &str, needs: &[(&str, &str, bool)]) -> PluginManifest {
        let dependency = |&(name, version, optional): &(&str, &str, bool)| Dependency {
            name: name.to_owned(),
            version: version.to_owned(),
            optional,
        };
        PluginManifest {
            name: name.to_owned(),
            version: version.to_owned(),
            jenkins: Some("2.479.3".to_owned()),
            dependencies: needs.iter().map(dependency).collect(),
        }
    }

    fn lock(plugins: &[PluginManifest]) -> PluginLock {
        let line = |plugin: &PluginManifest| {
            format!("{} {} {}\n", plugin.name, plugin.version, "0".repeat(64))
        };
        PluginLock::parse("a", &plugins.iter().map(line).collect::<String>()).unwrap()
    }

    #[test]
    fn what_fits_is_silent() {
        let all = [
            plugin("git", "5.10.1", &[("scm-api", "704.va", false), ("junit", "1", true)]),
            plugin("scm-api", "728.vc3", &[]),
        ];
        assert_eq!(misfits(&lock(&all), &all, Some("2.541.2")), [""; 0]);
        assert_eq!(misfits(&lock(&all), &all, None), [""; 0]);
    }

    #[test]
    fn what_does_not_fit_is_said_by_name() {
        let all = [
            plugin("git", "5", &[("scm-api", "704.va", false), ("ssh", "1", false)]),
            plugin("scm-api", "9", &[("git", "6", true)]),
        ];
        assert_eq!(
            misfits(&lock(&all), &all, Some("2.462.1")),
            [
                "git needs Jenkins 2.479.3, and the base is 2.462.1",
                "git needs scm-api 704.va, and 9 is locked",
                "git needs ssh 1, which is not locked",
                "scm-api needs Jenkins 2.479.3, and the base is 2.462.1",
                "scm-api needs git 6, and 5 is locked",
            ]
        );
        let other = [plugin("git", "4", &[])];
        assert_eq!(
            misfits(&lock(&all), &other, None),
            ["the archive of git 5 is version 4", "the archive of scm-api is another plugin"]
        );
    }
}
