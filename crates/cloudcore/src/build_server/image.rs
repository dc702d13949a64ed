//! From a base and plugins to an image.

use std::collections::BTreeMap;

use cloudops_aws::{
    jenkins::plugins::{self, FetchedPlugin, PluginError, PluginManifest},
    oci::{Base, Image, ImageSpec, LayerBuilder},
};
use cloudops_templates::build_server::{CONFIGURATION, START};

use super::Recipe;
use crate::error::CoreError;

/// Folder of ours in the image; the start script looks there.
const ROOT: &str = "/opt/cloudops";

/// Puts the plugins and the configuration on the base. `plugins` are those of the recipe, fetched.
///
/// # Errors
/// [`PluginError::Misfits`] when Jenkins would not start with them, [`PluginError::NotAPlugin`],
/// and [`CoreError::Image`] for names that an image cannot hold.
pub fn assemble(
    base: &Base,
    recipe: &Recipe,
    plugins: &[FetchedPlugin],
) -> Result<Image, CoreError> {
    let manifests = plugins
        .iter()
        .map(|plugin| PluginManifest::read(&plugin.locked.name, &plugin.archive))
        .collect::<Result<Vec<_>, _>>()?;
    let version = base.variable("JENKINS_VERSION");
    let misfits = plugins::misfits(&recipe.plugins, &manifests, version.as_deref());
    if !misfits.is_empty() {
        return Err(PluginError::Misfits(misfits).into());
    }
    // The large layer changes only with the plugins.
    let mut archives = LayerBuilder::new();
    for FetchedPlugin { locked, archive } in plugins {
        archives.file(&format!("{ROOT}/plugins/{}.jpi", locked.name), archive.clone(), false);
    }
    archives.file(&format!("{ROOT}/plugins.lock"), recipe.plugins.to_string(), false);
    let mut pages = LayerBuilder::new();
    pages.file(&format!("{ROOT}/start"), START.text, true);
    pages.file(&format!("{ROOT}/jenkins/10-cloudops.yaml"), CONFIGURATION.text, false);
    if let Some(more) = &recipe.configuration {
        pages.file(&format!("{ROOT}/jenkins/20-yours.yaml"), more.clone(), false);
    }
    let layers = [archives.finish("plugins")?, pages.finish("configuration and start script")?];
    Ok(Image::new(base, &layers, &spec(recipe)))
}

fn spec(recipe: &Recipe) -> ImageSpec {
    let configuration = format!("{ROOT}/jenkins");
    ImageSpec {
        // The base has tini, and passes its signals on.
        entrypoint: ["/usr/bin/tini", "--", &format!("{ROOT}/start")].map(str::to_owned).into(),
        environment: BTreeMap::from([("CASC_JENKINS_CONFIG".to_owned(), configuration)]),
        user: "1000".to_owned(),
        port: Some(8080),
        working_directory: "/".to_owned(),
        labels: BTreeMap::from([("cloudops.recipe".to_owned(), recipe.digest().to_string())]),
        ..ImageSpec::default()
    }
}
