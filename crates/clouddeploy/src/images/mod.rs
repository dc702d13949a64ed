//! From a deployment package to images: which file goes into which layer.
//!
//! Layers are ordered by how often their files change, so that a release uploads only what is new:
//!
//! 1. the base
//! 2. Tomcat
//! 3. libraries of others that several web applications share, a layer for each set of them
//! 4. libraries of others that only this service has
//! 5. libraries of the suite that several share
//! 6. libraries of the suite that only this service has
//! 7. classes, pages and environment folders
//!
//! Folders of shared libraries are joined to each application by its Tomcat context, so that the
//! layer is the same one in every image, and an application sees the libraries that it brought
//! along and no other ones. What is shared, and what is of the suite, the module `sharing`
//! says.

mod cache;
mod jars;
mod parts;
mod sharing;
mod sources;

use std::{collections::BTreeMap, num::NonZeroUsize};

use cloudops_aws::{
    diagnose::{Class, Diagnose},
    ids::Digest,
    oci::{
        Base, Compression, Image, ImageSpec, Layer, LayerBuilder, LayerCache, OciError,
        write_layers,
    },
    package::{Package, PackageError},
};

use crate::topology::Topology;
pub use cache::Cache;
use jars::LayerJars;
use parts::Parts;

/// User and group that containers run as.
pub const USER: u32 = 10001;

/// Repository of base images, beside those of the topology's images.
pub const BASE: &str = "base";

const TOMCAT: &str = "/opt/tomcat";

/// Why images cannot be made from a package.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// The package cannot be read, or lacks something that the topology names.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// A layer cannot be written.
    #[error(transparent)]
    Oci(#[from] OciError),
}

impl ImageError {
    /// Tells a damaged entry of the package from a full disk: both end the writing of a layer.
    fn from_layer(error: OciError) -> Self {
        match damage(error) {
            Ok(damaged) => Self::Package(damaged),
            Err(error) => Self::Oci(error),
        }
    }
}

/// What is wrong with the package, when that is why a layer cannot be written.
pub(crate) fn damage(error: OciError) -> Result<PackageError, OciError> {
    match error {
        OciError::Layer(error) => match error.downcast() {
            // What the layer is written to, or what the package is read from.
            Ok(PackageError::Io(error)) | Err(error) => Err(OciError::Layer(error)),
            Ok(damaged) => Ok(damaged),
        },
        error => Err(error),
    }
}

impl Diagnose for ImageError {
    fn class(&self) -> Class {
        match self {
            Self::Package(error) => error.class(),
            Self::Oci(error) => error.class(),
        }
    }

    fn hints(&self) -> Vec<String> {
        match self {
            Self::Package(error) => error.hints(),
            Self::Oci(error) => error.hints(),
        }
    }
}

/// How images are made.
#[derive(Debug, Clone)]
pub struct Making {
    /// How their layers are compressed.
    pub compression: Compression,
    /// Cores to use.
    pub threads: NonZeroUsize,
    /// What earlier builds found out.
    pub cache: Option<Cache>,
    /// Annotations of all images, beside our own, such as `org.opencontainers.image.revision`.
    pub annotations: BTreeMap<String, String>,
}

impl Default for Making {
    /// All cores of this machine.
    fn default() -> Self {
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        Self {
            compression: Compression::default(),
            threads,
            cache: None,
            annotations: BTreeMap::new(),
        }
    }
}

/// Images that were made of a package.
#[derive(Debug, Clone, PartialEq)]
pub struct Assembled {
    /// What tells the content of the package from any other: names, sizes and CRC-32 of all files
    /// that images are made of. A package that was packed again has the same.
    pub content: Digest,
    /// Images by name.
    pub images: BTreeMap<String, Image>,
}

