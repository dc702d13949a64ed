//! Builds what was planned: each distinct layer once, several at a time, then the images.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use cloudops_aws::{
    ids::Digest,
    oci::{Base, Image, Layer, LayerOptions, LayerWriter},
};

use super::{
    error::ImageError,
    model::{BuildPlan, Item, LayerPlan},
    runtime,
    source::{Opened, Source},
};

/// Where images come from. All of it becomes part of their digests: what is not given does not
/// change them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// Version of the suite.
    pub version: String,
    /// Digest of the package. With it every image changes with every package; without it an image
    /// whose content is the same stays the same, and the release ledger says where it came from.
    pub package: Option<Digest>,
    /// Revision of the source. What is said of the package's digest holds for it too.
    pub revision: Option<String>,
}

impl Provenance {
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        let package = self.package.as_ref().map(Digest::as_str);
        let known = [
            ("cloudops.package", package),
            ("cloudops.revision", self.revision.as_deref()),
        ];
        let known = known
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)));
        known
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }
}

/// How to build.
pub struct AssembleOptions<'a> {
    /// Compression, memory and temporary files of a layer.
    pub layer: LayerOptions,
    /// Layers built at a time.
    pub threads: usize,
    /// Says that the work must stop; asked before each file.
    pub stopped: &'a (dyn Fn() -> bool + Sync),
}

impl Default for AssembleOptions<'_> {
    fn default() -> Self {
        Self {
            layer: LayerOptions::default(),
            threads: thread::available_parallelism().map_or(1, usize::from),
            stopped: &|| false,
        }
    }
}

/// An image that was built.
#[derive(Debug, Clone)]
pub struct Built {
    /// Name of the image, which ends the name of its repository.
    pub name: String,
    /// The image.
    pub image: Image,
}

/// Builds the images of a plan on a base. Blocks: it reads, hashes and compresses on as many
/// threads as the options say. The same package and base give the same digests, on any machine.
///
/// # Errors
/// [`ImageError`], of the first layer in the order of the plan that failed.
pub fn assemble(
    plan: &BuildPlan,
    base: &Base,
    provenance: &Provenance,
    options: &AssembleOptions<'_>,
) -> Result<Vec<Built>, ImageError> {
    let layers = build_layers(plan, options)?;
    let build = |planned: &runtime::ImagePlan| {
        let name = planned.target.name.clone();
        let mut spec = runtime::spec(
            &planned.target,
            provenance,
            base.digest.as_str(),
            &base.name,
        );
        spec.layers = planned
            .layers
            .iter()
            .map(|number| layers[*number].clone())
            .collect();
        match spec.build(base) {
            Ok(image) => Ok(Built { name, image }),
            Err(source) => Err(ImageError::Image {
                image: name,
                source,
            }),
        }
    };
    plan.images.iter().map(build).collect()
}

fn build_layers(
    plan: &BuildPlan,
    options: &AssembleOptions<'_>,
) -> Result<Vec<Arc<Layer>>, ImageError> {
    let next = AtomicUsize::new(0);
    let done: Mutex<BTreeMap<usize, Result<Arc<Layer>, ImageError>>> = Mutex::default();
    thread::scope(|scope| {
        for _ in 0..options.threads.clamp(1, plan.layers.len().max(1)) {
            scope.spawn(|| {
                // Archives stay open from layer to layer, each thread with its own.
                let mut reader = Reader {
                    sources: &plan.sources,
                    opened: HashMap::new(),
                };
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(planned) = plan.layers.get(number) else {
                        break;
                    };
                    let built = build_layer(planned, &mut reader, options).map(Arc::new);
                    let failed = built.is_err();
                    done.lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .insert(number, built);
                    if failed {
                        next.store(plan.layers.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    done.into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_values()
        .collect()
}

struct Reader<'a> {
    sources: &'a [Source],
    opened: HashMap<usize, Opened>,
}

impl Reader<'_> {
    fn source(&mut self, number: usize) -> Result<&mut Opened, ImageError> {
        match self.opened.entry(number) {
            std::collections::hash_map::Entry::Occupied(found) => Ok(found.into_mut()),
            std::collections::hash_map::Entry::Vacant(place) => {
                Ok(place.insert(self.sources[number].open()?))
            }
        }
    }
}

fn build_layer(
    planned: &LayerPlan,
    reader: &mut Reader<'_>,
    options: &AssembleOptions<'_>,
) -> Result<Layer, ImageError> {
    let failed = |source| ImageError::Layer {
        layer: planned.description.clone(),
        source,
    };
    let mut writer = LayerWriter::new(planned.description.clone(), &options.layer);
    for path in planned.paths() {
        if (options.stopped)() {
            return Err(ImageError::Interrupted);
        }
        let written = match &planned.items[path] {
            Item::Entry {
                source,
                name,
                executable,
            } => {
                let opened = reader.source(*source)?;
                opened.read(name, |size, content| {
                    writer.file(path, *executable, size, content)
                })?
            }
            Item::Text { text, executable } => {
                writer.file(path, *executable, text.len() as u64, &mut text.as_bytes())
            }
            Item::Link(target) => writer.symlink(path, target),
            Item::Folder => writer.folder(path),
        };
        written.map_err(failed)?;
    }
    writer.finish().map_err(failed)
}
