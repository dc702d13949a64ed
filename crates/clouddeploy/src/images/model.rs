//! What a plan is made of.

use std::collections::BTreeMap;

use cloudops_aws::oci::layer::path_order;

use super::{error::ImageError, runtime::ImagePlan, source::Source};

/// A plan: what to build, without having built it.
#[derive(Debug, Default)]
pub struct BuildPlan {
    /// Images, sorted by name.
    pub images: Vec<ImagePlan>,
    /// Distinct layers; images name them by number. Each is built once.
    pub layers: Vec<LayerPlan>,
    /// Archives that layers are filled from.
    pub(super) sources: Vec<Source>,
}

/// A layer as planned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LayerPlan {
    /// What is in it, for people; stands in the history of the image.
    pub description: String,
    /// Files by their path in the image.
    pub items: BTreeMap<String, Item>,
}

/// What stands at a path of a layer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Item {
    /// A file of an archive of the package.
    Entry {
        /// Number of the archive.
        source: usize,
        /// Name of the file in it.
        name: String,
        /// Whether it can be run.
        executable: bool,
    },
    /// A file of ours.
    Text {
        /// Content.
        text: String,
        /// Whether it can be run.
        executable: bool,
    },
    /// A symbolic link.
    Link(String),
    /// An empty folder.
    Folder,
}

impl LayerPlan {
    pub(super) fn new(description: impl Into<String>) -> Self {
        Self {
            description: description.into(),
            items: BTreeMap::new(),
        }
    }

    pub(super) fn add(&mut self, path: String, item: Item) -> Result<(), ImageError> {
        if let Some(first) = self.items.get(&path) {
            let (first, second) = (first.origin(), item.origin());
            return Err(ImageError::Conflict {
                path,
                first,
                second,
            });
        }
        self.items.insert(path, item);
        Ok(())
    }

    pub(super) fn add_entry(
        &mut self,
        path: String,
        source: usize,
        name: &str,
    ) -> Result<(), ImageError> {
        let executable = name.ends_with(".sh");
        self.add(
            path,
            Item::Entry {
                source,
                name: name.to_owned(),
                executable,
            },
        )
    }

    /// Paths in the order in which a layer is written.
    pub(super) fn paths(&self) -> Vec<&String> {
        let mut paths: Vec<&String> = self.items.keys().collect();
        paths.sort_by(|one, other| path_order(one, other));
        paths
    }
}

impl Item {
    fn origin(&self) -> String {
        match self {
            Self::Entry { name, .. } => format!("`{name}` of the package"),
            Self::Text { .. } | Self::Link(_) | Self::Folder => "what CloudDeploy adds".to_owned(),
        }
    }
}