/// Makes the images of all services and tools of a topology.
///
/// # Errors
/// [`ImageError`] names what the package lacks, or the entry that cannot be read.
pub fn assemble(
    package: &Package,
    topology: &Topology,
    base: &Base,
    making: &Making,
) -> Result<Assembled, ImageError> {
    let cache = making.cache.as_ref();
    let parts = Parts::read(package, topology, making.threads, cache)?;
    let mut plans = Plans::default();
    let mut drafts = BTreeMap::new();
    for (name, service) in &topology.services {
        drafts.insert(name.clone(), parts.service(&mut plans, name, service)?);
    }
    for (name, tool) in &topology.tools {
        drafts.insert(name.clone(), parts.tool(&mut plans, name, tool)?);
    }
    let Plans(mut plans) = plans;
    let jars: Vec<_> = plans.iter_mut().map(|(_, plan)| LayerJars::of(plan)).collect();
    let known = cache.map(|cache| cache as &dyn LayerCache);
    let layers = write_layers(plans, making.compression, making.threads, known);
    let layers = layers.map_err(ImageError::from_layer)?;
    let facts = jars::facts(&layers, &jars, making.threads, cache);
    let facts = facts.map_err(|error| ImageError::from_layer(OciError::Layer(error)))?;
    let image = |(name, mut draft): (String, Draft)| {
        draft.spec.annotations.extend(making.annotations.clone());
        let own: Vec<Layer> = draft.layers.iter().map(|place| layers[*place].clone()).collect();
        let mut image = Image::new(base, &own, &draft.spec);
        let facts = draft.layers.iter().map(|place| &facts[*place]);
        image.attachments.push(jars::list(&name, version(package), facts));
        (name, image)
    };
    let images = drafts.into_iter().map(image).collect();
    Ok(Assembled { content: parts.content().clone(), images })
}

/// Layers that are to be written. What several images have is in it once.
#[derive(Default)]
struct Plans(Vec<(String, LayerBuilder)>);

impl Plans {
    fn add(&mut self, title: &str, plan: LayerBuilder) -> usize {
        self.0.push((title.to_owned(), plan));
        self.0.len() - 1
    }

    /// None for a layer without files.
    fn add_if_any(&mut self, title: &str, plan: LayerBuilder) -> Option<usize> {
        (!plan.is_empty()).then(|| self.add(title, plan))
    }

    /// A layer that was added before under this title, or a new one.
    fn once(&mut self, title: &str, plan: impl FnOnce() -> LayerBuilder) -> usize {
        let known = self.0.iter().position(|(known, _)| known == title);
        known.unwrap_or_else(|| self.add(title, plan()))
    }
}

/// An image whose layers are not written yet.
struct Draft {
    /// Places in the plans, lowest first.
    layers: Vec<usize>,
    spec: ImageSpec,
}

/// Annotation with the digest of the content of the package that an image was built from: that of
/// the file would be another one for a package that was packed again.
const PACKAGE_DIGEST: &str = "cloudops.package-digest";

/// What is the same for every image. That of another package has other annotations, and so another
/// digest; whether it runs the same, [`Image::content`] tells.
fn spec(package: &Package, content: &Digest, name: &str) -> ImageSpec {
    let annotations = [
        ("org.opencontainers.image.title", name),
        ("org.opencontainers.image.version", version(package)),
        (PACKAGE_DIGEST, content.as_str()),
    ];
    ImageSpec {
        user: format!("{USER}:{USER}"),
        working_directory: "/ep".to_owned(),
        annotations: annotations.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
        ..ImageSpec::default()
    }
}

/// Version of the suite in a package.
fn version(package: &Package) -> &str {
    package.webapps().first().map_or("", |webapp| webapp.version.as_str())
}

/// Begin of a context file of Tomcat.
const CONTEXT_START: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Context>\n  <Resources>\n";
/// End of it.
const CONTEXT_END: &str = "  </Resources>\n</Context>\n";

/// Puts the environment folder into place; the two others read it.
const ENVIRONMENT: &str = include_str!("../environment.sh");
/// Starts Tomcat in the foreground, so that the stop signal reaches the JVM.
const START: &str = include_str!("../start.sh");
/// Starts a tool in the same way.
const START_TOOL: &str = include_str!("../tool.sh");
