//! The lists of jars of the images: a jar is looked into while its layer is written, so that its
//! bytes are not read a second time.

use std::{
    collections::BTreeMap,
    io::{self, Cursor, Read, Seek, Write},
    num::NonZeroUsize,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

use cloudops_aws::{
    oci::{Attachment, Content, Layer, LayerBuilder},
    package::sbom::{JarFacts, MEDIA_TYPE, Sbom},
    threads,
};

use super::cache::Cache;

/// Bytes of jars in memory at the same time, whatever the number of cores; others go through a
/// file.
const IN_MEMORY: u64 = 48 << 20;
/// What is taken of them now.
static TAKEN: AtomicU64 = AtomicU64::new(0);
/// Kind of what the cache keeps here. It changes with what is known of a jar.
const KEPT: &str = "jars-1";

/// The jars of one layer, by their path in the image.
#[derive(Default)]
pub(super) struct LayerJars(BTreeMap<String, Arc<Jar>>);

/// What is known of the jars of one layer.
type Facts = BTreeMap<String, JarFacts>;

/// A jar, and what is known of it as soon as somebody has read it.
struct Jar {
    file: String,
    content: Arc<dyn Content>,
    facts: OnceLock<JarFacts>,
}

impl LayerJars {
    /// The jars of a layer that is not written yet.
    pub(super) fn of(layer: &mut LayerBuilder) -> Self {
        let mut jars = BTreeMap::new();
        layer.replace(|path, content| {
            let file = path.rsplit('/').next().filter(|file| file.ends_with(".jar"))?.to_owned();
            let jar = Jar { file, content: Arc::clone(content), facts: OnceLock::new() };
            let jar = Arc::new(jar);
            jars.insert(format!("/{path}"), Arc::clone(&jar));
            Some(jar)
        });
        Self(jars)
    }

    /// What is known of them, from the writing of the layer or from the cache. What neither of them
    /// tells is read now.
    fn facts(&self, layer: &Layer, cache: Option<&Cache>) -> io::Result<Facts> {
        if self.0.is_empty() {
            return Ok(Facts::new());
        }
        if let Some(known) = cache.and_then(|cache| cache.get(KEPT, layer.digest.as_str())) {
            return Ok(known);
        }
        let facts = |(path, jar): (&String, &Arc<Jar>)| Ok((path.clone(), jar.facts()?.clone()));
        let facts = self.0.iter().map(facts).collect::<io::Result<_>>()?;
        if let Some(cache) = cache {
            cache.keep(KEPT, layer.digest.as_str(), &facts);
        }
        Ok(facts)
    }
}

impl Jar {
    fn facts(&self) -> io::Result<&JarFacts> {
        if self.facts.get().is_none() {
            self.copy(&mut io::sink())?;
        }
        self.facts.get().ok_or_else(|| io::Error::other(format!("{} was not read", self.file)))
    }

    fn look(&self, mut bytes: impl Read + Seek, to: &mut dyn Write) -> io::Result<()> {
        bytes.rewind()?;
        io::copy(&mut bytes, to)?;
        let facts = JarFacts::read(&self.file, bytes)?;
        // Whoever was first: the same bytes tell the same.
        let _ = self.facts.set(facts);
        Ok(())
    }
}

/// Room for a jar in memory, until it is dropped.
struct Room(u64);

impl Room {
    /// None when there is not so much.
    fn of(size: u64) -> Option<Self> {
        let fits = |taken: u64| taken.checked_add(size).filter(|taken| *taken <= IN_MEMORY);
        let taken = TAKEN.fetch_update(Ordering::Relaxed, Ordering::Relaxed, fits);
        taken.ok().map(|_| Self(size))
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0, Ordering::Relaxed);
    }
}

impl Content for Jar {
    fn size(&self) -> u64 {
        self.content.size()
    }

    fn copy(&self, to: &mut dyn Write) -> io::Result<()> {
        if self.facts.get().is_some() {
            return self.content.copy(to);
        }
        if let Some(_room) = Room::of(self.size()) {
            let mut bytes = Vec::with_capacity(usize::try_from(self.size()).unwrap_or_default());
            self.content.copy(&mut bytes)?;
            return self.look(Cursor::new(bytes), to);
        }
        let mut file = tempfile::tempfile()?;
        self.content.copy(&mut file)?;
        self.look(file, to)
    }

    fn key(&self) -> Option<String> {
        self.content.key()
    }
}

/// What is known of the jars of all layers, which are given with their jars.
pub(super) fn facts(
    layers: &[Layer],
    jars: &[LayerJars],
    threads: NonZeroUsize,
    cache: Option<&Cache>,
) -> io::Result<Vec<Facts>> {
    let pairs = layers.iter().zip(jars).collect();
    threads::map(pairs, threads, |(layer, jars): (&Layer, &LayerJars)| jars.facts(layer, cache))
        .into_iter()
        .collect()
}

/// The list of what is in an image, to be attached to it.
pub(super) fn list<'a>(
    name: &str,
    version: &str,
    layers: impl IntoIterator<Item = &'a Facts>,
) -> Attachment {
    let mut sbom = Sbom::new(name, version);
    for (path, facts) in layers.into_iter().flatten() {
        sbom.add(path, facts);
    }
    Attachment::new(MEDIA_TYPE, sbom.json().to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jars_in_memory_have_a_limit_together() {
        let first = Room::of(IN_MEMORY / 2);
        assert!(first.is_some() && Room::of(IN_MEMORY).is_none());
        drop(first);
        assert!(Room::of(IN_MEMORY).is_some());
        assert!(Room::of(u64::MAX).is_none());
    }
}
