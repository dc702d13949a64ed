//! The image of the build server: what it is made of, and how. Pure.
//!
//! The image is a base by digest, the locked plugins, and configuration as code; nothing else
//! decides about its digest. Jenkins gets all of it at every start, whatever its home held before.

mod image;

pub use image::assemble;

use cloudops_aws::{ids::Digest, jenkins::plugins::PluginLock};
use cloudops_templates::build_server::{CONFIGURATION, IMAGES, START};
use serde_json::json;

/// Counts whenever [`assemble`] makes another image of the same recipe.
const FORM: u32 = 1;

/// What an image of the build server is made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipe {
    /// The base, as it is named in the settings or in our own lock file.
    pub base: String,
    /// What tells the content of the base from others, where its name does not.
    pub base_digest: Option<Digest>,
    /// The plugins.
    pub plugins: PluginLock,
    /// Configuration as code, beside our own.
    pub configuration: Option<String>,
}

impl Recipe {
    /// Digest of everything that decides about the image.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let all = json!([
            FORM,
            self.base,
            self.base_digest,
            self.plugins.to_string(),
            CONFIGURATION.text,
            self.configuration,
            START.text,
        ]);
        Digest::of(all.to_string().as_bytes())
    }
}

/// An image that our lock file names, `controller` or `agent`, with its digest.
#[must_use]
pub fn locked_image(name: &str) -> &'static str {
    let mut lines = IMAGES.text.lines().filter(|line| !line.starts_with('#'));
    let found = lines.find_map(|line| line.split_once(' ').filter(|(known, _)| *known == name));
    found.map_or("", |(_, image)| image.trim())
}

#[cfg(test)]
mod tests {
    use cloudops_templates::build_server::PLUGINS;

    use super::*;

    fn recipe() -> Recipe {
        Recipe {
            base: locked_image("controller").to_owned(),
            base_digest: None,
            plugins: PluginLock::parse(PLUGINS.path, PLUGINS.text).unwrap(),
            configuration: None,
        }
    }

    #[test]
    fn our_lock_files_are_good() {
        for name in ["controller", "agent"] {
            assert!(locked_image(name).contains("@sha256:"), "{name}: {}", locked_image(name));
        }
        let versions = recipe().plugins.versions();
        for needed in ["amazon-ecs", "configuration-as-code", "workflow-aggregator"] {
            assert!(versions.contains_key(needed), "{needed}");
        }
    }

    #[test]
    fn everything_that_goes_in_decides_about_the_digest() {
        let digest = recipe().digest();
        assert_eq!(digest, recipe().digest());
        let changed = [
            Recipe { base: "other".to_owned(), ..recipe() },
            Recipe { base_digest: Some(Digest::of(b"x")), ..recipe() },
            Recipe { configuration: Some("jenkins: {}".to_owned()), ..recipe() },
        ];
        for other in changed {
            assert_ne!(other.digest(), digest, "{other:?}");
        }
    }

    /// What the configuration in the image names is what the stack sets.
    #[test]
    fn the_task_sets_every_variable_of_the_configuration() {
        let template = cloudops_templates::core::BUILD_SERVICE.body;
        let text = CONFIGURATION.text.lines().filter(|line| !line.starts_with('#'));
        let named: Vec<&str> = text
            .filter_map(|line| line.split_once("${")?.1.split_once('}').map(|(name, _)| name))
            .collect();
        assert!(named.len() > 8, "{named:?}");
        for name in named {
            assert!(template.contains(&format!("{{Name: {name}, Value")), "{name}");
        }
    }

    #[test]
    fn jobs_ask_for_the_label_that_agents_have() {
        for label in ["cloudops", "cloudops-deploy"] {
            assert!(CONFIGURATION.text.contains(&format!("label: {label}\n")), "{label}");
        }
    }
}
