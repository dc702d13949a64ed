//! Plugins that run on the server.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{ItemPath, Jenkins, JenkinsError};

#[derive(Deserialize)]
struct Installed {
    plugins: Vec<InstalledPlugin>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct InstalledPlugin {
    short_name: String,
    version: String,
    active: bool,
}

impl Jenkins {
    /// Versions of the plugins that are active, by name (`/pluginManager/api/json?depth=1`).
    ///
    /// # Errors
    /// Those of the request.
    pub async fn plugins(&self) -> Result<BTreeMap<String, String>, JenkinsError> {
        let active = self.installed().await?.into_iter().filter(|plugin| plugin.active);
        Ok(active.map(|plugin| (plugin.short_name, plugin.version)).collect())
    }

    async fn installed(&self) -> Result<Vec<InstalledPlugin>, JenkinsError> {
        let mut url = ItemPath::root().url(self.base(), &["pluginManager", "api", "json"]);
        url.query_pairs_mut().append_pair("depth", "1");
        let found: Installed = self.get_json("list the plugins", url).await?;
        Ok(found.plugins)
    }

    /// Compares the plugins with those that there should be: versions by name.
    pub(super) async fn has_plugins(
        &self,
        wanted: &BTreeMap<String, String>,
    ) -> Result<(), JenkinsError> {
        let installed = self.installed().await?;
        let faults: Vec<String> = wanted
            .iter()
            .filter_map(|(name, version)| {
                match installed.iter().find(|plugin| plugin.short_name == *name) {
                    None => Some(format!("{name} {version} is missing")),
                    Some(found) if found.version != *version => {
                        Some(format!("{name} is {} in place of {version}", found.version))
                    }
                    Some(found) if !found.active => Some(format!("{name} {version} is not active")),
                    Some(_) => None,
                }
            })
            .collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(JenkinsError::Plugins { url: self.shown_url(), faults })
    }
}
