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
        let mut url = ItemPath::root().url(self.base(), &["pluginManager", "api", "json"]);
        url.query_pairs_mut().append_pair("depth", "1");
        let found: Installed = self.get_json("list the plugins", url).await?;
        let active = found.plugins.into_iter().filter(|plugin| plugin.active);
        Ok(active.map(|plugin| (plugin.short_name, plugin.version)).collect())
    }
}
